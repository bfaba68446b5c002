#!/usr/bin/env bash
# The one entry to everything that is built here: `./build.sh help` names the targets. The parts lie in build/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

export HOME="${HOME:-/tmp}"   # dotnet needs one; some CI systems set none
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 TESTINGPLATFORM_TELEMETRY_OPTOUT=1
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1   # no libicu on a bare machine, and the service runs without it too
export DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

for part in common publish test measure package; do
    # shellcheck source=/dev/null
    . "build/$part.sh"
done

usage() {
    cat <<'TEXT'
./build.sh demo [options]   find the objects in the shipped photographs, publish their masks over MQTT, show them
./build.sh test [options]   build everything, run every test; the last line is "N passed, N failed[, N skipped]"
./build.sh test-console     of these only the console's: the page against its sources, and in a browser
./build.sh publish <rid>    artifacts/<rid>/: a folder that runs wherever it is copied (linux-x64, linux-arm64);
                            artifacts/nuget: the library's package
./build.sh deb [rid ...]    artifacts/edgeseg_<version>_<architecture>.deb, both architectures by default
./build.sh test-device      the packaged service on a virtual board: GPIO, camera, watchdog, power cuts; writes docs/device-tests.md
./build.sh figures          size, start to first mask, memory: the table in the README
./build.sh bench [part]     measures everything and writes docs/performance.md and docs/fleet.md; parts: performance, fleet, kernels
./build.sh soak [minutes]   the service at a looped video for so long (30): memory, leaks, disk writes, collections; then click latency, and
                            100 lost cameras, 100 killed brokers, 100 broken networks, 100,000 bad payloads
./build.sh test-arm64       the arm64 build's masks against this machine's, run by qemu-user on Debian's arm64 libraries
./build.sh test-package     the Debian package in a fresh Debian: install, upgrade, remove, purge; writes docs/package-tests.md
./build.sh format           every C# and project file in one layout (CSharpier, 140 columns)
./build.sh clean            remove everything that was built

Options of demo go to `edgeseg demo` (try --help), options of test to the test runner (try -class NAME).
Missing Debian packages are installed; root is asked for only then, and what for is said.
TEXT
}

format() {
    need_sdk
    dotnet tool restore >&2
    dotnet csharpier format .
}

clean() {
    rm -rf artifacts demo-out TestResults
    find src tests samples -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +
}

target=${1:-help}
[ $# -gt 0 ] && shift
case "$target" in
    demo) demo "$@" ;;
    test) run_tests "$@" ;;
    test-console) test_console ;;
    publish)
        publish "$@"
        pack
        ;;
    deb) deb "$@" ;;
    test-device) test_device "$@" ;;
    test-arm64) test_arm64 ;;
    test-package) test_package "$@" ;;
    bench) bench "$@" ;;
    figures) figures ;;
    soak) soak "$@" ;;
    format) format ;;
    clean) clean ;;
    help | -h | --help) usage ;;
    *) usage >&2; say; die "no target named '$target'" ;;
esac
