#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Compares the includes of src/ with src/layers.txt: a file may include headers
# of its own room and of the rooms its line names. Prints each offence; exit 1 if
# there is one. Tests obey the same rule.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files --cached --others --exclude-standard 'src/*.h' 'src/*.cpp' 'src/*.def' |
  xargs grep -Hn '^#include "' |
  awk -F: '
    FILENAME == "src/layers.txt" {
      if ($0 ~ /^#/ || !NF) next
      rooms[$1] = 1
      n = split($2, names, " ")
      for (i = 1; i <= n; ++i) may[$1, names[i]] = 1
      next
    }
    {
      split($1, path, "/"); from = path[2]
      if (!match($3, /"[^"]*"/)) next
      header = substr($3, RSTART + 1, RLENGTH - 2)
      slash = index(header, "/")
      to = slash ? substr(header, 1, slash - 1) : from
      if (!(from in rooms)) { print $1 ": the room `" from "` has no line in src/layers.txt"; bad = 1 }
      else if (to == from || !(to in rooms) || ((from, to) in may)) next
      else { print $1 ":" $2 ": `" from "` may not know `" to "` (" header "); see src/layers.txt"; bad = 1 }
    }
    END { exit bad }
  ' src/layers.txt - && echo "layers: every include goes the one way"
