# Running what was built.

# run_tests PRESET [CTEST OPTIONS...]
run_tests() {
    local preset=$1
    shift
    phase "Test" "ctest --test-dir build/$preset $*"
    "${runner[@]}" ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j "$jobs" "$@"
    phase_name=''
}

test_under_asan() {
    export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:detect_stack_use_after_return=0:strict_string_checks=1}
    export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
    run_tests asan -LE '^(chaos-full|no-sanitizer)$' "$@"
}

# Where the kernel spreads addresses too widely for GCC 12's ThreadSanitizer, programs must run without randomisation.
find_tsan_runner() {
    local probe=build/tsan/probe
    mkdir -p build/tsan
    [[ -x $probe ]] || g++ -fsanitize=thread -x c++ -o "$probe" - <<<'int main() {}'
    if "$probe" 2>/dev/null; then return 0; fi
    if command -v setarch >/dev/null && setarch -R "$probe" 2>/dev/null; then
        say "addresses are not randomised for these runs (setarch -R)"
        runner=(setarch -R)
        return 0
    fi
    "$probe" || die "programs built with -fsanitize=thread do not run here"
}

test_under_tsan() {
    find_tsan_runner
    build tsan crossdock_tsan_tests
    export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}
    run_tests tsan -L '^tsan$' "$@"
}
