# shellcheck shell=bash
# `deb`: the Debian packages; `test-package` and `test-device` install them.

# what OpenCV's library of this package links; libstdc++6 is in deploy/debian/control.in, since edgeseg itself links it
opencv_depends=$(opencv_packages 'install|gtk' | sed 's/|/ | /; s/$/, /' | tr -d '\n')

# what the library of deploy/opencv links: Debian 12's names, then Ubuntu 22.04's and later ones, where it is to be compiled again
opencv_depends_arm64=''
for part in core imgproc imgcodecs videoio; do
    opencv_depends_arm64+="libopencv-${part}406 | libopencv-${part}4.5d | libopencv-${part}406t64 | libopencv-${part}410, "
done

# package_docs FOLDER: the pages for operators of devices, with links that are valid in that folder. A page that is not in the package
# is named, not linked
package_docs() {
    local doc=$1 page
    install -d "$doc/guides" "$doc/deploy"
    for page in docs/{ota,fleet,troubleshooting,configuration,console,models,device-tests,glossary}.md docs/*.png docs/guides/*.md \
        docs/asyncapi.yaml; do
        install -m 644 "$page" "$doc/${page#docs/}"
    done
    # the ROS 2 package without its tests, to be copied into a workspace
    find deploy/ros2 -type f ! -path '*/test/*' ! -path '*/__pycache__/*' ! -path '*/.pytest_cache/*' -exec cp --parents -t "$doc" {} +
    for page in mosquitto grafana; do
        install -d "$doc/deploy/$page"
        install -m 644 deploy/$page/* "$doc/deploy/$page/"
    done
    sed -i -E -e 's#\]\(\.\./deploy/(mosquitto|grafana)/#](deploy/\1/#g' \
        -e 's#\[([^]]*)\]\(((\.\./)+[a-zA-Z]|decisions/|performance|architecture|package-tests)[^)]*\)#\1#g' "$doc"/*.md
    sed -i -E -e 's#\]\(\.\./\.\./deploy/(mosquitto|grafana)/#](../deploy/\1/#g' \
        -e 's#\[([^]]*)\]\((\.\./\.\./[a-zA-Z]|\.\./decisions/)[^)]*\)#\1#g' "$doc"/guides/*.md
    sed -i -E 's#\]\(\.\./\.\./docs/#](../../#g' "$doc"/deploy/*/*.md
}

deb() {
    local rid
    need 'making Debian packages' dpkg-dev gzip binutils
    [ $# -gt 0 ] || set -- linux-x64 linux-arm64
    for rid; do
        publish "$rid"
        deb_of "$rid"
    done
}

deb_of() {
    local rid=$1 arch version root lib opencv='' size package
    case "$rid" in linux-x64) arch=amd64 ;; linux-arm64) arch=arm64 ;; esac
    version=$(sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' Directory.Build.props)
    package=artifacts/edgeseg_${version}_$arch.deb
    root=artifacts/.deb/$arch
    lib=$root/usr/lib/edgeseg
    rm -rf "$root"
    install -d "$lib" "$root"/usr/bin "$root"/DEBIAN "$root"/usr/share/doc/edgeseg/examples "$root"/usr/share/lintian/overrides
    cp -r "artifacts/$rid"/{edgeseg,models} "artifacts/$rid"/*.so "$lib/"
    ln -s ../lib/edgeseg/edgeseg "$root/usr/bin/edgeseg"
    install -D -m 644 deploy/edgeseg.example.toml "$root/etc/edgeseg/edgeseg.toml"
    install -d "$root/etc/edgeseg/keys.d"
    install -D -m 644 systemd/edgeseg.service "$root/lib/systemd/system/edgeseg.service"
    install -D -m 644 systemd/edgeseg.sysusers "$root/usr/lib/sysusers.d/edgeseg.conf"
    install -D -m 644 systemd/edgeseg.tmpfiles "$root/usr/lib/tmpfiles.d/edgeseg.conf"
    install -D -m 644 systemd/60-edgeseg-gpio.rules "$root/lib/udev/rules.d/60-edgeseg-gpio.rules"
    install -m 644 systemd/edgeseg.service.d/*.example "$root/usr/share/doc/edgeseg/examples/"
    package_docs "$root/usr/share/doc/edgeseg"
    # the photographs of `edgeseg demo`, which are also the default of `edgeseg model pack`
    install -d "$root/usr/share/edgeseg/demo"
    install -m 644 deploy/demo/* "$root/usr/share/edgeseg/demo/"
    install -m 644 NOTICE deploy/debian/copyright "$root/usr/share/doc/edgeseg/"
    changelog "$version" | gzip -9n >"$root/usr/share/doc/edgeseg/changelog.gz"
    if [ "$arch" = amd64 ]; then
        opencv=$opencv_depends
    else
        [ ! -e "$lib/libOpenCvSharpExtern.so" ] || opencv=$opencv_depends_arm64
        install -m 644 deploy/debian/README.arm64 "$root/usr/share/doc/edgeseg/README.Debian"
        install -m 644 deploy/opencv/edgeseg-opencv.cpp "$root/usr/share/doc/edgeseg/examples/"
    fi
    install -d "$root/usr/share/man/man1"
    gzip -9n <deploy/debian/edgeseg.1 >"$root/usr/share/man/man1/edgeseg.1.gz"
    install -m 644 deploy/debian/lintian-overrides "$root/usr/share/lintian/overrides/edgeseg"
    echo /etc/edgeseg/edgeseg.toml >"$root/DEBIAN/conffiles"
    install -m 755 deploy/debian/{postinst,prerm,postrm} "$root/DEBIAN/"
    [ "$arch" != "$(dpkg --print-architecture)" ] || strip --strip-unneeded "$lib"/*.so
    find "$root" -type d -exec chmod 755 {} +
    find "$lib" -type f ! -name edgeseg -exec chmod 644 {} +
    (cd "$root" && find usr lib -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
    size=$(du -sk --exclude=DEBIAN "$root" | cut -f1)
    sed -e "s/@VERSION@/$version/; s/@ARCHITECTURE@/$arch/; s/@SIZE@/$size/; s/@OPENCV@/$opencv/" \
        deploy/debian/control.in >"$root/DEBIAN/control"
    quietly "packing $package" dpkg-deb --root-owner-group -Zxz -z3 --build "$root" "$package"
    rm -rf "$root"
    say "$package: $(du -h "$package" | cut -f1), $((size / 1024)) MB installed"
}

# changelog VERSION: Debian's format; the date is the commit's, so that a build can be repeated
changelog() {
    local seconds=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
    printf 'edgeseg (%s) unstable; urgency=medium\n\n  * See the history of the source.\n\n' "$1"
    printf ' -- The EdgeSeg authors <edgeseg@localhost.localdomain>  %s\n' "$(date -u -R -d "@$seconds")"
}

# KEEP_DEB=1 tests the package that is there
is_kept() { [ -n "${KEEP_DEB:-}" ] && compgen -G 'artifacts/edgeseg_*_amd64.deb' >/dev/null; }

test_device() {
    need 'the virtual board' qemu-system-x86 seabios mmdebstrap e2fsprogs busybox-static cpio gcc make kmod xz-utils \
        linux-headers-amd64 linux-source-6.1
    is_kept || deb linux-x64
    exec tests/device/test-device.sh "$@"
}

test_package() {
    need 'a fresh Debian' mmdebstrap dpkg-dev lintian systemd systemd-container
    is_kept || deb
    exec tests/package/test-package.sh "$@"
}
