#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# bench.sh [WORD]: runs each *_bench program of the bench build whose name holds WORD.
set -euo pipefail
cd "$(dirname "$0")/.."
for program in $(find build/bench/src -name '*_bench' -type f -perm -u+x | sort); do
  case $program in *"${1:-}"*) echo "== ${program##*/}"; "$program" --benchmark_min_time=0.2 ;; esac
done
