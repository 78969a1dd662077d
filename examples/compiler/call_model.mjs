// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls a model that `rune compile MODEL -o NAME.wasm` made; nothing of Rune is
// needed. Works as it stands in node; a browser fetches the file instead.
//
//   node call_model.mjs NAME.wasm INPUT... > OUTPUT    files of plain bytes
import { readFileSync, writeSync } from "node:fs";
import { basename } from "node:path";

const alignment = 64; // of all that the model is given
const pageBytes = 65536;

/** A model with its memory: one run at a time, as many of them as you like. */
export class Model {
  constructor(module, name) {
    const { exports } = new WebAssembly.Instance(module); // imports nothing
    const sizes = (what) => {
      const list = [];
      while (`${name}_${what}_${list.length}_bytes` in exports)
        list.push(exports[`${name}_${what}_${list.length}_bytes`].value);
      return list;
    };
    this.memory = exports.memory;
    // Behind the model's own bytes, memory is ours.
    let end = exports.__heap_base.value;
    const take = (bytes) => {
      const begin = end;
      end += Math.ceil(bytes / alignment) * alignment;
      return { begin, bytes };
    };
    this.inputs = sizes("input").map(take);
    this.outputs = sizes("output").map(take);
    const arena = take(exports[`${name}_arena_bytes`].value);
    const lists = [this.inputs, this.outputs].map((places) => take(4 * places.length));
    const missing = end - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / pageBytes));
    [this.inputs, this.outputs].forEach((places, i) =>
      new Uint32Array(this.memory.buffer, lists[i].begin, places.length).set(places.map((each) => each.begin)));
    exports[`${name}_reset`]?.(arena.begin); // models with state
    this.call = () => exports[`${name}_run`](lists[0].begin, lists[1].begin, arena.begin);
  }

  /** Bytes for each input, bytes of each output; those are valid until the next run. */
  run(...inputs) {
    const view = ({ begin, bytes }) => new Uint8Array(this.memory.buffer, begin, bytes);
    this.inputs.forEach((place, i) => {
      if (inputs[i]?.byteLength !== place.bytes) throw new RangeError(`input ${i} needs ${place.bytes} bytes`);
      view(place).set(inputs[i]);
    });
    const status = this.call();
    if (status !== 0) throw new Error(`the model refuses its input: ${status}`);
    return this.outputs.map(view);
  }
}

if (import.meta.filename === process.argv[1]) {
  const [path, ...files] = process.argv.slice(2);
  const model = new Model(new WebAssembly.Module(readFileSync(path)), basename(path, ".wasm"));
  for (const output of model.run(...files.map((file) => readFileSync(file)))) writeSync(1, output);
}
