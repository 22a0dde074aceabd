# shellcheck shell=bash
# What every script of bin/ shares: where things lie, how they speak, how a step runs quietly.
# Sourced, never run. Expects bash.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
DEPS=$ROOT/.deps
LOGS=$DEPS/logs
mkdir -p "$LOGS"

say() { printf '%s\n' "$*"; }

# die MESSAGE REMEDY: ends the script with a message and what to do about it.
die() {
    printf 'error: %s\n' "$1" >&2
    printf '  try: %s\n' "$2" >&2
    exit 1
}

# quietly LOG REMEDY COMMAND…: runs COMMAND with its output in .deps/logs/LOG.log, and shows the end of it on failure.
quietly() {
    local log=$LOGS/$1.log remedy=$2 status=0
    shift 2
    "$@" >"$log" 2>&1 || status=$?
    [ "$status" -eq 0 ] && return 0
    tail -n "${TAIL_LINES:-40}" "$log" >&2
    die "\`$*\` ended with $status; its whole output is in ${log#"$ROOT"/}" "$remedy"
}

# A stamp holds what a step was done for; a step whose stamp is current is skipped.
is_current() { [ -f "$DEPS/stamps/$1" ] && [ "$(cat "$DEPS/stamps/$1")" = "$2" ]; }
mark_current() {
    mkdir -p "$DEPS/stamps"
    printf '%s' "$2" >"$DEPS/stamps/$1"
}

# One installation at a time: a second script waits until the first is through.
lock_deps() {
    command -v flock >/dev/null 2>&1 || return 0
    exec 9>"$DEPS/lock"
    flock 9
}
unlock_deps() {
    command -v flock >/dev/null 2>&1 || return 0
    flock -u 9
    exec 9>&-
}

# A folder for what is downloaded and unpacked, empty at first; what a broken run left there is gone.
empty_download() {
    rm -rf "$DEPS/download"
    mkdir -p "$DEPS/download"
    printf '%s' "$DEPS/download"
}

# at_exit FUNCTION: calls it when the script ends, the last one named first.
AT_EXIT=()
at_exit() {
    AT_EXIT=("$1" "${AT_EXIT[@]}")
    trap run_at_exit EXIT
}
run_at_exit() {
    local step
    for step in "${AT_EXIT[@]}"; do "$step"; done
}

need_command() { command -v "$1" >/dev/null 2>&1 || die "there is no \`$1\` on this machine" "$2"; }
