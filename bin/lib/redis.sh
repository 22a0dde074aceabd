# shellcheck shell=bash
# A Redis server for the unit tests, with a password and a door with TLS, on a folder and ports of its own. It goes when
# the script ends.

# A server that DIPPER_REDIS names already is taken as it is.
need_redis() {
    [ -z "${DIPPER_REDIS:-}" ] || return 0
    command -v redis-server >/dev/null || need_debian redis-server
    command -v redis-server >/dev/null ||
        die "\`redis-server\` is not on this machine" \
            "install it, or set DIPPER_REDIS to the redis:// address of one that tests may fill"
    need_command openssl "apt-get install openssl"
}

start_redis() {
    local ports port tls_port password folder
    [ -z "${DIPPER_REDIS:-}" ] || return 0
    REDIS_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/dipper-redis.XXXXXX")
    folder=$REDIS_FOLDER
    at_exit stop_redis
    ports=$(python3 -c 'import socket
sockets = [socket.socket() for _ in range(2)]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in sockets])')
    read -r port tls_port <<<"$ports"
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    quietly redis-certificate "read the error above" openssl req -x509 -newkey rsa:2048 -nodes -days 2 \
        -subj /CN=localhost -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" \
        -keyout "$folder/key.pem" -out "$folder/certificate.pem"
    # Passwords on a command line can be read by others, so they stand in a file.
    (umask 077 && cat >"$folder/redis.conf") <<CONF
bind 127.0.0.1
port $port
tls-port $tls_port
tls-cert-file $folder/certificate.pem
tls-key-file $folder/key.pem
tls-auth-clients no
requirepass $password
save ""
appendonly no
dir $folder
CONF
    redis-server "$folder/redis.conf" >"$LOGS/redis.log" 2>&1 &
    REDIS_PID=$!
    for _ in $(seq 100); do
        if REDISCLI_AUTH=$password redis-cli -p "$port" ping 2>/dev/null | grep -q PONG; then break; fi
        kill -0 "$REDIS_PID" 2>/dev/null || die "redis-server ended" "read .deps/logs/redis.log"
        sleep 0.1
    done
    export DIPPER_REDIS=redis://:$password@127.0.0.1:$port
    export DIPPER_REDIS_TLS="rediss://:$password@localhost:$tls_port?ca=$folder/certificate.pem"
}

stop_redis() {
    kill "$REDIS_PID" 2>/dev/null || true
    wait "$REDIS_PID" 2>/dev/null || true
    rm -rf "$REDIS_FOLDER"
}
