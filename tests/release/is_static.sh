#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# is_static.sh RUNE: no interpreter, no dynamic section, no relocation on others.
set -euo pipefail
if readelf --program-headers "$1" | grep -E 'INTERP|DYNAMIC'; then
  echo "$1 is a dynamic executable" >&2
  exit 1
fi
