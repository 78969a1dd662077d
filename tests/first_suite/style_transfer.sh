#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# style_transfer.sh RUNE: the case that the first system's runner left out, two
# pictures through two models. Its expected text is a placeholder, so what it
# gives is looked at: the declared size, values in [0, 1] that vary as those of a
# picture, and neighbours that are like each other. Billions of multiplications:
# a test of the optimised command only.
set -euo pipefail
rune=$(realpath "$1")
case=../shared/data/rune/integration-tests/run-pass/_style-transfer
[ -d "$case" ] || { echo "skipped: the first system's suite is not here: $case"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "$case"/* "$folder"
cd "$folder"
"$rune" build -o style.rune
"$rune" run style.rune --image 0_content.jpg --image 1_style.jpg >out.json
head='{"5":[{"element-type":"f32","dimensions":[1,384,384,3],"elements":['
[ "$(head -c "${#head}" out.json)" = "$head" ] || { head -c 200 out.json; exit 1; }
tail -c +$((${#head} + 1)) out.json | tr -d ']}' | tr ',' '\n' | awk '
  { sum += $1; squares += $1 * $1
    if ($1 < 0 || $1 > 1) outside++
    if (NR > 3) { step += ($1 > last[NR % 3] ? $1 - last[NR % 3] : last[NR % 3] - $1) }
    last[NR % 3] = $1 }
  END {
    mean = sum / NR; deviation = sqrt(squares / NR - mean * mean); step /= NR - 3
    printf "%d values, mean %.3f, deviation %.3f, step to the next pixel %.3f\n", NR, mean, deviation, step
    exit !(NR == 384 * 384 * 3 && !outside && deviation > 0.05 && step < deviation / 2)
  }'
