# How ./dev talks: one headline per phase, a line while something long runs, the duration at its end.

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
    bold='' dim='' red='' green='' plain=''
fi
logs=build/log
phase_name=''
phase_begun=0

now_ms() { printf '%s' "$((${EPOCHREALTIME/[.,]/} / 1000))"; }

# 83 s as "1 min 23 s", 830 ms as "0.8 s".
duration() {
    local ms=$1
    if ((ms >= 60000)); then printf '%d min %02d s' $((ms / 60000)) $((ms / 1000 % 60))
    else printf '%d.%d s' $((ms / 1000)) $((ms / 100 % 10)); fi
}

# phase NAME WHAT: begins one.
phase() {
    phase_name=$1 phase_begun=$(now_ms)
    printf '%s== %s%s %s%s%s\n' "$bold" "$1" "$plain" "$dim" "${2:-}" "$plain"
}

# done_with WHAT: ends the phase.
done_with() {
    printf '   %s%s%s (%s)\n' "$green" "$1" "$plain" "$(duration $(($(now_ms) - phase_begun)))"
    phase_name=''
}

say() { printf '   %s\n' "$*"; }

# die WHAT: ends ./dev with status 1.
die() {
    printf '%s./dev: %s%s\n' "$red" "$*" "$plain" >&2
    phase_name=''
    exit 1
}

on_exit() {
    local status=$?
    if ((status != 0)) && [[ -n $phase_name ]]; then
        printf '%s./dev: "%s" failed after %s, status %d%s\n' "$red" "$phase_name" \
            "$(duration $(($(now_ms) - phase_begun)))" "$status" "$plain" >&2
    fi
}
trap on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
