#!/usr/bin/env bash
# The cases of the virtual board, run as root inside it. Rows of a table go to $OUT/rows.md; the status is 1 when one failed.
# The shipped model answers the first edge; for the other cases a light one replaces it (model/), since an emulated processor needs
# seconds for each answer.
# cases.sh first: installs the package and runs all cases, then asks for a power cut; cases.sh again: the same board after the cut.
set -uo pipefail
failed=0
# on a loaded machine everything takes longer: PATIENCE=5 waits five times as long
patience=${PATIENCE:-1}
masks=/run/masks.jsonl
topic=edgeseg/v1/board

row() { # RESULT CASE FIGURES
    printf '| %s | %s | %s |\n' "$2" "$1" "$3" | tee -a "$OUT/rows.md"
    [ "$1" = passed ] || failed=1
}
record() { # CASE FIGURES CONDITION...
    local case=$1 figures=$2
    shift 2
    if "$@"; then row passed "$case" "$figures"; else row FAILED "$case" "$figures"; fi
}
all() { local c; for c; do [ "$c" -ne 0 ] || return 1; done; }
# yes_if COMMAND...: 1 when it succeeds, else 0; for `all`
yes_if() { if "$@"; then echo 1; else echo 0; fi; }
journal() { journalctl -u edgeseg --no-pager -o cat; }
now_ms() { date +%s%3N; }
# until SECONDS COMMAND...: waits for it to come true; milliseconds that it took, on standard output
until_true() {
    local limit=$(($(now_ms) + $1 * 1000 * patience)) began
    began=$(now_ms)
    shift
    while ! "$@" >/dev/null 2>&1; do
        [ "$(now_ms)" -lt "$limit" ] || { echo $(($(now_ms) - began)); return 1; }
        sleep 0.1
    done
    echo $(($(now_ms) - began))
}
active() { systemctl is-active --quiet edgeseg; }
main_pid() { systemctl show -P MainPID edgeseg; }
# reread COUNT: the settings were taken so many times
reread() { [ "$(journal | grep -c 'read again')" -ge "$1" ]; }
restarted() { local pid; pid=$(main_pid); [ "$pid" != 0 ] && [ "$pid" != "$1" ]; }
mask_count() { wc -l <$masks; }
more_masks() { [ "$(mask_count)" -gt "$1" ]; }
retained() { mosquitto_sub -h localhost -t "$topic/$1" -C 1 -W 3 2>/dev/null; }
says() { retained "$1" | grep -q "\"$2\""; }
memory_mb() { echo $(($(systemctl show -P MemoryCurrent edgeseg) / 1048576)); }
rss_mb() { awk '/VmRSS/ { printf "%d", $2 / 1024 }' "/proc/$(main_pid)/status"; }
written() { awk '/^write_bytes/ { print $2 }' "/proc/$(main_pid)/io"; }
edge() { gpio-pull 4 up; gpio-pull 4 down; }
listen() {
    : >$masks
    mosquitto_sub -h localhost -t "$topic/cam/cam0/mask" >>$masks &
    sleep 1
}
answers() { # [SECONDS]: one edge, one mask within 20 s
    local before
    before=$(mask_count)
    edge
    until_true "${1:-20}" more_masks "$before" >/dev/null
}

install_case() {
    local began took ready
    install -D -m 644 edgeseg.toml /tmp/edgeseg.toml
    began=$(now_ms)
    # emulation loads a model many times slower than a board
    mkdir -p /etc/systemd/system/edgeseg.service.d
    printf '[Service]\nTimeoutStartSec=%ss\n' $((120 * patience)) >/etc/systemd/system/edgeseg.service.d/emulation.conf
    # the board's settings are there before the package, as on a machine that is set up by a script
    install -D -m 644 edgeseg.toml /etc/edgeseg/edgeseg.toml
    dpkg --force-confold -i ./*.deb >"$OUT/dpkg.log" 2>&1 ||
        { tail -n 20 "$OUT/dpkg.log"; row FAILED "the package installs" "dpkg failed"; return 1; }
    took=$(($(now_ms) - began))
    ready=$(until_true 120 active)
    record "installed by dpkg, started by systemd as an unprivileged user" \
        "dpkg and start $((took / 1000)) s; ready then within $ready ms; runs as $(ps -o user= -p "$(main_pid)"); resident $(rss_mb) MB" \
        all "$(yes_if active)" "$(yes_if test "$(ps -o user= -p "$(main_pid)")" = edgeseg)"
    systemctl status --no-pager edgeseg >"$OUT/status.txt" 2>&1
}

first_edge_case() {
    local began=$(now_ms)
    answers 120
    local took=$(($(now_ms) - began)) mask
    mask=$(tail -n 1 $masks | jq -r '"\(.model.name) \(.model.precision), found \(.found), "')$(tail -n 1 $masks | wc -c)
    record "the first edge is answered by the shipped model" \
        "$mask bytes after $took ms; resident $(rss_mb) MB, $(memory_mb) MB with the kernel's memory for it" \
        all "$(mask_count)" || journal | tail -n 30
}

light_case() {
    local pid=$(main_pid)
    install -d /usr/local/share/edgeseg-light && install -m 644 model/* /usr/local/share/edgeseg-light/
    sed -i -e 's|^timeout_s = .*|timeout_s = 10.0\ndir = "/usr/local/share/edgeseg-light"|' /tmp/edgeseg.toml
    cp /tmp/edgeseg.toml /etc/edgeseg/edgeseg.toml
    systemctl reload edgeseg
    until_true 60 reread 1 >/dev/null
    until_true 60 active >/dev/null
    sleep 3
    record "a new configuration with another model is taken on reload, without a new process" "" \
        all $((pid == $(main_pid))) "$(yes_if answers 60)" "$(tail -n 1 $masks | jq '.model.name == "test"' | grep -c true)"
}

hundred_case() {
    local before=$(mask_count) wrote=$(written) i figures unique late
    for i in $(seq 100); do answers; done
    sleep 3
    tail -n +$((before + 1)) $masks >/run/hundred.jsonl
    cp /run/hundred.jsonl "$OUT/"
    unique=$(jq -r .trigger.edge_ns /run/hundred.jsonl | sort -u | wc -l)
    late=$(jq -r 'select(.captured_ns < .trigger.edge_ns) | .sequence' /run/hundred.jsonl | wc -l)
    figures=$(jq -s -r 'def at(f; p): (map(f) | sort) as $s | $s[(($s | length) - 1) * p | floor];
        def line(name; f): "edge to \(name) p50 \(at(f; 0.5)) ms, max \(at(f; 1)) ms";
        line("capture"; .trigger.edge_to_capture_ms) + "; " + line("publish"; .trigger.edge_to_publish_ms)' /run/hundred.jsonl)
    record "100 edges, 100 captures, each the first frame at or after its edge" \
        "$(wc -l </run/hundred.jsonl) masks for $unique edges; $figures" \
        all $(($(wc -l </run/hundred.jsonl) == 100)) $((unique == 100)) $((late == 0))
    wrote=$(($(written) - wrote))
    record "steady state writes nothing to disk" "$wrote bytes during those 100 edges" all $((wrote == 0))
}

burst_case() {
    local before=$(mask_count) memory=$(rss_mb) pid=$(main_pid) fired status
    fired=$(./tools fire "$BOARD_LEVERS/sim_gpio4/pull" 3000 1000)
    sleep 10
    status=$(systemctl show -P StatusText edgeseg)
    local got=$(($(mask_count) - before))
    record "1 kHz burst is bounded" "$fired; $got masks; resident $memory then $(rss_mb) MB; since the start: ${status#*masks }" \
        all $((got > 0)) $((got < 200)) $(($(rss_mb) < memory + 50)) $((pid == $(main_pid)))
    record "an edge after the burst is answered" "within 20 s" all "$(yes_if answers)"
}

camera_case() {
    local driver=/sys/bus/platform/drivers/vivid device gone back fault
    device=$(basename "$(ls -d $driver/vivid* | head -n 1)")
    echo "$device" >$driver/unbind
    gone=$(until_true 60 says status degraded)
    fault=$(gpio-level 22)
    echo "$device" >$driver/bind
    back=$(until_true 120 says status online)
    record "camera removed and connected again" \
        "degraded after $gone ms, fault output $fault; online $back ms after its return, fault output $(gpio-level 22)" \
        all $((fault == 1)) $(($(gpio-level 22) == 0)) "$(yes_if answers)"
}

kill_case() {
    local pid=$(main_pid) new ready
    kill -KILL "$pid"
    new=$(until_true 20 restarted "$pid")
    ready=$(until_true 60 active)
    record "kill -9: restarted by systemd within 5 s" "new process after $new ms, ready $ready ms later" \
        all $((new < 5000)) "$(yes_if active)" "$(yes_if answers)"
}

stuck_case() {
    local pid=$(main_pid) took result
    ./tools hold "$pid" inference >/dev/null &
    took=$(until_true 120 restarted "$pid")
    result=$(journal | grep -c 'Watchdog timeout')
    until_true 60 active >/dev/null
    local stuck
    stuck=$(journal | grep -o 'inference has been stuck for [0-9]* s' | tail -n 1)
    record "a stuck inference stops the heartbeat, and the watchdog restarts the service" \
        "new process after $((took / 1000)) s (inference may take 10 s, and 2 s to end when cancelled; WatchdogSec=20); $stuck" \
        all $((result >= 1)) "$(yes_if active)" "$(yes_if answers)"
}

reload_case() {
    local pid=$(main_pid) refused same
    echo 'nonsense = 1' >>/etc/edgeseg/edgeseg.toml
    systemctl reload edgeseg
    sleep 3
    refused=$(journal | grep -c 'alert settings-refused')
    same=$([ "$pid" = "$(main_pid)" ] && echo "the same" || echo "ANOTHER")
    record "a bad configuration is refused whole on reload" "process $same" \
        all $((refused == 1)) "$(yes_if active)" "$(yes_if answers)"
    cp /tmp/edgeseg.toml /etc/edgeseg/edgeseg.toml
}

stop_case() {
    local began=$(now_ms) took outputs
    systemctl stop edgeseg
    took=$(($(now_ms) - began))
    outputs=$(gpio-level 20)$(gpio-level 21)$(gpio-level 22)
    record "systemctl stop: status offline, outputs off, under 5 s" "$took ms; status $(retained status | jq -r .state); outputs $outputs" \
        all $((took < 5000)) "$(yes_if says status offline)" "$(yes_if test "$outputs" = 000)"
    systemctl start edgeseg
    until_true 60 active >/dev/null
}

# writes that the power cut falls into: state, settings and the journal
write_until_cut() {
    local settings=/etc/edgeseg/edgeseg.toml
    while :; do
        dd if=/dev/urandom of=/var/lib/edgeseg/cut bs=64k count=16 conv=fsync 2>/dev/null
        cp /tmp/edgeseg.toml $settings.new && mv $settings.new $settings
        logger busy
        edge
    done
}

case "$1" in
    first)
        listen
        install_case || { [ -e "$OUT/status.txt" ] || exit 1; }
        for case in ${CASES:-first_edge light hundred burst camera kill stuck reload stop}; do "${case}_case"; done
        journalctl -u edgeseg --no-pager -o short-monotonic >"$OUT/journal.txt"
        [ $failed -eq 0 ] || exit 1
        write_until_cut &
        sleep 5
        touch "$OUT/cut"
        sleep 60 ;;
    again)
        listen
        ready=$(until_true 120 active)
        record "power cut during writes: boots and runs" "ready $ready ms after the job's start" \
            all "$(yes_if active)" "$(yes_if answers)"
        journalctl -b -u edgeseg --no-pager -o short-monotonic >"$OUT/journal-after-cut.txt" ;;
esac
exit $failed
