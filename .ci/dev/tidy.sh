# clang-format and clang-tidy. Version 16 of the latter: older ones refuse lambdas that capture structured bindings.

our_sources() { git ls-files -co --exclude-standard -- '*.c' '*.h' '*.cpp' '*.hpp' | while IFS= read -r file; do [[ ! -e $file ]] || printf '%s\n' "$file"; done; }

check_format() {
    local files
    mapfile -t files < <(our_sources)
    phase "Format" "clang-format-14, ${#files[@]} files"
    if [[ ${1:-} == --fix ]]; then
        clang-format-14 -i "${files[@]}"
        done_with "rewritten"
    else
        clang-format-14 --dry-run --Werror --ferror-limit=3 "${files[@]}" || die "not as .clang-format says; ./dev format --fix rewrites"
        done_with "formatted"
    fi
}

tidy_cache=build/tidy-cache

# What GCC knows and clang does not, taken out of the compile commands.
tidy_commands() {
    sed -E 's/ -f(no-gnu-unique|max-errors=[0-9]+|concepts-diagnostics-depth=[0-9]+)//g' build/dev/compile_commands.json
}

# A source that several targets build is checked once, as the first of them builds it.
# "FILE<tab>KEY" for each source that is built and is ours. KEY covers all that the verdict depends on: the checks, the compile
# command, and the content of the file and of our headers that it includes, as the last build saw them.
tidy_keys() {
    local base file command dependencies
    base=$({ clang-tidy-16 --version; cat .clang-tidy; } | sha256sum)
    ninja -C build/dev -t deps | awk '
        /: #deps/ { object = $1; sub(/:$/, "", object); next }
        NF && $1 !~ /^\/usr\// { print object "\t" $1 }' >"$tidy_cache/deps"
    awk -F'": "' '
        /^  "command"/ { command = $2; object = $2; sub(/.* -o /, "", object); sub(/ .*/, "", object) }
        /^  "file"/ { file = $2; sub(/",?$/, "", file); if (!seen[file]++) print file "\t" object "\t" command }' "$tidy_cache/compile_commands.json" |
        while IFS=$'\t' read -r file object command; do
            [[ $file == "$tree"/* && $file != "$tree"/build/* ]] || continue
            mapfile -t dependencies < <(awk -F'\t' -v object="$object" '$1 == object { print $2 }' "$tidy_cache/deps")
            printf '%s\t%s\n' "$file" "$({
                printf '%s\n' "$base" "$command"
                (cd build/dev && cat -- "$file" "${dependencies[@]}")
            } | sha256sum | cut -d ' ' -f 1)"
        done
}

# tidy [FILES...]
tidy() {
    local started files=0 checked
    mkdir -p "$tidy_cache"
    phase "Tidy" "clang-tidy-16, $jobs jobs"
    if clang-tidy-16 --quiet tests/tidy-canary/canary.cpp -- -std=c++20 >"$tidy_cache/canary.log" 2>&1 ||
        ! grep -q 'bugprone-use-after-move,-warnings-as-errors' "$tidy_cache/canary.log"; then
        cat "$tidy_cache/canary.log" >&2
        die "tests/tidy-canary/canary.cpp must fail bugprone-use-after-move and does not: the checks are off"
    fi
    say "the canary is refused, as it must be"
    tidy_commands >"$tidy_cache/compile_commands.json"
    find "$tidy_cache" -name '*.ok' -mtime +30 -delete
    started=$(now_ms)
    tidy_keys >"$tidy_cache/keys"
    if (($# > 0)); then
        printf '%s\n' "$@" | xargs realpath | grep -F -f - "$tidy_cache/keys" >"$tidy_cache/chosen" || die "none of these files is built: $*"
        mv "$tidy_cache/chosen" "$tidy_cache/keys"
    fi
    files=$(wc -l <"$tidy_cache/keys")
    ((files > 0)) || die "found no source in build/dev/compile_commands.json"
    while IFS=$'\t' read -r file key; do
        [[ -e $tidy_cache/$key.ok ]] || printf '%s\t%s\0' "$file" "$key"
    done <"$tidy_cache/keys" >"$tidy_cache/work"
    checked=$(tr -cd '\0' <"$tidy_cache/work" | wc -c)
    say "$files files, $((files - checked)) unchanged since they passed"
    xargs -0 -r -n 1 -P "$jobs" bash -c '
        IFS=$'"'\t'"' read -r file key <<<"$1"
        log=$0/$key.log
        if clang-tidy-16 -p "$0" --quiet --extra-arg=-Wno-unknown-warning-option "$file" >"$log" 2>&1; then
            printf "   ok %s\n" "${file#"$PWD"/}"
            mv "$log" "$0/$key.ok"
        else
            printf "   REFUSED %s\n" "${file#"$PWD"/}"
            grep -vE "^[0-9]+ warnings? (generated|treated)" "$log"
            exit 1
        fi' "$tidy_cache" <"$tidy_cache/work" || die "clang-tidy refuses what is printed above"
    done_with "$checked files checked"
}
