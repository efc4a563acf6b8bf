# Configuring and building one preset.

jobs=${CROSSDOCK_JOBS:-$(($(nproc) < 2 ? $(nproc) : 2))}
[[ $jobs =~ ^[1-9][0-9]*$ ]] || usage "CROSSDOCK_JOBS must be a number above 0"

# Presets and CMakeLists say how we build, the caller's shell does not.
unset CC CXX CFLAGS CXXFLAGS CPPFLAGS LDFLAGS
# Relative paths in the cache's keys: a clean clone finds what another clone compiled.
export CCACHE_BASEDIR=$tree CCACHE_NOHASHDIR=1
[[ -n ${HOME:-}${CCACHE_DIR:-} ]] || export CCACHE_DIR=$tree/build/ccache

# What a build folder was configured from: the presets, and which rooms exist (CMake does not notice a new folder).
configured_from() {
    cat CMakePresets.json
    find . \( -path ./build -o -path ./.git \) -prune -o -name CMakeLists.txt -print | sort
}

configure() {
    local preset=$1 stamp=build/$1/.configured-from
    if [[ -e build/$preset/build.ninja ]] && configured_from | cmp -s - "$stamp"; then return 0; fi
    phase "Configure" "build/$preset"
    mkdir -p "$logs"
    cmake --preset "$preset" >"$logs/configure-$preset.log" 2>&1 || {
        tail -n 30 "$logs/configure-$preset.log" >&2
        die "cmake failed; all of its output: $logs/configure-$preset.log"
    }
    configured_from >"$stamp"
    done_with "configured"
}

# Away from a terminal: a line every few seconds instead of one per file; everything else that ninja prints, at once.
ninja_progress() {
    local line shown=$((SECONDS - 10))
    while IFS= read -r line; do
        [[ $line != 'ninja: Entering directory'* ]] || continue
        if [[ $line == 'ninja: no work to do.' ]]; then line='   nothing to do'; fi
        if [[ $line =~ ^\[[0-9]+/[0-9]+\] ]]; then
            ((SECONDS - shown >= 10)) || continue
            shown=$SECONDS
            line="   ${line/Building CXX object /}"
            line=${line/CMakeFiles\/*.dir\//}
        fi
        printf '%s\n' "$line"
    done
}

# build PRESET [TARGETS...]
build() {
    local preset=$1 folder=build/$1
    shift
    configure "$preset"
    phase "Build" "$folder, $jobs jobs"
    if [[ -t 1 ]]; then "${runner[@]}" ninja -C "$folder" -j "$jobs" --quiet "$@"
    else "${runner[@]}" ninja -C "$folder" -j "$jobs" "$@" | ninja_progress; fi
    done_with "built"
}
# A command in front of what is built and run: see test_under_tsan.
runner=(env)
