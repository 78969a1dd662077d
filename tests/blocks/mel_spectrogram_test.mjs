// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mel-spectrogram against the sums of its definition in f64: a plain Fourier sum,
// triangles drawn one by one. And the clips of examples/keywords against the
// features that the NumPy twin wrote beside them (expected.json).
//   node tests/blocks/mel_spectrogram_test.mjs build/blocks
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Guest } from './canonical.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const built = process.argv[2] ?? path.join(here, '../../build/blocks');
const bytes = fs.readFileSync(path.join(built, 'mel-spectrogram.wasm'));
const example = path.join(here, '../../examples/keywords');

const value = v => (typeof v === 'string' ? { text: v } : { integer: v });
const list = args => Object.entries(args).map(([name, v]) => ({ name, value: value(v) }));
const create = args => new Guest(bytes).call('create', list(args));
function block(args) {
  const guest = new Guest(bytes);
  assert.deepEqual(guest.call('create', list(args)), 'ok');
  return guest;
}
const arrays = { i16: Int16Array, f32: Float32Array, i8: Int8Array };
const tensor = (dtype, values) => ({ dtype, dims: [values.length], data: new Uint8Array(arrays[dtype].from(values).buffer) });
function ask(guest, input) {
  const result = guest.call('compute', [input]);
  assert.ok(result.ok, JSON.stringify(result));
  const [{ dtype, dims, data }] = result.ok;
  const copy = Uint8Array.from(data);
  return { dtype, dims, values: Array.from(new arrays[dtype](copy.buffer)) };
}
const refused = (result, subject, message, code = 'invalid-argument') =>
  assert.deepEqual(result, { error: { code, message, subject } });

// The definition, with samples of full scale 1.
const defaults = { sample_rate: 16000, window_ms: 30, hop_ms: 20, fft_size: 0, mel_bins: 40, low_hz: 60, high_hz: 7600 };
function features(samples, given) {
  const a = { ...defaults, ...given };
  const window = Math.floor(a.sample_rate * a.window_ms / 1000), hop = Math.floor(a.sample_rate * a.hop_ms / 1000);
  const size = a.fft_size || Math.max(4, 2 ** Math.ceil(Math.log2(window)));
  const hann = Array.from({ length: window }, (_, i) => (window === 1 ? 1 : 0.5 - 0.5 * Math.cos(2 * Math.PI * i / window)));
  const all = hann.reduce((x, y) => x + y);
  const mel = f => 2595 * Math.log10(1 + f / 700), hertz = m => 700 * (10 ** (m / 2595) - 1);
  const edge = e => hertz(mel(a.low_hz) + (mel(a.high_hz) - mel(a.low_hz)) * e / (a.mel_bins + 1));
  const rows = [];
  for (let first = 0; first + window <= samples.length; first += hop) {
    const power = [];
    for (let k = 0; k <= size / 2; ++k) {
      let re = 0, im = 0;
      for (let i = 0; i < window; ++i) {
        const angle = 2 * Math.PI * ((k * i) % size) / size;
        re += samples[first + i] * hann[i] * Math.cos(angle);
        im -= samples[first + i] * hann[i] * Math.sin(angle);
      }
      power.push((re * re + im * im) * (2 / all) ** 2);
    }
    for (let band = 0; band < a.mel_bins; ++band) {
      const [left, top, right] = [edge(band), edge(band + 1), edge(band + 2)];
      let energy = 0;
      power.forEach((p, k) => {
        const f = k * a.sample_rate / size;
        energy += p * Math.max(0, Math.min((f - left) / (top - left), (right - f) / (right - top)));
      });
      rows.push(Math.max(0, 10 * Math.log10(energy) + 100));
    }
  }
  return rows;
}

// The same sounds on every run: two gliding tones and some noise.
function sound(length, rate, level) {
  let state = 12345n;
  const random = () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & (2n ** 64n - 1n);
    return Number(state >> 33n) / 2 ** 31 - 0.5;
  };
  return Array.from({ length }, (_, i) => {
    const t = i / rate;
    return Math.round(32767 * level * (0.5 * Math.sin(2 * Math.PI * (200 + 900 * t) * t)
      + 0.2 * Math.sin(2 * Math.PI * (0.3 * rate - 300 * t) * t) + 0.02 * random()));
  });
}

const settings = [
  {},
  { window_ms: 25, hop_ms: 10 },
  { fft_size: 2048, mel_bins: 64 },
  { mel_bins: 1 },
  { sample_rate: 8000, high_hz: 4000, low_hz: 0, mel_bins: 20 },
  { sample_rate: 44100, window_ms: 23, hop_ms: 11, high_hz: 22050, low_hz: 20, mel_bins: 80, fft_size: 4096 },
  { sample_rate: 1000, window_ms: 1, hop_ms: 7, mel_bins: 1, low_hz: 0, high_hz: 500 },
];
for (const given of settings)
  test(`features are those of the definition: ${JSON.stringify(given)}`, () => {
    const rate = given.sample_rate ?? 16000;
    const samples = sound(Math.floor(rate * 0.15), rate, 0.8);
    const expected = features(samples.map(s => s / 32768), given);
    const window = Math.floor(rate * (given.window_ms ?? 30) / 1000), hop = Math.floor(rate * (given.hop_ms ?? 20) / 1000);
    const got = ask(block({ ...given, output: 'f32' }), tensor('i16', samples));
    assert.deepEqual([got.dtype, got.dims], ['f32', [1, 1 + Math.floor((samples.length - window) / hop), given.mel_bins ?? 40, 1]]);
    assert.equal(got.values.length, expected.length);
    got.values.forEach((v, i) => assert.ok(Math.abs(v - expected[i]) < 0.01, `${i}: ${v}, not ${expected[i]}`));
    const steps = ask(block({ ...given, output: 'i8' }), tensor('i16', samples));
    assert.equal(steps.dtype, 'i8');
    steps.values.forEach((v, i) => {
      const exact = Math.min(127, 2 * expected[i] - 128);
      assert.ok(Math.abs(v - exact) <= 0.52, `${i}: ${v}, not ${exact}`);
    });
  });

test('a sine of full scale is 100 dB above the floor where it is met, and a tenth of it 20 dB less', () => {
  for (const [level, decibels] of [[32767, 100], [3276.7, 80]]) {
    const tone = Array.from({ length: 480 }, (_, i) => Math.round(level * Math.sin(2 * Math.PI * 1000 * i / 16000)));
    const { values } = ask(block({ fft_size: 4096, mel_bins: 1, low_hz: 999, high_hz: 1001, ...{ window_ms: 30 } }), tensor('i16', tone));
    assert.ok(values.length === 1 && Math.abs(values[0] - decibels) < 0.05, `${values}`);
  }
});

test('f32 samples of full scale 1 give what i16 samples give', () => {
  const samples = sound(3000, 16000, 0.3), guest = block({ output: 'i8' });
  const { values } = ask(guest, tensor('i16', samples));
  assert.deepEqual(ask(guest, tensor('f32', samples.map(s => s / 32768))).values, values);
});

test('silence is the floor, and so is what is no number; too loud is the top of i8', () => {
  for (const [output, floor] of [['f32', 0], ['i8', -128]]) {
    const { values } = ask(block({ output }), tensor('i16', new Array(1000).fill(0)));
    assert.ok(values.length === 80 && values.every(v => v === floor));
    assert.ok(ask(block({ output }), tensor('f32', new Array(480).fill(NaN))).values.every(v => v === floor));
  }
  const loud = sound(480, 16000, 1);
  assert.ok(ask(block({ output: 'i8' }), tensor('f32', loud)).values.includes(127));
  assert.ok(ask(block({ output: 'i8' }), tensor('f32', loud.map(s => (s > 0 ? Infinity : -1)))).values.every(v => v === 127 || v === -128));
});

test('a frame does not depend on what is around it', () => {
  const samples = sound(16000, 16000, 0.5), guest = block({ output: 'i8' });
  const { values } = ask(guest, tensor('i16', samples));
  assert.equal(values.length, 49 * 40);
  for (const frame of [0, 7, 48])
    assert.deepEqual(ask(guest, tensor('i16', samples.slice(320 * frame, 320 * frame + 480))).values, values.slice(40 * frame, 40 * frame + 40));
});

test('takes one row with dimensions of 1 around it, and says how much sound it needs', () => {
  const guest = block({}), graph = dims => guest.call('graph', [{ dtype: 'i16', dims }]);
  const frames = dims => graph(dims).ok[0].dims[1];
  const f = fixed => ({ fixed });
  assert.deepEqual(frames([f(16000)]), f(49));
  assert.deepEqual(frames([f(1), f(480), f(1)]), f(1));
  assert.deepEqual(frames([f(799)]), f(1));
  assert.deepEqual(frames([f(800)]), f(2));
  assert.equal(frames(['unknown']), 'unknown');
  assert.equal(frames([f(1), { named: 'n' }]), 'unknown');
  assert.deepEqual(frames(['unknown', f(16000)]), f(49));
  refused(graph([f(479)]), 'sound', '`sound` is `i16[479]`, needed at least the 480 samples of one window', 'unsupported-shape');
  refused(graph([]), 'sound', '`sound` is `i16[]`, needed at least the 480 samples of one window', 'unsupported-shape');
  refused(graph([f(2), f(16000)]), 'sound', '`sound` is `i16[2, 16000]`, needed one row: at most one dimension other than 1', 'unsupported-shape');
  refused(guest.call('graph', [{ dtype: 'u8', dims: [f(16000)] }]), 'sound', '`sound` is `u8[16000]`, needed one of `i16`, `f32`', 'unsupported-type');
});

test('refuses arguments that make no features, and says which would', () => {
  const range = (name, number, low, high) =>
    refused(create({ [name]: number }), name, `argument \`${name}\` is ${number}, needed ${low} to ${high}`);
  range('sample_rate', 0, 1, 1000000);
  range('sample_rate', 1000001, 1, 1000000);
  range('window_ms', 0, 1, 10000);
  range('hop_ms', -5, 1, 10000);
  range('fft_size', 131072, 0, 65536);
  range('low_hz', -1, 0, 8000);
  range('low_hz', 8001, 0, 8000);
  range('high_hz', 60, 61, 8000);
  range('high_hz', 8001, 61, 8000);
  range('mel_bins', 0, 1, 256);
  range('mel_bins', 257, 1, 256);
  refused(create({ window_ms: 5000 }), 'window_ms', 'argument `window_ms` is 5000, which are 80000 samples, needed 1 to 65536');
  refused(create({ sample_rate: 100, low_hz: 0, high_hz: 50, hop_ms: 9 }), 'hop_ms', 'argument `hop_ms` is 9, which are 0 samples, needed 1 to 65536');
  for (const size of [2, 256, 500, 513])
    refused(create({ fft_size: size }), 'fft_size', `argument \`fft_size\` is ${size}, needed a power of two from 512 on, to hold a window of 480 samples`);
  refused(create({ output: 'u8' }), 'output', 'argument `output` is `u8`, needed `f32` or `i8`');
  const { error } = create({ mel_bins: 200 });
  assert.match(error.message, /^argument `mel_bins` is 200: band \d+, \d+ to \d+ Hz, lies between two of the 257 lines of the spectrum, needed fewer bands or a larger `fft_size`$/);
  assert.deepEqual(create({ mel_bins: 200, fft_size: 4096 }), 'ok');
});

test('a later create is not disturbed by an earlier one', () => {
  const samples = tensor('i16', sound(2000, 16000, 0.5)), guest = block({ mel_bins: 60, fft_size: 1024 });
  for (const args of [{ mel_bins: 7 }, { output: 'i8' }, {}]) {
    assert.deepEqual(guest.call('create', list(args)), 'ok');
    assert.deepEqual(ask(guest, samples), ask(block(args), samples));
  }
});

// The samples of a wav of 16 kHz, one channel, 16 bits, as write_wav of train.py lays it out.
const samplesOf = file => new Int16Array(Uint8Array.from(fs.readFileSync(file).subarray(44)).buffer);

test('the clips of examples/keywords have the features that the NumPy twin computed', { skip: !fs.existsSync(path.join(example, 'expected.json')) }, () => {
  const { clips } = JSON.parse(fs.readFileSync(path.join(example, 'expected.json'), 'utf8'));
  assert.ok(clips.length >= 4);
  for (const { file, features_hex: hex } of clips) {
    const expected = Array.from(new Int8Array(Uint8Array.from(Buffer.from(hex, 'hex')).buffer));
    const { dims, values } = ask(block({ output: 'i8' }), tensor('i16', samplesOf(path.join(example, file))));
    assert.deepEqual(dims, [1, 49, 40, 1]);
    // f32 here, f64 there: a feature that lies between two steps may fall to either.
    const apart = values.map((v, i) => Math.abs(v - expected[i]));
    assert.ok(Math.max(...apart) <= 1 && apart.filter(d => d).length <= 2, `${file}: ${apart.filter(d => d)}`);
  }
});
