#!/usr/bin/env bash
# Brings an emulator of arm64 and Debian's C library for it into a folder: root/ and qemu/. Nothing of it becomes part of
# this machine's packages: apt works on a state of its own, and what it downloads is taken apart.
#
#     sysroot.sh FOLDER
set -euo pipefail
folder=$1
[ -e "$folder/.complete" ] && exit 0
rm -rf "$folder"
mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial" "$folder/root"
cd "$folder/apt"
: > status
cat > apt.conf <<EOF
Dir::State "$folder/apt";
Dir::State::status "$folder/apt/status";
Dir::State::lists "$folder/apt/lists";
Dir::Cache "$folder/apt/cache";
APT::Architectures { "amd64"; "arm64"; };
APT::Sandbox::User "root";
EOF
export APT_CONFIG=$folder/apt/apt.conf
timeout 300 apt-get -qq update
timeout 300 apt-get -qq download libc6:arm64 libstdc++6:arm64 libgcc-s1:arm64 libatomic1:arm64 zlib1g:arm64
for package in *.deb; do dpkg -x "$package" "$folder/root"; done
rm -- *.deb
timeout 300 apt-get -qq download "qemu-user-static:$(dpkg --print-architecture)"
dpkg -x qemu-user-static_*.deb "$folder/qemu"
rm -rf "$folder/apt"
: > "$folder/.complete"
