# Fuzz targets under libFuzzer. They are compiled apart from the build folders: coverage wants clang, and only a few sources.

fuzz_targets=(webhook_headers)
fuzz_sources() {
    case $1 in
        webhook_headers) printf '%s\n' core/crypto/*.cpp core/base/{ids,json,json_reader,result,time}.cpp ;;
    esac
}

# fuzz SECONDS: each target for so long. What it finds stays in build/fuzz/TARGET-crash-*; new inputs in build/fuzz/TARGET.
fuzz() {
    local seconds=$1 target out=build/fuzz
    mkdir -p "$out"
    for target in "${fuzz_targets[@]}"; do
        phase "Build" "$out/$target"
        mapfile -t sources < <(fuzz_sources "$target")
        clang++-14 -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -Icore \
            "tests/fuzz/$target.cpp" "${sources[@]}" -lssl -lcrypto -o "$out/$target"
        done_with "built"
        phase "Fuzz" "$target, $seconds s"
        mkdir -p "$out/$target.found"
        "$out/$target" -max_total_time="$seconds" -max_len=4096 -timeout=10 -print_final_stats=1 \
            -artifact_prefix="$out/$target-" "$out/$target.found" "tests/fuzz/corpus/$target" >"$out/$target.log" 2>&1 || {
            tail -n 40 "$out/$target.log" >&2
            die "$target found something; all of its output: $out/$target.log"
        }
        done_with "nothing found in $(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$target.log") inputs"
    done
}
