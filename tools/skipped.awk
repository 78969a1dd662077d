#!/usr/bin/awk -f
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# From ctest's JUnit file: each skipped test and the message it printed.
/<testcase / { match($0, /name="[^"]*"/); name = substr($0, RSTART + 6, RLENGTH - 7); skip = 0; why = "" }
/<skipped/ { skip = 1 }
# GoogleTest prints its place, then the message on the next line.
behind { why = $0; behind = 0 }
/: Skipped$/ { behind = 1; next }
/skipped:|not there|is missing/ { if (why == "") { why = $0; gsub(/^[ \t]+|<[^>]*>/, "", why) } }
/<\/testcase>/ { if (skip) printf "  %s: %s\n", name, why }
