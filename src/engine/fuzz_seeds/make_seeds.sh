#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Makes the seeds of wasm_decode_fuzz and interpreter_fuzz from the kernels.
set -euo pipefail
cd "$(dirname "$0")/../../.."
out=$(mktemp)
for kernel in src/engine/kernels/*.c; do
  name=$(basename "$kernel" .c)
  clang-22 --target=wasm32-unknown-unknown -Os -ffreestanding -nostdlib -w \
    -fuse-ld=lld -Wl,--no-entry -Wl,--strip-all -o "$out" "$kernel"
  cp "$out" "src/engine/fuzz_seeds/interpreter_fuzz/$name.wasm"
  cp "$out" "src/wasm/fuzz_seeds/wasm_decode_fuzz/$name.wasm"
done
rm "$out"
