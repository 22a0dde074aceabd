# shellcheck shell=bash
# DuckDB as a library that dipper loads at run time: the one inside its Python wheel, unpacked into .deps/duckdb.

DUCKDB_VERSION=1.5.5
DUCKDB=$DEPS/duckdb
# What reads the operational databases, so that SQL can join their tables; loaded in the engine's processes alone.
DUCKDB_EXTENSIONS=(sqlite-scanner postgres-scanner)

# Prints "X.Y PATH" of an interpreter's version and its shared libpython; nothing when it has none.
libpython_of() {
    "$1" - <<'PYTHON' 2>/dev/null
import os, sys, sysconfig
get = sysconfig.get_config_var
version = "%d.%d" % sys.version_info[:2]
folders = [get("LIBDIR"), os.path.join("/usr/lib", get("MULTIARCH") or ""), "/usr/lib64", "/usr/lib"]
names = [get("INSTSONAME"), get("LDLIBRARY"), "libpython%s.so.1.0" % version, "libpython%s.dylib" % version]
for folder in filter(None, folders):
    for name in filter(None, names):
        path = os.path.join(folder, name)
        if (".so" in name or ".dylib" in name) and os.path.isfile(path):
            print(version, os.path.realpath(path))
            sys.exit(0)
PYTHON
}

find_libpython() {
    local python found
    for python in python3 /usr/bin/python3; do
        command -v "$python" >/dev/null 2>&1 || continue
        found=$(libpython_of "$python")
        [ -n "$found" ] && { printf '%s' "$found"; return 0; }
    done
    return 1
}

# Whether the library loads behind that libpython and is of the version asked for.
duckdb_loads() {
    python3 - "$1" "$2" <<'PYTHON'
import ctypes, sys
ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)
version = ctypes.CDLL(sys.argv[2]).duckdb_library_version
version.restype = ctypes.c_char_p
print(version().decode())
PYTHON
}

# The library of the unpacked wheel.
duckdb_library() { find "$DUCKDB" -maxdepth 1 -name '_duckdb.*.so' 2>/dev/null | head -n 1; }

# The extensions, unpacked from their wheels into a folder beside the library.
need_duckdb_extensions() {
    local name download
    is_current duckdb-extensions "$DUCKDB_VERSION ${DUCKDB_EXTENSIONS[*]}" && [ -d "$DUCKDB/extensions" ] && return 0
    download=$(empty_download)
    rm -rf "$DUCKDB/extensions"
    mkdir -p "$DUCKDB/extensions"
    for name in "${DUCKDB_EXTENSIONS[@]}"; do
        quietly "duckdb-$name" "check the network; without it SQL has no operational tables" \
            python3 -m pip download -q --no-deps --only-binary=:all: -d "$download" "duckdb-extension-$name==$DUCKDB_VERSION"
        quietly "duckdb-$name" "remove .deps and run this again" python3 -m zipfile -e \
            "$download/duckdb_extension_${name//-/_}"-*.whl "$download/$name"
        find "$download/$name" -name '*.duckdb_extension' -exec mv {} "$DUCKDB/extensions/" \;
    done
    rm -rf "$download"
    mark_current duckdb-extensions "$DUCKDB_VERSION ${DUCKDB_EXTENSIONS[*]}"
}

need_duckdb() {
    [ -z "${DIPPER_LIBDUCKDB:-}" ] || return 0
    need_duckdb_library
    need_duckdb_extensions
}

need_duckdb_library() {
    local found version libpython tag download
    is_current duckdb "$DUCKDB_VERSION" && [ -n "$(duckdb_library)" ] &&
        [ -f "$(head -n 1 "$DUCKDB/libpython.path" 2>/dev/null)" ] && return 0
    need_command python3 "install Python 3.10 or newer with pip"
    if ! found=$(find_libpython); then
        version=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true)
        [ -n "$version" ] || die "no Python here has a shared library" "install Debian's python3"
        need_debian "libpython$version"
        found=$(find_libpython) || die "libpython$version was installed and not found" "report the Python that is used here"
    fi
    version=${found%% *}
    libpython=${found#* }
    tag=${version/./}
    download=$(empty_download)
    quietly duckdb "check the network; or set DIPPER_LIBDUCKDB to a libduckdb.so of your own" \
        python3 -m pip download -q --no-deps --only-binary=:all: --implementation cp --python-version "$version" \
        --abi "cp$tag" -d "$download" "duckdb==$DUCKDB_VERSION"
    rm -rf "$DUCKDB"
    mkdir -p "$DUCKDB"
    quietly duckdb "remove .deps and run this again" python3 -m zipfile -e "$download"/duckdb-*.whl "$DUCKDB"
    rm -rf "$download"
    printf '%s\n' "$libpython" >"$DUCKDB/libpython.path"
    quietly duckdb-check "remove .deps/duckdb and run this again; without DuckDB everything works but SQL" \
        duckdb_loads "$libpython" "$(duckdb_library)"
    mark_current duckdb "$DUCKDB_VERSION"
}

# Tells dipper where its SQL engine is; a choice made outside stands.
export_duckdb() {
    export DIPPER_LIBDUCKDB=${DIPPER_LIBDUCKDB:-$(duckdb_library)}
}
