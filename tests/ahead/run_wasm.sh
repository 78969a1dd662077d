#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# run_wasm.sh RUNE CLANG MODEL NODE EXAMPLE [VERIFY-OPTION...]: compiles a model
# to WebAssembly and calls it from JavaScript as the example does; the evaluator
# judges the output. Both ways to a module: Rune's own, and an object that
# clang's linker links. 77 means that NODE is missing.
set -eu
rune=$1 clang=$2 model=$3 node=$4 example=$5
shift 5
node=${RUNE_NODE:-$node}
[ -x "$node" ] || node=$(command -v node) || { echo "skipped: node is missing"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
shape=
case $model in *.onnx) shape="--shape batch=1" ;; esac
# shellcheck disable=SC2086
"$rune" compile "$model" -o "$work/model.wasm" $shape
# shellcheck disable=SC2086
"$rune" compile "$model" -o "$work/model.o" --target wasm32 $shape
size() { sed -n "s/#define MODEL_$1_BYTES //p" "$work/model.h"; }
# Without the numbers that modules of ours export: it is called by hand.
"$clang" --target=wasm32 -nostdlib -fuse-ld=lld -Wl,--no-entry,--export=model_run,--export=__heap_base \
  "$work/model.o" -o "$work/linked.wasm"
mkdir "$work/data"
# Bytes of a linear congruence, as main.c has them; for floats numbers below 1.
"$node" -e '
  const [kind, bytes, path] = process.argv.slice(1);
  let state = 1;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24;
  const made = kind === "onnx" ? new Float32Array(bytes / 4).map(() => next() / 256) : new Uint8Array(bytes).map(next);
  require("fs").writeFileSync(path, new Uint8Array(made.buffer));
' "${model##*.}" "$(size INPUT_0)" "$work/data/input_0.bin"
"$node" "$example" "$work/model.wasm" "$work/data/input_0.bin" > "$work/data/output_0.bin"
[ "$(wc -c < "$work/data/output_0.bin")" = "$(size OUTPUT_0)" ] || { echo "the output has another size"; exit 1; }
[ "$(tr -d '\000' < "$work/data/output_0.bin" | wc -c)" -gt 0 ] || { echo "the output is all zeros"; exit 1; }
"$node" -e '
  const fs = require("fs");
  const [work, inputBytes, outputBytes, arenaBytes] = process.argv.slice(1);
  for (const [file, imports] of [["model.wasm", 0], ["linked.wasm", 0]])
    if (WebAssembly.Module.imports(new WebAssembly.Module(fs.readFileSync(`${work}/${file}`))).length !== imports)
      throw new Error(`${file} imports something`);
  const bytes = fs.readFileSync(`${work}/linked.wasm`);
  const { memory, model_run, __heap_base } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  memory.grow(Math.ceil((+inputBytes + +outputBytes + +arenaBytes) / 65536) + 2);
  const up = (at) => Math.ceil(at / 64) * 64;
  const lists = up(__heap_base.value), input = lists + 64, output = up(input + +inputBytes);
  const arena = up(output + +outputBytes);
  new Uint32Array(memory.buffer, lists, 2).set([input, output]);
  new Uint8Array(memory.buffer, input).set(fs.readFileSync(`${work}/data/input_0.bin`));
  const status = model_run(lists, lists + 4, arena);
  if (status !== 0) throw new Error(`linked.wasm ended with ${status}`);
  if (model_run(lists, lists + 4, arena + 4) !== -1) throw new Error("a wrong address is not noticed");
  const expected = fs.readFileSync(`${work}/data/output_0.bin`);
  if (Buffer.compare(expected, Buffer.from(memory.buffer, output, +outputBytes)) !== 0)
    throw new Error("both modules do not agree");
' "$work" "$(size INPUT_0)" "$(size OUTPUT_0)" "$(size ARENA)"
"$rune" verify "$model" --data "$work/data" --device evaluator "$@"
