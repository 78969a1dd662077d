// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Graphs of well-known networks with random weights, as ONNX files, so that we
// and our peers run the same thing: ResNet18 and the four of MLPerf Tiny, each in
// f32 and (with quantise/dequantise pairs, u8 activations and i8 weights for each
// channel) in 8 bits. `node bench_graphs.mjs FOLDER` writes what is not there.
//
// source  onnx.proto3 (field numbers); He et al. 2015, arXiv:1512.03385;
//         Banbury et al. 2021, arXiv:2106.07597 (MLPerf Tiny)
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const varint = value => {
  const bytes = [];
  for (value = BigInt.asUintN(64, BigInt(value)); value > 127n; value >>= 7n)
    bytes.push(Number(value & 127n) | 128);
  return Buffer.from([...bytes, Number(value)]);
};
const number = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
const bytes = (field, value) => {
  const data = Buffer.isBuffer(value) ? value : Buffer.from(value);
  return Buffer.concat([varint((field << 3) | 2), varint(data.length), data]);
};
const message = (field, parts) => bytes(field, Buffer.concat(parts));

const types = { f32: 1, u8: 2, i8: 3, i32: 6, i64: 7, f16: 10, bf16: 16 };
const tensor = (name, type, dims, data) =>
  message(5, [...dims.map(d => number(1, d)), number(2, types[type]), bytes(8, name),
              bytes(9, Buffer.from(data.buffer, data.byteOffset, data.byteLength))]);
const described = (field, name, dims) =>
  message(field, [bytes(1, name), message(2, [message(1, [
    number(1, types.f32), message(2, dims.map(d => message(1, [number(1, d)])))])])]);
const attribute = (name, value) => {
  const head = bytes(1, name);
  if (Array.isArray(value))
    return message(5, [head, ...value.map(v => number(8, v)), number(20, 7)]);
  return message(5, [head, number(3, value), number(20, 2)]);
};

/// A network that grows layer by layer; values are {name, dims}.
class Network {
  constructor(name, input, quantised) {
    Object.assign(this, { name, quantised, parts: [], tensors: [], next: 0, random: 1 });
    this.input = { name: 'x', dims: input };
    this.entry = this.quantise(this.input);
  }
  id(what) { return `${what}_${this.next++}`; }
  constant(what, type, dims, data) {
    const name = this.id(what);
    this.tensors.push(tensor(name, type, dims, data));
    return name;
  }
  node(op, inputs, dims, attributes = {}) {
    const name = this.id(op.toLowerCase());
    this.parts.push(message(1, [...inputs.map(i => bytes(1, i)), bytes(2, name), bytes(3, name),
                                bytes(4, op), ...Object.entries(attributes).map(([k, v]) => attribute(k, v))]));
    return { name, dims };
  }
  uniform() {
    this.random = (Math.imul(this.random, 1664525) + 1013904223) >>> 0;
    return this.random / 2 ** 31 - 1;
  }
  quantise(x) {
    if (!this.quantised)
      return x;
    const scale = this.constant('scale', 'f32', [], Float32Array.of(0.02));
    const zero = this.constant('zero', 'u8', [], Uint8Array.of(x.isPositive ? 0 : 128));
    const q = this.node('QuantizeLinear', [x.name, scale, zero], x.dims);
    return this.node('DequantizeLinear', [q.name, scale, zero], x.dims);
  }
  /// Weights and biases; in 8 bits with a scale for each of `outputs` along `axis`.
  weights(dims, axis) {
    const count = dims.reduce((a, b) => a * b, 1), outputs = dims[axis];
    const spread = Math.sqrt(6 / (count / outputs));
    if (!this.quantised)
      return [this.constant('weights', 'f32', dims, Float32Array.from({ length: count }, () => this.uniform() * spread)),
              this.constant('bias', 'f32', [outputs], Float32Array.from({ length: outputs }, () => this.uniform() * 0.1))];
    const scales = Float32Array.from({ length: outputs }, () => spread / 127 * (1 + 0.1 * this.uniform()));
    const scale = this.constant('scale', 'f32', [outputs], scales);
    const w = this.constant('weights', 'i8', dims, Int8Array.from({ length: count }, () => Math.round(this.uniform() * 127)));
    const zeros = this.constant('zero', 'i8', [outputs], new Int8Array(outputs));
    const biasScale = this.constant('scale', 'f32', [outputs], scales.map(s => s * 0.02));
    const b = this.constant('bias', 'i32', [outputs], Int32Array.from({ length: outputs }, () => Math.round(this.uniform() * 100)));
    const biasZeros = this.constant('zero', 'i32', [outputs], new Int32Array(outputs));
    return [this.node('DequantizeLinear', [w, scale, zeros], dims, { axis }).name,
            this.node('DequantizeLinear', [b, biasScale, biasZeros], [outputs], { axis: 0 }).name];
  }
  conv(x, channels, kernel, { stride = 1, groups = 1, relu = true, pads } = {}) {
    const [kh, kw] = [kernel].flat().length === 2 ? kernel : [kernel, kernel];
    const [sh, sw] = [stride, stride];
    const out = (size, s) => Math.ceil(size / s);
    const h = out(x.dims[2], sh), w = out(x.dims[3], sw);
    const total = (size, k, s, o) => Math.max(0, (o - 1) * s + k - size);
    const ph = total(x.dims[2], kh, sh, h), pw = total(x.dims[3], kw, sw, w);
    pads ??= [ph >> 1, pw >> 1, ph - (ph >> 1), pw - (pw >> 1)];
    const [weights, bias] = this.weights([channels, x.dims[1] / groups, kh, kw], 0);
    let y = this.node('Conv', [x.name, weights, bias], [1, channels, h, w],
                      { kernel_shape: [kh, kw], strides: [sh, sw], pads, group: groups });
    return this.quantise(relu ? this.relu(y) : y);
  }
  relu(x) { return { ...this.node('Relu', [x.name], x.dims), isPositive: true }; }
  dense(x, outputs, relu) {
    const [weights, bias] = this.weights([outputs, x.dims[1]], 0);
    const y = this.node('Gemm', [x.name, weights, bias], [x.dims[0], outputs], { transB: 1 });
    return this.quantise(relu ? this.relu(y) : y);
  }
  add(a, b) { return this.quantise(this.relu(this.node('Add', [a.name, b.name], a.dims))); }
  maxPool(x, kernel, stride) {
    const [n, c, h, w] = x.dims;
    return this.quantise(this.node('MaxPool', [x.name], [n, c, h / stride, w / stride],
                                   { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [1, 1, 1, 1] }));
  }
  mean(x) {
    const pooled = this.quantise(this.node('GlobalAveragePool', [x.name], [1, x.dims[1], 1, 1]));
    return this.quantise(this.node('Flatten', [pooled.name], [1, x.dims[1]]));
  }
  softmax(x) { return this.node('Softmax', [x.name], x.dims, { axis: 1 }); }
  bytes(y) {
    return Buffer.concat([
      number(1, 8), bytes(2, 'rune bench'), message(8, [bytes(1, ''), number(2, 17)]),
      message(8, [bytes(1, 'com.microsoft'), number(2, 1)]),
      message(7, [...this.parts, bytes(2, this.name), ...this.tensors,
                  described(11, 'x', this.input.dims), described(12, y.name, y.dims)])]);
  }
}

const networks = {
  resnet18: { input: [1, 3, 224, 224], build(n, x) {
    x = n.maxPool(n.conv(x, 64, 7, { stride: 2, pads: [3, 3, 3, 3] }), 3, 2);
    for (const [channels, first] of [[64, 1], [128, 2], [256, 2], [512, 2]])
      for (const stride of [first, 1]) {
        const short = stride > 1 ? n.conv(x, channels, 1, { stride, relu: false }) : x;
        const inner = n.conv(x, channels, 3, { stride, pads: [1, 1, 1, 1] });
        x = n.add(n.conv(inner, channels, 3, { relu: false }), short);
      }
    return n.dense(n.mean(x), 1000, false);
  } },
  ic: { input: [1, 3, 32, 32], build(n, x) {
    x = n.conv(x, 16, 3);
    for (const [channels, stride] of [[16, 1], [32, 2], [64, 2]]) {
      const short = stride > 1 ? n.conv(x, channels, 1, { stride, relu: false }) : x;
      x = n.add(n.conv(n.conv(x, channels, 3, { stride }), channels, 3, { relu: false }), short);
    }
    return n.softmax(n.dense(n.mean(x), 10, false));
  } },
  kws: { input: [1, 1, 49, 10], build(n, x) {
    x = n.conv(x, 64, [10, 4], { stride: 2 });
    for (let i = 0; i < 4; ++i)
      x = n.conv(n.conv(x, 64, 3, { groups: 64 }), 64, 1);
    return n.softmax(n.dense(n.mean(x), 12, false));
  } },
  vww: { input: [1, 3, 96, 96], build(n, x) {
    x = n.conv(x, 8, 3, { stride: 2 });
    for (const [channels, stride] of [[16, 1], [32, 2], [32, 1], [64, 2], [64, 1], [128, 2], [128, 1], [128, 1],
                                      [128, 1], [128, 1], [128, 1], [256, 2], [256, 1]])
      x = n.conv(n.conv(x, x.dims[1], 3, { stride, groups: x.dims[1] }), channels, 1);
    return n.softmax(n.dense(n.mean(x), 2, false));
  } },
  ad: { input: [1, 640], build(n, x) {
    for (const outputs of [128, 128, 128, 128, 8, 128, 128, 128, 128])
      x = n.dense(x, outputs, true);
    return n.dense(x, 640, false);
  } },
};

/// Products of two square matrices, the second one constant.
export const gemmSizes = [256, 512, 1024, 2048, 4096];

/// One row by a constant matrix of `gemvSize` rows and columns, as models keep
/// their weights: floats of 32 and 16 bits, 8 bits met by a row that is
/// quantised in the run, 4 bits with a scale for each block of 32.
export const gemvForms = ['f32', 'f16', 'bf16', 'int8', 'int4'];
export const gemvSize = 4096;

function gemv(form, n) {
  const network = new Network(`gemv_${form}`, [1, n], false);
  const weights = (type, dims, data) => network.constant('weights', type, dims, data);
  const bits = () => network.uniform() * 0x8000 + 0x8000 & 0xffff;
  const raw = (op, inputs, outputs, attributes = {}, domain = '') =>
    network.parts.push(message(1, [...inputs.map(i => bytes(1, i)), ...outputs.map(o => bytes(2, o)), bytes(3, outputs[0]), bytes(4, op),
                                   ...Object.entries(attributes).map(([k, v]) => attribute(k, v)), ...(domain ? [bytes(7, domain)] : [])]));
  const floats = length => Float32Array.from({ length }, () => network.uniform());
  switch (form) {
  case 'f32':
    return [network, network.node('MatMul', ['x', weights('f32', [n, n], floats(n * n))], [1, n])];
  case 'f16':
  case 'bf16': { // of f16 the exponents of numbers from 1/4 to 1; of bf16 the upper half of floats
    const data = form === 'f16' ? Uint16Array.from({ length: n * n }, () => bits() & 0x87ff | 0x3400)
      : Uint16Array.from(new Uint32Array(floats(n * n).buffer), x => x >>> 16);
    const wide = network.node('Cast', [weights(form, [n, n], data)], [n, n], { to: types.f32 });
    return [network, network.node('MatMul', ['x', wide.name], [1, n])];
  }
  case 'int8': {
    raw('DynamicQuantizeLinear', ['x'], ['xq', 'xs', 'xz']);
    const sums = network.node('MatMulInteger', ['xq', weights('i8', [n, n], Int8Array.from({ length: n * n }, () => bits() >> 8)), 'xz'], [1, n]);
    const wide = network.node('Cast', [sums.name], [1, n], { to: types.f32 });
    return [network, network.node('Mul', [wide.name, 'xs'], [1, n])];
  }
  default: {
    const codes = weights('u8', [n, n / 32, 16], Uint8Array.from({ length: n * n / 2 }, () => bits() >> 8));
    raw('MatMulNBits', ['x', codes, weights('f32', [n * n / 32], Float32Array.from({ length: n * n / 32 }, () => network.uniform() / 8 + 0.5))], ['y'],
        { K: n, N: n, bits: 4, block_size: 32 }, 'com.microsoft');
    return [network, { name: 'y', dims: [1, n] }];
  }
  }
}

export function write(folder) {
  mkdirSync(folder, { recursive: true });
  for (const [name, { input, build }] of Object.entries(networks))
    for (const quantised of [false, true]) {
      const path = `${folder}/${name}${quantised ? '_int8' : ''}.onnx`;
      if (existsSync(path))
        continue;
      const network = new Network(name, input, quantised);
      const y = build(network, network.entry);
      writeFileSync(path + '.new', network.bytes(y));
      renameSync(path + '.new', path);
    }
  for (const size of gemmSizes) {
    const path = `${folder}/gemm_${size}.onnx`;
    if (existsSync(path))
      continue;
    const network = new Network(`gemm_${size}`, [size, size], false);
    const weights = network.constant('weights', 'f32', [size, size], Float32Array.from({ length: size * size }, () => network.uniform()));
    const y = network.node('MatMul', ['x', weights], [size, size]);
    writeFileSync(path + '.new', network.bytes(y));
    renameSync(path + '.new', path);
  }
  for (const form of gemvForms) {
    const path = `${folder}/gemv_${form}.onnx`;
    if (existsSync(path))
      continue;
    const [network, y] = gemv(form, gemvSize);
    writeFileSync(path + '.new', network.bytes(y));
    renameSync(path + '.new', path);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  write(process.argv[2] ?? '.');
