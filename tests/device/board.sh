#!/usr/bin/env bash
# A virtual board: Debian 12 with its own kernel, systemd, udev and mosquitto under QEMU's software emulation (no /dev/kvm is needed),
# with a simulated GPIO chip (gpio-sim) and a simulated V4L2 camera (vivid). Runs one command as root in it and ends with that command's
# status.
#
#   board.sh deps                        install the Debian packages that this script needs
#   board.sh image                       build the image again (otherwise built once, and kept in cache/ beside this script)
#   board.sh run [options] DIR CMD ...   copy DIR to /job in the guest, run CMD there, show its output
#
#   -t SECONDS   longest time for the guest, boot included (default 300)
#   -o DIR       the guest's $OUT: what is written there is here at once (9p)
#   -d DISK      keep the guest's disk in the file DISK, so that a later run goes on with it; by default nothing is kept
#   -x           the run ends with a power cut: QEMU is killed as soon as the guest makes $OUT/cut; status 0 then
#   -m MIB       guest memory (default 1024)
#   -v           the kernel's console on standard error
#
# In the guest: $BOARD_CHIP is the GPIO chip (label "board", 32 lines, those in $BOARD_LINES named as N=NAME), `gpio-pull LINE up|down`
# drives a line from outside, `gpio-level LINE` reads it; $BOARD_VIDEO is the camera, which `modprobe -r vivid` removes; mosquitto listens
# on localhost:1883.
#
# Status: the command's; 124 the time ran out, 125 the guest did not start or left no status, 126 the image could not be built,
# 64 bad usage.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${BOARD_CACHE:-$here/cache}
suite=bookworm
mirror=http://deb.debian.org
# the service's own dependencies are in the image: the guest has no network
guest_packages=systemd-sysv,udev,kmod,dbus,mosquitto,mosquitto-clients,gpiod,v4l-utils,jq,iproute2,procps,ca-certificates
# shellcheck source=build/common.sh
guest_packages+=,libssl3,libgpiod2,$(. "$here/../../build/common.sh" && opencv_packages 'install|base' old | paste -sd,)
host_packages="qemu-system-x86 seabios mmdebstrap e2fsprogs busybox-static cpio make gcc xz-utils kmod "
host_packages+="linux-headers-amd64 linux-source-6.1"

say() { printf 'board: %s\n' "$*" >&2; }
fail() { local status=$1; shift; say "$*"; exit "$status"; }

deps() {
    apt-get update -qq
    # shellcheck disable=SC2086  # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends $host_packages
}

# Debian's kernel has neither gpio-sim nor irq_sim: both are built as one module from the kernel's own source
build_gpio_sim() { # RELEASE FOLDER
    local work=$2/gpio-sim
    mkdir -p "$work"
    tar -xJf /usr/src/linux-source-6.1.tar.xz -C "$work" --strip-components=3 linux-source-6.1/drivers/gpio/gpio-sim.c \
        linux-source-6.1/drivers/gpio/gpiolib.h linux-source-6.1/kernel/irq/irq_sim.c || return 1
    mv "$work/gpio-sim.c" "$work/core.c"
    # irq_to_desc is not exported to modules; this call does the same by number
    sed -i 's/handle_simple_irq(irq_to_desc(irqnum));/generic_handle_irq_safe(irqnum);/' "$work/irq_sim.c"
    printf 'obj-m := gpio-sim.o\ngpio-sim-y := core.o irq_sim.o\n' >"$work/Kbuild"
    make -s -C "/lib/modules/$1/build" M="$work" modules >&2 && strip --strip-debug "$work/gpio-sim.ko"
}

copy_modules() { # KERNEL-PACKAGE-FOLDER ROOT RELEASE
    local from=$1/lib/modules/$3 to=$2/lib/modules/$3 part
    mkdir -p "$to"
    cp "$from"/modules.{builtin,builtin.modinfo,order} "$to"
    for part in drivers/media drivers/virtio drivers/block drivers/char drivers/gpio fs/configfs fs/ext4 fs/jbd2 fs/mbcache.ko fs/9p \
        fs/netfs fs/fscache fs/fuse fs/overlayfs fs/autofs net/9p net/unix lib crypto drivers/i2c sound/core sound/soundcore.ko \
        drivers/video arch/x86/crypto; do
        [ -e "$from/kernel/$part" ] || continue
        mkdir -p "$to/kernel/$(dirname "$part")"
        cp -r "$from/kernel/$part" "$to/kernel/$part"
    done
    install -D "$4/gpio-sim/gpio-sim.ko" "$to/extra/gpio-sim.ko"
    depmod -b "$2" "$3"
}

build_initrd() { # ROOT RELEASE TARGET
    local tree number=10 module modules=(virtio_pci virtio_blk ext4 crc32c_generic)
    tree=$(mktemp -d)
    mkdir -p "$tree"/{bin,dev,proc,sys,mnt,modules}
    cp /bin/busybox "$tree/bin/"
    for module in $(modprobe -d "$1" -S "$2" --show-depends -a "${modules[@]}" 2>/dev/null |
        awk '$1 == "insmod" && !seen[$2]++ { print $2 }'); do
        cp "$module" "$tree/modules/$((number++))-${module##*/}"
    done
    cat >"$tree/init" <<'END'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs dev /dev
for module in /modules/*; do $b insmod $module; done
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 100 ]; do $b sleep 0.1; tries=$((tries + 1)); done
$b mount -t ext4 -o rw,noatime /dev/vda /mnt || { echo "board: no root disk"; $b poweroff -f; }
$b mount --move /dev /mnt/dev
$b umount /sys /proc
exec $b switch_root /mnt /lib/systemd/systemd
END
    chmod +x "$tree/init"
    (cd "$tree" && find . | cpio -o -H newc --quiet | gzip -1) >"$3"
    rm -rf "$tree"
}

build_image() {
    local began=$SECONDS work release version root
    work=$(mktemp -d "$cache/build.XXXXXX") || return 1
    root=$work/root
    release=$(basename "$(ls -d /lib/modules/*-amd64 | sort -V | tail -n 1)") # the headers' kernel, so that the module fits
    version=$(dpkg-query -W -f '${Version}' "linux-headers-$release") || return 1
    say "building the image, once: kernel $release ($version)"
    (cd "$work" && apt-get download -qq "linux-image-$release=$version" 2>/dev/null && mkdir kernel && dpkg -x linux-image-*.deb kernel) ||
        { say "no kernel package"; return 1; }
    build_gpio_sim "$release" "$work" || { say "gpio-sim did not build"; return 1; }
    DEBIAN_FRONTEND=noninteractive mmdebstrap --verbose --variant=minbase --include="$guest_packages" \
        --aptopt='APT::Install-Recommends "false"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        $suite "$root" "deb $mirror/debian $suite main" "deb $mirror/debian-security $suite-security main" >&2 ||
        { say "mmdebstrap failed"; return 1; }
    copy_modules "$work/kernel" "$root" "$release" "$work"
    build_initrd "$root" "$release" "$work/initrd"
    cp "$work/kernel/boot/vmlinuz-$release" "$work/vmlinuz"
    cp -r "$here/guest/." "$root/"
    chmod +x "$root"/usr/local/*bin/*
    echo board >"$root/etc/hostname"
    printf '127.0.0.1 localhost\n127.0.1.1 board\n' >"$root/etc/hosts"
    : >"$root/etc/fstab"
    echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id" # a first boot would take longer
    ln -sf /etc/systemd/system/board.target "$root/etc/systemd/system/default.target"
    for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
        getty.target systemd-tmpfiles-clean.timer systemd-timesyncd.service systemd-pstore.service keyboard-setup.service \
        console-setup.service; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
    mke2fs -q -t ext4 -O ^metadata_csum -E lazy_itable_init=1,root_owner=0:0 -d "$root" "$work/root.img" 2200M >&2 || return 1
    mkdir -p "$cache/image"
    mv -f "$work"/{root.img,initrd,vmlinuz} "$cache/image/"
    rm -rf "$work"
    touch "$cache/image/ok"
    say "image built in $((SECONDS - began)) s, $(du -sh "$cache/image" | cut -f1) in $cache/image"
}

# the power goes when the guest asks for it
cut_power() { # OUT PID
    while kill -0 "$2" 2>/dev/null; do
        if [ -e "$1/cut" ]; then kill -KILL "$2"; return; fi
        sleep 0.05
    done
}

run_guest() {
    local limit=300 out='' disk='' cut='' memory=1024 serial status run job qemu began=$SECONDS drive
    while [ $# -gt 0 ]; do
        case "$1" in
            -t) limit=$2; shift 2 ;;
            -o) out=$2; shift 2 ;;
            -d) disk=$2; shift 2 ;;
            -x) cut=1; shift ;;
            -m) memory=$2; shift 2 ;;
            -v) serial=file:/dev/stderr; shift ;;
            -*) fail 64 "unknown option $1" ;;
            *) break ;;
        esac
    done
    [ $# -ge 2 ] || fail 64 "usage: board.sh run [options] DIR CMD [ARGUMENT...]"
    job=$(cd "$1" && pwd) || fail 64 "no folder $1"
    shift
    run=$(mktemp -d)
    out=${out:-$run/out}
    mkdir -p "$out"
    out=$(cd "$out" && pwd)
    rm -f "$out"/.board-* "$out/cut"
    local BOARD_CMD=("$@") BOARD_NOW
    BOARD_NOW=$(date -u '+%F %T')
    BOARD_LINES=${BOARD_LINES:-}
    declare -p BOARD_CMD BOARD_NOW BOARD_LINES | sed 's/^declare -x/declare --/' >"$out/.board-job"
    drive="file=$cache/image/root.img,snapshot=on,cache=unsafe"
    if [ -n "$disk" ]; then
        [ -e "$disk" ] || cp --sparse=always "$cache/image/root.img" "$disk"
        drive="file=$disk,cache=writeback"
    fi
    # a character device at its end of input would block the guest's writer, so its output goes through a fifo
    mkfifo "$run/output"
    cat "$run/output" &
    local reader=$!
    local kernel="console=ttyS0 quiet loglevel=4 root=/dev/vda mitigations=off nokaslr random.trust_cpu=on panic=-1 tsc=reliable"
    timeout -k 5 "$limit" qemu-system-x86_64 -accel tcg,thread=multi,tb-size=512 -cpu max -M q35,vmport=off -smp 2 -m "$memory" \
        -nodefaults -no-user-config -display none -no-reboot -kernel "$cache/image/vmlinuz" -initrd "$cache/image/initrd" \
        -append "$kernel systemd.show_status=0 audit=0 net.ifnames=0" \
        -drive "$drive,if=none,id=root,format=raw" -device virtio-blk-pci,drive=root -device virtio-rng-pci \
        -serial "${serial:-file:$run/console.log}" -monitor none \
        -device virtio-serial-pci -chardev "file,id=output,path=$run/output" -device virtserialport,chardev=output,name=board.output \
        -virtfs "local,path=$job,mount_tag=job,security_model=none,readonly=on,multidevs=remap" \
        -virtfs "local,path=$out,mount_tag=out,security_model=none,multidevs=remap" -pidfile "$run/pid" </dev/null &
    qemu=$!
    if [ -n "$cut" ]; then
        while [ ! -s "$run/pid" ] && kill -0 "$qemu" 2>/dev/null; do sleep 0.1; done
        cut_power "$out" "$(cat "$run/pid")"
    fi
    wait "$qemu"
    status=$?
    # if QEMU ended before it opened the fifo, the reader would wait without end
    kill -0 "$reader" 2>/dev/null && { : <>"$run/output"; wait "$reader"; }
    if [ "$status" -eq 124 ]; then say "the guest ran longer than $limit s"
    elif [ -n "$cut" ] && [ -e "$out/cut" ]; then status=0
    elif [ -s "$out/.board-status" ]; then status=$(cat "$out/.board-status")
    else status=125; say "the guest left no status"; fi
    say "$(cat "$out/.board-times" 2>/dev/null | tr '\n' ';') wall $((SECONDS - began)) s, status $status"
    [ "$status" -lt 124 ] || tail -n 30 "$run/console.log" >&2
    rm -rf "$out"/.board-* "$run"
    return "$status"
}

mkdir -p "$cache"
case "${1:-}" in
    deps) deps ;;
    image) rm -f "$cache/image/ok"; build_image || fail 126 "the image could not be built" ;;
    run)
        shift
        (flock 9; [ -e "$cache/image/ok" ] || build_image) 9>"$cache/lock" || fail 126 "the image could not be built"
        run_guest "$@" ;;
    *) sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 64 ;;
esac
