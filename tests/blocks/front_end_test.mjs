// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The audio front end: `fft` and `noise-filtering` against golden.py's float64, and
// against the features that the first system's blocks gave for two spoken words.
//   node tests/blocks/front_end_test.mjs build/blocks
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { elements, goldenBytes, sound, source, tensor } from './examples.mjs';
import { block, bytesOf, compute, only, refused, typeOf, Watched } from './library.mjs';

const { spectra, filters } = JSON.parse(goldenBytes('front_end.json'));
const pixels = 1960;
const image = i => {
  const bytes = goldenBytes('spectra.u32.bin').subarray(4 * pixels * i, 4 * pixels * (i + 1));
  return { dtype: 'u32', dims: [1, pixels], data: new Uint8Array(bytes) };
};
const integerArguments = ['sample_rate', 'bins', 'gain_bits', 'smoothing_bits'];
const given = wanted => Object.entries(wanted).map(([name, value]) =>
  ({ name, value: integerArguments.includes(name) ? { integer: value } : { number: value } }));

spectra.forEach(({ sound: kind, samples, arguments: wanted, sha256 }, i) =>
  test(`fft: ${kind} of ${samples} samples, ${JSON.stringify(wanted)}`, () => {
    const audio = tensor('i16', [1, samples], sound(kind, samples));
    assert.equal(createHash('sha256').update(audio.data).digest('hex'), sha256, 'the sound is not the one of golden.py');
    const got = only(compute('fft', [audio], given(wanted)));
    assert.deepEqual([got.dtype, got.dims], ['u32', [1, pixels]]);
    const values = elements(got), golden = elements(image(i));
    const off = values.filter((v, k) => v !== golden[k]).length;
    // f32 against f64: a level may be cut off one step lower or higher.
    values.forEach((v, k) => assert.ok(Math.abs(v - golden[k]) <= 1, `level ${k}: ${v}, needed ${golden[k]}`));
    assert.ok(off <= pixels / 20, `${off} of ${pixels} levels are one off`);
  }));

test('fft: dimensions of 1 do not count, and what is no row is refused', () => {
  const samples = sound('bursts', 3000), flat = compute('fft', [tensor('i16', [3000], samples)], []);
  for (const dims of [[1, 3000], [3000, 1], [1, 1, 3000, 1]])
    assert.deepEqual(compute('fft', [tensor('i16', dims, samples)], []), flat);
  refused(compute('fft', [tensor('i16', [2, 1500], samples)], []), 'unsupported-shape', 'audio',
    '`audio` is `i16[2, 1500]`, needed one row: at most one dimension other than 1');
});

test('fft: silence and no sound at all are levels of 0', () => {
  for (const samples of [0, 1, 480, 16000])
    assert.ok(elements(only(compute('fft', [tensor('i16', [samples], Array(samples).fill(0))], []))).every(v => v === 0));
  const steady = elements(only(compute('fft', [tensor('i16', [16000], Array(16000).fill(-32768))], [])));
  assert.equal(Math.max(...steady), 65536);
  assert.equal(Math.min(...steady), 0);
});

test('fft: short sounds of every length, and small and large chunks', () => {
  for (const bins of [4, 5, 7, 16, 31, 1000, 20000])
    for (const [rate, overlap] of [[1, 0], [16000, 0.5], [4294967295, 0.2]]) {
      const guest = block('fft', given({ bins, sample_rate: rate, window_overlap: overlap }));
      for (const samples of bins < 1000 ? [0, 1, bins - 1, bins, bins + 1, 3 * bins + 2] : [bins - 1, 2 * bins + 1]) {
        const values = elements(only(guest.call('compute', [tensor('i16', [samples], sound('chirp', samples))])));
        assert.ok(values.every(v => v <= 65536));
      }
    }
});

test('fft: chunks of 65536 samples', () => {
  const values = elements(only(compute('fft', [tensor('i16', [70000], sound('chirp', 70000))], given({ bins: 65536 }))));
  assert.equal(Math.max(...values), 65536);
});

test('fft: refuses arguments that leave nothing to do', () => {
  const create = wanted => new Watched(bytesOf.fft).call('create', given(wanted));
  for (const [wanted, name, message] of [
    [{ bins: 3 }, 'bins', 'argument `bins` is 3, needed 4 to 65536'],
    [{ bins: 65537 }, 'bins', 'argument `bins` is 65537, needed 4 to 65536'],
    [{ sample_rate: 0 }, 'sample_rate', 'argument `sample_rate` is 0, needed 1 to 4294967295'],
    [{ sample_rate: -16000 }, 'sample_rate', 'argument `sample_rate` is -16000, needed 1 to 4294967295'],
    [{ window_overlap: -0.1 }, 'window_overlap', 'argument `window_overlap` is -0.1, needed 0 to 1'],
    [{ window_overlap: NaN }, 'window_overlap', 'argument `window_overlap` is NaN, needed 0 to 1'],
    [{ window_overlap: 1 }, 'window_overlap',
      'argument `window_overlap` is 1, which leaves no sample of 480 from one chunk to the next'],
    [{ window_overlap: 0.999 }, 'window_overlap',
      'argument `window_overlap` is 0.999, which leaves no sample of 480 from one chunk to the next'],
  ]) refused(create(wanted), 'invalid-argument', name, message);
});

{
  let next = 0;
  filters.forEach(({ arguments: wanted, images }) => {
    const first = next;
    next += images.length;
    test(`noise-filtering: ${JSON.stringify(wanted)}, one call after the other`, () => {
      const guest = block('noise-filtering', given(wanted));
      images.forEach((of, call) => {
        const got = only(guest.call('compute', [image(of)]));
        assert.deepEqual([got.dtype, got.dims], ['i8', [1, pixels]]);
        const golden = goldenBytes('features.i8.bin').subarray(pixels * (first + call), pixels * (first + call + 1));
        const values = elements(got), wantedValues = [...new Int8Array(golden)];
        values.forEach((v, k) => assert.ok(Math.abs(v - wantedValues[k]) <= 1, `call ${call}, feature ${k}: ${v}, needed ${wantedValues[k]}`));
        const off = values.filter((v, k) => v !== wantedValues[k]).length;
        assert.ok(off <= 10, `call ${call}: ${off} of ${pixels} features are one off`);
      });
    });
  });
}

test('noise-filtering: silence is the lowest feature, no elements are none, and sizes stay', () => {
  const guest = block('noise-filtering', []), levels = list => tensor('u32', [list.length], list);
  assert.deepEqual(elements(only(guest.call('compute', [levels([])]))), []);
  assert.deepEqual(elements(only(guest.call('compute', [levels([0, 0, 0])]))), [-128, -128, -128]);
  refused(guest.call('compute', [levels([1, 2])]), 'invalid-input', 'spectrum',
    '`spectrum` has 2 elements, needed 3, of which there are noise estimates from earlier calls');
  assert.deepEqual(elements(only(guest.call('compute', [levels([0, 50, 60000])]))).length, 3);
});

test('noise-filtering: estimates that reach the end of 32 bits stay there', () => {
  const guest = block('noise-filtering', given({ smoothing_bits: 15, even_smoothing: 1, odd_smoothing: 1, min_signal_remaining: 0 }));
  const loud = tensor('u32', [4], [2 ** 32 - 1, 131072, 70000, 0]);
  const first = elements(only(guest.call('compute', [loud])));
  for (let i = 0; i < 20; ++i) assert.deepEqual(elements(only(guest.call('compute', [loud]))), first);
});

test('noise-filtering: refuses arguments out of range', () => {
  const create = wanted => new Watched(bytesOf['noise-filtering']).call('create', given(wanted));
  for (const [name, value, range] of [['strength', 1.5, '0 to 1'], ['strength', NaN, '0 to 1'], ['offset', 0, '1e-6 to 1e30'],
    ['gain_bits', 10, '11 to 31'], ['gain_bits', 32, '11 to 31'], ['smoothing_bits', -1, '0 to 15'], ['smoothing_bits', 16, '0 to 15'],
    ['even_smoothing', -0.5, '0 to 1'], ['odd_smoothing', 2, '0 to 1'], ['min_signal_remaining', 1.25, '0 to 1']])
    refused(create({ [name]: value }), 'invalid-argument', name, `argument \`${name}\` is ${value}, needed ${range}`);
  for (const [name, value] of [['strength', 0], ['strength', 1], ['offset', 1e30], ['gain_bits', 11], ['gain_bits', 31], ['smoothing_bits', 0]]) {
    const guest = block('noise-filtering', given({ [name]: value }));
    assert.equal(guest.call('compute', [image(0)]).ok.length, 1);
  }
});

// --- the first system's own features ---

const data = path.join(source, '../../shared/data/rune');
for (const [word, least] of [['up', 1960], ['down', 1958]])
  test(`front end: "${word}" has the first system's features, ${least} of 1960 at least`, t => {
    const wav = path.join(data, `integration-tests/run-pass/microspeech-${word}/${word}.wav`);
    const golden = path.join(data, `golden/microspeech-${word}.features.i8.bin`);
    if (!fs.existsSync(wav) || !fs.existsSync(golden)) return t.skip('shared data is missing');
    const file = fs.readFileSync(wav), at = file.indexOf('data') + 8;
    const audio = { dtype: 'i16', dims: [1, 16000], data: new Uint8Array(file.subarray(at, at + 32000)) };
    const features = only(compute('noise-filtering', [only(compute('fft', [audio], []))], [])).data;
    const wanted = fs.readFileSync(golden);
    const same = features.filter((v, i) => v === wanted[i]).length;
    assert.ok(same >= least, `${same} features are equal`);
  });
