# shellcheck shell=bash
# Debian's packages: C libraries to build with, and tools where the machine has none.

# The C libraries that the Swift targets wrap.
BUILD_LIBRARIES="libzstd-dev zlib1g-dev libsnappy-dev libsqlite3-dev libroaring-dev libpq-dev librdkafka-dev pkg-config"

is_installed() { [ "$(dpkg-query -W -f '${Status}' "$1" 2>/dev/null)" = "install ok installed" ]; }

# need_debian PACKAGE…: installs what is missing, with sudo unless root.
need_debian() {
    local missing=() package as_root=()
    if ! command -v dpkg-query >/dev/null 2>&1; then
        # Not Debian: trust pkg-config for the libraries, and leave installing to the reader.
        for package in libzstd zlib snappy sqlite3 libpq rdkafka; do
            pkg-config --exists "$package" 2>/dev/null || missing+=("$package")
        done
        [ ${#missing[@]} -eq 0 ] && return 0
        die "this is no Debian machine, and these C libraries are missing: ${missing[*]}" \
            "install their development packages (and CRoaring) with the system's package manager"
    fi
    for package in "$@"; do is_installed "$package" || missing+=("$package"); done
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null ||
            die "Debian packages are missing and this user may not install them: ${missing[*]}" \
                "sudo apt-get install ${missing[*]}"
        as_root=(sudo -n)
    fi
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get install -qy --no-install-recommends "${missing[@]}" >"$LOGS/apt.log" 2>&1 && return 0
    quietly apt-update "check the network and the lists of package sources, then run this again" \
        "${as_root[@]}" apt-get update
    quietly apt "check the network, or install them by hand: apt-get install ${missing[*]}" \
        "${as_root[@]}" apt-get install -qy --no-install-recommends "${missing[@]}"
}

need_build_libraries() {
    # shellcheck disable=SC2086 # one word a package
    need_debian $BUILD_LIBRARIES
}

need_java() {
    command -v java >/dev/null 2>&1 || need_debian openjdk-17-jre-headless
}
