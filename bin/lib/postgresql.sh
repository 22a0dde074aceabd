# shellcheck shell=bash
# A PostgreSQL server for the unit tests, on a folder and a port of its own. It goes when the script ends.

# The folder of initdb and pg_ctl; Debian keeps them off the PATH.
postgresql_tools() {
    local found
    found=$(command -v initdb || true)
    [ -n "$found" ] || found=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
    [ -n "$found" ] && dirname "$found"
}

# A server that DIPPER_POSTGRESQL names already is taken as it is.
need_postgresql() {
    [ -z "${DIPPER_POSTGRESQL:-}" ] || return 0
    postgresql_tools >/dev/null || need_debian postgresql
    postgresql_tools >/dev/null ||
        die "PostgreSQL's \`initdb\` is not on this machine" \
            "install the server, or set DIPPER_POSTGRESQL to the connection string of one that tests may fill"
}

# PostgreSQL does not run as root: Debian's package brings a user for it.
as_postgresql() {
    if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

start_postgresql() {
    local tools port password
    [ -z "${DIPPER_POSTGRESQL:-}" ] || return 0
    tools=$(postgresql_tools)
    POSTGRESQL_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/dipper-postgresql.XXXXXX")
    at_exit stop_postgresql
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    printf '%s' "$password" >"$POSTGRESQL_FOLDER/password"
    [ "$(id -u)" -ne 0 ] || chown -R postgres "$POSTGRESQL_FOLDER"
    quietly postgresql-init "read the error above" as_postgresql "$tools/initdb" -D "$POSTGRESQL_FOLDER/data" \
        -A scram-sha-256 -U postgres -E UTF8 --locale=C --pwfile="$POSTGRESQL_FOLDER/password"
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    # Tests don't cut the power, so nothing waits for the disk.
    quietly postgresql-start "read the error above" as_postgresql "$tools/pg_ctl" -D "$POSTGRESQL_FOLDER/data" -w \
        -l "$POSTGRESQL_FOLDER/log" -o "-c listen_addresses=127.0.0.1 -c port=$port -c max_connections=400 \
        -c unix_socket_directories=$POSTGRESQL_FOLDER -c fsync=off -c full_page_writes=off" start
    export DIPPER_POSTGRESQL=postgresql://postgres:$password@127.0.0.1:$port/postgres
}

stop_postgresql() {
    as_postgresql "$(postgresql_tools)/pg_ctl" -D "$POSTGRESQL_FOLDER/data" -m immediate -w stop \
        >>"$LOGS/postgresql-stop.log" 2>&1 || true
    rm -rf "$POSTGRESQL_FOLDER"
}
