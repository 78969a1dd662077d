#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# What weighs how much: the static command and what it is made of, the library
# blocks, our source.
set -euo pipefail
cd "$(dirname "$0")/.."
printf '%10s  %s\n' bytes what
stat -c '%10s  %n' build/release/rune
stripped=$(mktemp)
trap 'rm -f "$stripped"' EXIT
strip -o "$stripped" build/release/rune
printf '%10s  %s\n' "$(stat -c %s "$stripped")" 'build/release/rune without symbols, of which'
awk -f tools/components.awk build/release/rune.map | sort -rn | sed 's/^/  /'
stat -c '%10s  %n' build/release/blocks/*.wasm
for room in src/*/ blocks/; do
  lines=$(git ls-files "$room" | grep -E '\.(h|cpp|def)$' | grep -v _test | xargs -r cat | wc -l)
  tests=$(git ls-files "$room" | grep -E '_test\.cpp$' | xargs -r cat | wc -l)
  printf '%10s  lines in %s (and %s of tests)\n' "$lines" "$room" "$tests"
done
