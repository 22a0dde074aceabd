# shellcheck shell=bash
# Building the one executable.

RELEASE_DIPPER=$ROOT/.build/release/dipper

need_swift() {
    need_command swift "install a Swift 6.2 (or newer) toolchain and put it on the PATH"
}

build_release() {
    need_swift
    TAIL_LINES=60 quietly build-release "read the errors above; \`swift build -c release --product dipper\` repeats them" \
        swift build --package-path "$ROOT" -c release --product dipper
}

# The fuzzers, which also read single files for the integration tests.
build_release_fuzz() {
    need_swift
    TAIL_LINES=60 quietly build-fuzz "read the errors above; \`swift build -c release --product dipper-fuzz\` repeats them" \
        swift build --package-path "$ROOT" -c release --product dipper-fuzz
    RELEASE_FUZZ=$(swift build --package-path "$ROOT" -c release --show-bin-path)/dipper-fuzz
}
