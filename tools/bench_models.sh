#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# bench_models.sh [OPTION...]: whole models beside ONNX Runtime and LiteRT.js;
# the options are those of bench_models.mjs. RUNE_BENCH_RUNE names another
# program than the static one.
set -euo pipefail
cd "$(dirname "$0")/.."
rune=${RUNE_BENCH_RUNE:-build/release/rune}
peers=build/bench_models
mkdir -p $peers
if [ ! tools/bench_onnxruntime.cpp -ot $peers/bench_onnxruntime ]; then
  clang++-22 -std=gnu++20 -O2 -Wall -Wextra -Werror tools/bench_onnxruntime.cpp -o $peers/bench_onnxruntime
fi
"$RUNE_NODE" tools/bench_models.mjs "$rune" $peers "$@"
