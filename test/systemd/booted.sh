#!/bin/sh
# The units under a booted systemd: a Debian root (debootstrap) in a container (systemd-nspawn), the
# package installed from its tarball, and inside.sh as the judge. Needs root and, the first time,
# a Debian mirror and the npm registry.
#
#   sudo sh test/systemd/booted.sh [ROOT]      ROOT: made, and kept for the next time, there
#
# Ends with 0 where every check passed. Skips, saying so, where the programs are not there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
package=$(cd "$here/../.." && pwd)
root=${1:-/var/tmp/callnumber-booted}
for program in debootstrap systemd-nspawn npm node; do
  if ! command -v "$program" >/dev/null; then
    echo "skipped: no $program on this machine"
    exit 0
  fi
done
if [ "$(id -u)" != 0 ]; then
  echo "skipped: a container is root's to boot"
  exit 0
fi
if [ ! -e "$root/etc/debian_version" ]; then
  debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,git,ca-certificates,curl \
    bookworm "$root"
fi
# The user manager needs these two; a root that was kept may lack them.
if [ ! -e "$root/usr/share/doc/libpam-systemd" ]; then
  chroot "$root" sh -c 'apt-get update -qq && apt-get install -qqy libpam-systemd dbus-user-session' \
    >/dev/null
fi
# A boot of before must not be seen by this one.
for user in eve ann bob callnumber; do
  chroot "$root" userdel --remove "$user" 2>/dev/null || true
done
rm -rf "$root/var/lib/private" "$root/var/cache/private" "$root"/var/lib/callnumber-* \
  "$root"/var/lib/systemd/linger/* "$root/var/lib/callnumber" "$root/srv/callnumber" "$root/etc/callnumber" \
  "$root/var/cache/callnumber" "$root"/etc/systemd/system/callnumber* \
  "$root"/etc/systemd/system/*/callnumber* "$root/root/result" "$root"/etc/*.d/callnumber.conf "$root"/srv/* "$root"/var/log/journal/*
cp -L "$(command -v node)" "$root/usr/local/bin/node"
tarballs=$(mktemp -d)
(cd "$package" && npm pack --silent --pack-destination "$tarballs" >/dev/null)
npm install --silent --global --ignore-scripts --no-audit --no-fund \
  --prefix "$root/usr/local" "$tarballs"/callnumber-*.tgz
rm -r "$tarballs"
mkdir -p "$root/root/test"
cp "$here"/inside.sh "$here"/inside-*.mjs "$root/root/test/"
cat > "$root/etc/systemd/system/inside.service" <<'UNIT'
[Unit]
After=multi-user.target
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
ExecStart=/bin/bash /root/test/inside.sh
StandardOutput=truncate:/root/result
StandardError=inherit
UNIT
mkdir -p "$root/etc/systemd/system/default.target.wants"
ln -sf ../inside.service "$root/etc/systemd/system/default.target.wants/inside.service"
timeout 600 systemd-nspawn --quiet --directory="$root" --boot --register=no --keep-unit \
  --private-network --console=pipe </dev/null >"$root/root/console" 2>&1 || true
cat "$root/root/result"
grep -q '^all checks passed$' "$root/root/result"
