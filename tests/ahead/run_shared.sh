#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# run_shared.sh RUNE CLANG MODEL: compiles the model to a shared library, links
# main.c with it as any program is linked, and runs that under the system's
# loader; the evaluator judges the output.
set -eu
rune=$1 clang=$2 model=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$rune" compile "$model" -o "$work/libmodel.so" --name model
mv "$work/libmodel.h" "$work/model.h"
echo 'int main(void) { begin(); }' > "$work/start.c"
sed 's/^__asm__(".globl _start.*//' "$here/main.c" | cat - "$work/start.c" > "$work/main.c"
"$clang" -O1 -I"$work" "$work/main.c" -L"$work" -lmodel -o "$work/program" -fuse-ld=lld-22
size() { sed -n "s/#define MODEL_$1_0_BYTES //p" "$work/model.h"; }
mkdir "$work/data"
LD_BIND_NOW=1 LD_LIBRARY_PATH="$work" "$work/program" > "$work/bytes"
head -c "$(size INPUT)" "$work/bytes" > "$work/data/input_0.bin"
tail -c "$(size OUTPUT)" "$work/bytes" > "$work/data/output_0.bin"
[ "$(tr -d '\000' < "$work/data/output_0.bin" | wc -c)" -gt 0 ] || { echo "the output is all zeros"; exit 1; }
"$rune" verify "$model" --data "$work/data" --device evaluator --rtol 0 --atol 0
