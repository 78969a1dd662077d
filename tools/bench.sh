#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# bench.sh [WORD]: the micro-benchmarks whose names hold WORD, then (WORD `engine`
# or none) the nine kernels beside native code and other engines, then (`command`
# or none) what the static command needs for the examples: median, least and 90th
# percentile of 21 runs, whole processes.
set -euo pipefail
cd "$(dirname "$0")/.."
word=${1:-}

for program in $(find build/bench/src -name '*_bench' -type f -perm -u+x | sort); do
  case $program in
  *"$word"*) echo "== ${program##*/}" && "$program" --benchmark_min_time=0.2 ;;
  esac
done

case engine in
*"$word"*) [ -x build/bench/src/engine/llvm/engine_speed ] && tools/bench_engine.sh ;;
esac

# once COMMAND...: microseconds of wall time.
once() {
  local start=$EPOCHREALTIME
  "$@" >/dev/null 2>&1
  local end=$EPOCHREALTIME
  echo $((${end/./} - ${start/./}))
}

measure() {
  local name=$1 i
  shift
  for i in $(seq 21); do once "$@"; done | sort -n |
    awk -v name="$name" '{ t[NR] = $1 / 1000 }
      END { printf "%-32s median %7.1f ms   min %7.1f ms   p90 %7.1f ms\n", name, t[11], t[1], t[19] }'
}

case command in
*"$word"*)
  echo "== command (build/release/rune; digits, then keywords)"
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  rune=build/release/rune digits=examples/digits
  "$rune" build $digits/Runefile.yml -o "$scratch/digits.rune" 2>/dev/null
  measure "rune version" "$rune" version
  measure "rune check" "$rune" check $digits/Runefile.yml
  measure "rune build" "$rune" build $digits/Runefile.yml -o "$scratch/digits.rune"
  measure "rune run" "$rune" run "$scratch/digits.rune" --image $digits/images/digit-7.png
  keywords=examples/keywords
  measure "rune build, keywords" "$rune" build $keywords/Runefile.yml -o "$scratch/keywords.rune"
  measure "rune run, keywords" "$rune" run "$scratch/keywords.rune" --sound $keywords/sounds/yes.wav
  ;;
esac
