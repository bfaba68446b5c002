#!/usr/bin/env bash
# Installs, upgrades, removes and purges the amd64 package in a fresh Debian root and checks the packages of both architectures; writes
# docs/package-tests.md.
# Needs artifacts/edgeseg_*.deb (./build.sh deb), root, and Debian's archive. Nothing outside a temporary folder is touched.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ "$(id -u)" -eq 0 ] || { echo "a fresh Debian root can be made by root only: sudo ./build.sh test-package" >&2; exit 1; }
suite=${SUITE:-bookworm}
work=$(mktemp -d)
root=$work/root
rows=$work/rows.md
failed=0
trap 'umount "$work/root/proc" 2>/dev/null; rm -rf --one-file-system "$work"' EXIT
deb=$(ls artifacts/edgeseg_*_amd64.deb)
version=$(dpkg-deb -f "$deb" Version)

# check WHAT COMMAND...: a row of the table
check() {
    local what=$1 output result=passed
    shift
    if ! output=$("$@" 2>&1); then
        result=FAILED
        failed=1
        printf '%s\n' "$output" >&2
    fi
    printf '| %s | %s |\n' "$what" "$result" | tee -a "$rows"
}
inside() { chroot "$root" env DEBIAN_FRONTEND=noninteractive HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
# a link counts as there whatever its target, which is an absolute path inside the root
there() { [ -e "$root$1" ] || [ -L "$root$1" ]; }
absent() { local path; for path; do ! there "$path" || { echo "$path is still there"; return 1; }; done; }
present() { local path; for path; do there "$path" || { echo "$path is not there"; return 1; }; done; }
holds() { grep -qF "$2" "$root$1" || { echo "$1 does not hold: $2"; return 1; }; }
apt_install() { inside apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends -o Dpkg::Options::=--force-confold "$1"; }
member() { inside id -nG edgeseg | grep -qw video && inside id -nG edgeseg | grep -qw gpio; }
private() { [ "$(stat -c '%a %U' "$root/etc/edgeseg/credentials")" = "700 root" ]; }
stays_disabled() {
    inside systemctl disable edgeseg.service && absent "$enabled" && apt_install /tmp/last.deb && absent "$enabled" &&
        inside dpkg -s edgeseg | grep -qF "Version: $version+last"
}
segments() { inside edgeseg segment /tmp/chelsea.jpg | grep -q '"found":true'; }
shows_demo() { inside edgeseg demo --out /tmp/demo-out | grep -E '^[1-9][0-9]* masks of 5 photographs'; }
packs() {
    inside edgeseg model pack /usr/lib/edgeseg/models/squeezesam --version 7 --serial 12 \
        --url https://models.example.org/squeezesam-7/ --out /tmp/release-12 |
        grep -E '^canary +[1-9][0-9]* cases'
}
# every link of the guides in the package leads to a page or file of the package
links_hold() {
    local page link bad=0
    [ -e "$root/usr/share/doc/edgeseg/ota.md" ] || { echo "ota.md is not there"; return 1; }
    while IFS=: read -r page link; do
        link=${link%%#*}
        [ -z "$link" ] || [ -e "$(dirname "$page")/$link" ] || { echo "${page#"$root"}: $link is not there"; bad=1; }
    done < <(grep -oE '\]\([^)]+\)' -r "$root/usr/share/doc/edgeseg" --include='*.md' | grep -v '://' |
        sed -E 's/^([^:]*):\]\((.*)\)$/\1:\2/')
    return $bad
}
# boots the root with its own systemd beside mosquitto, which has port 1883, and then without the folder of credentials
boots() {
    cp tests/package/probe.sh "$root/usr/local/sbin/probe" &&
        printf '[Service]\nExecStart=/bin/bash /usr/local/sbin/probe\n[Unit]\nAfter=multi-user.target\n' \
            >"$root/etc/systemd/system/probe.service" &&
        ln -sf ../probe.service "$root/etc/systemd/system/multi-user.target.wants/probe.service" &&
        timeout -k 30 1800 systemd-nspawn -q -D "$root" --boot --keep-unit --register=no --private-network >"$work/boot.log" 2>&1
    rm -f "$root/etc/systemd/system/multi-user.target.wants/probe.service"
    grep -qxF 'probe ended' "$root/probe.log" || { tail -n 20 "$work/boot.log"; return 1; }
}
# probed STEP PATTERN...: what the probe saw in that step
probed() {
    local step=$1 pattern
    shift
    for pattern; do
        sed -n "/^== $step\$/,/^== /p" "$root/probe.log" | grep -E -- "$pattern" >/dev/null || {
            cat "$root/probe.log"
            echo "not seen in $step: $pattern"
            return 1
        }
    done
}
purged() { ! inside dpkg -s edgeseg >/dev/null 2>&1; }
clean_lintian() {
    local found
    found=$(lintian --no-cfg --tag-display-limit 0 --fail-on none "$1" | grep -E '^[EW]:')
    [ -z "$found" ] || { echo "$found"; return 1; }
}
removed() { absent /usr/lib/edgeseg && present /etc/edgeseg/edgeseg.toml /var/lib/edgeseg/kept; }
needs_glibc() { # DEB MOST: no library of it needs a newer glibc than MOST
    local newest
    rm -rf "$work/x" && dpkg-deb -x "$1" "$work/x"
    newest=$(find "$work/x/usr/lib/edgeseg" -type f \( -name '*.so' -o -name edgeseg \) -exec readelf -V {} + 2>/dev/null |
        grep -o 'GLIBC_2\.[0-9]*' | sort -uV | tail -n 1)
    echo "$newest" >"$work/glibc"
    [ "$(printf '%s\n' "GLIBC_$2" "$newest" | sort -V | tail -n 1)" = "GLIBC_$2" ]
}

echo "making a fresh Debian $suite" >&2
mmdebstrap -q --skip=cleanup/apt/lists --variant=apt --include=systemd-sysv,ca-certificates "$suite" "$root" >&2 ||
    { echo "mmdebstrap failed" >&2; exit 1; }
# what a running Debian has, and systemd-tmpfiles asks for
mount -t proc proc "$root/proc" || echo "no /proc in the fresh root: what needs it will fail" >&2
cp "$deb" "$root/tmp/first.deb"
cp deploy/demo/chelsea.jpg "$root/tmp/"
enabled=/etc/systemd/system/multi-user.target.wants/edgeseg.service
for next in next last; do
    # "last" is the later one of the two, as versions go
    [ $next = next ] && suffix=+a || suffix=+last
    dpkg-deb -R "$deb" "$work/next" && sed -i "s/^Version: .*/Version: $version$suffix/" "$work/next/DEBIAN/control"
    dpkg-deb --root-owner-group -Znone --build "$work/next" "$root/tmp/$next.deb" >/dev/null
    rm -rf "$work/next"
done

check "installs with apt, which finds all that it depends on" apt_install /tmp/first.deb
check "edgeseg --version, info and a photograph's mask work there" segments
check "the user edgeseg is made, a member of video and gpio" member
check "the unit is enabled; the settings, the man page and the udev rule are there" present "$enabled" /etc/edgeseg/edgeseg.toml \
    /usr/share/man/man1/edgeseg.1.gz /lib/udev/rules.d/60-edgeseg-gpio.rules
check "the demo runs with the photographs of the package" shows_demo
check "model pack works as docs/ota.md has it" packs
check "the guides are there and their links hold" links_hold
check "the ROS 2 package is there" present /usr/share/doc/edgeseg/deploy/ros2/edgeseg_ros/package.xml
check "secrets are for the service manager's eyes only" private
echo '# mine' >>"$root/etc/edgeseg/edgeseg.toml"
cp "$root/etc/edgeseg/edgeseg.toml" "$work/toml"
install -d "$root/var/lib/edgeseg" && echo state >"$root/var/lib/edgeseg/kept"
if command -v systemd-nspawn >/dev/null; then
    check "mosquitto beside it is installed" inside apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends mosquitto
    check "a Debian with systemd boots it beside mosquitto" boots
    check "the taken port 1883 is named with the remedy" probed port 'another program listens there already' \
        'set mqtt.host = "127\.0\.0\.1"' 'StatusText=cannot start'
    check "later starts wait, 2 s, then twice as long each" probed port 'the next one follows in 2 s' \
        'the next one follows in 4 s' 'the next one follows in 8 s'
    check "with that remedy it runs" probed remedy 'ActiveState=active' 'broker connected'
    check "without the folder of credentials it runs" probed folder 'ActiveState=active'
    check "a secret that is missing is named with the file to create" probed secret \
        '/etc/edgeseg/credentials/password did not exist' 'the next one follows in 2 s'
    check "a secret in that folder reaches the service through systemd, and doctor run by root" probed credential \
        'ActiveState=active' 'broker connected' 'ok +broker'
    cp "$work/toml" "$root/etc/edgeseg/edgeseg.toml"
    rm -f "$root/usr/local/sbin/probe" "$root/etc/systemd/system/probe.service"
else
    printf '| boots beside mosquitto | not run: systemd-nspawn is not installed (Debian package systemd-container) |\n' | tee -a "$rows"
fi
check "upgrades" apt_install /tmp/next.deb
check "an upgrade keeps the settings" holds /etc/edgeseg/edgeseg.toml '# mine'
check "an upgrade keeps the state" holds /var/lib/edgeseg/kept state
check "a disabled unit stays disabled over an upgrade" stays_disabled
check "is removed" inside apt-get -qq -o Dpkg::Use-Pty=0 remove -y edgeseg
check "removal takes the program and leaves settings and state" removed
check "is purged" inside apt-get -qq -o Dpkg::Use-Pty=0 purge -y edgeseg
check "purging takes settings, secrets and state" absent /etc/edgeseg /var/lib/edgeseg "$enabled"
check "dpkg knows it no more" purged
sizes=$work/sizes.md
for one in artifacts/edgeseg_*.deb; do
    arch=$(dpkg-deb -f "$one" Architecture)
    check "lintian has no error and no warning, $arch" clean_lintian "$one"
    check "loads on glibc 2.35 (Ubuntu 22.04, JetPack 6; Debian 12 has 2.36), $arch" needs_glibc "$one" 2.35
    printf '| %s | %s | %s MB | %s | %s |\n' \
        "$arch" "$(du -h "$one" | cut -f1)" "$(($(dpkg-deb -f "$one" Installed-Size) / 1024))" "$(cat "$work/glibc")" \
        "$(dpkg-deb -c "$one" | grep libOpenCvSharpExtern.so >/dev/null && echo yes || echo 'no: README.Debian says what to do')" >>"$sizes"
done
{
    echo '# Package tests'
    echo
    echo "Made by \`./build.sh test-package\` on $(date -u '+%F'), in a fresh Debian $suite made by mmdebstrap."
    echo
    echo '| case | result |'
    echo '|---|---|'
    cat "$rows"
    echo
    echo '| package | size | installed | newest glibc symbol | OpenCV inside |'
    echo '|---|---|---|---|---|'
    cat "$sizes"
} >docs/package-tests.md
[ $failed -eq 0 ] && echo "package tests passed" || echo "package tests FAILED"
exit $failed
