# Fuzz targets under libFuzzer. They are compiled apart from the build folders: coverage wants clang, and only a few sources.

fuzz_targets=(webhook_headers webhook_body csv status_map)
fuzz_sources() {
    local base="core/base/ids.cpp core/base/json.cpp core/base/json_reader.cpp core/base/result.cpp core/base/time.cpp"
    case $1 in
        webhook_headers) printf '%s\n' core/crypto/*.cpp $base ;;
        webhook_body)
            printf '%s\n' plugins/phonex/phonex.cpp plugins/rest/{adapter,auth,effect,evidence,listing,request,template}.cpp \
                core/pipeline/evidence.cpp core/model/{fulfilment,status}.cpp $base
            ;;
        csv) printf '%s\n' plugins/wesellcellular/{columns,inbox,stock,files}.cpp ;;
        status_map)
            printf '%s\n' core/app/config/{parts,plugin_files,stock,supplier,webhook_scheme}.cpp build/fuzz/webhook_schemes_text.cpp core/base/place.cpp core/base/process.cpp \
                core/base/yaml/*.cpp core/crypto/*.cpp core/model/*.cpp core/base/zone/*.cpp $base
            ;;
    esac
}
fuzz_libraries() {
    case $1 in
        webhook_headers) echo -lssl -lcrypto ;;
        status_map) echo -lyaml-cpp -ldate-tz -lssl -lcrypto ;;
    esac
}

# fuzz_compile SOURCE: its object, below build/fuzz/objects.
fuzz_compile() {
    local object=build/fuzz/objects/${1//\//_}.o
    $fuzz_launcher clang++-14 -std=c++20 -g -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined \
        -Icore -Icore/app -Icore/base -Icore/pipeline -Isdk/include -c "$1" -o "$object"
}

# fuzz SECONDS: each target for so long. What it finds stays in build/fuzz/TARGET-crash-*; new inputs in build/fuzz/TARGET.
fuzz() {
    local seconds=$1 target out=build/fuzz source
    mkdir -p "$out/objects"
    cmake -DOUT="$out/webhook_schemes_text.cpp" -DNAME=webhook_schemes_text -DFILE=core/app/config/webhook-schemes.yaml \
        -P core/app/config/embed_text.cmake
    fuzz_launcher=$(command -v ccache || true)
    export -f fuzz_compile
    export fuzz_launcher
    for target in "${fuzz_targets[@]}"; do
        phase "Build" "$out/$target"
        mapfile -t sources < <(
            echo "tests/fuzz/$target.cpp"
            fuzz_sources "$target"
        )
        printf '%s\0' "${sources[@]}" | xargs -0 -P "$jobs" -I{} bash -c 'fuzz_compile "$1"' _ {}
        local objects=()
        for source in "${sources[@]}"; do objects+=("$out/objects/${source//\//_}.o"); done
        mapfile -t libraries < <(fuzz_libraries "$target" | tr ' ' '\n')
        clang++-14 -fsanitize=fuzzer,address,undefined "${objects[@]}" "${libraries[@]}" -o "$out/$target"
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
