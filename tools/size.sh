#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# What weighs how much: the static command, the library blocks, our source.
set -euo pipefail
cd "$(dirname "$0")/.."
printf '%10s  %s\n' bytes what
stat -c '%10s  %n' build/release/rune build/release/blocks/*.wasm
for room in src/*/ blocks/; do
  lines=$(git ls-files "$room" | grep -E '\.(h|cpp|def)$' | grep -v _test | xargs -r cat | wc -l)
  tests=$(git ls-files "$room" | grep -E '_test\.cpp$' | xargs -r cat | wc -l)
  printf '%10s  lines in %s (and %s of tests)\n' "$lines" "$room" "$tests"
done
