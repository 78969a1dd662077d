#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# fuzz.sh [TARGET] [SECONDS]     each *_fuzz.cpp, or one, for that long (default 60 s)
# fuzz.sh --selftest [TARGET]    plants a bug in each harness: the fuzzer must find it in 60 s
#
# Corpora grow in build/corpus/TARGET, from the seeds beside the source. A crash
# is kept in build/crashes/TARGET-…; make it a test before mending it.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build/crashes

mode=fuzz
[ "${1:-}" = --selftest ] && { mode=selftest; shift; }
target=${1:-} seconds=${2:-60}
targets=$(cd build/fuzz && find src -name '*_fuzz' -type f -perm -u+x -printf '%f\n' | sort)
[ -z "$target" ] || targets=$target
failed=0

for name in $targets; do
  program=$(find build/fuzz/src -name "$name" -type f)
  source=$(git ls-files --cached --others --exclude-standard "src/*/$name.cpp" "src/$name.cpp" | head -n 1)
  seeds=$(find src -type d -path "*fuzz_seeds/$name" | head -n 1)
  corpus=build/corpus/$name
  mkdir -p "$corpus"
  : "${program:?no fuzz target $name}" "${source:?}"
  options=(-rss_limit_mb=2048 -malloc_limit_mb=1024 -timeout=20 -print_final_stats=1
    -artifact_prefix="build/crashes/$name-" -seed=1)
  # A module of fewer choices compiles faster, and each run compiles one.
  [ "$name" != engine_differential_fuzz ] || options+=(-max_len=320)
  log=build/fuzz/$name.log
  if [ $mode = selftest ]; then
    scratch=$(mktemp -d)
    if RUNE_FUZZ_PLANTED=1 "$program" "${options[@]}" -artifact_prefix="$scratch/" \
      -max_total_time=60 "$scratch" ${seeds:+"$seeds"} >"$log" 2>&1; then
      echo "fuzz: $name did NOT find the planted bug in 60 s ($log)"
      failed=1
    else
      echo "fuzz: $name found the planted bug after $(sed -n 's/.*stat::number_of_executed_units: //p' "$log") executions"
    fi
    rm -rf "$scratch"
  else
    if "$program" "${options[@]}" -max_total_time="$seconds" "$corpus" ${seeds:+"$seeds"} >"$log" 2>&1; then
      echo "fuzz: $name clean for $seconds s: $(grep -E 'number_of_executed|new_units' "$log" | sed 's/stat:://; s/ //g' | tr '\n' ' ')$(grep -oE 'cov: [0-9]+' "$log" | tail -n 1), seed 1"
    else
      echo "fuzz: $name FAILED, see $log and build/crashes/"
      tail -n 25 "$log"
      failed=1
    fi
  fi
done
exit $failed
