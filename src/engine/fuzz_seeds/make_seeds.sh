#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Makes the seeds of this room and of wasm_decode_fuzz: the kernels, and a
# module of one function, small enough that most mutations hit something.
set -euo pipefail
cd "$(dirname "$0")/../../.."
seed() { # NAME, C on standard input, flags
  local out=src/engine/fuzz_seeds/interpreter_fuzz/$1.wasm
  clang-22 --target=wasm32-unknown-unknown -Os -ffreestanding -nostdlib -w \
    "${@:2}" -fuse-ld=lld -Wl,--no-entry -Wl,--strip-all -x c -o "$out" -
  chmod 644 "$out"
  cp "$out" "src/wasm/fuzz_seeds/wasm_decode_fuzz/$1.wasm"
}
for kernel in calls floats integers memory traps; do
  seed "$kernel" <"src/engine/kernels/$kernel.c"
done
seed tails -mtail-call <src/engine/kernels/tails.c
seed vectors -O2 -msimd128 <src/engine/kernels/floats.c
seed relaxed -O2 -msimd128 -mrelaxed-simd <<'C'
#include <wasm_simd128.h>
static float a[8] = {1, 2, 3, 4, 5, 6, 7, 8};
__attribute__((export_name("f"))) float f(int i) {
  v128_t x = wasm_v128_load(a + (i & 3)), y = wasm_f32x4_splat(i);
  x = wasm_f32x4_relaxed_madd(x, y, wasm_i8x16_shuffle(x, y, 0, 17, 2, 19, 4,
      21, 6, 23, 8, 25, 10, 27, 12, 29, 14, 31));
  return wasm_f32x4_extract_lane(x, 2) + wasm_i16x8_bitmask(x);
}
C
seed tiny <<'C'
__attribute__((export_name("f"))) int f(void) { return 41; }
C
seed sum <<'C'
__attribute__((export_name("f"))) int f(int x) { return 3 * x + 4; }
__attribute__((export_name("g"))) int g(int x) { return x < 9 ? 5 : 6; }
C
{
  for n in {1..12}; do
    echo "__attribute__((export_name(\"f$n\"))) int f$n(int x) { return $n * 3; }"
  done
} | seed constants

# Choices for the generator of random modules (llvm/random_module.h).
choices=src/engine/fuzz_seeds/engine_differential_fuzz
mkdir -p "$choices"
for n in 1 2 3 4; do
  RANDOM=$n
  for _ in {1..900}; do
    printf '%b' "\\x$(printf %02x $((RANDOM >> 4 & 255)))"
  done >"$choices/choices-$n"
done
