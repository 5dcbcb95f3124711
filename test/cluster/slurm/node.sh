#!/bin/sh
# A worker of its own in namespaces of mounts, names and processes: its own /tmp, its own name, no Node.js,
# and no project. What all share is a folder, as on a cluster's shared file system.
#
#     unshare --mount --uts --pid --fork --kill-child sh node.sh NAME SHARED CONF SPOOL-ROOM [HIDDEN ...]
set -eu
name=$1 shared=$2 conf=$3 room=$4
shift 4
hostname "$name"
mount --make-rprivate /
mount -t proc proc /proc
mount --bind "$shared/etc-hosts" /etc/hosts
for hidden in "$@"; do
  if [ -d "$hidden" ]; then mount -t tmpfs -o size=1m tmpfs "$hidden"; else mount --bind /dev/null "$hidden"; fi
done
# The shared folder lies in /tmp, which is covered: it is held elsewhere meanwhile.
mount --bind "$shared" /mnt
mount -t tmpfs -o "size=$room" tmpfs /tmp
mkdir -p "$shared" /tmp/tight /tmp/tiny
# Of the second one, two folders are small.
if [ "$name" = n2 ]; then
  mount -t tmpfs -o size=60m tmpfs /tmp/tight
  mount -t tmpfs -o size=10m tmpfs /tmp/tiny
fi
mount --bind /mnt "$shared"
umount /mnt
cd /
# Whoever has no parent any more is this process's child, and slurmd would not wait for it.
/usr/sbin/slurmd -D -N "$name" -f "$conf" &
trap 'kill $!' TERM
while kill -0 $! 2>/dev/null; do wait || true; done
