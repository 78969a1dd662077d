#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# runs_in_an_empty_chroot.sh RUNE: in a root that holds the command, the digits
# example and nothing else, `build` and `run` give the digit.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "skipped: chroot needs root"; exit 77; }
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
cp "$1" "$root/rune"
cp examples/digits/Runefile.yml examples/digits/model.onnx examples/digits/images/digit-7.png "$root/"

chroot "$root" /rune build Runefile.yml -o digits.rune
result=$(chroot "$root" /rune run digits.rune --image digit-7.png)
echo "$result"
[[ "$result" == *'["seven"]'* ]]
