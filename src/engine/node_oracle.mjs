// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls exports of a wasm file in node and prints what happened, so that tests
// can compare our engine with another.
//   node node_oracle.mjs MODULE.wasm CALLS.txt
// A line of CALLS: `export result argument…`; a result is a type or `-`, an
// argument `type:bits` with the bits in hexadecimal. For each line one line of
// output: `type:bits`, `-`, or `trap:` and the engine's message. After a trap
// the module is instantiated anew, as our engine demands. The last line is
// `memory:` and a checksum of memory 0, if there is one.
import { readFileSync } from "node:fs";

const view = new DataView(new ArrayBuffer(8));

function parse(text) {
  const [type, hex] = text.split(":");
  const bits = BigInt("0x" + hex);
  view.setBigUint64(0, bits, true);
  if (type === "i32") return view.getInt32(0, true);
  if (type === "i64") return BigInt.asIntN(64, bits);
  if (type === "f32") return view.getFloat32(0, true);
  return view.getFloat64(0, true);
}

function print(type, value) {
  view.setBigUint64(0, 0n, true);
  if (type === "-") return "-";
  if (type === "i32") view.setInt32(0, value, true);
  if (type === "i64") view.setBigInt64(0, value, true);
  if (type === "f32") view.setFloat32(0, value, true);
  if (type === "f64") view.setFloat64(0, value, true);
  return type + ":" + view.getBigUint64(0, true).toString(16);
}

/// FNV-1a, 32 bits.
function checksum(bytes) {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16);
}

const [modulePath, callsPath] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(modulePath));
let instance = new WebAssembly.Instance(module, {});

const output = [];
for (const line of readFileSync(callsPath, "utf8").split("\n")) {
  if (line === "") continue;
  const [name, result, ...words] = line.split(" ");
  try {
    output.push(print(result, instance.exports[name](...words.map(parse))));
  } catch (problem) {
    output.push("trap:" + problem.message);
    instance = new WebAssembly.Instance(module, {});
  }
}
const memory = instance.exports.memory;
if (memory) output.push("memory:" + checksum(new Uint8Array(memory.buffer)));
process.stdout.write(output.join("\n") + "\n");
