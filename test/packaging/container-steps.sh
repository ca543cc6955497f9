#!/bin/sh
# The steps of the Containerfile without a container engine: a root with nothing but busybox (the
# userland of the image that it builds on) and Node, its RUN lines in a chroot, then its ENTRYPOINT
# as its USER, and its HEALTHCHECK. What this cannot show: that the base image is as expected.
#
#   sudo sh test/packaging/container-steps.sh        needs root, chroot and a static busybox
#
# Ends with 0 where every step did what it should. Skips, saying so, where a program is missing.
set -eu
package=$(cd "$(dirname "$0")/../.." && pwd)
for program in chroot busybox node curl; do
  command -v "$program" >/dev/null || { echo "skipped: no $program on this machine"; exit 0; }
done
[ "$(id -u)" = 0 ] || { echo "skipped: chroot is root's"; exit 0; }
root=$(mktemp -d)
chmod 755 "$root"
daemon=
tidy() {
  [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
  umount "$root/proc" "$root/dev/urandom" "$root/dev/null" 2>/dev/null || true
  rm -rf --one-file-system "$root"
}
trap tidy EXIT
fail() { echo "FAIL $1"; cat "$root/tmp/said" 2>/dev/null || true; exit 1; }
mkdir -p "$root/bin" "$root/etc" "$root/tmp" "$root/proc" "$root/dev" "$root/usr/local/bin" \
  "$root/usr/local/lib/node_modules" "$root/lib64"
chmod 1777 "$root/tmp"
cp "$(command -v busybox)" "$root/bin/busybox"
for applet in sh addgroup adduser mkdir chown rm printf cat; do ln -s busybox "$root/bin/$applet"; done
# Debian's busybox is built without these two; the image's has them. Their options are the image's.
if ! busybox --list | grep -qx addgroup; then
  echo "     this busybox has no addgroup and adduser: stand-ins that know the options used"
  rm "$root/bin/addgroup" "$root/bin/adduser"
  cat > "$root/bin/addgroup" <<'SHIM'
#!/bin/sh
[ "$1 $2" = "-S -g" ] && [ $# = 4 ] || { echo "addgroup $*" >&2; exit 1; }
printf '%s:x:%s:\n' "$4" "$3" >> /etc/group
SHIM
  cat > "$root/bin/adduser" <<'SHIM'
#!/bin/sh
[ "$1 $2 $3 $4 $6 $8" = "-S -D -H -u -G -h" ] || { echo "adduser $*" >&2; exit 1; }
shift 9
printf '%s:x:4177:4177::/data:/bin/false\n' "$1" >> /etc/passwd
SHIM
  chmod 755 "$root/bin/addgroup" "$root/bin/adduser"
fi
echo 'root:x:0:0:root:/root:/bin/sh' > "$root/etc/passwd"
echo 'root:x:0:' > "$root/etc/group"
touch "$root/etc/shadow" "$root/etc/gshadow"
cp -L "$(command -v node)" "$root/usr/local/bin/node"
ldd "$(command -v node)" | grep -o '/[^ ]*' | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
# `#!/usr/bin/env node` of the bundle.
mkdir -p "$root/usr/bin" && ln -s /bin/busybox "$root/usr/bin/env"
mount -t proc proc "$root/proc"
for device in urandom null; do
  touch "$root/dev/$device" && mount --bind "/dev/$device" "$root/dev/$device"
done
inside() { chroot "$root" /bin/busybox env -i PATH=/usr/local/bin:/bin "$@"; }

# COPY
(cd "$package" && node packaging/bundle.ts build/callnumber.mjs >/dev/null)
install -m 0755 "$package/build/callnumber.mjs" "$root/usr/local/bin/callnumber"
# RUN, as written: lines that end in a backslash go on.
sed -e ':join' -e '/\\$/{N;s/\\\n//;b join' -e '}' "$package/Containerfile" | sed -n 's/^RUN //p' |
  while IFS= read -r step; do
    inside sh -euc "$step"
    echo "ok   RUN $(printf '%.40s' "$step" | tr -d '\n')…"
  done
[ ! -e "$root/usr/local/lib/node_modules" ] || fail "npm is gone"
echo "ok   npm is gone"
[ "$(stat -c '%u %g' "$root/data")" = "4177 4177" ] || fail "/data is the account's"
echo "ok   /data is the account's"
# USER, WORKDIR, ENV, ENTRYPOINT, CMD
chroot --userspec=4177:4177 --groups= "$root" /bin/busybox env -i PATH=/usr/local/bin:/bin HOME=/data \
  NODE_ENV=production NODE_COMPILE_CACHE=/tmp/callnumber CALLNUMBER_TOKEN=token-of-the-test \
  callnumber serve --config /etc/callnumber/callnumber.yaml > "$root/tmp/said" 2>&1 &
daemon=$!
health=$(sed -n 's/^HEALTHCHECK .* CMD \["node", "-e", "\(.*\)"\]$/\1/p' "$package/Containerfile")
tries=100
until inside node -e "$health"; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || fail HEALTHCHECK
  sleep 0.1
done
echo "ok   HEALTHCHECK"
call() {
  curl -s -o /dev/null -w '%{http_code}' -m 20 "$@" http://127.0.0.1:4177/playback/v1/chat/completions \
    -d '{"model":"demo","messages":[{"role":"user","content":"Hello"}]}'
}
[ "$(call)" = 403 ] || fail "without the token a call is refused"
echo "ok   without the token a call is refused"
[ "$(call -H 'x-callnumber-token: token-of-the-test')" = 200 ] || fail "with it, it passes"
echo "ok   with it, it passes"
kill -TERM "$daemon"
wait "$daemon" || fail "STOPSIGNAL: ends with 0"
echo "ok   STOPSIGNAL: ends with 0"
daemon=
find "$root/data/captures" -name '20*.jsonl' | grep -q . || fail "the exchange is in /data/captures"
echo "ok   the exchange is in /data/captures"
