#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# demo.sh RUNE: from a Runefile to a digit, and to a word, as a newcomer would type it.
set -euo pipefail
cd "$(dirname "$0")/.."
rune=$1
mkdir -p build/demo

say() {
  printf '\n$ rune %s\n' "$*"
  "$rune" "$@"
}

# The one element that the Rune run by `say run …` printed, as text.
answer() {
  say run "$@" | tee build/demo/out.txt
  word=$(sed -n 's/.*"elements":\["\([a-z]*\)"\].*/\1/p' build/demo/out.txt)
  : "${word:?the Rune printed no word}"
}

say build examples/digits/Runefile.yml -o build/demo/digits.rune
for digit in 7 3; do
  answer build/demo/digits.rune --image "examples/digits/images/digit-$digit.png"
  printf '  → the picture shows a %s\n' "$word"
done

say build examples/keywords/Runefile.yml -o build/demo/keywords.rune
for sound in yes go-babble; do
  answer build/demo/keywords.rune --sound "examples/keywords/sounds/$sound.wav"
  printf '  → the voice says "%s"\n' "$word"
done
