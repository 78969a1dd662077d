// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes the tables of operators: each numeric instruction of
// src/wasm/opcodes.def on chosen operands (`numeric.wast`, `vector.wast`), and
// the forms that an engine may treat apart: a constant operand
// (`constants.wast`), a comparison that a branch looks at (`branches.wast`), a
// sum as an address and other memories (`accesses.wast`).
// The results are those that the other engine gives (node 22). Nothing here
// reads our engine's results.
//
//   node tests/spec/generate.mjs
//
// How a NaN may look is the specification's rule (core 3.0, 4.3.3): canonical
// where all NaNs that go in are canonical, arithmetic otherwise, exact where an
// operator only moves bits.
import { readFileSync, writeFileSync } from 'node:fs';

const here = new URL('.', import.meta.url);
const table = readFileSync(new URL('../../src/wasm/opcodes.def', here), 'utf8');

const codes = { i: 0x7f, I: 0x7e, f: 0x7d, F: 0x7c, v: 0x7b };
const names = { i: 'i32', I: 'i64', f: 'f32', F: 'f64', v: 'v128' };

// --- operands -------------------------------------------------------------

const i32s = [0n, 1n, 0xffffffffn, 0x7fffffffn, 0x80000000n, 7n, 0x12345678n, 0xfedcba98n, 31n, 32n, 0x8001n, 0xff80n];
const i64s = [0n, 1n, 0xffffffffffffffffn, 0x7fffffffffffffffn, 0x8000000000000000n, 0x123456789abcdef0n,
  0xfedcba9876543210n, 63n, 64n, 0x80000000n, 0xff80n, 0xffffffff00000000n];
// 0 -0 1 -1.5 2.5 inf -inf canonical NaN, NaN with payload, smallest denormal,
// largest, -2^31 (or the neighbours of where conversions stop)
const f32s = [0x00000000n, 0x80000000n, 0x3f800000n, 0xbfc00000n, 0x40200000n, 0x7f800000n, 0xff800000n,
  0x7fc00000n, 0x7fa12345n, 0x00000001n, 0x7f7fffffn, 0xcf000000n, 0x4f000000n, 0x4effffffn, 0x5f000000n, 0xbf7fffffn];
const f64s = [0x0000000000000000n, 0x8000000000000000n, 0x3ff0000000000000n, 0xbff8000000000000n, 0x4004000000000000n,
  0x7ff0000000000000n, 0xfff0000000000000n, 0x7ff8000000000000n, 0x7ff4000012345678n, 0x0000000000000001n,
  0x7fefffffffffffffn, 0xc1e0000000000000n, 0x41e0000000000000n, 0x41efffffffe00000n, 0x43e0000000000000n, 0xbfefffffffffffffn];
const lanesOf = (values, bits) => {
  const all = [];
  for (let i = 0; i < values.length; ++i) {
    let v = 0n;
    for (let lane = 0; lane < 128 / bits; ++lane)
      v |= values[(i * 5 + lane * 3) % values.length] << BigInt(lane * bits);
    all.push(v);
  }
  return all;
};
const bytes = [0n, 1n, 0x7fn, 0x80n, 0xffn, 0x55n, 0xaan, 0x10n, 0xf0n, 3n, 0x81n];
const halves = [0n, 1n, 0x7fffn, 0x8000n, 0xffffn, 0x1234n, 0xedcbn, 0x00ffn, 0xff00n, 0x80n, 0x4000n];
const vectors = {
  i8: lanesOf(bytes, 8), i16: lanesOf(halves, 16), i32: lanesOf(i32s, 32), i64: lanesOf(i64s, 64),
  f32: lanesOf(f32s, 32), f64: lanesOf(f64s, 64),
};
const shiftCounts = [0n, 1n, 7n, 8n, 15n, 33n, 63n, 0xffffffffn];

function laneType(text) {
  const m = /^(i8|i16|i32|i64|f32|f64)x\d+/.exec(text);
  return m ? m[1] : 'i8';
}
// The lanes that go in may differ from those that come out.
function inputLane(text) {
  const m = /_(i8x16|i16x8|i32x4|i64x2|f32x4|f64x2)/.exec(text);
  return m ? m[1].split('x')[0] : laneType(text);
}
function values(type, text, position) {
  if (type === 'i') return /\.sh[lr]/.test(text) && text.includes('x') && position === 1 ? shiftCounts : i32s;
  return type === 'I' ? i64s : type === 'f' ? f32s : type === 'F' ? f64s : vectors[inputLane(text)];
}
function tuples(signature, text, most) {
  const lists = [...signature].map((type, at) => values(type, text, at));
  const all = [];
  if (lists.length === 1) return lists[0].map(v => [v]);
  // every first operand, with second and third ones that walk at other paces
  for (let i = 0; all.length < most; ++i) {
    const row = lists.map((list, at) => list[(at === 0 ? i : at === 1 ? i * 5 + Math.floor(i / list.length) : i * 7 + 3) % list.length]);
    all.push(row);
  }
  return all;
}

// --- the other engine -----------------------------------------------------

const leb = n => { const out = []; let v = BigInt(n); do { let b = Number(v & 0x7fn); v >>= 7n; out.push(v ? b | 0x80 : b); } while (v); return out; };
const section = (id, content) => [id, ...leb(content.length), ...content];
const vec = items => [...leb(items.length), ...items.flat()];
function opcodeBytes(code) {
  return code < 0x100 ? [code] : [code >> 12, ...leb(code & 0xfff)];
}
// Operands and results cross as integers, so that no NaN is touched.
function paramCodes(type) { return type === 'v' ? [0x7e, 0x7e] : [type === 'i' || type === 'f' ? 0x7f : 0x7e]; }
function instance(op, extra = []) {
  const params = [], body = [];
  let at = 0;
  for (const type of op.operands) {
    params.push(...paramCodes(type));
    if (type === 'v')
      body.push(0x20, at++, 0xfd, 0x12, 0x20, at++, 0xfd, 0x1e, 1); // splat, replace lane 1
    else {
      body.push(0x20, at++);
      if (type === 'f') body.push(0xbe);
      if (type === 'F') body.push(0xbf);
    }
  }
  body.push(...opcodeBytes(op.code), ...extra);
  const results = [...op.results].flatMap(paramCodes);
  const locals = [];
  if (op.results === 'f') body.push(0xbc);
  if (op.results === 'F') body.push(0xbd);
  if (op.results === 'v') {
    locals.push(1, 0x7b);
    body.push(0x22, at, 0xfd, 0x1d, 0, 0x20, at, 0xfd, 0x1d, 1);
  }
  body.push(0x0b);
  const code = [...(locals.length ? [1, ...locals] : [0]), ...body];
  const file = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, vec([[0x60, ...vec(params), ...vec(results)]])),
    ...section(3, vec([[0]])), ...section(7, vec([[1, 0x66, 0, 0]])),
    ...section(10, vec([[...leb(code.length), ...code]]))]);
  return new WebAssembly.Instance(new WebAssembly.Module(file)).exports.f;
}
function run(f, op, row) {
  const args = [];
  [...op.operands].forEach((type, i) => {
    if (type === 'v') args.push(BigInt.asIntN(64, row[i]), BigInt.asIntN(64, row[i] >> 64n));
    else if (type === 'i' || type === 'f') args.push(Number(BigInt.asIntN(32, row[i])));
    else args.push(BigInt.asIntN(64, row[i]));
  });
  const out = f(...args);
  if (op.results === 'v') return BigInt.asUintN(64, out[0]) | BigInt.asUintN(64, out[1]) << 64n;
  return typeof out === 'bigint' ? BigInt.asUintN(64, out) : BigInt(out >>> 0);
}

// --- text -----------------------------------------------------------------

const hex = v => `0x${v.toString(16)}`;
function floatText(bits, width) {
  const exponent = width === 32 ? 8n : 11n, fraction = BigInt(width) - 1n - exponent;
  const sign = bits >> BigInt(width - 1) ? '-' : '';
  const e = (bits >> fraction) & ((1n << exponent) - 1n), m = bits & ((1n << fraction) - 1n);
  if (e === (1n << exponent) - 1n) return m === 0n ? `${sign}inf` : `${sign}nan:${hex(m)}`;
  const bias = (1n << (exponent - 1n)) - 1n;
  if (e === 0n) return m === 0n ? `${sign}0` : `${sign}${hex(m)}p${1n - bias - fraction}`;
  const digits = (m << (fraction % 4n ? 4n - fraction % 4n : 0n)).toString(16).padStart(Number((fraction + 3n) / 4n), '0');
  return `${sign}0x1.${digits}p${e - bias}`;
}
const isNan = (bits, width) => {
  const fraction = width === 32 ? 23n : 52n;
  const low = bits & ((1n << BigInt(width - 1)) - 1n);
  return low > (((1n << BigInt(width - 1)) - 1n) >> fraction << fraction);
};
const isCanonical = (bits, width) => (bits & ((1n << BigInt(width - 1)) - 1n)) === (width === 32 ? 0x7fc00000n : 0x7ff8000000000000n);
const movesBits = text => /\.(abs|neg|copysign|pmin|pmax|reinterpret.*)$/.test(text) || /^v128\./.test(text) || /splat|lane|shuffle|swizzle/.test(text);
const width = type => (type === 'f' || type === 'f32' ? 32 : 64);

function lanes(v, bits) {
  return Array.from({ length: 128 / bits }, (_, i) => (v >> BigInt(i * bits)) & ((1n << BigInt(bits)) - 1n));
}
function constant(type, v) {
  if (type === 'v') return `(v128.const i32x4 ${lanes(v, 32).map(hex).join(' ')})`;
  if (type === 'f' || type === 'F') return `(${names[type]}.const ${floatText(v, width(type))})`;
  return `(${names[type]}.const ${hex(v)})`;
}
// Which floats go in, as [bits, width].
function floatsIn(op, row) {
  return [...op.operands].flatMap((type, i) => {
    if (type === 'f' || type === 'F') return [[[row[i], width(type)]]];
    const lane = inputLane(op.text);
    if (type === 'v' && lane[0] === 'f') return [lanes(row[i], width(lane)).map(b => [b, width(lane)])];
    return [];
  });
}
function nanPattern(inputs) {
  return inputs.every(([bits, w]) => !isNan(bits, w) || isCanonical(bits, w)) ? 'nan:canonical' : 'nan:arithmetic';
}
function expected(op, row, v) {
  const type = op.results, inputs = floatsIn(op, row);
  if (movesBits(op.text)) return constant(type, v);
  if ((type === 'f' || type === 'F') && isNan(v, width(type)))
    return `(${names[type]}.const ${nanPattern(inputs.map(x => x[0]))})`;
  const lane = laneType(op.text);
  if (type === 'v' && lane[0] === 'f' && !/\.(eq|ne|lt|gt|le|ge)$/.test(op.text)) {
    const w = width(lane);
    const texts = lanes(v, w).map((bits, i) => isNan(bits, w)
      ? nanPattern(inputs.map(list => list[i]).filter(Boolean)) : floatText(bits, w));
    return `(v128.const ${lane}x${128 / w} ${texts.join(' ')})`;
  }
  return constant(type, v);
}

const traps = [/unreachable/, /divide by zero/, /integer overflow|unrepresentable/, /float unrepresentable|unrepresentable/];
function trapText(op, row, message) {
  if (/divide by zero|remainder by zero/.test(message)) return 'integer divide by zero';
  if (/divide result unrepresentable/.test(message)) return 'integer overflow';
  // the specification tells a NaN from a number that is too large
  if (/float unrepresentable/.test(message))
    return floatsIn(op, row).flat().some(([bits, w]) => isNan(bits, w)) ? 'invalid conversion to integer' : 'integer overflow';
  throw new Error(`${op.text}: what is "${message}"?`);
}

// --- tables ---------------------------------------------------------------

const ops = [];
const line = /RUNE_OPCODE\(\w+,\s*(0x[0-9a-fA-F]+),\s*"([^"]+)",\s*(\w+),\s*"([^"]*)"\)/g;
for (const [, code, text, immediates, signature] of table.matchAll(line)) {
  if (!/^[iIfFv]+:[iIfFv]$/.test(signature) || text.includes('relaxed')) continue;
  if (immediates !== 'None' && immediates !== 'Lane') continue;
  const [operands, results] = signature.split(':');
  ops.push({ code: Number(code), text, immediates, operands, results });
}

// Small modules: what fails names few suspects, and a mutant costs little.
function write(file, what, perModule, header, chosen, describe) {
  const out = [`;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception`, `;;`,
    `;; ${what} Written by generate.mjs; the results are those of node 22.`];
  let count = 0;
  for (let first = 0; first < chosen.length; first += perModule) {
    const functions = [], asserts = [];
    for (const op of chosen.slice(first, first + perModule)) describe(op, functions, asserts);
    out.push('', '(module', ...header, ...functions, ')', ...asserts);
    count += asserts.length;
  }
  writeText(file, out, count, chosen.filter(Boolean).length);
}
function writeText(file, out, count, instructions) {
  writeFileSync(new URL(file, here), `${out.join('\n')}\n`);
  console.log(`${file}: ${count} assertions about ${instructions} instructions`);
}
function describe(op, functions, asserts) {
  for (const lane of op.immediates === 'Lane' ? laneCounts(op) : [null]) {
    const name = lane === null ? op.text : `${op.text} ${lane}`;
    const params = [...op.operands].map(t => names[t]).join(' ');
    const gets = [...op.operands].map((_, i) => `(local.get ${i})`).join(' ');
    functions.push(`  (func (export "${name}") (param ${params}) (result ${names[op.results]}) (${name} ${gets}))`);
    const f = instance(op, lane === null ? [] : [lane]);
    for (const row of tuples(op.operands, op.text, lane === null ? 12 : 3)) {
      const args = row.map((v, i) => constant(op.operands[i], v)).join(' ');
      try {
        const v = run(f, op, row);
        asserts.push(`(assert_return (invoke "${name}" ${args}) ${expected(op, row, v)})`);
      } catch (error) {
        if (!(error instanceof WebAssembly.RuntimeError)) throw error;
        asserts.push(`(assert_trap (invoke "${name}" ${args}) "${trapText(op, row, error.message)}")`);
      }
    }
  }
}
function laneCounts(op) {
  const count = 128 / Number(laneType(op.text).slice(1));
  return [...new Set([0, 1, count - 1])];
}


// --- forms ----------------------------------------------------------------

const isScalar = op => !/v/.test(op.operands + op.results);
const isCompare = op => /^i(32|64)\.(eq|ne|lt|gt|le|ge)/.test(op.text) && op.operands.length === 2;
// What node says, as a result or a trap.
function assertion(name, args, outcome) {
  return outcome.trap ? `(assert_trap (invoke "${name}" ${args}) "${outcome.trap}")`
    : `(assert_return (invoke "${name}" ${args}) ${outcome.text})`;
}
function outcomeOf(f, op, row) {
  try {
    return { text: expected(op, row, run(f, op, row)) };
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    return { trap: trapText(op, row, error.message) };
  }
}

// The second operand is a constant.
function describeConstant(op, functions, asserts) {
  const f = instance(op), [first, second] = op.operands;
  const list = values(second, op.text, 1);
  for (const at of [1, 4, 6, 9]) {
    const k = list[at % list.length], name = `${op.text} ${hex(k)}`;
    functions.push(`  (func (export "${name}") (param ${names[first]}) (result ${names[op.results]}) (${op.text} (local.get 0) ${constant(second, k)}))`);
    for (const from of [0, 3, 5, 8]) {
      const row = [values(first, op.text, 0)[from + at % 3], k];
      asserts.push(assertion(name, constant(first, row[0]), outcomeOf(f, op, row)));
    }
  }
}

// A branch looks at the comparison, or at its opposite.
function describeBranch(op, functions, asserts) {
  const f = instance(op), t = names[op.operands[0]], list = values(op.operands[0], op.text, 0);
  const forms = {
    'br_if': c => `(block (br_if 0 ${c}) (return (i32.const 0))) (i32.const 1)`,
    'if': c => `(if (result i32) ${c} (then (i32.const 1)) (else (i32.const 0)))`,
    'eqz': c => `(i32.eqz (i32.eqz (i32.eqz ${c}))) (i32.const 1) (i32.xor)`,
    'br_if eqz': c => `(block (br_if 0 (i32.eqz ${c})) (return (i32.const 1))) (i32.const 0)`,
    'select': c => `(select (i32.const 1) (i32.const 0) ${c})`,
  };
  for (const [form, body] of Object.entries(forms)) {
    for (const k of [null, list[1], list[4], list[6]]) {
      const right = k === null ? '(local.get 1)' : constant(op.operands[1], k);
      const name = `${op.text} ${form}${k === null ? '' : ` ${hex(k)}`}`;
      functions.push(`  (func (export "${name}") (param ${k === null ? `${t} ${t}` : t}) (result i32) ${body(`(${op.text} (local.get 0) ${right})`)})`);
      for (const at of k === null ? [0, 1, 2, 3, 4, 5, 6] : [1, 2, 4, 6]) {
        const row = [list[at], k === null ? list[at === 6 ? at : (at * 5 + 1) % list.length] : k];
        const args = (k === null ? row : [row[0]]).map(v => constant(op.operands[0], v)).join(' ');
        asserts.push(assertion(name, args, outcomeOf(f, op, row)));
      }
    }
  }
}

// Loads and stores. The bytes at 0 to 63 have every sign; the rest is zero.
const pattern = Array.from({ length: 64 }, (_, i) => (i * 89 + 0x7d) & 0xff);
const dataText = pattern.map(b => `\\${b.toString(16).padStart(2, '0')}`).join('');
const memoryHeader = [`  (memory 1) (memory $b 1) (memory $l i64 1)`,
  ...['0', '$b', '$l'].map(m => `  (data (memory ${m}) (${m === '$l' ? 'i64' : 'i32'}.const 0) "${dataText}")`)];
function bytesOf(op) {
  if (/^v128\.(load|store)$/.test(op.text)) return 16;
  const m = /(?:load|store)(\d+)(?:x(\d))?/.exec(op.text);
  return m ? Number(m[1]) * Number(m[2] || 1) / 8 : /64\./.test(op.text) ? 8 : 4;
}
// In node: memory 0, addresses of 32 bits; a store gives what lies at `seen`.
function memoryInstance(op, offset, lane, seen) {
  const operands = op.operands.slice(1), params = [0x7f], body = [0x20, 0];
  let at = 1;
  for (const type of operands) {
    params.push(...paramCodes(type));
    if (type === 'v') body.push(0x20, at++, 0xfd, 0x12, 0x20, at++, 0xfd, 0x1e, 1);
    else {
      body.push(0x20, at++);
      if (type === 'f') body.push(0xbe);
      if (type === 'F') body.push(0xbf);
    }
  }
  body.push(...opcodeBytes(op.code), 0, ...leb(offset), ...(lane === null ? [] : [lane]));
  const result = op.results || 'v';
  if (!op.results) body.push(0x41, ...leb(seen), 0xfd, 0x00, 0, 0);
  const locals = [];
  if (result === 'f') body.push(0xbc);
  if (result === 'F') body.push(0xbd);
  if (result === 'v') {
    locals.push(1, 0x7b);
    body.push(0x22, at, 0xfd, 0x1d, 0, 0x20, at, 0xfd, 0x1d, 1);
  }
  body.push(0x0b);
  const code = [...(locals.length ? [1, ...locals] : [0]), ...body];
  const file = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, vec([[0x60, ...vec(params), ...vec(paramCodes(result))]])),
    ...section(3, vec([[0]])), ...section(5, vec([[0, 1]])), ...section(7, vec([[1, 0x66, 0, 0]])),
    ...section(10, vec([[...leb(code.length), ...code]])),
    ...section(11, vec([[0, 0x41, 0, 0x0b, ...leb(pattern.length), ...pattern]]))]);
  return new WebAssembly.Instance(new WebAssembly.Module(file)).exports.f;
}
function memoryOutcome(op, offset, lane, seen, address, rest) {
  const plain = { text: op.text, operands: `i${op.operands.slice(1)}`, results: op.results || 'v' };
  try {
    const v = run(memoryInstance(op, offset, lane, seen), plain, [address, ...rest]);
    return { text: constant(plain.results, v) };
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    return { trap: 'out of bounds memory access' };
  }
}
// An address from which on a number of any size is negative.
const negative = offset => 17 + pattern.slice(17 + offset).findIndex((_, i, rest) => [0, 1, 3, 7].every(last => rest[i + last] >= 0x80));
function describeMemory(op, functions, asserts) {
  const size = bytesOf(op), seen = 16, operands = op.operands.slice(1);
  const params = [...operands].map(t => names[t]).join(' '), result = names[op.results || 'v'];
  const gets = [...operands].map((_, i) => `(local.get ${i + 1})`).join(' ');
  const operandOf = (type, i) => values(type, op.text, 0)[6 + i];
  const lanes = op.immediates === 'Lane' ? [0, 16 / size - 1] : [null];
  const forms = [{ name: '', memory: '', type: 'i32' }, { name: ' $b', memory: '$b ', type: 'i32' }, { name: ' $l', memory: '$l ', type: 'i64' }];
  for (const { name: form, memory, type } of forms)
    for (const lane of lanes) {
      const offset = 3, name = `${op.text}${form}${lane === null ? '' : ` ${lane}`}`;
      // a store begins with the bytes that node's memory has
      const before = op.results ? '' : `(v128.store ${memory}(${type}.const ${seen}) (v128.const i8x16 ${pattern.slice(seen, seen + 16).join(' ')})) `;
      const after = op.results ? '' : ` (v128.load ${memory}(${type}.const ${seen}))`;
      functions.push(`  (func (export "${name}") (param ${type} ${params}) (result ${result}) ${before}(${op.text} ${memory}offset=${offset} align=1 ${lane === null ? '' : `${lane} `}(local.get 0) ${gets})${after})`);
      const rest = [...operands].map(operandOf);
      for (const address of [13, 16, 18, negative(offset), 65536 - size - offset, 65537 - size - offset, 0xffffffff]) {
        const args = [`(${type}.const ${address})`, ...rest.map((v, i) => constant(operands[i], v))].join(' ');
        asserts.push(assertion(name, args, memoryOutcome(op, offset, lane, seen, BigInt(address), rest)));
      }
    }
  if (!op.results || operands) return;
  // the address is a sum, or a sum with a scaled index
  const sums = { sum: '(i32.add (local.get 0) (local.get 1))', scaled: '(i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 3)))' };
  for (const [form, address] of Object.entries(sums)) {
    const name = `${op.text} ${form}`, factor = form === 'sum' ? 1 : 8;
    functions.push(`  (func (export "${name}") (param i32 i32) (result ${result}) (${op.text} offset=2 ${address}))`);
    for (const [a, b] of [[1, 2], [negative(2) - 2 * factor, 2], [0xfffffff0, 4], [65000, 70], [65520, 2], [65536, 0]])
      asserts.push(assertion(name, `(i32.const ${a}) (i32.const ${b})`,
        memoryOutcome(op, 2, null, seen, BigInt.asUintN(32, BigInt(a + b * factor)), [])));
  }
}

const memoryOps = [];
const memoryLine = /RUNE_(MEMORY|LANE)_OPCODE\(\w+,\s*(0x[0-9a-fA-F]+),\s*"([^"]+)",\s*\d+,\s*"([^"]*)"\)/g;
for (const [, kind, code, text, signature] of table.matchAll(memoryLine)) {
  const [operands, results] = signature.split(':');
  memoryOps.push({ code: Number(code), text, immediates: kind === 'LANE' ? 'Lane' : 'None', operands, results });
}

write('numeric.wast', 'Numeric instructions.', 8, [], ops.filter(isScalar), describe);
write('vector.wast', 'Vector instructions.', 8, [], ops.filter(op => !isScalar(op)), describe);
write('constants.wast', 'Numeric instructions with a constant.', 8, [], ops.filter(op => isScalar(op) && op.operands.length === 2), describeConstant);
write('branches.wast', 'Comparisons that a branch looks at.', 2, [], ops.filter(isCompare), describeBranch);
// Stores apart from loads: what they leave behind is in nobody's way.
const accesses = memoryOps.filter(op => op.results);
while (accesses.length % 3) accesses.push(null);
accesses.push(...memoryOps.filter(op => !op.results));
write('accesses.wast', 'Loads and stores of each memory.', 3, memoryHeader, accesses,
  (op, functions, asserts) => op && describeMemory(op, functions, asserts));
