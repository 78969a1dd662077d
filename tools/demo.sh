#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# demo.sh RUNE: from a Runefile to a digit, as a newcomer would type it.
set -euo pipefail
cd "$(dirname "$0")/.."
rune=$1
mkdir -p build/demo

say() {
  printf '\n$ rune %s\n' "$*"
  "$rune" "$@"
}

say build examples/digits/Runefile.yml -o build/demo/digits.rune
for digit in 7 3; do
  say run build/demo/digits.rune --image "examples/digits/images/digit-$digit.png" |
    tee build/demo/out.txt
  word=$(sed -n 's/.*"elements":\["\([a-z]*\)"\].*/\1/p' build/demo/out.txt)
  printf '  → the picture shows a %s\n' "${word:?the Rune printed no digit}"
done
