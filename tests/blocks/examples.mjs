// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The example that each block brings (blocks/NAME/example.json): its tensors, its
// arguments, and the Runefile that the block's page shows. The page, the tests in
// node and the test with `rune` all take it from here.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
export const source = path.join(here, '../../blocks');
export const golden = path.join(here, 'golden');
export const names = fs.readdirSync(source)
  .filter(name => fs.existsSync(path.join(source, name, `${name}.cpp`))).sort();

const arrays = {
  f32: Float32Array, f64: Float64Array, i8: Int8Array, i16: Int16Array, i32: Int32Array,
  i64: BigInt64Array, u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, u64: BigUint64Array,
};
export const numeric = Object.keys(arrays);
export const isBig = dtype => dtype.endsWith('64') && dtype !== 'f64';
export const count = dims => dims.reduce((product, d) => product * d, 1);
export const bytesPer = dtype =>
  arrays[dtype]?.BYTES_PER_ELEMENT ?? { utf8: 4, bool: 1, f16: 2, bf16: 2, complex64: 8 }[dtype] ?? 1;

export function tensor(dtype, dims, values) {
  if (dtype === 'utf8') return utf8(dims, values);
  const array = arrays[dtype].from(values, v => (isBig(dtype) ? BigInt(v) : v));
  return { dtype, dims, data: new Uint8Array(array.buffer) };
}
export function utf8(dims, texts) {
  const parts = texts.map(text => Buffer.from(text)).flatMap(bytes => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  return { dtype: 'utf8', dims, data: new Uint8Array(Buffer.concat(parts)) };
}
export function elements({ dtype, data }) {
  if (dtype === 'utf8') return texts({ data });
  const copy = data.slice().buffer, array = new arrays[dtype](copy);
  return Array.from(array, v => (isBig(dtype) ? Number(v) : v));
}
export function texts({ data }) {
  const found = [], view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at < data.length;) {
    const length = view.getUint32(at, true);
    found.push(new TextDecoder('utf-8', { fatal: true }).decode(data.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return found;
}

/** The sounds of golden.py, by the same integers. */
export function sound(kind, samples) {
  let state = 1, phase = 0;
  return Int16Array.from({ length: samples }, (_, i) => {
    state = Number((BigInt(state) * 1103515245n + 12345n) & 0x7FFFFFFFn);
    const noise = ((state >> 12) & 0xFFFF) - 0x8000;
    phase = (phase + 200 + i) & 0xFFFF;
    const triangle = Math.abs(phase - 0x8000) * 2 - 0x8000;
    const loud = Math.floor(i / 2000) % 2 ? 0 : (i % 2000) * 15;
    const value = kind === 'chirp' ? Math.floor((triangle * 20000 + noise * 50) / 32768)
      : kind === 'noise' ? noise >> 6 : Math.floor((triangle * loud + noise * 300) / 32768);
    return Math.max(-32768, Math.min(32767, value));
  });
}

export const goldenBytes = file => fs.readFileSync(path.join(golden, file));

/** A tensor as example.json writes it. */
function exampleTensor({ dtype, dims, elements: given, text, rest, sound: kind, golden: file }) {
  if (kind) return tensor(dtype, dims, sound(kind, count(dims)));
  if (file) return { dtype, dims, data: new Uint8Array(goldenBytes(file).subarray(0, count(dims) * bytesPer(dtype))) };
  if (text !== undefined) {
    const missing = count(dims) - Buffer.byteLength(text);
    const filled = text + (rest ? rest.repeat(missing / rest.length) : '');
    return { dtype, dims, data: new TextEncoder().encode(filled) };
  }
  const filled = rest === undefined ? given : [...given, ...Array(count(dims) - given.length).fill(rest)];
  assert.equal(filled.length, count(dims));
  return tensor(dtype, dims, filled);
}

const cache = {};
/** A block's example and interface. */
export function example(name) {
  if (cache[name]) return cache[name];
  const read = file => {
    const full = path.join(source, name, file);
    assert.ok(fs.existsSync(full), `blocks/${name}/${file} is missing: every block of the library has one`);
    return JSON.parse(fs.readFileSync(full, 'utf8'));
  };
  const declared = read('interface.json'), written = read('example.json');
  const given = Object.entries(written.arguments ?? {}).map(([argument, value]) => {
    const info = declared.arguments.find(a => a.name === argument);
    assert.ok(info, `${name}'s example gives \`${argument}\`, which it does not declare`);
    return { name: argument, value: { [info.kind]: value } };
  });
  return (cache[name] = {
    ...written, name, declared, given,
    inputTensors: written.inputs.map(exampleTensor), outputTensors: written.outputs.map(exampleTensor),
  });
}

// --- the Runefile ---

const stageName = text => text.replaceAll('-', '_');
const path_ = name => `hotg-ai/proc-blocks@v0.11.3#${name}`;
const indented = (text, depth) => text.trimEnd().split('\n').map(line => (line ? ' '.repeat(depth) + line : '')).join('\n');

function stage(name, lines, types) {
  const outputs = types.map(({ dtype, dims }) => `      - {type: ${dtype}, dimensions: [${dims.join(', ')}]}`);
  return [`  ${name}:`, ...lines, ...(types.length ? ['    outputs:', ...outputs] : [])];
}

/** The stages that bring input `index`: its name, and for a text its decoding. */
function inputStages({ dtype, dims, data }, name, index) {
  const source_ = index ? ['    args:', `      source: ${index}`] : [];
  if (dtype !== 'utf8') return stage(name, ['    capability: RAW', ...source_], [{ dtype, dims }]);
  return [
    ...stage(`${name}_bytes`, ['    capability: RAW', ...source_], [{ dtype: 'u8', dims: [data.length - 4] }]),
    ...stage(name, [`    proc-block: "${path_('utf8_decode')}"`, '    inputs:', `      - ${name}_bytes`], [{ dtype, dims }]),
  ];
}

function argumentLines({ arguments: given = {}, resources = {} }) {
  const lines = Object.entries(given).map(([name, value]) => {
    if (resources[name]) return `      ${name}: $${resources[name]}`;
    if (typeof value === 'string' && value.includes('\n')) return `      ${name}: |\n${indented(value, 8)}`;
    return `      ${name}: ${value}`;
  });
  return lines.length ? ['    args:', ...lines] : [];
}

function resourceLines({ arguments: given = {}, resources = {} }) {
  const lines = Object.entries(resources).map(([argument, name]) =>
    `  ${name}:\n    inline: |\n${indented(given[argument], 6)}`);
  return lines.length ? ['resources:', ...lines] : [];
}

/** A whole Runefile that runs the example, with `--raw` for each input in order. */
export function runefile(of) {
  const inputs = of.inputTensors.map((_, i) => of.declared.inputs[i]?.name ?? `input${i}`).map(stageName);
  const self = stageName(of.name), lines = ['version: 1', 'image: runicos/base', 'pipeline:'];
  of.inputTensors.forEach((input, i) => lines.push(...inputStages(input, inputs[i], i)));
  lines.push(...stage(self, [`    proc-block: "${path_(of.name)}"`, '    inputs:', ...inputs.map(name => `      - ${name}`),
    ...argumentLines(of)], of.outputTensors));
  const outs = of.outputTensors.map((_, i) => (i ? `${self}.${i}` : self));
  lines.push('  serial:', '    out: serial', '    inputs:', ...outs.map(name => `      - ${name}`), ...resourceLines(of));
  return lines.join('\n') + '\n';
}

/** What `--raw` reads for an input. */
export const rawBytes = ({ dtype, data }) => (dtype === 'utf8' ? data.subarray(4) : data);
