#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# bench_engine.sh: the nine kernels in our engine as shipped, compiled for the
# machine, and in the peers that are installed, one after the other in each of
# several passes; the least time of each counts. Ratios are to native code.
set -euo pipefail
cd "$(dirname "$0")/.."
passes=${RUNE_BENCH_PASSES:-3}
speed=build/bench/src/engine/llvm/engine_speed
nine=src/engine/kernels/nine
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

clang-22 -O3 -msse4.2 -fno-math-errno -w $nine/*.c -lm -o "$scratch/native"
clang-22 --target=wasm32-unknown-unknown -O2 -msimd128 -ffreestanding -nostdlib -w \
  -fuse-ld=lld -Wl,--no-entry -o "$scratch/nine.wasm" $nine/nine.c

names=(native rune) commands=("$scratch/native" "$speed $scratch/nine.wasm")
peer() {
  if [ -n "$2" ] && ${2%% *} --version >/dev/null 2>&1; then
    names+=("$1") commands+=("$2 $nine/nine.mjs $scratch/nine.wasm")
  fi
}
peer node "${RUNE_NODE:-}"
modules=build/node_modules
peer deno "$(ls $modules/@deno/linux-x64-glibc/deno 2>/dev/null | sed 's/$/ run -A/' || true)"
peer bun "$(ls $modules/@oven/bun-linux-x64/bin/bun 2>/dev/null || true)"

kernels="gemm64:2000 resize:1000 norm:5000 fft1k:2000 sha256:100 interp:40000 probe:80 isort:1000 icall:2000"
echo "== nine kernels, least of $passes passes x 4 runs, $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg)"
for pass in $(seq "$passes"); do
  for kernel in $kernels; do
    for i in "${!names[@]}"; do
      echo "${kernel%:*} ${names[$i]} $(${commands[$i]} "${kernel%:*}" "${kernel#*:}")"
    done
  done
done | awk -v order="${names[*]}" '
  { key = $1 " " $2
    if (!($1 in seen)) { seen[$1] = 1; kernel[++count] = $1; sum[$1] = $4 }
    if ($4 != sum[$1]) wrong = wrong " " key
    if (!(key in least) || $3 < least[key]) least[key] = $3 }
  END {
    engines = split(order, name, " ")
    printf "%-10s", "ratio"
    for (k = 1; k <= count; ++k) printf "%8s", kernel[k]
    printf "%9s\n", "geomean"
    for (e = 1; e <= engines; ++e) {
      printf "%-10s", name[e]
      product = 0
      for (k = 1; k <= count; ++k) {
        ratio = least[kernel[k] " " name[e]] / least[kernel[k] " native"]
        product += log(ratio)
        printf "%8.2f", ratio
      }
      printf "%9.2f\n", exp(product / count)
    }
    if (wrong) { print "checksums differ:" wrong; exit 1 }
  }'
echo "== borders"
"$speed" "$scratch/nine.wasm"
