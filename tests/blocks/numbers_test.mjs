// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values of the blocks that compute with numbers, against plain loops here.
//   node tests/blocks/numbers_test.mjs build/blocks
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elements, isBig, numeric, tensor } from './examples.mjs';
import { bytesOf, compute, only, randomNumbers, refused, typeOf, block, Watched } from './library.mjs';

const number = (name, value) => [{ name, value: { number: value } }];
const created = (name, args) => new Watched(bytesOf[name]).call('create', args);
const f32 = (dims, values) => tensor('f32', dims, values);
const round = Math.fround;
const values = result => elements(only(result));

test('audio_float_conversion: every sample, divided and cut off', () => {
  const all = Array.from({ length: 65536 }, (_, i) => i - 32768);
  for (const most of [32767, 32768, 1000, 0.5]) {
    const got = only(compute('audio_float_conversion', [tensor('i16', [16, 4096], all)], number('i16_max_as_float', most)));
    assert.deepEqual([got.dtype, got.dims], ['f32', [16, 4096]]);
    assert.deepEqual(elements(got), all.map(v => Math.max(-1, Math.min(1, round(v / round(most))))));
  }
});

test('audio_float_conversion: refuses to divide by what is no size', () => {
  for (const [most, shown] of [[0, '0'], [-1, '-1'], [NaN, 'NaN'], [Infinity, 'inf']])
    refused(created('audio_float_conversion', number('i16_max_as_float', most)), 'invalid-argument', 'i16_max_as_float',
      `argument \`i16_max_as_float\` is ${shown}, needed 1e-30 to 3.402823e38`);
});

test('binary_classification: the first element, and larger, not equal', () => {
  const ask = (list, threshold) => values(compute('binary_classification', [f32([list.length], list)],
    threshold === undefined ? [] : number('threshold', threshold)));
  assert.deepEqual(ask([0.5]), [0]);
  assert.deepEqual(ask([0.50001, 0, 0]), [1]);
  assert.deepEqual(ask([0, 1, 1]), [0]);
  assert.deepEqual(ask([NaN]), [0]);
  assert.deepEqual(ask([-Infinity], -3e38), [0]);
  assert.deepEqual(ask([round(0.1)], 0.1), [0], 'the threshold is an f32, as the scores are');
  refused(compute('binary_classification', [f32([0], [])]), 'unsupported-shape', 'scores',
    '`scores` has no elements, needed at least one');
  assert.match(created('binary_classification', number('threshold', NaN)).error.message, /^argument `threshold` is NaN, needed /);
});

test('modulo: f32 as f32, the rest exactly, with the sign of the element', () => {
  const random = randomNumbers(5);
  for (const modulus of [360, 1, 0.1, -7, 2.5, 1e-3, 3e38, 16777219]) {
    const list = [0, -0, 725.25, -725.25, 1e30, -1e-30, Infinity, NaN, ...Array.from({ length: 50 }, () => (random() - 0.5) * 1e4)];
    assert.deepEqual(values(compute('modulo', [f32([list.length], list)], number('modulus', modulus))),
      list.map(v => round(round(v) % round(modulus))));
    assert.deepEqual(values(compute('modulo', [tensor('f64', [list.length], list)], number('modulus', modulus))),
      list.map(v => v % modulus));
    const integers = { i8: [-128, 127, 5, -5], u8: [255, 0, 7], i16: [-32768, 32767, 400], u16: [65535, 361], i32: [-(2 ** 31), 16777217, 725],
      u32: [2 ** 32 - 1, 16777217] };
    for (const [dtype, whole] of Object.entries(integers))
      assert.deepEqual(values(compute('modulo', [tensor(dtype, [whole.length], whole)], number('modulus', modulus))),
        whole.map(v => Math.trunc(v % modulus) + 0), `${dtype} ${modulus}`);
  }
});

test('modulo: 64 bits by a whole modulus are exact, and never leave the type', () => {
  const view = (dtype, list) => ({ dtype, dims: [list.length], data: new Uint8Array((dtype === 'i64' ? BigInt64Array : BigUint64Array).from(list).buffer) });
  const back = ({ dtype, data }) => [...new (dtype === 'i64' ? BigInt64Array : BigUint64Array)(data.slice().buffer)];
  const i64 = [-(2n ** 63n), 2n ** 63n - 1n, 9007199254740993n, -1n, 0n], u64 = [2n ** 64n - 1n, 2n ** 53n + 1n, 5n];
  for (const modulus of [10n, -10n, 1n, 2n ** 62n])
    for (const [dtype, list] of [['i64', i64], ['u64', u64]])
      assert.deepEqual(back(only(compute('modulo', [view(dtype, list)], number('modulus', Number(modulus))))), list.map(v => v % modulus));
  for (const [dtype, list] of [['i64', i64], ['u64', u64]]) {
    assert.deepEqual(back(only(compute('modulo', [view(dtype, list)], number('modulus', 1e30)))),
      dtype === 'i64' ? [-(2n ** 63n), 2n ** 63n - 1n, 9007199254740992n, -1n, 0n] : [2n ** 64n - 1n, 2n ** 53n, 5n]);
    assert.deepEqual(back(only(compute('modulo', [view(dtype, [7n])], number('modulus', 2.5)))), [2n]);
  }
});

test('modulo: refuses to divide by nothing', () => {
  for (const [modulus, shown] of [[0, '0'], [-0, '-0'], [1e-60, '1e-60']])
    refused(created('modulo', number('modulus', modulus)), 'invalid-argument', 'modulus',
      `argument \`modulus\` is ${shown}, needed a number to divide by`);
  for (const modulus of [NaN, Infinity]) assert.equal(created('modulo', number('modulus', modulus)).error.subject, 'modulus');
});

function normalized(list) {
  const as32 = list.map(round), numbers = as32.filter(v => !Number.isNaN(v));
  const low = Math.min(...numbers), high = Math.max(...numbers);
  return as32.map(v => (high > low ? round(round(v - low) / round(high - low)) : v));
}
test('normalize: by the lowest and highest of the tensor, as f32', () => {
  const random = randomNumbers(6);
  for (const dtype of numeric) {
    const list = Array.from({ length: 100 }, () => Math.floor(random() * 100) - (dtype[0] === 'u' ? 0 : 50));
    const got = only(compute('normalize', [tensor(dtype, [10, 10], list)]));
    assert.deepEqual([got.dtype, got.dims], ['f32', [10, 10]]);
    assert.deepEqual(elements(got), normalized(list), dtype);
  }
  const reals = Array.from({ length: 1000 }, () => round((random() - 0.5) * 7));
  assert.deepEqual(values(compute('normalize', [f32([1000], reals)])), normalized(reals));
});

test('normalize: equal elements stay, no elements stay none, NaN stays NaN, and a wide range fits', () => {
  const ask = list => values(compute('normalize', [f32([list.length], list)]));
  assert.deepEqual(ask([7.5, 7.5]), [7.5, 7.5]);
  assert.deepEqual(ask([0]), [0]);
  assert.deepEqual(ask([]), []);
  assert.deepEqual(ask([NaN, NaN]), [NaN, NaN]);
  assert.deepEqual(ask([1, NaN, 3]), [0, NaN, 1]);
  assert.deepEqual(ask([-3e38, 0, 3e38]), [0, 0.5, 1]);
});

// --- pictures and boxes ---

function objects(rows, threshold) {
  const kept = rows.filter(r => r[4] > round(threshold)).map(([x, y, h, w, , ...scores]) => {
    const score = Math.max(...scores);
    return [x, y, h, w, score, scores.lastIndexOf(score)];
  });
  const close = (a, b) => Math.abs(round(a[0] - b[0])) <= round(0.01) && Math.abs(round(a[1] - b[1])) <= round(0.01);
  for (;;) { // the first pair, again and again
    let pair = null;
    for (let i = 0; i < kept.length && !pair; ++i)
      for (let j = i + 1; j < kept.length && !pair; ++j)
        if (close(kept[i], kept[j])) pair = [i, j];
    if (!pair) return kept;
    kept.splice(kept[pair[0]][4] > kept[pair[1]][4] ? pair[1] : pair[0], 1);
  }
}
test('object_filter: as the pairwise definition says, on crowded boxes', () => {
  const random = randomNumbers(8);
  for (const [count, classes, spread, threshold] of [[0, 1, 1, 0.7], [1, 1, 1, 0], [200, 3, 0.1, 0.3], [300, 80, 0.05, 0.5], [100, 2, 0.02, 0.9], [50, 1, 0, 0]]) {
    const rows = Array.from({ length: count }, () => Array.from({ length: 5 + classes }, (_, i) =>
      round(i < 2 ? random() * spread : Math.floor(random() * 8) / 8)));
    const got = only(compute('object_filter', [f32([1, count, 5 + classes], rows.flat())], number('threshold', threshold)));
    const wanted = objects(rows, threshold);
    assert.deepEqual([got.dtype, got.dims], ['f32', [wanted.length, 6]]);
    assert.deepEqual(elements(got), wanted.flat());
  }
});

test('object_filter: a score that is NaN is never the best; refuses other shapes', () => {
  const row = scores => [0.1, 0.2, 0.3, 0.4, 1, ...scores].map(round);
  for (const [scores, wanted] of [[[NaN, 0.5, NaN, 0.25], [0.5, 1]], [[NaN, -1], [-1, 1]], [[0.5, 0.5], [0.5, 1]], [[NaN], [NaN, 0]]])
    assert.deepEqual(values(compute('object_filter', [f32([1, 1, 5 + scores.length], row(scores))])).slice(4), wanted);
  for (const dims of [[1, 2, 5], [2, 2, 7], [2, 7], [1, 1, 2, 7]])
    refused(block('object_filter').call('graph', [typeOf({ dtype: 'f32', dims })]), 'unsupported-shape', 'detections',
      `\`detections\` is \`f32[${dims.join(', ')}]\`, needed [1, rows, 5 + classes], classes at least one`);
});

test('segment_output: the best class of each pixel and those there are', () => {
  const random = randomNumbers(9);
  for (const [h, w, c] of [[1, 1, 1], [5, 7, 3], [20, 30, 21], [0, 4, 3], [4, 0, 2]]) {
    const list = Array.from({ length: h * w * c }, () => round((Math.floor(random() * 9) - 6) / 4));
    if (list.length > 30) list[0] = list[10] = NaN;
    const map = Array.from({ length: h * w }, (_, p) => {
      let best = -1;
      for (let k = 0; k < c; ++k) {
        const v = list[p * c + k];
        if (!Number.isNaN(v) && (best < 0 || v > list[p * c + best])) best = k;
      }
      return Math.max(best, 0);
    });
    const { ok } = compute('segment_output', [f32([1, h, w, c], list)]), classes = [...new Set(map)].sort((a, b) => a - b);
    assert.deepEqual(ok.map(t => [t.dtype, t.dims, elements(t)]), [['u32', [h, w], map], ['u32', [classes.length], classes]]);
  }
  for (const dims of [[2, 1, 1, 1], [1, 2, 3], [1, 2, 2, 0]])
    refused(block('segment_output').call('graph', [typeOf({ dtype: 'f32', dims })]), 'unsupported-shape', 'image',
      `\`image\` is \`f32[${dims.join(', ')}]\`, needed [1, rows, columns, classes], classes at least one`);
});
