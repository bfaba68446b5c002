#!/usr/bin/env bash
# The one entry to everything that is built here: `./build.sh help` names the targets.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

export HOME="${HOME:-/tmp}"   # dotnet wants one, and some CI systems set none
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 TESTINGPLATFORM_TELEMETRY_OPTOUT=1
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1   # no libicu on a bare machine, and the service runs without it too
export DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

usage() {
    cat <<'TEXT'
./build.sh demo [options]   find the objects in the shipped photographs, publish their masks over MQTT, show them
./build.sh test [options]   build everything, run every test; the last line is "N passed, N failed[, N skipped]"
./build.sh test-console     of these only the console's: the page against its sources, and in a browser
./build.sh publish <rid>    artifacts/<rid>/: a folder that runs wherever it is copied (linux-x64, linux-arm64)
./build.sh deb [rid ...]    artifacts/edgeseg_<version>_<architecture>.deb, both architectures unless told which
./build.sh test-device      the packaged service on a virtual board: GPIO, camera, watchdog, power cuts; writes docs/device-tests.md
./build.sh figures          size, start to first mask, memory: the table in the README
./build.sh bench [part]     measures everything and writes docs/performance.md and docs/scale.md; parts: performance, fleet, kernels
./build.sh soak [minutes]   the service at a looped video for so long (30): memory, leaks, disk writes, collections; then click latency, and
                            100 lost cameras, 100 killed brokers, 100 broken networks, 100,000 bad payloads
./build.sh test-arm64       the arm64 build's masks against this machine's, run by qemu-user on Debian's arm64 libraries
./build.sh test-package     the Debian package in a fresh Debian: install, upgrade, remove, purge; writes docs/package-tests.md
./build.sh clean            remove everything that was built

Options of demo go to `edgeseg demo` (try --help), options of test to the test runner (try -class NAME).
Missing Debian packages are installed; root is asked for only then, and what for is said.
TEXT
}

say() { printf '%s\n' "$*" >&2; }
die() { say "build.sh: $*"; exit 1; }

machine_rid() {
    case "$(uname -m)" in
        x86_64) echo linux-x64 ;;
        aarch64 | arm64) echo linux-arm64 ;;
        *) die "no build for $(uname -m) machines: linux-x64 and linux-arm64 are known" ;;
    esac
}

# need WHAT-FOR PACKAGE...: installs those Debian packages that are missing
need() {
    local purpose=$1 missing=() package
    shift
    command -v dpkg-query >/dev/null || { say "Not a Debian system: $purpose needs what Debian calls $*."; return 0; }
    for package; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "$purpose needs packages that only root can install: apt-get install ${missing[*]}"
        root=(sudo)
        say "Root is needed once, to install ${missing[*]} ($purpose)."
    else
        say "Installing ${missing[*]} ($purpose)."
    fi
    local quiet=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)
    "${root[@]}" "${quiet[@]}" update >&2 || say "apt-get update failed: trying with the lists that are there."
    "${root[@]}" "${quiet[@]}" install -y --no-install-recommends "${missing[@]}" >&2 </dev/null ||
        die "apt-get could not install ${missing[*]}, which $purpose needs"
}

# what OpenCV's native library links; GTK was renamed with the 64-bit time_t (Ubuntu 24.04, Debian 13)
runtime_packages() {
    local id='' version=''
    id=$(. /etc/os-release 2>/dev/null && echo "${ID:-}") || true
    version=$(. /etc/os-release 2>/dev/null && echo "${VERSION_ID:-99}") || true
    local gtk=libgtk-3-0t64
    case "$id" in
        debian | raspbian) [ "${version%%.*}" -lt 13 ] && gtk=libgtk-3-0 ;;
        ubuntu) [ "${version%%.*}" -lt 24 ] && gtk=libgtk-3-0 ;;
    esac
    echo "$gtk libharfbuzz0b libfreetype6 libdrm2 libatomic1 libx11-6 libstdc++6"
}

need_sdk() {
    if [ -x "$HOME/.dotnet/dotnet" ] && ! { command -v dotnet && dotnet --list-sdks | grep -q '^10\.'; } >/dev/null 2>&1; then
        export PATH="$HOME/.dotnet:$PATH" DOTNET_ROOT="$HOME/.dotnet"
    fi
    { command -v dotnet && dotnet --list-sdks | grep -q '^10\.'; } >/dev/null 2>&1 || die \
        "the .NET 10 SDK is missing: 'curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0' puts it into ~/.dotnet, where this script finds it (or install dotnet-sdk-10.0 from the apt feed that https://learn.microsoft.com/dotnet/core/install/linux names)."
}

# dotnet's talk is shown when it fails, and on a terminal a line that it works
quietly() {
    local title=$1 log
    shift
    log=$(mktemp)
    [ -t 2 ] && printf '%s ...\n' "$title" >&2
    if ! "$@" >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        rm -f "$log"
        die "$title failed"
    fi
    rm -f "$log"
}

publish() {
    local rid=${1:-}
    case "$rid" in
        linux-x64) ;;
        linux-arm64) [ "$(uname -m)" = x86_64 ] && need 'linking for arm64' g++-aarch64-linux-gnu libc6-dev-arm64-cross ;;
        *) die "publish needs one of linux-x64, linux-arm64 (given: '${rid:-nothing}')" ;;
    esac
    [ "$rid" = linux-x64 ] && [ "$(uname -m)" != x86_64 ] && die "linux-x64 is published on an x86-64 machine"
    need_sdk
    need 'compiling to native code' clang lld zlib1g-dev
    local out=artifacts/$rid raw=artifacts/.publish/$rid model file
    rm -rf "$raw"
    quietly "compiling edgeseg for $rid" dotnet publish src/EdgeSeg -r "$rid" -c Release -o "$raw" -v quiet
    rm -rf "$out" "$out-symbols"
    mkdir -p "$out/models" "$out/demo" "$out-symbols"
    install -m 755 "$raw/edgeseg" "$out/edgeseg"
    install -m 644 "$raw/libonnxruntime.so" "$out/"
    if [ -e "$raw/libOpenCvSharpExtern.so" ]; then
        install -m 644 "$raw/libOpenCvSharpExtern.so" "$out/"
    else
        opencv_for_arm64 "$out"
    fi
    [ -e "$raw/edgeseg.dbg" ] && mv "$raw/edgeseg.dbg" "$out-symbols/"
    for model in models/*/model.json; do
        model=$(dirname "$model")
        mkdir "$out/models/${model##*/}"
        install -m 644 "$model"/model.json "$model"/CARD.md "$model"/*.onnx "$out/models/${model##*/}/"
    done
    install -m 644 deploy/demo/* "$out/demo/"
    # PublishedFolderTests says what must be in the folder
    for file in LICENSE NOTICE deploy/edgeseg.example.toml docs/asyncapi.yaml; do
        if [ -e "$file" ]; then install -m 644 "$file" "$out/"; else say "$file is missing"; fi
    done
    rm -rf "$raw"
    say "$out: $(du -sh "$out" | cut -f1), edgeseg itself $(du -h "$out/edgeseg" | cut -f1)"
}

# apt for another architecture, with lists and archives of its own: what is installed here is not touched
here=$PWD
apt_arm64() {
    local state=$here/artifacts/.apt-arm64
    mkdir -p "$state/lists/partial" "$state/archives/partial"
    [ -e "$state/status" ] || : >"$state/status"
    apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User=root -o Dir::State::status="$state/status" \
        -o Dir::State::Lists="$state/lists" -o Dir::Cache="$state" -o Dir::Cache::archives="$state/archives" -o Debug::NoLocking=true "$@"
}

# of arm64, and of Debian alone: whoever has another system compiles it on the device
opencv_dev='libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libopencv-videoio-dev'

# the libraries that those are for
opencv_arm64() { # shellcheck disable=SC2086  # a list of words
    apt_arm64 install -s $opencv_dev | sed -n 's/^Inst \(libopencv-[a-z]*[0-9][^ ]*\) .*/\1/p'
}

# no OpenCV library for arm64 comes from NuGet: what edgeseg calls of it is compiled against Debian's (deploy/opencv)
opencv_for_arm64() {
    local out=$1 root=artifacts/.opencv-arm64 log
    local compile=(-std=c++17 -O2 -shared -fPIC -fvisibility=hidden -Wall -Wextra deploy/opencv/edgeseg-opencv.cpp -s -o "$out/libOpenCvSharpExtern.so")
    local link=(-lopencv_videoio -lopencv_imgcodecs -lopencv_imgproc -lopencv_core)
    log=$(mktemp)
    if {
        if [ "$(uname -m)" = x86_64 ]; then
            if [ ! -e "$root/usr/include/opencv4/opencv2/videoio.hpp" ]; then
                # shellcheck disable=SC2086  # a list of words
                apt_arm64 update && mkdir -p "$root" && (cd "$root" && apt_arm64 download $opencv_dev $(opencv_arm64)) &&
                    for deb in "$root"/*.deb; do dpkg -x "$deb" "$root"; done
            fi
            aarch64-linux-gnu-g++ "${compile[@]}" -Werror -isystem "$root/usr/include/opencv4" -L"$root/usr/lib/aarch64-linux-gnu" "${link[@]}" -Wl,--allow-shlib-undefined
        else
            # shellcheck disable=SC2086  # a list of words
            (need "OpenCV's headers" g++ $opencv_dev) &&
                g++ "${compile[@]}" -isystem /usr/include/opencv4 "${link[@]}"
        fi
    } >"$log" 2>&1; then
        chmod 644 "$out/libOpenCvSharpExtern.so"
    else
        tail -n 5 "$log" >&2
        say "The OpenCV library for arm64 could not be compiled here: compile it on the device (deploy/opencv/README.md)."
    fi
    rm -f "$log"
}

demo() {
    local rid
    rid=$(machine_rid)
    need_sdk
    # shellcheck disable=SC2046  # a list of words
    need 'running OpenCV' $(runtime_packages)
    publish "$rid"
    exec "artifacts/$rid/edgeseg" demo "$@"
}

# another version of ONNX Runtime, for the test that an older one is refused: npm's onnxruntime-node carries one. Fetched once, nothing of it is run;
# without npm or a network the test says that it was skipped
foreign_runtime() {
    local folder=artifacts/foreign-runtime version=1.30.0
    local library=$folder/libonnxruntime.so.1
    if [ ! -e "$library" ]; then
        [ "$(uname -m)" = x86_64 ] && command -v npm >/dev/null || return 0
        mkdir -p "$folder"
        (cd "$folder" && timeout 300 npm pack --silent --ignore-scripts "onnxruntime-node@$version" >/dev/null 2>&1 &&
            tar xzf "onnxruntime-node-$version.tgz" --strip-components=5 package/bin/napi-v6/linux/x64/libonnxruntime.so.1) || say "npm gave no onnxruntime-node $version: the test with another runtime is skipped."
        rm -f "$folder"/*.tgz
    fi
    [ ! -e "$library" ] || echo "$PWD/$library"
}

run_tests() {
    local rid log summary code=0
    rid=$(machine_rid)
    need_sdk
    # shellcheck disable=SC2046  # a list of words
    need 'running OpenCV' $(runtime_packages)
    # GStreamer's RTSP server is the network camera of the tests
    need 'the tests' mosquitto mosquitto-clients openssl binutils strace systemd ffmpeg \
        python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good
    publish "$rid"
    # tests find their data by their own source path, which a CI build would replace by /_/
    quietly 'building the tests' dotnet build tests/EdgeSeg.Tests -c Release -v quiet -p:DeterministicSourcePaths=false
    log=$(mktemp)
    # shellcheck disable=SC2064  # the name is needed now
    trap "rm -f '$log'" EXIT
    EDGESEG_BINARY="$PWD/artifacts/$rid/edgeseg" EDGESEG_FOREIGN_RUNTIME="${EDGESEG_FOREIGN_RUNTIME:-$(foreign_runtime)}" \
        bounded dotnet run -c Release --no-build --project tests/EdgeSeg.Tests -- -noColor -noLogo "$@" </dev/null | tee "$log" || code=$?
    awk '/ \[SKIP\]$/ { name = $1; getline; sub(/^ +/, ""); if (!n++) print "\nSkipped:"; print "  " name ": " $0 }' "$log"
    summary=$(grep -E 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+, Skipped: [0-9]+, Not Run: [0-9]+' "$log" | tail -n 1) || true
    [ -n "$summary" ] || die "the test run ended (exit code $code) without a summary"
    count() { sed -E "s/.*$1: ([0-9]+).*/\1/" <<<"$summary"; }
    local skipped passed failed
    skipped=$(count Skipped)
    failed=$(($(count Failed) + $(count Errors)))
    passed=$(($(count Total) - $(count Failed) - skipped - $(count 'Not Run')))
    # a runner that fails although no test did has failed all the same
    [ "$failed" -eq 0 ] && [ "$code" -ne 0 ] && failed=1
    # options choose among the tests above: whoever names some does not mean the browser's
    if [ $# -eq 0 ]; then
        console_tests "$rid"
        passed=$((passed + console_passed)) failed=$((failed + console_failed)) skipped=$((skipped + console_skipped))
    fi
    verdict "$passed" "$failed" "$skipped"
}

# a test that hangs is a failure that is told, not a run without an end
bounded() { timeout -k 30 "${EDGESEG_TEST_LIMIT_S:-1200}" "$@"; }

verdict() {
    if [ "$3" -gt 0 ]; then echo "$1 passed, $2 failed, $3 skipped"; else echo "$1 passed, $2 failed"; fi
    [ "$2" -eq 0 ] && [ "$1" -gt 0 ]
}

console_passed=0 console_failed=0 console_skipped=0

# the page against its sources, and in a browser; where Node, its packages or Chromium cannot be had, what needs them is skipped
console_tests() {
    local report code=0 files=(tests/console/*.test.mjs) has_browser=''
    if ! console_tools; then console_skipped=1; return 0; fi
    for report in "${CHROMIUM:-}" /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome; do [ -x "$report" ] && has_browser=1; done
    if [ -z "$has_browser" ]; then
        printf '\nSkipped:\n  the console in a browser: no Chromium is installed, and none could be\n'
        files=(tests/console/dist.test.mjs)
        console_skipped=1
    fi
    printf '\nThe console:\n'
    report=$(mktemp)
    EDGESEG_BINARY="$PWD/artifacts/$1/edgeseg" bounded node --test --test-concurrency=1 --test-reporter=spec --test-reporter-destination=stdout \
        --test-reporter=tap --test-reporter-destination="$report" "${files[@]}" </dev/null || code=$?
    # cut short, there is no tally: what was told so far counts, and one failure for the rest
    tally() { sed -n "s/^# $1 //p" "$report" | tail -n 1 | grep . || echo 0; }
    console_passed=$(tally pass) console_failed=$(($(tally fail) + $(tally cancelled))) console_skipped=$((console_skipped + $(tally skipped)))
    [ "$code" -ne 124 ] || console_passed=$(grep -cE '^ok ' "$report") console_failed=$(($(grep -cE '^not ok ' "$report") + 1))
    rm -f "$report"
    [ "$console_failed" -eq 0 ] && [ "$code" -ne 0 ] && console_failed=1
    return 0
}

# Node, the packages of the lock file, Chromium; false, with the reason told, where the first two cannot be had
console_tools() {
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then (need "the console's tests" nodejs npm) || true; fi
    [ -x /usr/bin/google-chrome ] || [ -n "${CHROMIUM:-}" ] || (need "the console's tests in a browser" chromium) || true
    local reason='' log
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then reason='Node is not installed, and could not be'
    elif [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 18 ]; then reason="Node $(node -v) is too old: 18 is needed"
    elif ! cmp -s deploy/console/package-lock.json deploy/console/node_modules/.lock-of-install; then
        log=$(mktemp)
        say "Fetching what the console's tests are made of (npm ci in deploy/console)."
        if (cd deploy/console && npm ci --ignore-scripts) >"$log" 2>&1 </dev/null; then cp deploy/console/package-lock.json deploy/console/node_modules/.lock-of-install
        else
            tail -n 5 "$log" >&2
            reason='npm ci could not fetch the packages that deploy/console/package-lock.json names'
        fi
        rm -f "$log"
    fi
    [ -z "$reason" ] || printf '\nSkipped:\n  the console: %s\n' "$reason"
    [ -z "$reason" ]
}

# the console's tests alone
test_console() {
    need_sdk
    # shellcheck disable=SC2046  # a list of words
    need 'running OpenCV' $(runtime_packages)
    need 'the tests' mosquitto mosquitto-clients
    publish "$(machine_rid)"
    console_tests "$(machine_rid)"
    verdict "$console_passed" "$console_failed" "$console_skipped"
}

# the README's table; a start is a whole process: load, check and warm the model, one photograph, one mask
figures() {
    local rid binary i began times=()
    rid=$(machine_rid)
    need_sdk
    # shellcheck disable=SC2046  # a list of words
    need 'running OpenCV' $(runtime_packages)
    publish "$rid"
    binary=artifacts/$rid/edgeseg
    for i in 1 2 3 4 5 6 7; do
        began=$(date +%s%N)
        "$binary" segment "artifacts/$rid/demo/chelsea.jpg" | grep -q '"found":true' || die "no mask was found"
        times+=($((($(date +%s%N) - began) / 1000000)))
    done
    echo "| figure | here |"
    echo "|---|---|"
    echo "| executable | $(awk '{printf "%.1f MB", $1 / 1e6}' < <(stat -c %s "$binary")) |"
    echo "| folder with native libraries, models and photographs | $(du -sm "artifacts/$rid" | cut -f1) MiB |"
    echo "| process start to first mask, median of 7 (ms) | $(printf '%s\n' "${times[@]}" | sort -n | sed -n 4p) |"
    echo "| memory | $("$binary" info | sed -n 's/^memory *//p') |"
    "$binary" info | sed -n 's/^\(precision\|machine\) *\(.*\)/| \1 | \2 |/p'
}

soak() {
    local rid minutes=${1:-30} video=artifacts/soak.avi
    [[ $minutes =~ ^[0-9]+(\.[0-9]+)?$ ]] || die "soak takes a number of minutes (given: '$minutes')"
    rid=$(machine_rid)
    need_sdk
    # shellcheck disable=SC2046  # a list of words
    need 'running OpenCV' $(runtime_packages)
    need 'the soak' mosquitto ffmpeg
    publish "$rid"
    quietly 'building the tests' dotnet build tests/EdgeSeg.Tests -c Release -v quiet -p:DeterministicSourcePaths=false
    # twenty seconds of a photograph that is moved about: a video that loops, and in which there is something to find
    quietly 'making a video' ffmpeg -y -loglevel error -loop 1 -i deploy/demo/chelsea.jpg -t 20 -c:v mjpeg -q:v 4 \
        -vf "zoompan=z='1.2+0.2*sin(on/40)':x='(iw-iw/zoom)*(0.5+0.5*sin(on/60))':y='(ih-ih/zoom)*(0.5+0.5*cos(on/50))':d=600:s=1280x720:fps=30" "$video"
    EDGESEG_BINARY="$PWD/artifacts/$rid/edgeseg" EDGESEG_SOAK_MINUTES=$minutes EDGESEG_SOAK_CAMERA="${EDGESEG_SOAK_CAMERA:-file:$PWD/$video}" \
        exec dotnet run -c Release --no-build --project tests/EdgeSeg.Tests -- -noColor -noLogo -showLiveOutput -parallelMode none -class EdgeSeg.EndToEnd.SoakTests \
        -class EdgeSeg.EndToEnd.ClickLatencyTests -class EdgeSeg.EndToEnd.TenThousandFramesTests -class EdgeSeg.EndToEnd.CameraStressTests \
        -class EdgeSeg.EndToEnd.PayloadStormTests -class EdgeSeg.Publish.LinkStressTests </dev/null
}

# what OpenCV's library of this package links, as Debian names it; GTK was renamed with the 64-bit time_t
opencv_depends='libgtk-3-0 | libgtk-3-0t64, libglib2.0-0 | libglib2.0-0t64, libatk1.0-0 | libatk1.0-0t64, libcairo2, libcairo-gobject2, libgdk-pixbuf-2.0-0, libpango-1.0-0, libpangocairo-1.0-0, libharfbuzz0b, libfreetype6, libdrm2, libatomic1, libx11-6, '

# what the library of deploy/opencv links: Debian 12's names, then Ubuntu 22.04's and later ones, where it is to be compiled anew
opencv_depends_arm64=$(for part in core imgproc imgcodecs videoio; do printf 'libopencv-%s406 | libopencv-%s4.5d | libopencv-%s406t64 | libopencv-%s410, ' $part $part $part $part; done)

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
    install -m 644 systemd/edgeseg.service.d/*.example NOTICE docs/asyncapi.yaml "$root/usr/share/doc/edgeseg/examples/"
    mv "$root"/usr/share/doc/edgeseg/examples/{NOTICE,asyncapi.yaml} "$root/usr/share/doc/edgeseg/"
    install -m 644 deploy/debian/copyright "$root/usr/share/doc/edgeseg/"
    printf 'edgeseg (%s) unstable; urgency=medium\n\n  * See the history of the source.\n\n -- The EdgeSeg authors <edgeseg@localhost.localdomain>  %s\n' \
        "$version" "$(date -u -R -d "@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}")" | gzip -9n >"$root/usr/share/doc/edgeseg/changelog.gz"
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
    sed -e "s/@VERSION@/$version/; s/@ARCHITECTURE@/$arch/; s/@SIZE@/$size/; s/@OPENCV@/$opencv/" deploy/debian/control.in >"$root/DEBIAN/control"
    quietly "packing $package" dpkg-deb --root-owner-group -Zxz -z3 --build "$root" "$package"
    rm -rf "$root"
    say "$package: $(du -h "$package" | cut -f1), $((size / 1024)) MB installed"
}

test_device() {
    need 'the virtual board' qemu-system-x86 seabios mmdebstrap e2fsprogs busybox-static cpio gcc make kmod xz-utils linux-headers-amd64 linux-source-6.1
    [ -e artifacts/edgeseg_*_amd64.deb ] && [ -n "${KEEP_DEB:-}" ] || deb linux-x64
    exec tests/device/test-device.sh "$@"
}

test_arm64() {
    need_sdk
    # shellcheck disable=SC2046  # a list of words
    need 'running OpenCV' $(runtime_packages)
    need 'running arm64 programs' qemu-user-static
    publish linux-x64
    publish linux-arm64
    local root=artifacts/.arm64-root deb
    if [ ! -e "$root/lib/aarch64-linux-gnu/libc.so.6" ]; then
        say 'Fetching the arm64 libraries that a Debian with OpenCV has.'
        # shellcheck disable=SC2046  # a list of words
        apt_arm64 install -y --no-install-recommends --download-only libc6 libstdc++6 libssl3 $(opencv_arm64) >&2 </dev/null ||
            die 'Debian for arm64 could not be fetched'
        mkdir -p "$root"
        for deb in artifacts/.apt-arm64/archives/*.deb; do dpkg -x "$deb" "$root"; done
        # what update-alternatives would do
        for deb in blas/libblas lapack/liblapack; do ln -sf "$deb.so.3" "$root/usr/lib/aarch64-linux-gnu/${deb#*/}.so.3"; done
    fi
    [ "$(id -u)" -eq 0 ] || die 'test-arm64 shows the emulated programs an arm64 /proc/cpuinfo, which only root can: sudo ./build.sh test-arm64'
    quietly 'building the tests' dotnet build tests/EdgeSeg.Tests -c Release -v quiet -p:DeterministicSourcePaths=false
    # ONNX Runtime looks up the processor in /proc/cpuinfo, and falls when it finds one of another kind
    EDGESEG_BINARY="$PWD/artifacts/linux-x64/edgeseg" EDGESEG_ARM64="$PWD/artifacts/linux-arm64/edgeseg" EDGESEG_ARM64_ROOT="$PWD/$root" \
        exec unshare -m bash -c 'mount --bind tests/arm64/cpuinfo /proc/cpuinfo && exec dotnet run -c Release --no-build --project tests/EdgeSeg.Tests -- -noColor -noLogo -showLiveOutput -class EdgeSeg.Native.Arm64Tests' </dev/null
}

test_package() {
    need 'a fresh Debian' mmdebstrap dpkg-dev lintian systemd
    [ -e artifacts/edgeseg_*_amd64.deb ] && [ -n "${KEEP_DEB:-}" ] || deb
    exec tests/package/test-package.sh "$@"
}

clean() {
    rm -rf artifacts demo-out TestResults
    find src tests -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +
}

target=${1:-help}
[ $# -gt 0 ] && shift
case "$target" in
    demo) demo "$@" ;;
    test) run_tests "$@" ;;
    test-console) test_console ;;
    publish) publish "$@" ;;
    deb) deb "$@" ;;
    test-device) test_device "$@" ;;
    test-arm64) test_arm64 ;;
    test-package) test_package "$@" ;;
    bench)
        need_sdk
        need 'the load run' mosquitto
        # shellcheck disable=SC2046  # a list of words
        need 'running OpenCV' $(runtime_packages)
        publish "$(machine_rid)"
        EDGESEG_BINARY="$PWD/artifacts/$(machine_rid)/edgeseg" exec dotnet run -c Release -p:DeterministicSourcePaths=false --project tests/EdgeSeg.Bench -- "$@" ;;
    figures) figures ;;
    soak) soak "$@" ;;
    clean) clean ;;
    help | -h | --help) usage ;;
    *) usage >&2; say; die "no target named '$target'" ;;
esac
