// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The built blocks as the tests in node call them, and what they compare with.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Guest } from './canonical.mjs';
import { example, names, source } from './examples.mjs';

export const built = process.argv[2] ?? path.join(source, '../build/blocks');
export const bytesOf = Object.fromEntries(names.map(n => [n, fs.readFileSync(path.join(built, `${n}.wasm`))]));

export const typeOf = ({ dtype, dims }) => ({ dtype, dims: dims.map(fixed => ({ fixed })) });
export const plain = result => (result.ok ? { ok: result.ok.map(t => ({ ...t, data: [...t.data] })) } : result);

const codes = ['invalid-argument', 'unsupported-type', 'unsupported-shape', 'invalid-input', 'arity', 'out-of-memory'];
/** A guest whose every refusal must name what the block declares. */
export class Watched extends Guest {
  call(name, items) {
    const result = super.call(name, items);
    if (result.error && name !== 'create') {
      const { code, subject, message } = result.error, said = this.said ??= super.call('metadata');
      const declared = [...said.arguments, ...said.inputs, ...said.outputs].map(x => x.name);
      assert.ok(codes.includes(code), code);
      assert.ok(code === 'arity' ? subject === null : declared.includes(subject), `${code} of ${subject}: ${message}`);
    }
    return result;
  }
}

/** A block with the arguments of its example, or others. */
export function block(name, args = example(name).given) {
  const guest = new Watched(bytesOf[name]);
  assert.deepEqual(guest.call('create', args), 'ok');
  return guest;
}
export const compute = (name, inputs, args) => block(name, args).call('compute', inputs);
export function only(result) {
  assert.ok(result.ok, JSON.stringify(result));
  assert.equal(result.ok.length, 1);
  return result.ok[0];
}
export const refused = (result, code, subject, message) =>
  assert.deepEqual(result, { error: { code, message, subject } });

// The same numbers on every run.
export function randomNumbers(seed) {
  let state = BigInt(seed);
  return () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & (2n ** 64n - 1n);
    return Number(state >> 33n) / 2 ** 31;
  };
}
export function ulps(a, b) {
  const order = v => {
    const bits = new Int32Array(Float32Array.of(v).buffer)[0];
    return bits < 0 ? -2147483648 - bits : bits;
  };
  return Number.isNaN(a) && Number.isNaN(b) ? 0 : Math.abs(order(a) - order(b));
}
