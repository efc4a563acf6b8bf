# The two commands of the README in a bare Debian 12, where nothing that was installed by hand can help.

# The mirror that this machine installs Debian from.
debian_mirror() {
    local found
    found=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources 2>/dev/null |
        awk '/^deb / { for (i = 2; i <= NF; ++i) if ($i ~ /^https?:.*\/debian\/?$/) { print $i; exit } }
             /^URIs:/ && $2 ~ /\/debian\/?$/ { print $2; exit }')
    printf '%s' "${found:-http://deb.debian.org/debian}"
}

make_root() {
    local root=$1 mirror
    mirror=$(debian_mirror)
    phase "Bare root" "debootstrap bookworm minbase into $root, from $mirror"
    mkdir -p "$root"
    : >"$root/.crossdock-fresh"
    debootstrap --variant=minbase --include=ca-certificates,git bookworm "$root" "$mirror" | tee "$logs/debootstrap.log" |
        awk '/^I: (Retrieving|Unpacking|Configuring) / { if (++n % 40 == 0) print "   " substr($0, 4); fflush() }' ||
        { tail -n 15 "$logs/debootstrap.log" >&2; die "debootstrap failed"; }
    cat >"$root/etc/apt/sources.list" <<LIST
deb $mirror bookworm main
deb $mirror bookworm-updates main
deb ${mirror%/}-security bookworm-security main
LIST
    # How this machine reaches its mirror (proxy, retries, snapshots), and nothing else of it.
    apt-config dump | grep -E '^Acquire::(http|https|Check-|Retries)' >"$root/etc/apt/apt.conf.d/99-as-outside" || true
    : >"$root/.crossdock-fresh-ready"
    done_with "made"
}

# fresh [--keep] [-- COMMAND...]
fresh() {
    local root=${CROSSDOCK_FRESH_ROOT:-/var/tmp/crossdock-fresh} keep=''
    while (($# > 0)); do
        case $1 in
            --keep) keep=1 ;;
            --) shift; break ;;
            *) usage "fresh takes --keep and -- COMMAND, not \"$1\"" ;;
        esac
        shift
    done
    ((EUID == 0)) || die "fresh needs root: it mounts and changes the root folder. Try: sudo ./dev fresh"
    [[ $root == /*/* ]] || die "CROSSDOCK_FRESH_ROOT must be an absolute path at least two levels deep, not \"$root\""
    set_up "${fresh_packages[@]}"
    mkdir -p "$logs"
    if [[ -e $root && -z $keep ]]; then
        [[ -e $root/.crossdock-fresh ]] || die "$root exists and was not made by ./dev fresh; remove it yourself"
        ! grep -qF " $root/" /proc/self/mounts || die "something is mounted below $root"
        rm -rf --one-file-system "$root"
    fi
    [[ -e $root/.crossdock-fresh-ready ]] || make_root "$root"
    phase "Clone" "what is committed here, into $root/src"
    [[ -z $(git status --porcelain) ]] || say "note: changes that are not committed are not in it"
    rm -rf "$root/src"
    git -c safe.directory='*' clone -q --no-hardlinks "$tree" "$root/src"
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
    done_with "$(git -C "$root/src" log -1 --format='%h %s')"
    local begun
    begun=$(now_ms)
    if (($# > 0)); then enter "$root" "$@"
    else
        enter "$root" ./dev demo --once
        enter "$root" ./dev test
    fi
    printf '%s== Fresh%s everything passed in a bare Debian 12, in %s\n' "$bold" "$plain" "$(duration $(($(now_ms) - begun)))"
}

# enter ROOT COMMAND...: the mounts live in a namespace of their own and end with it, whatever happens.
enter() {
    local root=$1
    shift
    phase "In the bare root" "$*"
    unshare --mount --propagation private bash -c '
        set -e
        root=$1; shift
        mount -t proc proc "$root/proc" || mount --rbind /proc "$root/proc"
        mount --rbind /sys "$root/sys"
        mount --rbind /dev "$root/dev"
        exec chroot "$root" /usr/bin/env -i -C /src \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"
    ' bash "$root" "$@" </dev/null
    done_with "passed: $*"
}
