#!/usr/bin/env bash
# Installs the Debian programs that tests want and that are not here, where this is root's machine
# and has apt. Without them (no root, no apt, no network) those tests are skipped, and say so.
#
#     debian.sh PROGRAM:PACKAGE ...
set -uo pipefail
wanted=()
for pair in "$@"; do
  command -v "${pair%%:*}" >/dev/null || wanted+=("${pair#*:}")
done
[ ${#wanted[@]} -eq 0 ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "== not here: ${wanted[*]}; the tests that need them will be skipped"
  exit 0
fi
echo "== installing ${wanted[*]}"
export DEBIAN_FRONTEND=noninteractive
install() { timeout 600 apt-get install -qq -y --no-install-recommends "$@" </dev/null >/dev/null; }
timeout 300 apt-get update -qq
install "${wanted[@]}" && exit 0
# One package that cannot be had keeps none of the others away.
for package in "${wanted[@]}"; do
  install "$package" || echo "== $package could not be installed: the tests that need it will be skipped"
done
