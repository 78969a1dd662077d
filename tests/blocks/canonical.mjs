// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The canonical ABI, once more, in JavaScript: types as values, sizes and
// alignments computed by the rules of the specification and not taken from
// blocks/support/ABI.md, so that the two can disagree. Only what wit/rune-block.wit
// needs, and as strict as the specification asks a host to be.
//
// source  component-model, design/mvp/CanonicalABI.md
import fs from 'node:fs';

const simple = (kind, size) => ({ kind, size, align: size });
export const bool = simple('bool', 1), u8 = simple('u8', 1), u32 = simple('u32', 4);
export const s64 = simple('s64', 8), f64 = simple('f64', 8);
export const string = { kind: 'string', size: 8, align: 4 };
export const list = element => ({ kind: 'list', element, size: 8, align: 4 });

const up = (offset, align) => Math.ceil(offset / align) * align;
export function record(fields) {
  let size = 0, align = 1;
  const laid = Object.entries(fields).map(([name, type]) => {
    const at = up(size, type.align);
    size = at + type.size;
    align = Math.max(align, type.align);
    return { name, type, at };
  });
  return { kind: 'record', fields: laid, size: up(size, align), align };
}
export function variant(cases) {
  const list = Object.entries(cases).map(([name, type]) => ({ name, type }));
  const tag = list.length <= 256 ? 1 : 2;
  const maxAlign = Math.max(1, ...list.map(c => c.type?.align ?? 1));
  const maxSize = Math.max(0, ...list.map(c => c.type?.size ?? 0));
  const align = Math.max(tag, maxAlign), at = up(tag, maxAlign);
  return { kind: 'variant', cases: list, at, size: up(at + maxSize, align), align };
}
export const enumeration = (...names) => variant(Object.fromEntries(names.map(n => [n, null])));
export const option = type => ({ ...variant({ none: null, some: type }), kind: 'option' });
export const result = (ok, error) => variant({ ok, error });

// wit/rune-block.wit
export const tensor = record({ dtype: string, dims: list(u32), data: list(u8) });
export const dimension = variant({ fixed: u32, named: string, unknown: null });
export const tensorType = record({ dtype: string, dims: list(dimension) });
export const value = variant({
  boolean: bool, integer: s64, number: f64, text: string,
  integers: list(s64), numbers: list(f64), texts: list(string),
});
export const valueKind = enumeration(
  'boolean', 'integer', 'number', 'text', 'integers', 'numbers', 'texts');
export const argument = record({ name: string, value });
export const argumentInfo = record({ name: string, docs: string, kind: valueKind, default: option(value) });
export const port = record({ name: string, docs: string, dtypes: list(string), dims: option(list(dimension)) });
export const metadata = record({
  name: string, version: string, docs: string,
  arguments: list(argumentInfo), inputs: list(port), outputs: list(port),
});
export const error = record({ code: string, message: string, subject: option(string) });

export const interfaceName = 'rune:block/block@0.1.0';
export const functions = {
  metadata: { takes: null, gives: metadata },
  create: { takes: list(argument), gives: result(null, error) },
  graph: { takes: list(tensorType), gives: result(list(tensorType), error) },
  compute: { takes: list(tensor), gives: result(list(tensor), error) },
};

function refuse(why) { throw new Error(`canonical ABI: ${why}`); }

/** One instance of a block and its memory. */
export class Guest {
  constructor(bytes) {
    this.module = new WebAssembly.Module(bytes);
    this.instance = new WebAssembly.Instance(this.module, {});
    this.exports = this.instance.exports;
    this.exports._initialize?.();
  }
  static open(path) { return new Guest(fs.readFileSync(path)); }

  get memory() { return this.exports.memory.buffer; }
  get view() { return new DataView(this.memory); }

  checked(ptr, bytes, align) {
    ptr >>>= 0;
    if (ptr % align) refuse(`address ${ptr} is not ${align}-aligned`);
    if (ptr + bytes > this.memory.byteLength) refuse(`${ptr}+${bytes} leaves memory`);
    return ptr;
  }
  realloc(align, bytes) {
    return this.checked(this.exports.cabi_realloc(0, 0, align, bytes), bytes, align);
  }

  // --- values to memory ---

  store(type, at, v) {
    const view = this.view;
    switch (type.kind) {
      case 'bool': return view.setUint8(at, v ? 1 : 0);
      case 'u8': return view.setUint8(at, v);
      case 'u32': return view.setUint32(at, v, true);
      case 's64': return view.setBigInt64(at, BigInt(v), true);
      case 'f64': return view.setFloat64(at, v, true);
      case 'string': return this.storePair(at, this.lowerBytes(new TextEncoder().encode(v)));
      case 'list': return this.storePair(at, this.lowerList(type.element, v));
      case 'record': for (const f of type.fields) this.store(f.type, at + f.at, v[f.name]); return;
      case 'option': view.setUint8(at, v === null ? 0 : 1); if (v !== null) this.store(type.cases[1].type, at + type.at, v); return;
      case 'variant': {
        const name = typeof v === 'string' ? v : Object.keys(v)[0];
        const index = type.cases.findIndex(c => c.name === name);
        view.setUint8(at, index);
        if (type.cases[index].type) this.store(type.cases[index].type, at + type.at, v[name]);
      }
    }
  }
  storePair(at, [ptr, length]) {
    this.view.setUint32(at, ptr, true);
    this.view.setUint32(at + 4, length, true);
  }
  lowerBytes(bytes) {
    const ptr = this.realloc(1, bytes.length);
    new Uint8Array(this.memory, ptr, bytes.length).set(bytes);
    return [ptr, bytes.length];
  }
  lowerList(element, items) {
    if (element === u8) return this.lowerBytes(items);
    const ptr = this.realloc(element.align, items.length * element.size);
    items.forEach((item, i) => this.store(element, ptr + i * element.size, item));
    return [ptr, items.length];
  }

  // --- memory to values ---

  load(type, at) {
    const view = this.view;
    switch (type.kind) {
      case 'bool': return view.getUint8(at) !== 0;
      case 'u8': return view.getUint8(at);
      case 'u32': return view.getUint32(at, true);
      case 's64': return Number(view.getBigInt64(at, true));
      case 'f64': return view.getFloat64(at, true);
      case 'string': {
        const [ptr, length] = this.loadPair(at, 1, 1);
        return new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(this.memory, ptr, length));
      }
      case 'list': {
        const [ptr, length] = this.loadPair(at, type.element.size, type.element.align);
        if (type.element === u8)
          return Object.assign(new Uint8Array(this.memory, ptr, length).slice(), { address: ptr });
        return Array.from({ length }, (_, i) => this.load(type.element, ptr + i * type.element.size));
      }
      case 'record': return Object.fromEntries(type.fields.map(f => [f.name, this.load(f.type, at + f.at)]));
    }
    const c = type.cases[view.getUint8(at)] ?? refuse(`case ${view.getUint8(at)} of ${type.cases.length}`);
    const payload = c.type ? this.load(c.type, at + type.at) : null;
    if (type.kind === 'option') return payload;
    return c.type ? { [c.name]: payload } : c.name;
  }
  loadPair(at, size, align) {
    const length = this.view.getUint32(at + 4, true);
    if (length * size >= 2 ** 28) refuse(`a list of ${length * size} bytes`);
    return [this.checked(this.view.getUint32(at, true), length * size, align), length];
  }

  /** Calls one of the four functions: lower, call, lift, post-return. */
  call(name, items) {
    const { takes, gives } = functions[name];
    const flat = takes ? this.lowerList(takes.element, items) : [];
    const at = this.checked(this.exports[`${interfaceName}#${name}`](...flat), gives.size, gives.align);
    const lifted = this.load(gives, at);
    this.exports[`cabi_post_${interfaceName}#${name}`]?.(at);
    return lifted;
  }
}
