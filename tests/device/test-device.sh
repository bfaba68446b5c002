#!/usr/bin/env bash
# Installs the package on a virtual board, runs every case there, cuts its power and boots it again; writes docs/device-tests.md.
# Needs artifacts/edgeseg_*_amd64.deb (./build.sh deb linux-x64). CASES="hundred kill" runs only those; nothing is written then.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
deb=$(ls artifacts/edgeseg_*_amd64.deb)
mkdir "$work/job" "$work/out"
cp "$deb" tests/device/{cases.sh,edgeseg.toml} "$work/job/"
cp -r tests/device/model "$work/job/"
gcc -O2 -static -o "$work/job/tools" tests/device/tools.c || exit 1
export BOARD_LINES="4=DOOR 20=BUSY 21=RESULT 22=FAULT"
status=0
board() { # SECONDS [-x] PART: runs one part of the cases; -x: the power cut that they ask for
    local seconds=$(($1 * ${PATIENCE:-1})) cut=() part=${*: -1}
    if [ "$2" = -x ]; then cut=(-x); fi
    tests/device/board.sh run -t $seconds "${cut[@]}" -o "$work/out" -d "$work/disk.img" "$work/job" \
        env CASES="${CASES:-}" PATIENCE="${PATIENCE:-1}" bash cases.sh "$part"
}
board 900 -x first || status=1
if [ $status -eq 0 ]; then
    board 300 again || status=1
fi
exposure() { # of the sandbox, where systemd can compute it
    command -v systemd-analyze >/dev/null || return 0
    local found
    found=$(systemd-analyze security --offline=true --no-pager systemd/edgeseg.service 2>/dev/null | sed -n 's/.*: \([0-9.]*\) .*/\1/p' |
        tail -n 1)
    echo "Sandbox: exposure $found by \`systemd-analyze security --offline=true\` (0 none, 10 all; at most 1.5 is required)."
}
keep=artifacts/device-tests
rm -rf "$keep" && mkdir -p "$keep" && cp -r "$work/out/." "$keep/"
if [ -z "${CASES:-}" ]; then
    {
        cat <<TEXT
# Device tests

Made by \`./build.sh test-device\` on $(date -u '+%F'), on a virtual board: Debian 12 under QEMU's software emulation with 2 processors
and 1 GiB, its own kernel, a simulated GPIO chip (gpio-sim) and a simulated camera (vivid, 320x180). Everything computes several times
slower there than on a board: the milliseconds show that a thing works and how it is bounded, not how fast it is.

| case | result | figures |
|---|---|---|
$(cat "$work/out/rows.md")

Package: $(basename "$deb"), $(du -h "$deb" | cut -f1).
$(exposure)

The first mask is the shipped model's. From the reload on, a model that answers a fixed disc at once replaces it (\`tests/device/model\`),
since an emulated processor needs many seconds for each real answer: the cases test the path from the wire to the message, not the model.
A stuck inference is made by stopping its one thread from outside with ptrace, so the program under test is the shipped one. The power cut
is QEMU killed while files in the state and settings folders are being written; what QEMU had received from the guest by then counts as on
the disk.
TEXT
    } >docs/device-tests.md
fi
cat "$work/out/rows.md"
[ $status -eq 0 ] && echo "device tests passed" || echo "device tests FAILED (the board's files are in $keep)"
exit $status
