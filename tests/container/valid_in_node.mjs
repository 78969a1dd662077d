// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Another engine says that our files are valid modules and finds their sections.
//   node valid_in_node.mjs FOLDER      every .rune in it
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import assert from "node:assert/strict";

const folder = process.argv[2];
const files = readdirSync(folder).filter((name) => name.endsWith(".rune"));
assert.ok(files.length >= 7, `too few .rune files in ${folder}`);
for (const name of files) {
  const bytes = readFileSync(`${folder}/${name}`);
  assert.ok(WebAssembly.validate(bytes), `${name} is no valid module`);
  const module = new WebAssembly.Module(bytes);
  assert.deepEqual(WebAssembly.Module.imports(module), []);
  assert.deepEqual(WebAssembly.Module.exports(module), []);
  for (const section of ["header", "wiring", "digest"])
    assert.equal(WebAssembly.Module.customSections(module, `rune.${section}`).length, 1, `${name}: ${section}`);
  for (const body of WebAssembly.Module.customSections(module, "rune.block")) {
    const wasm = Buffer.from(body).subarray(40 + Buffer.from(body).readUInt32LE(36));
    const hash = createHash("sha256").update(wasm).digest();
    assert.deepEqual(hash, Buffer.from(body).subarray(4, 36), `${name}: hash of a block`);
  }
}
assert.equal(WebAssembly.validate(readFileSync(`${folder}/sample.rune`).subarray(0, -1)), false);
console.log(`${files.length} files are valid`);
