#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# run_ahead.sh RUNE CLANG MODEL TARGET TRIPLE [RUNNER]: compiles an int8 model
# ahead of time for TARGET, links it with main.c and nothing else, runs it (under
# RUNNER, a command, on other processors), and lets the evaluator judge the output.
# 77 means that RUNNER is missing.
set -eu
rune=$1 clang=$2 model=$3 target=$4 triple=$5 runner=${6:-}
here=$(cd "$(dirname "$0")" && pwd)
if [ -n "$runner" ] && ! command -v "${runner%% *}" >/dev/null; then
  echo "skipped: ${runner%% *} is missing"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$rune" compile "$model" -o "$work/model.o" --name model --target "$target"
"$clang" --target="$triple" -O1 -ffreestanding -fno-builtin -fno-stack-protector -nostdlib -static \
  -fuse-ld=lld-22 -I"$work" -x c "$here/main.c" -x none "$work/model.o" -o "$work/program"
size() { sed -n "s/#define MODEL_$1_0_BYTES //p" "$work/model.h"; }
status=0
$runner "$work/program" > "$work/bytes" || status=$?
[ "$status" = 0 ] || { echo "the program ended with $status"; exit 1; }
mkdir "$work/data"
head -c "$(size INPUT)" "$work/bytes" > "$work/data/input_0.bin"
tail -c "$(size OUTPUT)" "$work/bytes" > "$work/data/output_0.bin"
[ "$(tr -d '\000' < "$work/data/output_0.bin" | wc -c)" -gt 0 ] || { echo "the output is all zeros"; exit 1; }
"$rune" verify "$model" --data "$work/data" --device evaluator --rtol 0 --atol 0
