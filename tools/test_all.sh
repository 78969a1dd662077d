#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Every test: those under sanitizers, then those of the static release. The last
# lines say how many ran and what was skipped, and why.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=0
for folder in build/test build/release; do
  ctest --test-dir "$folder" --output-on-failure -j "$(nproc)" \
    --output-junit "$PWD/$folder/tests.xml" >"$folder/tests.log" 2>&1 || failed=1
  if [ $failed = 1 ]; then
    grep -vE '^ *[0-9]+/[0-9]+ Test +#.*Passed|^ +Start ' "$folder/tests.log"
  fi
done

count() { cat build/test/tests.xml build/release/tests.xml | tr '<' '\n' | grep -cE "$1"; }
skipped=$(count '^skipped')
broken=$(count '^failure')
total=$(count '^testcase')
if [ "$skipped" -gt 0 ]; then
  echo "skipped, with the reason each gives:"
  cat build/test/tests.xml build/release/tests.xml | tools/skipped.awk
fi
[ $failed = 0 ] || echo "a failing test runs alone with: ./dev test NAME"
echo "$((total - skipped - broken)) passed, $broken failed, $skipped skipped"
[ $failed = 0 ] && [ "$broken" = 0 ] && [ "$total" -gt 0 ]
