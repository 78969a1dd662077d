// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opens a .rune with nothing but a WebAssembly engine and runs its first block.
// docs/format.md and blocks/support/ABI.md are all one needs to write this.
//   node open_rune.mjs FILE.rune
import { readFileSync } from "node:fs";

const rune = new WebAssembly.Module(readFileSync(process.argv[2]));
const sections = (name) => WebAssembly.Module.customSections(rune, name).map((body) => body.slice(4));
const text = (bytes, at, length) => new TextDecoder().decode(new Uint8Array(bytes, at, length));

// rune.block: SHA-256, name, and the module as its author made it.
const [block] = sections("rune.block");
const nameLength = new DataView(block).getUint32(32, true);
console.log(`block ${text(block, 36, nameLength)}`);
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(block.slice(36 + nameLength)), {});
exports._initialize?.();

const u32 = (at) => new DataView(exports.memory.buffer).getUint32(at, true);
const string = (at) => text(exports.memory.buffer, u32(at), u32(at + 4));
const call = (name, ...args) => exports[`rune:block/block@0.1.0#${name}`](...args);
const done = (name, result) => exports[`cabi_post_rune:block/block@0.1.0#${name}`]?.(result);
// Passes a list: `count` elements of these bytes.
const pass = (bytes, align = 4) => {
  const at = exports.cabi_realloc(0, 0, align, bytes.length);
  new Uint8Array(exports.memory.buffer).set(bytes, at);
  return at;
};

const metadata = call("metadata");
console.log(`calls itself ${string(metadata)} ${string(metadata + 8)}`);
done("metadata", metadata);

const bytesOf = (...words) => new Uint8Array(new Uint32Array(words).buffer);
const data = new Float32Array([1.5, -2, 0.25]);
const tensor = bytesOf(pass(new TextEncoder().encode("f32"), 1), 3, pass(bytesOf(3)), 1, pass(new Uint8Array(data.buffer), 64), data.byteLength);
if (u32(call("create", 4, 0)) & 0xff) throw new Error("create refused");
const result = call("compute", pass(tensor), 1);
if (u32(result) & 0xff) throw new Error(`compute refused: ${string(result + 12)}`);
const out = u32(result + 4);
console.log(`compute gives ${string(out)}: ${[...new Float32Array(exports.memory.buffer.slice(u32(out + 16), u32(out + 16) + u32(out + 20)))].join(" ")}`);
