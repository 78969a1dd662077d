#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# bench_threads.sh [OPTION...]: models on one and on two threads, and on two while
# another process keeps one core busy; the options are those of bench_threads.mjs.
# RUNE_BENCH_RUNE names another program than the static one.
set -euo pipefail
cd "$(dirname "$0")/.."
"$RUNE_NODE" tools/bench_threads.mjs "${RUNE_BENCH_RUNE:-build/release/rune}" "$@"
