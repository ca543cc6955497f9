#!/bin/bash
# Runs inside of the booted container (see booted.sh): uses the service as an administrator would,
# and says for each thing promised whether it was seen.
set -u
failures=0
say() { printf '%-4s %s\n' "$1" "$2"; }
check() { # check WHAT COMMAND…: passes where the command succeeds
  local what=$1
  shift
  if "$@" >/tmp/said 2>&1; then say ok "$what"; else
    say FAIL "$what"
    sed 's/^/       /' /tmp/said | tail -15
    failures=$((failures + 1))
  fi
}
show() { systemctl show --property="$1" --value "${2:-callnumber.service}"; }
until_true() { # until_true SECONDS COMMAND…
  local left=$(($1 * 10))
  shift
  while ! "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || return 1
    sleep 0.1
  done
}
ready() { curl -sf -m 2 http://127.0.0.1:4177/-/ready; }
running() { [ "$(show ActiveState)" = active ] && ready; }
same() { [ "$1" = "$2" ] || { echo "got $1, wanted $2"; false; }; }
calm() { systemctl reset-failed 'callnumber*'; systemctl start callnumber.socket; }
drop_in() { # drop_in: lines of [Service] from standard input
  mkdir -p /etc/systemd/system/callnumber.service.d
  { echo '[Service]'; cat; } > /etc/systemd/system/callnumber.service.d/test.conf
  systemctl daemon-reload
}
no_drop_in() { rm -rf /etc/systemd/system/callnumber.service.d; systemctl daemon-reload; }
export HOME=/root PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
say "" "systemd $(systemctl --version | awk 'NR==1{print $2}'), node $(node --version), callnumber $(callnumber --version)"

# Installed, ready
mkdir -p /etc/callnumber/credentials
(umask 077; printf 's3cret-token-of-the-test' > /etc/callnumber/credentials/token)
cat > /etc/callnumber/callnumber.yaml <<'YAML'
listen: 127.0.0.1:4177
captures: /srv/callnumber/captures
site: { out: /srv/callnumber/site }
upstreams: { slow: "http://127.0.0.1:9099" }
drain: 20s
YAML
check "service install writes the units and starts the daemon" callnumber service install
check "READY: systemctl start returned and the unit is active" same "$(show ActiveState)" active
check "STATUS is told: $(show StatusText)" grep -q recording <<<"$(show StatusText)"
check "service status says active" callnumber service status
check "health is ok" curl -sf http://127.0.0.1:4177/-/health
check "metrics are there" grep -q callnumber_filer_up\ 1 <<<"$(curl -s http://127.0.0.1:4177/-/metrics)"

# Who may read what
say_hello() { curl -sSf -m 20 http://127.0.0.1:4177/playback/v1/chat/completions -d '{"model":"demo","messages":[{"role":"user","content":"Hello"}]}' "$@"; }
captured() { find /srv/callnumber/captures -name '20*.jsonl' | grep -q .; }
check "an exchange through the service" say_hello
check "it is filed" until_true 10 captured
check "state is 0700 and its key 0600, both the service's" same "$(stat -c '%a %U' /var/lib/callnumber /var/lib/callnumber/key | tr '\n' ' ')" "700 callnumber 600 callnumber "
check "the spool is 0700" same "$(stat -c %a /var/lib/callnumber/spool)" 700
check "captures are 0640 below 2750" same "$(stat -c %a /srv/callnumber/captures "$(find /srv/callnumber/captures -name '20*.jsonl' | head -1)" | tr '\n' ' ')" "2750 640 "
id ann >/dev/null 2>&1 || useradd --create-home ann
usermod --append --groups callnumber ann
id bob >/dev/null 2>&1 || useradd --create-home bob
check "a member of the group reads captures" su ann -c 'cat /srv/callnumber/captures/*/*/*/20*.jsonl'
nobody_else() { ! su bob -c 'ls /srv/callnumber/captures'; }
check "nobody else does" nobody_else
niceness() { # of the child of the daemon that is no shell
  local main stat
  main=$(show MainPID)
  for stat in /proc/[0-9]*/stat; do
    awk -v main="$main" '$2 == "(node)" && $4 == main || $2 == "(MainThread)" && $4 == main { print $19 }' "$stat" 2>/dev/null
  done
}
check "the filer runs at lower priority" same "$(niceness)" 10

# Credentials
sed -i '1i token: "file:${CREDENTIALS_DIRECTORY}/keys_token"' /etc/callnumber/callnumber.yaml
systemctl restart callnumber
check "the token comes through LoadCredential: with it a call passes" say_hello -H 'x-callnumber-token: s3cret-token-of-the-test'
refused() { same "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:4177/playback/v1/models)" 403; }
check "without it a call is refused" refused
not_in_unit() { ! grep -r s3cret /etc/systemd/system /proc/"$(show MainPID)"/environ; }
check "the token is in no unit and in no environment" not_in_unit
sed -i 1d /etc/callnumber/callnumber.yaml
check "SIGHUP takes the token off again" systemctl reload callnumber
check "a call passes without it" until_true 5 say_hello

# The end of an open stream
node /root/test/inside-slow-upstream.mjs 9099 & slow=$!
until_true 10 curl -sf http://127.0.0.1:9099/now
curl -sN -m 30 http://127.0.0.1:4177/slow/stream > /tmp/stream &
stream=$!
until_true 10 grep -q 'event 3' /tmp/stream
began=$(date +%s%N)
systemctl stop callnumber.socket callnumber.service
took=$((($(date +%s%N) - began) / 1000000))
wait $stream
check "SIGTERM: an open stream is drained to its end (stop took $took ms)" grep -q 'event 40' /tmp/stream
check "and the service ended with 0" same "$(show Result) $(show ExecMainStatus)" "success 0"
check "and what was drained is filed" grep -rq '/stream' /srv/callnumber/captures
calm
systemctl start callnumber

# Connections across restarts
node /root/test/inside-connections.mjs 60 100 > /tmp/connections & connections=$!
sleep 1; systemctl restart callnumber; sleep 1; systemctl restart callnumber
wait $connections
check "socket activation: $(cat /tmp/connections) across two restarts" grep -q '^60 of 60' /tmp/connections

# A hung loop
calm
drop_in <<'UNIT'
WatchdogSec=3
Environment=NODE_OPTIONS=--import=/usr/local/lib/hang.mjs
UNIT
cp /root/test/inside-hang.mjs /usr/local/lib/hang.mjs
systemctl restart callnumber
before=$(show MainPID)
sleep 7
check "WATCHDOG: a sound daemon is left alone for two periods and more" same "$(show MainPID)" "$before"
kill -USR2 "$before"
restarted() { [ "$(show MainPID)" != "$before" ] && running; }
check "WATCHDOG: a hung loop is restarted" until_true 20 restarted
check "and the reason was the watchdog" grep -q -i watchdog <<<"$(journalctl -u callnumber --no-pager | grep -i watchdog)"

# A crash loop
calm
drop_in <<'UNIT'
Environment=NODE_OPTIONS=--import=/usr/local/lib/crash.mjs
RestartSec=100ms
UNIT
echo 'process.exit(3);' > /usr/local/lib/crash.mjs
systemctl stop callnumber.service
since=$(date '+%Y-%m-%d %H:%M:%S')
sleep 1
systemctl start callnumber.service 2>/dev/null
given_up() { [ "$(show ActiveState)" = failed ]; }
check "a crash loop is given up" until_true 30 given_up
sleep 3
starts=$(journalctl -u callnumber --since "$since" --no-pager | grep -c 'status=3')
check "after $starts starts, and stays down" same "$starts $(show ActiveState)" "5 failed"
no_drop_in

# A wrong configuration
calm
cp /etc/callnumber/callnumber.yaml /tmp/good.yaml
systemctl stop callnumber.socket callnumber.service
systemctl reset-failed 'callnumber*'
echo 'lisen: 1' >> /etc/callnumber/callnumber.yaml
systemctl start callnumber.service 2>/dev/null
sleep 4
check "a wrong configuration exits 78, once" same "$(show ExecMainStatus) $(show NRestarts) $(show ActiveState)" "78 0 failed"
check "and the log names the line" grep -q 'callnumber.yaml:6.*listen' <<<"$(journalctl -u callnumber --no-pager)"
cp /tmp/good.yaml /etc/callnumber/callnumber.yaml
calm
check "mended, it starts" systemctl start callnumber.service

# The site
systemctl enable --now callnumber-site.path
say_hello > /dev/null
built() { [ -s /srv/callnumber/site/index.html ]; }
check "the path unit rebuilds the site when something was filed" until_true 90 built
check "and a web server may read it" su bob -c 'cat /srv/callnumber/site/index.html'
[ "$(show Result callnumber-site.service)" = success ] || journalctl -u callnumber-site --no-pager | tail -5

# A token that only the daemon can read stops neither the other units nor a reader
sed -i '1i token: "file:${CREDENTIALS_DIRECTORY}/keys_token"' /etc/callnumber/callnumber.yaml
systemctl restart callnumber
check "with such a token the site unit builds" systemctl start callnumber-site.service
check "and a member of the group reads" su ann -c 'PATH=/usr/local/bin:$PATH callnumber ls --config /etc/callnumber/callnumber.yaml'

# Commits, with that token
as_service() { setpriv --reuid=callnumber --regid=callnumber --clear-groups "$@"; }
as_service git -C /srv/callnumber init --quiet
check "the commit unit commits captures" systemctl start callnumber-commit.service
check "with nothing else in the commit" same "$(as_service git -C /srv/callnumber show --name-only --format= | grep -vc '^.\?captures/')" 0
leak="$(find /srv/callnumber/captures -name '20*.jsonl' | head -1)"
printf '{"type":"note","text":"sk-ant-api03-%s"}\n' "$(head -c 70 /dev/urandom | base64 -w0 | tr -dc A-Za-z0-9 | head -c 80)AA" >> "$leak"
refuses() { ! systemctl start callnumber-commit.service; }
check "a credential in a capture stops the commit" refuses
check "and is in no commit" same "$(as_service git -C /srv/callnumber log --oneline | wc -l)" 1
sed -i 1d /etc/callnumber/callnumber.yaml && systemctl reload callnumber

# What systemd thinks of the units
for unit in callnumber callnumber-site callnumber-commit; do
  check "$(systemd-analyze security --no-pager $unit.service | tail -1 | sed 's/[^a-zA-Z0-9.: -]//g')" \
    systemd-analyze security --threshold=15 --no-pager $unit.service
done

kill $slow
callnumber service uninstall >/tmp/said 2>&1
gone() { ! systemctl cat callnumber.service && [ -z "$(systemctl list-units --all --plain --no-legend "callnumber*")" ]; }
check "uninstall takes the units away" gone
check "and leaves captures, state and configuration" ls /srv/callnumber/captures /var/lib/callnumber/key /etc/callnumber/callnumber.yaml

# A configuration outside of the default place: named relative to a folder with signs in its name
filed_in() { find "$1" -name '20*.jsonl' 2>/dev/null | grep -q .; }
own="/srv/my calls 100% \$HOME d'été"
rm -rf "/srv/my calls"* /srv/real /etc/callnumber
mkdir -p "$own" && cd "$own"
printf 'captures: ./mine\nsite: { out: ./pages }\ndrain: 5s\n' > my.yaml
check "elsewhere: service install --config my.yaml" callnumber service install --config my.yaml
check "elsewhere: ready" until_true 20 running
check "elsewhere: the unit names the file as it is" grep -qF "$own/my.yaml" <<<"$(tr '\0' '\n' < "/proc/$(show MainPID)/cmdline")"
check "elsewhere: an exchange" say_hello
check "elsewhere: it is filed beside the configuration" until_true 10 filed_in "$own/mine"
check "elsewhere: state is beside it too, 0700" same "$(stat -c '%a %U' .callnumber)" "700 callnumber"
check "elsewhere: the folder around it stays root's" same "$(stat -c %U .)" root
check "elsewhere: doctor names the configuration of the unit" grep -qF "active, with $own/my.yaml" <<<"$(callnumber doctor --config my.yaml)"
check "elsewhere: ls and doctor read the same tree" grep -q demo <<<"$(callnumber ls --config my.yaml; callnumber doctor --config my.yaml)"
systemctl enable --now callnumber-site.path
say_hello > /dev/null
check "elsewhere: the path unit builds the site there" until_true 90 test -s pages/index.html
check "elsewhere: the commit unit is passed over where there is no repository" systemctl start callnumber-commit.service
git init --quiet && chown -R callnumber: .git
check "elsewhere: the commit unit commits" systemctl start callnumber-commit.service
as_own() { setpriv --reuid=callnumber --regid=callnumber --clear-groups git -c safe.directory='*' -C "$own" "$@"; }
check "elsewhere: captures of this tree, nothing else" same "$(as_own show --name-only --format= | sed 's/^"//' | cut -d/ -f1 | sort -u)" mine
echo other > other.txt && as_own add other.txt && say_hello >/dev/null && sleep 3
check "elsewhere: what somebody else has staged is not committed" refuses
as_own rm -q --cached other.txt
printf 'captures: ./mine\nlisten: 127.0.0.1:4188\nsite: { out: ./pages }\ndrain: 5s\n' > my.yaml
check "elsewhere: install again, without a name, keeps the configuration" callnumber service install
check "elsewhere: and what runs takes the new address" until_true 20 curl -sf http://127.0.0.1:4188/-/ready
check "elsewhere: uninstall, the configuration being wrong by now" sh -c 'echo "lisen: 1" >> my.yaml; callnumber service uninstall'
check "elsewhere: all of it stays" ls my.yaml mine/00-09\ System .callnumber/key pages/index.html
systemctl reset-failed 'callnumber*' 2>/dev/null

# Links: the configuration's folder and captures are links into another place
mkdir -p /srv/real/calls /srv/real/big && chown callnumber: /srv/real/big
ln -sfn /srv/real/big /srv/real/calls/captures; ln -sfn /srv/real/calls /srv/real/link
printf 'site: { out: ./pages }\ndrain: 5s\n' > /srv/real/calls/callnumber.yaml
cd /srv/real/link
check "links: ./callnumber.yaml is used, and said" grep -q '^configuration: /srv/real/.*/callnumber.yaml' <<<"$(callnumber service install 2>&1)"
check "links: ready" until_true 20 running
check "links: an exchange" say_hello
check "links: it is filed where the link leads" until_true 10 filed_in /srv/real/big
check "links: uninstall" callnumber service uninstall

# What a system service cannot reach: said before anything is written
cd / && mkdir -p /home/ann/calls && cp /srv/real/calls/callnumber.yaml /home/ann/calls/
says() { # says WORDS: the install is refused with them, and no unit is there
  local said
  said=$(cd "$where" && callnumber service install 2>&1) && return 1
  echo "$said"
  grep -q "$1" <<<"$said" && [ ! -e /etc/systemd/system/callnumber.service ]
}
where=/home/ann/calls; check "refused: a configuration in a home" says 'is in a home'
where=/srv/locked; mkdir -p $where && cp /srv/real/calls/callnumber.yaml $where && chmod 700 $where
check "refused: a configuration that the account cannot read" says 'cannot be read by the account'
chmod 755 $where && mkdir -p $where/captures && touch $where/captures/foreign && chown ann $where/captures/foreign
check "refused: captures that are another's" says 'chown -R callnumber:'
rm -rf /srv/locked /home/ann/calls /srv/real "/srv/my calls"*

# DynamicUser: no account, the same promises
systemctl reset-failed 'callnumber*' 2>/dev/null
rm -rf /var/lib/callnumber /etc/callnumber /etc/sysusers.d/callnumber.conf
gone_account() { userdel callnumber; groupdel callnumber; ! id callnumber; }
check "the account of before is taken away" gone_account
check "dynamic: service install" callnumber service install --dynamic-user
check "dynamic: ready" until_true 20 running
check "dynamic: its account is made as it runs" same "$(show DynamicUser)" yes
check "dynamic: an exchange" say_hello
check "dynamic: it is filed" until_true 10 filed_in /var/lib/private
check "dynamic: nobody else may enter" same "$(stat -c %a /var/lib/private)" 700
systemctl stop callnumber.socket callnumber.service
check "dynamic: stopped, with 0" same "$(show Result) $(show ExecMainStatus)" "success 0"
check "dynamic: service uninstall" callnumber service uninstall

# Of one's own: the user manager
id eve >/dev/null 2>&1 || useradd --create-home --shell /bin/bash eve
loginctl enable-linger eve
eve=$(id -u eve)
until_true 20 test -S "/run/user/$eve/systemd/private"
as_eve() { su eve -c "cd; export XDG_RUNTIME_DIR=/run/user/$eve PATH=$PATH; $*"; }
check "user: service install --user" as_eve callnumber service install --user
check "user: ready" until_true 20 ready
check "user: the unit is active" same "$(as_eve systemctl --user is-active callnumber.service)" active
check "user: it runs as its owner" same "$(stat -c %U "/proc/$(as_eve systemctl --user show -P MainPID callnumber.service)")" eve
check "user: an exchange" say_hello
check "user: it is filed" until_true 10 filed_in /home/eve/.local/share/callnumber/captures
check "user: its state is in the home as well" test -s /home/eve/.local/state/callnumber/key
check "user: stop" as_eve systemctl --user stop callnumber.socket callnumber.service
check "user: stopped, with 0" same "$(as_eve systemctl --user show -P Result callnumber.service)" success
check "user: service uninstall --user" as_eve callnumber service uninstall --user
check "user: captures stay" filed_in /home/eve/.local/share/callnumber/captures

# Of one's own, with a configuration in a private repository, as the guide has it
as_eve "git config --global user.name eve; git config --global user.email eve@example.org; git init -q 'my calls'"
check "own: init" as_eve "callnumber init 'my calls'"
check "own: service install --user from its folder" as_eve "cd 'my calls' && callnumber service install --user"
check "own: ready" until_true 20 ready
check "own: an exchange" say_hello
check "own: it is filed in the repository" until_true 10 filed_in "/home/eve/my calls/captures"
check "own: the commit unit commits" as_eve systemctl --user start callnumber-commit.service
check "own: captures alone" same "$(as_eve "git -C 'my calls' show --name-only --format=" | sed 's/^"//' | cut -d/ -f1 | sort -u)" captures
check "own: the site unit builds" as_eve systemctl --user start callnumber-site.service
check "own: the site is beside them" test -s "/home/eve/my calls/dist/index.html"
check "own: the hook lets a clean commit pass" as_eve "cd 'my calls' && git add -A && git commit -q -m all"
leak_own() { printf '{"a":"sk-ant-api03-%s"}\\n' "$(head -c 70 /dev/urandom | base64 -w0 | tr -dc A-Za-z0-9 | head -c 80)AA" > "/home/eve/my calls/leak.txt"; }
leak_own
hook_refuses() { grep -q 'leak.txt:1.*anthropic' <<<"$(as_eve "cd 'my calls' && git add leak.txt && PATH=/usr/bin:/bin git commit -q -m leak 2>&1")"; }
check "own: the hook refuses a key, with a short PATH" hook_refuses
check "own: uninstall" as_eve callnumber service uninstall --user

if [ "$failures" -gt 0 ]; then
  echo "$failures checks failed"
  journalctl -u callnumber -u callnumber-site -u callnumber-commit --no-pager | tail -60
  journalctl --no-pager _UID="$eve" | tail -30
else
  echo "all checks passed"
fi
