#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# compile_is_limited.sh RUNE: what compiles stays within its memory and its time,
# and `rune` says so. Only here, because sanitizers need all address space.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME=$scratch
"$1" build examples/digits/Runefile.yml -o "$scratch/digits.rune"

expect() { # CODE WORD COMMAND...
  local code=$1 word=$2 said=0 text
  shift 2
  text=$("$@" 2>&1) || said=$?
  echo "$text"
  [ "$said" = "$code" ] && [[ "$text" == *"$word"* ]] || {
    echo "expected $word and exit code $code, not $said" >&2
    exit 1
  }
}
compile=("$1" compile "$scratch/digits.rune" -o "$scratch/digits.blob")
expect 3 'engine.compile-' "${compile[@]}" --memory-limit 64M
expect 3 'engine.compile-deadline' "${compile[@]}" --timeout 10ms
expect 0 'compiled' "${compile[@]}" --memory-limit 2G --timeout 5m
expect 0 'seven' "$1" run "$scratch/digits.rune" --code "$scratch/digits.blob" \
  --image examples/digits/images/digit-7.png
