#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# onnx_node_cases.sh RUNE SCRATCH: ONNX's own backend cases through `rune verify
# --suite`. A case whose operators we do not have is skipped by `rune`, by name; a
# wrong number fails, and so does a case of an operator that we do have.
set -euo pipefail
rune=$1 scratch=$2
data=../shared/data/onnx-node
[ -d "$data" ] || { echo "skipped: $data is missing (ONNX's backend test cases)"; exit 77; }

listed=$(sed -n 's/^\(test_[a-z0-9_]*\): .*/\1/p' src/import/onnx/testdata/node_case_exceptions.txt | paste -sd '|')
[ -n "$listed" ]
refused="is not supported\$|/($listed):"
unjudged="/($listed)\$"
passed=0 skipped=0
for suite in node simple pytorch-converted pytorch-operator; do
  rm -rf "$scratch/$suite" && mkdir -p "$scratch/$suite"
  tar --zstd -xf "$data/onnx-$suite-dev.tar.zst" -C "$scratch/$suite"
  "$rune" verify --suite "$scratch/$suite" >"$scratch/$suite.txt" 2>"$scratch/$suite.err" || {
    grep -q '^FAILED ' "$scratch/$suite.txt" || { cat "$scratch/$suite.err"; exit 1; }
  }
  if grep '^FAILED ' "$scratch/$suite.txt" | grep -vE "$unjudged"; then
    echo "$suite: the cases above give wrong numbers"
    exit 1
  fi
  if grep '^skipped ' "$scratch/$suite.txt" | grep -vE "$refused"; then
    echo "$suite: the cases above should run"
    exit 1
  fi
  last=$(grep -E '^[0-9]+ passed' "$scratch/$suite.txt" | tail -n 1)
  echo "$suite: $last"
  passed=$((passed + ${last%% passed*}))
  skipped=$((skipped + $(grep -c '^skipped ' "$scratch/$suite.txt" || true)))
  rm -rf "${scratch:?}/$suite"
done
echo "$passed passed, $skipped skipped"
[ "$passed" -gt 0 ]
