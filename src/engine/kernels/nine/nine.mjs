// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels in a JavaScript engine (node, deno or bun):
//   nine.mjs MODULE.wasm KERNEL N   prints milliseconds and the checksum
import { readFileSync } from "node:fs";
import process from "node:process";

const [path, kernel, count] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(path));
const run = new WebAssembly.Instance(module, {}).exports["run_" + kernel];
const n = Number(count);
// Until the optimising tier has taken over.
for (let i = 0; i < 30; ++i) run(Math.max(1, n >> 5));
let best = Infinity;
let result = 0;
for (let i = 0; i < 4; ++i) {
  const start = performance.now();
  result = run(n);
  best = Math.min(best, performance.now() - start);
}
console.log(best.toFixed(3) + " " + result);
