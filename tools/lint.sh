#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# lint.sh [FILE...]: clang-tidy with .clang-tidy; every warning is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -gt 0 ]; then
  printf '%s\n' "$@"
else
  git ls-files 'src/*.cpp'
fi | grep -vE '_(fuzz|bench)\.cpp$' |
  xargs -P "$(nproc)" -n 4 clang-tidy-22 --quiet -p build/test 2>/dev/null
