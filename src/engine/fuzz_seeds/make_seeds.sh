#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Makes the seeds of this room and of wasm_decode_fuzz: the kernels, and a
# module of one function, small enough that most mutations hit something.
set -euo pipefail
cd "$(dirname "$0")/../../.."
seed() { # NAME, C on standard input
  local out=src/engine/fuzz_seeds/interpreter_fuzz/$1.wasm
  clang-22 --target=wasm32-unknown-unknown -Os -ffreestanding -nostdlib -w \
    -fuse-ld=lld -Wl,--no-entry -Wl,--strip-all -x c -o "$out" -
  chmod 644 "$out"
  cp "$out" "src/wasm/fuzz_seeds/wasm_decode_fuzz/$1.wasm"
}
for kernel in src/engine/kernels/*.c; do
  seed "$(basename "$kernel" .c)" <"$kernel"
done
seed tiny <<'C'
__attribute__((export_name("f"))) int f(void) { return 41; }
C

# Choices for the generator of random modules (llvm/random_module.h).
choices=src/engine/fuzz_seeds/engine_differential_fuzz
mkdir -p "$choices"
for n in 1 2 3 4; do
  RANDOM=$n
  for _ in {1..900}; do
    printf '%b' "\\x$(printf %02x $((RANDOM >> 4 & 255)))"
  done >"$choices/choices-$n"
done
