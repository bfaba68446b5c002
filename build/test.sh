# shellcheck shell=bash
# `test`: every test of the repository, with one tally at the end.

passed=0 failed=0 skipped=0

count_tests() { passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3)); }

report_result() {
    if [ "$skipped" -gt 0 ]; then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

run_tests() {
    local rid project
    rid=$(machine_rid)
    need_sdk
    need_opencv
    # GStreamer's RTSP server is the network camera of the tests
    need 'the tests' mosquitto mosquitto-clients openssl binutils strace systemd ffmpeg \
        python3-numpy python3-pytest python3-paho-mqtt python3-gi gir1.2-gst-rtsp-server-1.0 \
        gstreamer1.0-plugins-base gstreamer1.0-plugins-good
    publish "$rid"
    build_tests EdgeSeg.Vision.Tests EdgeSeg.Tests
    for project in EdgeSeg.Vision.Tests EdgeSeg.Tests; do dotnet_tests "$rid" "$project" "$@"; done
    # options select among the tests above: the others are not run then
    if [ $# -eq 0 ]; then
        console_tests "$rid"
        training_tests
        ros_tests
    fi
    report_result
}

# dotnet_tests RID PROJECT [options]: one test project, counted
dotnet_tests() {
    local rid=$1 project=$2 log summary code=0
    shift 2
    log=$(mktemp)
    EDGESEG_BINARY="$PWD/artifacts/$rid/edgeseg" EDGESEG_FOREIGN_RUNTIME="${EDGESEG_FOREIGN_RUNTIME:-$(foreign_runtime)}" \
        bounded dotnet run -c Release --no-build --project "tests/$project" -- -noColor -noLogo "$@" </dev/null | tee "$log" || code=$?
    awk '/ \[SKIP\]$/ { name = $1; getline; sub(/^ +/, ""); if (!n++) print "\nSkipped:"; print "  " name ": " $0 }' "$log"
    summary=$(grep -E 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+, Skipped: [0-9]+, Not Run: [0-9]+' "$log" | tail -n 1) || true
    # options that choose none of a project's tests
    if [ -z "$summary" ] && [ $# -gt 0 ] && [ "$code" -eq 0 ] && grep -qE 'Total: 0$' "$log"; then
        rm -f "$log"
        return 0
    fi
    rm -f "$log"
    [ -n "$summary" ] || die "the tests of $project ended (exit code $code) without a summary"
    count() { sed -E "s/.*$1: ([0-9]+).*/\1/" <<<"$summary"; }
    local bad
    bad=$(($(count Failed) + $(count Errors)))
    # a runner that fails although no test did has failed all the same, unless the options chose none of its tests
    if [ "$bad" -eq 0 ] && [ "$code" -ne 0 ] && { [ $# -eq 0 ] || [ "$(count Total)" -gt 0 ]; }; then bad=1; fi
    count_tests $(($(count Total) - $(count Failed) - $(count Skipped) - $(count 'Not Run'))) "$bad" "$(count Skipped)"
}

# another version of ONNX Runtime, for the test that an older one is refused: npm's onnxruntime-node holds one. Fetched once; none of
# its code is run. Without npm or a network the test is reported as skipped
foreign_runtime() {
    local folder=artifacts/foreign-runtime version=1.30.0
    local library=$folder/libonnxruntime.so.1
    if [ ! -e "$library" ]; then
        [ "$(uname -m)" = x86_64 ] && command -v npm >/dev/null || return 0
        mkdir -p "$folder"
        (cd "$folder" && timeout 300 npm pack --silent --ignore-scripts "onnxruntime-node@$version" >/dev/null 2>&1 &&
            tar xzf "onnxruntime-node-$version.tgz" --strip-components=5 package/bin/napi-v6/linux/x64/libonnxruntime.so.1) ||
            say "npm did not deliver onnxruntime-node $version: the test with another runtime is skipped."
        rm -f "$folder"/*.tgz
    fi
    [ ! -e "$library" ] || echo "$PWD/$library"
}

# the page against its sources, and in a browser; where Node, its packages or Chromium cannot be had, what needs them is skipped
console_tests() {
    local report code=0 files=(tests/console/*.test.mjs) has_browser=''
    if ! console_tools; then count_tests 0 0 1; return 0; fi
    for report in "${CHROMIUM:-}" /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome; do
        [ -x "$report" ] && has_browser=1
    done
    if [ -z "$has_browser" ]; then
        printf '\nSkipped:\n  the console in a browser: no Chromium is installed, and none could be\n'
        files=(tests/console/dist.test.mjs)
        count_tests 0 0 1
    fi
    printf '\nThe console:\n'
    report=$(mktemp)
    EDGESEG_BINARY="$PWD/artifacts/$1/edgeseg" bounded node --test --test-concurrency=1 \
        --test-reporter=spec --test-reporter-destination=stdout --test-reporter=tap --test-reporter-destination="$report" \
        "${files[@]}" </dev/null || code=$?
    # interrupted: there is no tally: what was reported so far counts, and one failure for the rest
    tally() { sed -n "s/^# $1 //p" "$report" | tail -n 1 | grep . || echo 0; }
    local good bad
    good=$(tally pass) bad=$(($(tally fail) + $(tally cancelled)))
    [ "$code" -ne 124 ] || good=$(grep -cE '^ok ' "$report") bad=$(($(grep -cE '^not ok ' "$report") + 1))
    [ "$bad" -gt 0 ] || [ "$code" -eq 0 ] || bad=1
    count_tests "$good" "$bad" "$(tally skipped)"
    rm -f "$report"
}

# Node, the packages of the lock file, Chromium; false, with the reason printed, where the first two cannot be had
console_tools() {
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then (need "the console's tests" nodejs npm) || true; fi
    [ -x /usr/bin/google-chrome ] || [ -n "${CHROMIUM:-}" ] || (need "the console's tests in a browser" chromium) || true
    local reason='' log
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then reason='Node is not installed, and could not be'
    elif [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 18 ]; then reason="Node $(node -v) is too old: 18 is needed"
    elif ! cmp -s deploy/console/package-lock.json deploy/console/node_modules/.lock-of-install; then
        log=$(mktemp)
        say "Fetching what the console's tests are made of (npm ci in deploy/console)."
        if (cd deploy/console && npm ci --ignore-scripts) >"$log" 2>&1 </dev/null; then
            cp deploy/console/package-lock.json deploy/console/node_modules/.lock-of-install
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
    need_opencv
    need 'the tests' mosquitto mosquitto-clients
    publish "$(machine_rid)"
    console_tests "$(machine_rid)"
    report_result
}

# prints a Python that has what the training package needs, one with ONNX Runtime where there is one
training_python() {
    local python modules
    for modules in 'torch, cv2, onnx, pytest, onnxruntime' 'torch, cv2, onnx, pytest'; do
        for python in "${EDGESEG_PYTHON:-}" "$PWD/models/training/.venv/bin/python" python3 /usr/bin/python3; do
            if [ -n "$python" ] && "$python" -c "import $modules" 2>/dev/null; then
                echo "$python"
                return 0
            fi
        done
    done
    return 1
}

# training_packages: installs what the tests of the training package need. Where that fails, they are counted as skipped with the reason
training_packages() {
    local venv=models/training/.venv
    ! "$(training_python)" -c 'import onnxruntime, matplotlib' 2>/dev/null || return 0
    (need "the training package's tests" python3-torch python3-opencv python3-numpy python3-onnx python3-pytest python3-venv \
        python3-matplotlib python3-packaging python3-sympy python3-coloredlogs python3-flatbuffers python3-protobuf) || return 0
    [ -x /usr/bin/python3 ] && ! "$venv/bin/python" -c 'import onnxruntime' 2>/dev/null || return 0
    # Debian has no ONNX Runtime for Python; the version is the last that takes Debian's numpy and onnx
    local wheels=()
    [ ! -d ../shared/wheels ] || wheels=(--no-index --find-links ../shared/wheels)
    if ! /usr/bin/python3 -m venv --system-site-packages "$venv" ||
        ! "$venv/bin/pip" install --quiet "${wheels[@]}" onnxruntime==1.15.1; then
        say "onnxruntime could not be installed: the tests of export and quantisation are skipped."
    fi
}

# the training package's tests
training_tests() {
    local python
    [ -d models/training/tests ] || return 0
    printf '\nThe training package:\n'
    training_packages
    if ! python=$(training_python); then
        printf 'Skipped:\n  the training package: no Python with torch, opencv, onnx and pytest; install: models/training/README.md\n'
        count_tests 0 0 1
        return 0
    fi
    python_tests models/training "$python" tests
}

# deploy/ros2: decoding, message mapping and the node, without ROS
ros_tests() {
    local python
    printf '\nThe ROS 2 package:\n'
    for python in "${EDGESEG_PYTHON:-}" python3 /usr/bin/python3; do
        if [ -n "$python" ] && "$python" -c 'import numpy, pytest, paho.mqtt.client' 2>/dev/null; then
            python_tests deploy/ros2/edgeseg_ros "$python" test
            return 0
        fi
    done
    printf 'Skipped:\n  the ROS 2 package: no Python with NumPy, pytest and paho-mqtt '
    printf '(Debian packages python3-numpy, python3-pytest, python3-paho-mqtt)\n'
    count_tests 0 0 1
}

# python_tests FOLDER PYTHON TESTS: the tests of a Python package, counted
python_tests() {
    local report code=0 bad
    report=$(mktemp)
    (cd "$1" && EDGESEG_BINARY="$OLDPWD/artifacts/$(machine_rid)/edgeseg" PYTHONDONTWRITEBYTECODE=1 \
        bounded "$2" -m pytest -q -rs -p no:cacheprovider "$3") </dev/null | tee "$report" || code=$?
    tally() { tail -n 3 "$report" | grep -oE "[0-9]+ $1" | tail -n 1 | cut -d' ' -f1 | grep . || echo 0; }
    bad=$(($(tally failed) + $(tally error)))
    [ "$bad" -gt 0 ] || [ "$code" -eq 0 ] || bad=1
    count_tests "$(tally passed)" "$bad" "$(tally skipped)"
    rm -f "$report"
}

test_arm64() {
    need_sdk
    need_opencv
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
    [ "$(id -u)" -eq 0 ] || die 'test-arm64 mounts an arm64 /proc/cpuinfo, which needs root: sudo ./build.sh test-arm64'
    build_tests EdgeSeg.Tests
    export EDGESEG_BINARY="$PWD/artifacts/linux-x64/edgeseg" EDGESEG_ARM64="$PWD/artifacts/linux-arm64/edgeseg"
    export EDGESEG_ARM64_ROOT="$PWD/$root"
    # ONNX Runtime reads the processor from /proc/cpuinfo, and crashes when it finds one of another architecture
    # shellcheck disable=SC2016  # expanded by the inner shell
    exec unshare -m bash -c 'mount --bind tests/arm64/cpuinfo /proc/cpuinfo && exec "$@"' bash \
        dotnet run -c Release --no-build --project tests/EdgeSeg.Tests -- \
        -noColor -noLogo -showLiveOutput -class EdgeSeg.Native.Arm64Tests </dev/null
}
