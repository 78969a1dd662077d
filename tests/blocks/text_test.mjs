// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values of the blocks that read and write text, against golden.py.
//   node tests/blocks/text_test.mjs build/blocks
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { elements, goldenBytes, numeric, tensor, texts, utf8 } from './examples.mjs';
import { block, bytesOf, compute, only, refused, Watched } from './library.mjs';

const bytes = data => ({ dtype: 'u8', dims: [data.length], data: Uint8Array.from(data) });
const text = string => bytes(Buffer.from(string));
const create = (name, args) => new Watched(bytesOf[name]).call('create', args);
const argument = (name, value) => [{ name, value: { text: value } }];

// Bytes that begin well and stop being UTF-8 at `at`.
const malformed = [
  [[0x61, 0x80], 1], [[0xC3], 0], [[0x61, 0xC3, 0x28], 1], [[0xC0, 0x80], 0], [[0xC1, 0xBF], 0], [[0xE0, 0x80, 0x80], 0],
  [[0xE2, 0x82], 0], [[0xED, 0xA0, 0x80], 0], [[0xF0, 0x8F, 0xBF, 0xBF], 0], [[0xF4, 0x90, 0x80, 0x80], 0], [[0xF8, 0x88, 0x80, 0x80, 0x80], 0],
  [[0xFF], 0], [[0x61, 0x62, 0xF0, 0x9F, 0x98], 2], [[0xE2, 0x28, 0xA1], 0], [[0xFE, 0x61], 0],
];

test('utf8_decode: up to the first NUL', () => {
  for (const [given, wanted] of [['', ''], ['hello', 'hello'], ['Grüße 三 😀', 'Grüße 三 😀'], ['a\0b\0', 'a'], ['\0a', ''], ['\u07ff\u0800\uffff\u{10000}\u{10ffff}', undefined]]) {
    const got = only(compute('utf8_decode', [text(given)]));
    assert.deepEqual([got.dtype, got.dims, texts(got)], ['utf8', [1], [wanted ?? given]]);
  }
  assert.deepEqual(texts(only(compute('utf8_decode', [bytes([0x61, 0, 0xFF])]))), ['a'], 'behind the NUL anything goes');
  const square = { dtype: 'u8', dims: [2, 2], data: Uint8Array.from(Buffer.from('abcd')) };
  assert.deepEqual(texts(only(compute('utf8_decode', [square]))), ['abcd']);
});

test('utf8_decode: says where the bytes stop being UTF-8', () => {
  for (const [data, at] of malformed)
    refused(compute('utf8_decode', [bytes(data)]), 'invalid-input', 'bytes', `byte ${at} of \`bytes\` is not UTF-8`);
});

// --- parse ---

const parse = (list, type) => compute('parse', [utf8([list.length], list)], type ? argument('element_type', type) : []);
test('parse: words of all elements, one row, of every type', () => {
  for (const dtype of numeric) {
    const got = only(parse(['2', ' 3\t4 ', '5\n6\u3000\u00a07\0 8 x', '', '   '], dtype));
    assert.deepEqual([got.dtype, got.dims, elements(got)], [dtype, [6], [2, 3, 4, 5, 6, 7]]);
  }
  assert.deepEqual(only(parse(['1'])).dtype, 'f32');
  assert.deepEqual(only(parse(['1'], 'I64\n')).dtype, 'i64');
  assert.deepEqual(elements(only(parse([], 'u8'))), []);
});

test('parse: whole numbers up to the ends of their types', () => {
  for (const [dtype, low, high] of [['i8', -128, 127], ['u8', 0, 255], ['i16', -32768, 32767], ['u16', 0, 65535],
    ['i32', -(2 ** 31), 2 ** 31 - 1], ['u32', 0, 2 ** 32 - 1]]) {
    assert.deepEqual(elements(only(parse([`${low} +${high} 007`], dtype))), [low, high, 7]);
    for (const wrong of [`${high + 1}`, `${low - 1}`, `${high}0`])
      refused(parse([`1 ${wrong}`], dtype), 'invalid-input', 'text', `Unable to parse "${wrong}" as a ${dtype}, word 1 of \`text\``);
  }
  const wide = (list, dtype) => only(parse(list, dtype)).data.slice().buffer;
  assert.deepEqual([...new BigInt64Array(wide(['-9223372036854775808 9223372036854775807'], 'i64'))], [-(2n ** 63n), 2n ** 63n - 1n]);
  assert.deepEqual([...new BigUint64Array(wide(['18446744073709551615 0'], 'u64'))], [2n ** 64n - 1n, 0n]);
  for (const [dtype, wrong] of [['i64', '9223372036854775808'], ['i64', '-9223372036854775809'], ['u64', '18446744073709551616'],
    ['u64', '99999999999999999999'], ['u8', '-0'], ['i8', '--1'], ['i8', '+'], ['i8', '-'], ['i32', '1.0'], ['i32', '0x10'], ['i32', '1_000'], ['i32', '１']])
    assert.match(parse([wrong], dtype).error.message, /^Unable to parse /);
});

test('parse: decimal numbers to the nearest, as exact fractions say', () => {
  const golden = JSON.parse(goldenBytes('decimals.json'));
  for (const [type, column] of [['f32', 1], ['f64', 2]])
    for (const sign of ['', '-', '+']) {
      const { data } = only(parse(golden.map(([word]) => sign + word), type)), size = type === 'f32' ? 4 : 8;
      golden.forEach((row, i) => {
        const wanted = Buffer.from(row[column], 'hex').reverse();
        if (sign === '-') wanted[size - 1] |= 0x80;
        assert.deepEqual(Buffer.from(data.subarray(i * size, (i + 1) * size)), wanted, sign + row[0].slice(0, 60));
      });
    }
});

test('parse: infinities and NaN in any case, and nothing else that looks like a number', () => {
  assert.deepEqual(elements(only(parse(['inf -INF +Infinity nan NaN -infinity'], 'f64'))),
    [Infinity, -Infinity, Infinity, NaN, NaN, -Infinity]);
  for (const wrong of ['.', 'e5', '1e', '1e+', '1.2.3', '1,5', '0x1p3', 'infinit', 'nan1', '1f', '--1', '+-1', '١'])
    refused(parse([wrong]), 'invalid-input', 'text', `Unable to parse "${wrong}" as a f32, word 0 of \`text\``);
  const { message } = parse([`${'ü'.repeat(500)}`]).error;
  assert.ok(message.length < 120);
});

test('parse: refuses a type that has no numbers, and data that is no list of texts', () => {
  for (const type of ['', 'utf8', 'f16', 'float', 'i32,'])
    refused(create('parse', argument('element_type', type)), 'invalid-argument', 'element_type',
      `Unknown element type, "${type}", needed one of \`f32\`, \`f64\`, \`i8\`, \`i16\`, \`i32\`, \`i64\`, \`u8\`, \`u16\`, \`u32\`, \`u64\``);
  const ask = (dims, data) => compute('parse', [{ dtype: 'utf8', dims, data: Uint8Array.from(data) }]);
  refused(ask([1], [5, 0, 0, 0, 49]), 'invalid-input', 'text', 'the data of `text` ends inside element 0 of 1');
  refused(ask([2], [1, 0, 0, 0, 49, 0, 0]), 'invalid-input', 'text', 'the data of `text` ends inside element 1 of 2');
  refused(ask([1], [255, 255, 255, 255, 49]), 'invalid-input', 'text', 'the data of `text` ends inside element 0 of 1');
  refused(ask([1], [1, 0, 0, 0, 49, 50]), 'invalid-input', 'text', 'the data of `text` has 1 bytes more than its 1 element');
  for (const [data] of malformed)
    refused(ask([1], [data.length, 0, 0, 0, ...data]), 'invalid-input', 'text', 'element 0 of `text` is not UTF-8');
});

// --- text_extractor ---

const extract = (words, start, end) => compute('text_extractor',
  [typeof words === 'string' ? text(words) : words, tensor('u32', [1], [start]), tensor('u32', [1], [end])]);
test('text_extractor: joins word pieces, one or many', () => {
  const words = '[UNK]\n[UNK]\nuna\n##ffa\n##ble\nworld\n!';
  for (const [start, end, wanted] of [[2, 4, 'unaffable'], [2, 5, 'unaffable world'], [3, 5, 'ffable world'], [5, 5, 'world'],
    [0, 6, '[UNK] [UNK] unaffable world !'], [6, 6, '!'], [4, 4, 'ble']])
    assert.deepEqual(texts(only(extract(words, start, end))), [wanted]);
  assert.deepEqual(texts(only(extract('a\r\n\nb\n\0\0', 0, 2))), ['a  b']);
  assert.deepEqual(texts(only(extract('##\n##a', 0, 1))), ['a']);
  const several = compute('text_extractor', [text('a\nb\nc'), tensor('u32', [1, 2], [1, 0]), tensor('u32', [2], [2, 9])]);
  assert.deepEqual(texts(only(several)), ['b c']);
});

test('text_extractor: refuses ends that are not there', () => {
  refused(extract('a\nb', 1, 0), 'invalid-input', 'end', 'Start index: 1 is greater than end index: 0');
  refused(extract('a\nb\n', 1, 2), 'invalid-input', 'end', '`end` is 2 but `words` has 2 lines');
  refused(extract('a', 0, 4294967295), 'invalid-input', 'end', '`end` is 4294967295 but `words` has 1 line');
  refused(extract('', 0, 0), 'invalid-input', 'end', '`end` is 0 but `words` has 0 lines');
  refused(extract(bytes([0x61, 0xFF]), 0, 0), 'invalid-input', 'words', 'byte 1 of `words` is not UTF-8');
  refused(compute('text_extractor', [text('a'), tensor('u32', [0], []), tensor('u32', [1], [0])]), 'unsupported-shape', 'start',
    '`start` has no elements, needed at least one');
});

// --- tokenizers ---

const tokenizer = words => block('tokenizers', argument('vocabulary', words.join('\n')));
const wordsOf = result => Buffer.from(result.ok[3].data).toString();

test('tokenizers: pieces, numbers, mask and segments as golden.py has them', () => {
  const { vocabulary, cases } = JSON.parse(goldenBytes('tokenizers.json')), guest = tokenizer(vocabulary);
  for (const { question, paragraph, words, ids, segments } of cases) {
    const result = guest.call('compute', [text(question), text(paragraph)]), rest = n => Array(384 - n).fill(0);
    assert.equal(wordsOf(result), [...words, ...Array(384 - words.length).fill('[PAD]')].map(w => `${w}\n`).join(''),
      JSON.stringify([question, paragraph]));
    const [gotIds, mask, gotSegments] = result.ok.map(elements);
    assert.deepEqual(gotIds, [...ids, ...rest(ids.length)]);
    assert.deepEqual(mask, [...ids.map(() => 1), ...rest(ids.length)]);
    assert.deepEqual(gotSegments, [...ids.map((_, i) => (i < segments ? 0 : 1)), ...rest(ids.length)]);
    assert.deepEqual(result.ok.map(t => t.dims), [[1, 384], [1, 384], [1, 384], [wordsOf(result).length && result.ok[3].data.length]]);
  }
});

test('tokenizers: every character there is, as Python\'s Unicode functions have it', () => {
  const { pages, known } = JSON.parse(goldenBytes('tokenizers.json'));
  // A vocabulary of every character that can come out, alone and continued.
  const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'];
  const add = (c, both) => (vocabulary.push(c), both && vocabulary.push(`##${c}`));
  for (let code = 1; code < 0x1F000; ++code)
    if (code !== 10 && !(code >= 0xD800 && code < 0xE000) && !/^\s$/u.test(String.fromCodePoint(code)))
      add(String.fromCodePoint(code), code < 0x3400 || (code >= 0xA000 && code < 0xAC00) || code >= 0xF900);
  for (let code = 0x1F000; code < 0x30000; ++code) add(String.fromCodePoint(code), false);
  const guest = tokenizer(vocabulary), digests = {};
  for (const page of Object.keys(pages)) digests[page] = createHash('sha256');
  const take = codes => {
    if (codes.length === 0) return;
    const result = guest.call('compute', [text(codes.map(c => String.fromCodePoint(c)).join(' ') + ' '), text('[UNK]')]);
    const words = wordsOf(result).split('\n'), found = words.slice(1, words.indexOf('[SEP]'));
    assert.ok(found.length < 370, 'too many pieces for one call');
    let together = '';
    for (const word of found) {
      assert.notEqual(word, '[UNK]', `one of ${codes.map(c => c.toString(16))}`);
      if (!word.startsWith('##') || word === '##') { if (together) digests[page].update(`${together}\n`); together = ''; }
      together += word;
    }
    if (together) digests[page].update(`${together}\n`);
  };
  let page = '', batch = [];
  for (const [first, count] of known)
    for (let code = first; code < first + count; ++code) {
      const its = (code >> 12).toString(16);
      if (its !== page || batch.length === 60) {
        if (digests[page]) take(batch);
        batch = [];
        page = its;
      }
      batch.push(code);
    }
  if (digests[page]) take(batch);
  for (const [page_, wanted] of Object.entries(pages)) assert.equal(digests[page_].digest('hex'), wanted, `U+${page_}000 to U+${page_}FFF`);
});

test('tokenizers: a long text loses its end, the longer of two first', () => {
  const guest = tokenizer(['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'a', 'b', '##b']);
  const lengths = (a, b) => {
    const [, mask, segments] = guest.call('compute', [text('a '.repeat(a)), text('b '.repeat(b))]).ok.map(elements);
    const all = mask.filter(v => v).length, second = segments.filter(v => v).length;
    return [all - second - 2, second - 1];
  };
  for (const [a, b, wanted] of [[1, 1, [1, 1]], [190, 191, [190, 191]], [191, 190, [191, 190]], [191, 191, [190, 191]], [5, 1000, [5, 376]],
    [1000, 5, [376, 5]], [1000, 1000, [190, 191]], [381, 381, [190, 191]], [100000, 300, [190, 191]]])
    assert.deepEqual(lengths(a, b), wanted);
});

test('tokenizers: takes a vocabulary with blanks, empty lines and words on several lines', () => {
  const guest = block('tokenizers', argument('vocabulary', '  [PAD] \r\n[UNK]\n\n[CLS]\n[SEP]\nword\nword\n'));
  const [ids] = guest.call('compute', [text('word'), text('other')]).ok.map(elements);
  assert.deepEqual(ids.slice(0, 6), [3, 6, 4, 1, 4, 0]);
});

test('tokenizers: refuses what is no vocabulary, and no sentence', () => {
  for (const missing of ['[PAD]', '[UNK]', '[CLS]', '[SEP]']) {
    const words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'a'].filter(w => w !== missing);
    refused(create('tokenizers', argument('vocabulary', words.join('\n'))), 'invalid-argument', 'vocabulary',
      `argument \`vocabulary\` has no line \`${missing}\``);
  }
  refused(create('tokenizers', argument('vocabulary', '')), 'invalid-argument', 'vocabulary', 'argument `vocabulary` has no line `[PAD]`');
  assert.equal(create('tokenizers', argument('vocabulary', '\n'.repeat(4 << 20))).error.code, 'out-of-memory');
  const guest = tokenizer(['[PAD]', '[UNK]', '[CLS]', '[SEP]']), ask = (a, b) => guest.call('compute', [a, b]);
  refused(ask(text(''), text('a')), 'invalid-input', 'question', 'Sentence 1 is empty');
  refused(ask(text('a'), text('\0\0')), 'invalid-input', 'paragraph', 'Sentence 2 is empty');
  for (const [data, at] of malformed)
    refused(ask(text('a'), bytes(data)), 'invalid-input', 'paragraph', `byte ${at} of \`paragraph\` is not UTF-8`);
});
