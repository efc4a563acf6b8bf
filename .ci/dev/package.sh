# The Debian packages, and what becomes of a machine that they are installed on.

package_packages=(dpkg-dev file)
package_check_packages=(debootstrap systemd-container)

# package_version: of the tree, made later by each commit: 0.1.0+git123.1a2b3c4d.
package_version() {
    local version
    version=$(sed -n 's/^project(crossdock VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
    printf '%s+git%s.%s' "$version" "$(git rev-list --count HEAD)" "$(git rev-parse --short=8 HEAD)"
}

# make_packages VERSION
make_packages() {
    local version=$1 folder=build/release
    phase "Package" "$version"
    mkdir -p "$logs"
    cmake -D CROSSDOCK_PACKAGE_VERSION="$version" "$folder" >"$logs/package.log" 2>&1 &&
        (cd "$folder" && cpack --config CPackConfig.cmake) >>"$logs/package.log" 2>&1 ||
        { tail -n 15 "$logs/package.log" >&2; die "the packages were not made; all of the output: $logs/package.log"; }
    local file
    for file in "$folder"/packages/crossdock*_"$version"_*.deb; do say "$file  ($(du -h "$file" | cut -f1))"; done
    done_with "made"
}

# package [--check]
package() {
    local version
    version=$(package_version)
    rm -rf build/release/packages
    make_packages "$version"
    [[ ${1:-} == --check ]] || return 0
    ((EUID == 0)) || die "package --check needs root: it boots a Debian in a folder. Try: sudo ./dev package --check"
    set_up "${package_check_packages[@]}"
    make_packages "$version.1"
    check_packages "$version"
}

# check_packages VERSION: boots a bare Debian with systemd in a container of its own, and has .ci/dev/package_check run there.
check_packages() {
    local version=$1 root=${CROSSDOCK_PACKAGE_ROOT:-/var/tmp/crossdock-package} status
    if [[ -e $root ]]; then
        [[ -e $root/.crossdock-fresh ]] || die "$root exists and was not made by ./dev package; remove it yourself"
        rm -rf --one-file-system "$root"
    fi
    make_root "$root"
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
    mkdir -p "$root/packages" "$root/src"
    cp build/release/packages/*.deb config/demo-order.json "$root/packages/"
    cp .ci/dev/package_check "$root/packages/check"
    enter "$root" sh -c 'cd /; apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends systemd systemd-sysv dbus'
    # What the package needs, and not the package: that is installed where systemd runs.
    enter "$root" sh -c "cd /; DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends /packages/crossdock_${version}_amd64.deb && dpkg --purge crossdock"
    cat >"$root/etc/systemd/system/package-check.service" <<UNIT
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/packages/check $version
StandardOutput=file:/packages/output
StandardError=inherit
ExecStopPost=/bin/sh -c 'echo "\$EXIT_STATUS" >/packages/status; systemctl --no-block poweroff'
TimeoutStartSec=300
UNIT
    ln -sf ../package-check.service "$root/etc/systemd/system/multi-user.target.wants/package-check.service"
    phase "Boot" "$root, systemd in a container"
    # A worker shuts itself in with Landlock, which a container may not do unless asked.
    timeout 400 systemd-nspawn --quiet --register=no --keep-unit -D "$root" --boot --console=pipe \
        --system-call-filter='landlock_create_ruleset landlock_add_rule landlock_restrict_self' \
        >"$logs/package-boot.log" 2>&1 </dev/null || true
    sed 's/^/   /' "$root/packages/output" 2>/dev/null || true
    status=$(cat "$root/packages/status" 2>/dev/null || echo none)
    [[ $status == 0 ]] || { tail -n 20 "$logs/package-boot.log" >&2; die "the check ended with status $status; the machine's console: $logs/package-boot.log"; }
    done_with "installed, ran, upgraded with data, removed"
}
