# shellcheck shell=bash
# The local server that bin/up starts and bin/down stops.

RUN=$ROOT/.dipper
PID_FILE=$RUN/server.pid
URL_FILE=$RUN/server.url
SERVER_LOG=$RUN/server.log

FIRST_PORT=${DIPPER_PORT:-8080}
# How many ports from the first one on are tried.
PORT_TRIES=20
READY_SECONDS=60
STOP_SECONDS=30

# The process id of our server, when it runs. An id that another program got meanwhile does not count.
server_pid() {
    local pid
    pid=$(cat "$PID_FILE" 2>/dev/null) || return 1
    [ -n "$pid" ] && [ "$(ps -p "$pid" -o comm= 2>/dev/null)" = dipper ] && printf '%s' "$pid"
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
    local port
    for ((port = FIRST_PORT; port < FIRST_PORT + PORT_TRIES; port++)); do
        port_is_free "$port" && { printf '%s' "$port"; return 0; }
    done
    return 1
}

start_server() {
    local port pid waited
    port=$(free_port) || die "ports $FIRST_PORT to $((FIRST_PORT + PORT_TRIES - 1)) are all taken" \
        "set DIPPER_PORT to a free one"
    [ "$port" = "$FIRST_PORT" ] || say "port $FIRST_PORT is taken by another program; using $port"
    mkdir -p "$RUN"
    nohup "$RELEASE_DIPPER" serve --data-dir "$RUN/data" --listen "127.0.0.1:$port" \
        >>"$SERVER_LOG" 2>&1 </dev/null 9>&- &
    pid=$!
    printf '%s\n' "$pid" >"$PID_FILE"
    printf 'http://127.0.0.1:%s\n' "$port" >"$URL_FILE"
    for ((waited = 0; waited < READY_SECONDS * 5; waited++)); do
        curl -fs -o /dev/null --max-time 2 "http://127.0.0.1:$port/readyz" && return 0
        if ! kill -0 "$pid" 2>/dev/null; then
            rm -f "$PID_FILE" "$URL_FILE"
            tail -n 20 "$SERVER_LOG" >&2
            die "the server ended while starting" "read its last lines above; the whole log is .dipper/server.log"
        fi
        sleep 0.2
    done
    tail -n 20 "$SERVER_LOG" >&2
    die "the server was not ready within $READY_SECONDS seconds" "read .dipper/server.log; bin/down stops it"
}

# Ends the server and waits until it has written what it holds; whatever it acknowledged is safe either way.
stop_server() {
    local pid=$1 waited
    kill -TERM "$pid" 2>/dev/null || true
    for ((waited = 0; waited < STOP_SECONDS * 5; waited++)); do
        kill -0 "$pid" 2>/dev/null || { rm -f "$PID_FILE" "$URL_FILE"; return 0; }
        sleep 0.2
    done
    return 1
}

# How many jobs table $2 has had on the server at $1.
jobs_of() {
    curl -fsS -o /dev/null -D - --max-time 10 "$1/api/v2/jobs?table=$2&size=1" |
        tr -d '\r' | awk 'tolower($1) == "x-total-count:" { print $2 }'
}

# Loads the sample into tables that have had no data yet.
load_sample() {
    local url=$1 table count
    for table in departments jobs hired_employees; do
        count=$(jobs_of "$url" "$table") || die "the server does not tell its jobs" "read .dipper/server.log"
        [ "${count:-0}" = 0 ] || continue
        [ -f "$RUN/sample/$table.csv" ] ||
            quietly sample "read the error above" "$RELEASE_DIPPER" sample --rows 2000 --seed 1 "$RUN/sample"
        quietly load "read the error above and .dipper/server.log" \
            "$RELEASE_DIPPER" load "$table" "$RUN/sample/$table.csv" --server "$url"
        say "loaded a sample into $table"
    done
}
