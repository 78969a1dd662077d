#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# bench_memory.sh [OPTION...]: what starting and holding a model takes, beside
# ONNX Runtime; the options are those of bench_memory.mjs. RUNE_BENCH_RUNE names
# another program than the static one.
set -euo pipefail
cd "$(dirname "$0")/.."
peers=build/bench_models
mkdir -p $peers
[ $peers/bench_onnxruntime -nt tools/bench_onnxruntime.cpp ] ||
  clang++-22 -std=gnu++20 -O2 -Wall -Wextra -Werror tools/bench_onnxruntime.cpp -o $peers/bench_onnxruntime
"$RUNE_NODE" tools/bench_memory.mjs "${RUNE_BENCH_RUNE:-build/release/rune}" $peers "$@"
