#!/bin/bash
# Runs inside the fresh Debian, started by its systemd: what the service does beside mosquitto on port 1883, and without secrets.
# Writes /probe.log, a step begins with "== NAME"; powers off at the end.
exec >/probe.log 2>&1
show() { systemctl show edgeseg -p ActiveState -p StatusText -p NRestarts; }

# until COMMAND...: at most ten minutes, however slow the machine is
until_seen() { for _ in $(seq 600); do "$@" >/dev/null && return 0; sleep 1; done; echo "not seen: $*"; }
# by its identifier: a line of a process that has ended before the journal looks for its unit belongs to none
lines() { journalctl -t edgeseg --no-pager --since "$since"; }
journal_has() { lines | grep -F "$1"; }
runs() { systemctl show edgeseg -p StatusText | grep "$1"; }

echo '== port'
since='1970-01-01'
until_seen journal_has 'the next one follows in 8 s'
show
lines

echo '== remedy'
cat >/etc/edgeseg/edgeseg.toml <<'TOML'
device = "robot-7"
[mqtt]
host = "127.0.0.1"
[[camera]]
id = "front"
uri = "test:"
TOML
systemctl restart edgeseg
until_seen runs 'broker connected'
show

echo '== folder'
rm -rf /etc/edgeseg/credentials
systemctl restart edgeseg
until_seen runs 'broker connected'
show

echo '== secret'
since=$(date '+%F %T')
sed -i 's/^host.*/&\nusername = "robot-7"\npassword_file = "cred:secret_password"/' /etc/edgeseg/edgeseg.toml
systemctl restart edgeseg
until_seen journal_has 'the next one follows in 2 s'
lines

echo '== credential'
printf 'allow_anonymous false\npassword_file /etc/mosquitto/passwd\n' >/etc/mosquitto/conf.d/passwords.conf
mosquitto_passwd -b -c /etc/mosquitto/passwd robot-7 'right one'
chown mosquitto: /etc/mosquitto/passwd
systemctl restart mosquitto
install -d -m 700 /etc/edgeseg/credentials
(umask 077 && echo 'right one' >/etc/edgeseg/credentials/password)
systemctl restart edgeseg
until_seen runs 'broker connected'
show
edgeseg doctor
echo '== end'
echo 'probe ended'
systemctl poweroff --no-block
