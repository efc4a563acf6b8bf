# What must be installed, and installing it. apt is called only when something is missing.

build_packages=(
    g++ cmake ninja-build ccache mold git ca-certificates
    libboost1.81-dev libboost-system1.81-dev libboost-filesystem1.81-dev
    libsoci-dev libsqlite3-dev libyaml-cpp-dev nlohmann-json3-dev libssl-dev libspdlog-dev
    libcurl4-openssl-dev libcli11-dev libkainjow-mustache-dev libjq-dev catch2
    libhowardhinnant-date-dev tzdata postgresql-15 libsystemd-dev prometheus-cpp-dev
)
# The live page is tested in a real browser.
test_packages=(chromium chromium-driver fonts-dejavu-core)
format_packages=(git clang-format-14)
tidy_packages=(clang-tidy-16)
fuzz_packages=(clang-14 libclang-rt-14-dev)
fresh_packages=(git debootstrap)

missing_of() {
    local installed
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
    local package
    for package in "$@"; do
        [[ $'\n'$installed$'\n' == *$'\n'"installed $package"$'\n'* ]] || printf '%s\n' "$package"
    done
}

as_root() {
    if ((EUID == 0)); then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else die "not root and no sudo here. As root: apt-get install --no-install-recommends ${missing[*]}"; fi
}

# Shows apt's doings as one line every few seconds; all of it goes to the log.
apt_progress() {
    local line fetched=0 unpacked=0 ready=0 total='?' shown=$SECONDS
    while IFS= read -r line; do
        case $line in
            *' newly installed, '*) [[ $line =~ ([0-9]+)' newly installed' ]] && total=${BASH_REMATCH[1]} ;;
            'Need to get '*) say "${line%.}" ;;
            Get:*) fetched=$((fetched + 1)) ;;
            'Unpacking '*) unpacked=$((unpacked + 1)) ;;
            'Setting up '*) ready=$((ready + 1)) ;;
            E:* | W:*) say "$line" ;;
        esac
        if ((SECONDS - shown >= 5)); then
            shown=$SECONDS
            if ((ready > 0)); then say "set up $ready of $total packages"
            elif ((unpacked > 0)); then say "unpacked $unpacked of $total packages"
            elif ((fetched > 0)); then say "fetched $fetched files"; fi
        fi
    done
}

run_apt() {
    local log=$logs/apt.log
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@" </dev/null 2>&1 |
        tee -a "$log" | apt_progress || { tail -n 15 "$log" >&2; die "apt-get $1 failed; all of its output: $log"; }
}

# set_up PACKAGES...
set_up() {
    [[ -z ${CROSSDOCK_NO_SETUP:-} ]] || return 0
    local system=unknown
    # shellcheck source=/dev/null
    [[ ! -r /etc/os-release ]] || system=$(. /etc/os-release && printf '%s %s' "${ID:-}" "${VERSION_ID:-}")
    if [[ $system != 'debian 12' ]] || ! command -v dpkg-query >/dev/null; then
        printf './dev: this is no Debian 12 (it says: %s), so nothing can be installed from here.\n' "$system" >&2
        printf 'Install what these Debian packages hold, then run with CROSSDOCK_NO_SETUP=1:\n  %s\n' "$*" >&2
        exit 1
    fi
    mapfile -t missing < <(missing_of "$@")
    ((${#missing[@]} > 0)) || return 0
    phase "Set up" "installs ${#missing[@]} Debian packages"
    printf '%s\n' "${missing[@]}" | paste -sd ' ' | fold -s -w 100 | sed 's/^/   /'
    mkdir -p "$logs"
    say "apt-get update"
    run_apt update
    say "apt-get install"
    run_apt install -y --no-install-recommends "${missing[@]}"
    done_with "installed"
}
