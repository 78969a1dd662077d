// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// bench_litert.mjs MODULES MODEL SECONDS: LiteRT.js (XNNPACK in wasm) on one
// model, without a browser. Prints one line of JSON as `rune bench` does.
//
// source  the package @litertjs/core; its wasm folder is copied away from the
//         package.json that would make its script a module
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [modules, path, seconds] = process.argv.slice(2);
const folder = resolve('build/bench_models/litert');
if (!existsSync(folder))
  cpSync(`${modules}/@litertjs/core/wasm`, folder, { recursive: true });
const require = createRequire(import.meta.url);

/// The build for what this engine can do: relaxed SIMD, else without.
async function start() {
  for (const build of ['litert_wasm_internal', 'litert_wasm_compat_internal'])
    try {
      const factory = require(`${folder}/${build}.js`);
      const made = await (factory.default ?? factory)({ locateFile: name => `${folder}/${name}`, print() {}, printErr() {} });
      return { litert: made, build };
    } catch (error) {
      var why = error;
    }
  throw why;
}

const { litert, build } = await start();
const bytes = readFileSync(path);
const environment = litert.LiteRtEnvironment.create(null);
const at = litert._malloc(bytes.length);
litert.HEAPU8.set(bytes, at);
const model = litert.loadModel(environment, at, bytes.length);
const compiled = litert.compileModel(environment, model, { accelerator: 'wasm' });
const names = model.getSignature(0).inputNames();
const inputs = [];
for (let i = 0; i < names.size(); ++i) {
  const type = model.getInputTensorType(0, i), size = type.bytes();
  const buffer = litert.LiteRtTensorBuffer.createManaged(
      environment, litert.LiteRtTensorBufferType.HOST_MEMORY, type, size);
  const data = buffer.lock(litert.LiteRtTensorBufferLockMode.WRITE);
  litert.HEAPU8.fill(0, data, data + size);
  buffer.unlock();
  inputs.push(buffer);
}
const once = () => {
  const begin = process.hrtime.bigint();
  const outputs = compiled.run(0, inputs);
  const time = Number(process.hrtime.bigint() - begin) / 1000;
  for (const output of outputs)
    output.delete();
  return time;
};
if (compiled.run(0, inputs) instanceof Promise)
  throw new Error('this build of LiteRT.js runs asynchronously');
for (let i = 0; i < 300; ++i)
  once(); // until V8 has made its fast code
const times = [];
for (const end = process.hrtime.bigint() + BigInt(Math.round(seconds * 1e9));
     times.length < 5 || (times.length < 20000 && process.hrtime.bigint() < end);)
  times.push(once());
times.sort((a, b) => a - b);
console.log(JSON.stringify({ median_us: times[times.length >> 1], min_us: times[0], p90_us: times[times.length * 9 / 10 | 0], runs: times.length, build }));
process.exit(0);
