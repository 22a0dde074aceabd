# shellcheck shell=bash
# The phases of bin/test: each is silent while it works and closes with one line.

PYTEST_SUMMARY=$LOGS/integration.xml
# Where unit tests leave files for other people's readers to judge.
FIXTURES=$DEPS/fixtures

phase_deps() {
    lock_deps
    need_swift
    need_command curl "apt-get install curl"
    need_build_libraries
    need_duckdb
    need_postgresql
    need_kafka
    need_redis
    need_prometheus
    need_readers
    need_seaweedfs
    unlock_deps
}

phase_format() {
    TAIL_LINES=60 quietly format "swift format -i -r Sources Tests Fuzz Package.swift" \
        swift format lint --strict -r "$ROOT/Sources" "$ROOT/Tests" "$ROOT/Fuzz" "$ROOT/Package.swift"
    say "format: $(git -C "$ROOT" ls-files '*.swift' | wc -l | tr -d ' ') passed, 0 failed"
}

phase_unit() {
    local status=0 log=$LOGS/unit.log passed failed
    TAIL_LINES=60 quietly build-debug "read the errors above; \`swift build --build-tests\` repeats them" \
        swift build --package-path "$ROOT" --build-tests
    rm -rf "$FIXTURES"
    mkdir -p "$FIXTURES"
    start_postgresql
    start_seaweedfs
    start_kafka
    start_redis
    DIPPER_FIXTURE_DIR=$FIXTURES with_rdkafka \
        swift test --package-path "$ROOT" --skip-build --parallel >"$log" 2>&1 || status=$?
    passed=$(count_tests passed "$log")
    failed=$(count_tests failed "$log")
    if [ "$status" -ne 0 ] || [ "$failed" -ne 0 ]; then
        grep -E '^[^ ]+ Test .*(recorded an issue|failed after)|error:|Fatal' "$log" | head -n 60 >&2 || tail -n 60 "$log" >&2
        say "unit: $passed passed, $failed failed"
        die "\`swift test\` ended with $status; its whole output is in .deps/logs/unit.log" \
            "swift test --filter NAME runs one test"
    fi
    [ "$passed" -gt 0 ] || die "\`swift test\` ran no test" "read .deps/logs/unit.log"
    say "unit: $passed passed, 0 failed"
}

# Every fuzz target for a moment, with a new seed each time; bin/fuzz runs them longer.
phase_fuzz() {
    local log=$LOGS/fuzz.log
    quietly build-fuzz "read the errors above" swift build --package-path "$ROOT" --product dipper-fuzz
    TAIL_LINES=40 quietly fuzz "the last lines name the seed; bin/fuzz TARGET --seed S repeats it" \
        "$(swift build --package-path "$ROOT" --show-bin-path)/dipper-fuzz" all --seconds 2
    say "fuzz: $(grep -c executions "$log") passed, 0 failed"
}

# How many tests `swift test` reported as $1 in log $2; the line of the whole run is not one of them.
count_tests() { grep -E "^[^ ]+ Test .* $1 after" "$2" | grep -cv ' Test run with ' || true; }

phase_integration() {
    local status=0 log=$LOGS/integration.log
    build_release
    build_release_fuzz
    export DIPPER_BINARY=$RELEASE_DIPPER DIPPER_FUZZ_BINARY=$RELEASE_FUZZ
    if [ -n "$(ls -A "$FIXTURES" 2>/dev/null)" ]; then export DIPPER_FIXTURE_DIR=$FIXTURES; fi
    (cd "$ROOT/IntegrationTests" && "$READERS_PYTHON" -m pytest -q -ra --junitxml="$PYTEST_SUMMARY" "$@") \
        >"$log" 2>&1 || status=$?
    if [ "$status" -ne 0 ]; then
        grep -nE '^(E  |FAILED|ERROR)' "$log" | head -n 40 >&2 || true
        tail -n 40 "$log" >&2
        integration_summary || true
        die "the integration tests ended with $status; their whole output is in .deps/logs/integration.log" \
            "bin/test integration -k NAME runs one test; .deps/logs/servers holds the servers' logs"
    fi
    integration_summary
}

# Prints the counts that pytest wrote.
integration_summary() {
    python3 - "$PYTEST_SUMMARY" <<'PYTHON'
import sys, xml.etree.ElementTree as tree
suites = list(tree.parse(sys.argv[1]).getroot().iter("testsuite"))
count = lambda name: sum(int(suite.get(name, 0)) for suite in suites)
failed, skipped = count("failures") + count("errors"), count("skipped")
line = "integration: %d passed, %d failed" % (count("tests") - failed - skipped, failed)
print(line + (", %d skipped" % skipped if skipped else ""))
PYTHON
}
