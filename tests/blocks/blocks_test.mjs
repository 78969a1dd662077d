// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every block of the library in another engine (node's), through another canonical
// ABI (canonical.mjs), against values computed here in plain loops.
//   node tests/blocks/blocks_test.mjs build/blocks
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Guest, interfaceName } from './canonical.mjs';
import { bytesPer, count, elements, example, names, numeric, source, tensor, texts } from './examples.mjs';
import { interfaceJson } from './interface.mjs';
import { block, built, bytesOf, compute, only, plain, randomNumbers, refused, typeOf, ulps, Watched } from './library.mjs';

test('the library has all blocks of the first system', () => {
  const wanted = ['argmax', 'audio_float_conversion', 'binary_classification', 'fft', 'identity', 'image-normalization',
    'label', 'modulo', 'most_confident_indices', 'noise-filtering', 'normalize', 'object_filter', 'parse',
    'segment_output', 'softmax', 'text_extractor', 'tokenizers', 'utf8_decode'];
  assert.deepEqual(wanted.filter(name => !names.includes(name)), []);
});

for (const name of names) {
  test(`${name}: is a module without imports, of the agreed exports and at most 60 KB`, () => {
    const module = new WebAssembly.Module(bytesOf[name]);
    assert.deepEqual(WebAssembly.Module.imports(module), []);
    const calls = ['metadata', 'create', 'graph', 'compute'].map(f => `${interfaceName}#${f}`);
    assert.deepEqual(WebAssembly.Module.exports(module).map(e => e.name).sort(), [
      '_initialize', 'memory', 'cabi_realloc', 'rune_arena_bytes', ...calls,
      ...calls.map(f => `cabi_post_${f}`)].sort());
    assert.ok(bytesOf[name].length <= 60 * 1024, `${bytesOf[name].length} bytes`);
    assert.deepEqual(WebAssembly.Module.customSections(module, 'name'), []);
  });

  test(`${name}: has a memory that cannot grow`, () => {
    const { exports } = new Guest(bytesOf[name]);
    assert.throws(() => exports.memory.grow(1), RangeError);
    assert.ok(exports.rune_arena_bytes() < exports.memory.buffer.byteLength);
  });

  test(`${name}: says the same of itself before and after create, and what interface.json says`, () => {
    const fresh = new Guest(bytesOf[name]).call('metadata');
    assert.deepEqual(block(name).call('metadata'), fresh);
    assert.equal(interfaceJson(fresh), fs.readFileSync(path.join(source, name, 'interface.json'), 'utf8'));
    assert.equal(fresh.name, name);
    assert.match(fresh.version, /^\d+\.\d+\.\d+$/);
    for (const { docs } of [fresh, ...fresh.arguments, ...fresh.inputs, ...fresh.outputs])
      assert.match(docs, /^[A-Z0-9].*\.$/);
    const every = [...fresh.arguments, ...fresh.inputs, ...fresh.outputs].map(x => x.name);
    assert.equal(new Set(every).size, every.length, 'one name for two things');
    for (const each of every) assert.match(each, /^[a-z][a-z0-9_]*$/);
  });

  test(`${name}: refuses arguments it does not declare, twice, or of another kind`, () => {
    const create = args => new Guest(bytesOf[name]).call('create', args);
    if (name !== 'identity')
      refused(create([{ name: 'colour', value: { boolean: true } }]),
        'invalid-argument', 'colour', 'there is no argument `colour`');
    for (const info of new Guest(bytesOf[name]).call('metadata').arguments) {
      const wrong = { name: info.name, value: { numbers: [1.5] } };
      const right = { name: info.name, value: info.default ?? { text: 'a' } };
      assert.match(create([wrong]).error.message, new RegExp(`^argument \`${info.name}\` is a list of numbers, needed an? `));
      refused(create([right, right]), 'invalid-argument', info.name, `argument \`${info.name}\` is given twice`);
      if (info.default === null)
        refused(create([]), 'invalid-argument', info.name, `argument \`${info.name}\` is missing`);
    }
  });

  test(`${name}: gives what its example says`, () => {
    const { inputTensors, outputTensors } = example(name);
    const got = compute(name, inputTensors).ok;
    assert.deepEqual(got.map(typeOf), outputTensors.map(typeOf));
    got.forEach((each, i) => {
      const values = elements(each), wanted = elements(outputTensors[i]);
      values.forEach((v, k) => assert.ok(
        v === wanted[k] || (each.dtype === 'f32' && ulps(v, wanted[k]) <= 1) || (name === 'fft' && Math.abs(v - wanted[k]) <= 1),
        `output ${i}, element ${k}: ${v}, needed ${wanted[k]}`));
    });
  });

  // An argument that is declared but never read leaves every answer as it was.
  test(`${name}: uses each argument it declares`, () => {
    const { inputTensors, given, declared } = example(name);
    const base = plain(compute(name, inputTensors));
    const candidates = {
      number: () => [0, 0.001, 0.25, 0.62, 0.9, 1, 3, 10, 1e5], integer: () => [1, 2, 3, 8, 12, 15, 100, 1024, 22050],
      text: value => [value.trim().split('\n').reverse().join('\n'), 'f64', 'f32', 'i32', 'i8'],
    };
    for (const { name: argument, kind } of declared.arguments) {
      const rest = given.filter(a => a.name !== argument), own = given.find(a => a.name === argument);
      const changed = candidates[kind](own?.value.text).some(value => {
        const guest = new Watched(bytesOf[name]), made = guest.call('create', [...rest, { name: argument, value: { [kind]: value } }]);
        if (made !== 'ok') {
          assert.ok(declared.arguments.some(a => a.name === made.error.subject), made.error.message);
          return false;
        }
        // A second call too: some arguments are about what is remembered.
        const twice = [base, plain(compute(name, inputTensors))];
        return [0, 1].some(i => JSON.stringify(plain(guest.call('compute', inputTensors))) !== JSON.stringify(twice[i]));
      });
      assert.ok(changed, `\`${argument}\` changes nothing`);
    }
  });

  test(`${name}: names each input it declares, and each output`, () => {
    const { inputTensors } = example(name), said = block(name).call('metadata');
    said.inputs.forEach((port, i) => {
      const { error } = block(name).call('graph', inputTensors.map((t, k) => typeOf(k === i ? { ...t, dtype: 'complex64' } : t)));
      assert.equal(error.code, 'unsupported-type');
      assert.equal(error.subject, port.name);
      assert.match(error.message, new RegExp(`^\`${port.name}\` is \`complex64`));
    });
    // Less and less room for the outputs, until the inputs do not fit either.
    const seen = new Set(), guest = block(name), left = free(guest);
    const bytes = [...inputTensors, ...example(name).outputTensors].reduce((sum, t) => sum + t.data.length, 0);
    for (let room = 3 * bytes + 8192 & ~63; room > 0; room -= 64)
      try {
        guest.exports.cabi_realloc(0, 0, 1, left - room);
        const { error } = guest.call('compute', inputTensors);
        if (error?.code === 'out-of-memory') seen.add(error.subject);
      } catch (trap) {
        if (!(trap instanceof WebAssembly.RuntimeError)) throw trap;
        break;
      }
    const wanted = name === 'identity' ? [] : said.outputs.map(o => o.name);
    assert.deepEqual([...seen].sort(), wanted.sort());
  });
}

/** What is left of an arena between two calls. */
function free(guest) {
  const { exports } = guest, post = exports[`cabi_post_${interfaceName}#metadata`];
  let low = 0, high = exports.rune_arena_bytes();
  while (high - low > 64) {
    const middle = (low + high) / 2 & ~63;
    try {
      exports.cabi_realloc(0, 0, 1, middle);
      low = middle;
    } catch {
      high = middle;
    }
    post(0);
  }
  return low;
}

// --- metadata, graph and compute agree ---

const shapes = [
  [], [1], [2], [3], [7], [0], [1, 1], [1, 10], [10, 1], [2, 3], [0, 3], [1, 1, 1, 1], [1, 1, 10, 1], [1, 2, 7], [1, 0, 6],
  [1, 3, 5], [1, 4, 4, 3], [1, 28, 28, 3], [2, 5, 3, 1], [1, 2, 2, 2], [0, 4, 4, 3], [1, 0, 4, 3], [1, 2, 2, 2, 3], [64, 33],
];
const dtypes = [...numeric, 'utf8', 'bool', 'f16', 'bf16', '', 'F32', 'complex64'];
/** A tensor with the bytes of the example's, again and again, or of zeros. */
function filled(dtype, dims, like) {
  const data = new Uint8Array(count(dims) * bytesPer(dtype));
  if (like?.dtype === dtype && dtype !== 'utf8' && like.data.length)
    for (let i = 0; i < data.length; ++i) data[i] = like.data[i % like.data.length];
  return { dtype, dims, data };
}
// True if `dims` could be what `pattern` describes; one number for each name.
function matches(dims, pattern, known = {}) {
  return pattern === null || (dims.length === pattern.length && pattern.every((p, i) => {
    if (p === 'unknown') return true;
    if ('fixed' in p) return p.fixed === dims[i];
    return (known[p.named] ??= dims[i]) === dims[i];
  }));
}
const replaced = (list, i, item) => list.map((old, k) => (k === i ? item : old));

for (const name of names) {
  const inputs = example(name).inputTensors, inputsText = `${inputs.length} needed`;

  test(`${name}: graph and compute answer alike, within what metadata declares`, () => {
    const shared = block(name), said = shared.call('metadata');
    for (let k = 0; k < inputs.length; ++k) {
      const passed = new Set();
      for (const dtype of dtypes)
        for (const dims of [inputs[k].dims, ...shapes]) {
          const given = replaced(inputs, k, filled(dtype, dims, inputs[k])), about = `${dtype}[${dims}]`;
          const guest = example(name).remembers ? block(name) : shared;
          const types = guest.call('graph', given.map(typeOf)), done = guest.call('compute', given);
          if (types.error) {
            assert.deepEqual(done, types, about);
            continue;
          }
          passed.add(dtype);
          if (said.inputs[k]) assert.ok(matches(dims, said.inputs[k].dims), about);
          if (done.error) { // about what is in the tensor, which graph does not see
            assert.equal(done.error.code, 'invalid-input', about);
            continue;
          }
          assert.equal(types.ok.length, done.ok.length);
          const known = {};
          given.forEach((t, i) => said.inputs[i] && matches(t.dims, said.inputs[i].dims, known));
          done.ok.forEach((got, i) => {
            assert.equal(got.dtype, types.ok[i].dtype, about);
            assert.ok(matches(got.dims, types.ok[i].dims), about);
            assert.equal(got.dtype === 'utf8' || got.data.length, got.dtype === 'utf8' || count(got.dims) * bytesPer(got.dtype));
            if (said.outputs[i])
              assert.ok(said.outputs[i].dtypes.includes(got.dtype) && matches(got.dims, said.outputs[i].dims, known), about);
          });
        }
      assert.deepEqual([...passed].sort(), [...(said.inputs[k] ? said.inputs[k].dtypes : dtypes)].sort());
    }
  });

  test(`${name}: what graph knows of unknown and named dimensions holds when they are known`, () => {
    const guest = block(name);
    const vague = [() => 'unknown', (d, i) => ({ named: `d${i}` }), (d, i) => (i % 2 ? 'unknown' : { fixed: d })];
    for (let k = 0; k < inputs.length; ++k)
      for (const dims of [inputs[k].dims, ...shapes]) {
        const given = replaced(inputs.map(typeOf), k, typeOf({ dtype: inputs[k].dtype, dims }));
        const exact = guest.call('graph', given);
        if (exact.error) continue;
        for (const blur of vague) {
          const types = guest.call('graph', replaced(given, k, { dtype: inputs[k].dtype, dims: dims.map(blur) }));
          assert.ok(types.ok, `${dims}: ${JSON.stringify(types)}`);
          types.ok.forEach((type, i) => {
            assert.equal(type.dtype, exact.ok[i].dtype);
            const known = exact.ok[i].dims.map(d => d.fixed ?? 1);
            assert.ok(matches(known, type.dims), `${dims}`);
          });
        }
      }
  });

  test(`${name}: refuses a wrong number of inputs`, { skip: name === 'identity' }, () => {
    const guest = block(name), less = inputs.slice(1), more = [...inputs, inputs[0]];
    const said = n => `${n} ${n === 1 ? 'input' : 'inputs'} given, ${inputsText}`;
    refused(guest.call('graph', []), 'arity', null, said(0));
    refused(guest.call('compute', less), 'arity', null, said(less.length));
    refused(guest.call('compute', more), 'arity', null, said(more.length));
  });

  test(`${name}: trusts no length: data shorter or longer than its dims is refused`, { skip: name === 'identity' }, () => {
    const guest = block(name);
    inputs.forEach((input, k) => {
      const subject = example(name).declared.inputs[k].name, size = input.data.length;
      for (const bytes of [0, 1, size - 1, size + 1, size + 400]) {
        if (bytes === size) continue;
        const { error } = guest.call('compute', replaced(inputs, k, { ...input, data: new Uint8Array(bytes).fill(0x61) }));
        assert.deepEqual([error.code, error.subject], ['invalid-input', subject]);
        if (input.dtype !== 'utf8')
          assert.ok(error.message.endsWith(`with ${bytes} bytes of data, needed ${size}`), error.message);
      }
      for (const dims of [[2 ** 31, 1, 2, 3], [2 ** 32 - 1, 2 ** 32 - 1, 1, 3], [1, 65536, 65536, 1], [2 ** 30, 1, 1, 1], [1, 2 ** 31, 7]]) {
        const { error } = guest.call('compute', replaced(inputs, k, { ...input, dims, data: new Uint8Array(8) }));
        assert.match(error.code, /^(invalid-input|unsupported-shape)$/);
      }
    });
  });

  test(`${name}: a thousand calls leave nothing behind`, () => {
    const guest = block(name), first = guest.call('compute', inputs), left = free(guest);
    for (let i = 0; i < 1000; ++i) guest.call('compute', inputs);
    const last = guest.call('compute', inputs);
    if (!example(name).remembers) assert.deepEqual(last, first);
    assert.equal(last.ok[0].data.address, first.ok[0].data.address);
    assert.equal(free(guest), left);
  });

  test(`${name}: an answer does not depend on what was asked before`, { skip: example(name).remembers }, () => {
    const fresh = plain(compute(name, inputs)), used = block(name);
    for (let k = 0; k < inputs.length; ++k)
      for (const dims of shapes) {
        used.call('compute', replaced(inputs, k, filled(inputs[k].dtype, dims, inputs[k])));
        used.call('graph', inputs.map(() => ({ dtype: 'bool', dims: [] })));
      }
    assert.deepEqual(plain(used.call('compute', inputs)), fresh);
  });

  test(`${name}: answers whatever it is given, and never traps`, () => {
    const random = randomNumbers(names.indexOf(name) + 100), pick = list => list[Math.floor(random() * list.length)];
    const { declared } = example(name), edges = [0, -0, 1, -1, 0.5, NaN, Infinity, -Infinity, 1e-300, 1e300, 2 ** 31, -(2 ** 63), 3.5, 480];
    const value = {
      number: () => pick(edges), integer: () => BigInt(Math.trunc(pick(edges.filter(v => Math.abs(v) < 2 ** 40 || v === -(2 ** 63))))),
      text: () => pick(['', '\n', '\n\n a \n', 'i8', 'F64', '[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n##b', 'ü'.repeat(99)]),
    };
    const guest = new Watched(bytesOf[name]), given = example(name).given;
    for (let i = 0; i < 150; ++i) {
      const others = declared.arguments.filter(() => random() < 0.3).map(a => ({ name: a.name, value: { [a.kind]: value[a.kind]() } }));
      const made = guest.call('create', [...given.filter(a => !others.some(o => o.name === a.name)), ...others]);
      if (made !== 'ok' && guest.call('create', given) !== 'ok') assert.fail('the example is refused');
      for (let call = 0; call < 3; ++call)
        guest.call('compute', inputs.map(input => {
          if (random() < 0.3) return input;
          const dtype = random() < 0.8 ? input.dtype : pick(dtypes), dims = pick([input.dims, ...shapes]);
          const size = count(dims) * bytesPer(dtype), length = random() < 0.8 ? size : Math.floor(random() * 2 * size);
          return { dtype, dims, data: Uint8Array.from({ length }, () => pick([0, 1, 0x61, 0x7F, 0x80, 0xC3, 0xFF, Math.floor(random() * 256)])) };
        }));
    }
  });

  test(`${name}: a new create begins anew`, () => {
    const used = block(name), fresh = plain(used.call('compute', inputs));
    used.call('compute', inputs);
    assert.deepEqual(used.call('create', example(name).given), 'ok');
    assert.deepEqual(plain(used.call('compute', inputs)), fresh);
  });

  test(`${name}: result data is 64-byte aligned, input data need not be`, () => {
    const expected = compute(name, inputs);
    for (const { data } of expected.ok) assert.equal(data.address % 64, 0);
    for (const shift of [1, 2, 3, 7]) {
      const guest = block(name);
      guest.lowerBytes = function (bytes) {
        const ptr = this.realloc(1, bytes.length + shift) + shift;
        new Uint8Array(this.memory, ptr, bytes.length).set(bytes);
        return [ptr, bytes.length];
      };
      assert.deepEqual(plain(guest.call('compute', inputs)), plain(expected));
    }
  });

  test(`${name}: traps when the inputs do not fit in the arena`, () => {
    const guest = block(name), room = free(guest);
    const { cabi_realloc: realloc, rune_arena_bytes: size } = guest.exports;
    if (example(name).declared.arguments.length === 0) assert.equal(room, size() - 4096);
    assert.ok(room > size() - 4096 - (1 << 16));
    assert.equal(realloc(0, 0, 1, room) % 64, 0);
    assert.throws(() => realloc(0, 0, 1, 1), WebAssembly.RuntimeError);
    for (const bytes of [room + 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32 - 63])
      assert.throws(() => block(name).exports.cabi_realloc(0, 0, 1, bytes), WebAssembly.RuntimeError);
    assert.throws(() => block(name).exports.cabi_realloc(0, 0, 128, 8), WebAssembly.RuntimeError);
  });
}

test('cabi_realloc extends the newest piece in place and moves any other, contents kept', () => {
  const { exports } = new Guest(bytesOf.identity), memory = () => new Uint8Array(exports.memory.buffer);
  const a = exports.cabi_realloc(0, 0, 1, 10);
  memory().set([1, 2, 3], a);
  assert.equal(exports.cabi_realloc(a, 10, 1, 1000), a);
  const b = exports.cabi_realloc(0, 0, 8, 16);
  assert.ok(b >= a + 1000 && b % 64 === 0);
  const c = exports.cabi_realloc(a, 1000, 1, 2000);
  assert.ok(c >= b + 16);
  assert.deepEqual([...memory().subarray(c, c + 3)], [1, 2, 3]);
  assert.equal(exports.cabi_realloc(c, 2000, 1, 5), c);
  assert.equal(exports.cabi_realloc(0, 0, 1, 1), c + 64);
  const none = exports.cabi_realloc(0, 0, 8, 0);
  assert.ok(none % 8 === 0 && none <= memory().length);
});

test('results that do not fit in the arena are an error, not a trap', () => {
  const elements = 5 << 20; // 20 MiB of f32 in, 20 MiB out of 32 MiB
  const guest = block('softmax');
  const { error } = guest.call('compute', [{ dtype: 'f32', dims: [elements], data: new Uint8Array(4 * elements) }]);
  assert.equal(error.code, 'out-of-memory');
  assert.equal(error.subject, 'probabilities');
  assert.match(error.message, /^`probabilities` needs 20971520 bytes, \d+ are left in the block's arena$/);
  // and the next call goes well
  assert.ok(guest.call('compute', [tensor('f32', [2], [0, 0])]).ok);
});

test('messages stay short and valid whatever the types in them', () => {
  const guest = block('softmax');
  const { error } = guest.call('graph', [{
    dtype: 'ü'.repeat(5000), dims: Array.from({ length: 3000 }, () => ({ named: '€'.repeat(100) })),
  }]);
  assert.equal(error.code, 'unsupported-type');
  assert.ok(error.message.length < 1000);
});

// --- the bindings, with every type ---

const everyType = () => new Guest(fs.readFileSync(path.join(built, 'every_type.wasm')));

test('bindings: metadata of every type, in lists of several', () => {
  const mixed = [{ fixed: 4294967295 }, { named: 'n' }, 'unknown'];
  assert.deepEqual(everyType().call('metadata'), {
    name: 'every_type', version: '1.2.3-a+b', docs: '',
    arguments: [
      { name: 'b', docs: 'Boolean.', kind: 'boolean', default: { boolean: true } },
      { name: 'i', docs: 'Integer.', kind: 'integer', default: { integer: -9007199254740991 } },
      { name: 'n', docs: 'Number.', kind: 'number', default: { number: 0.1 } },
      { name: 'required', docs: 'None.', kind: 'text', default: null },
      { name: 't', docs: 'Text.', kind: 'text', default: { text: 'größer' } },
      { name: 'is', docs: 'Integers.', kind: 'integers', default: { integers: [-(2 ** 63), 0, 7] } },
      { name: 'ns', docs: 'Numbers.', kind: 'numbers', default: { numbers: [-0.5, 1e300] } },
      { name: 'ts', docs: 'Texts.', kind: 'texts', default: { texts: ['', 'zwölf', 'x'] } },
    ],
    inputs: [
      { name: 'p', docs: 'P.', dtypes: ['f32', 'my-type'], dims: mixed },
      { name: 'q', docs: 'Q.', dtypes: [], dims: [] },
      { name: 'r', docs: 'R.', dtypes: [], dims: null },
    ],
    outputs: [{ name: 's', docs: '', dtypes: [], dims: null }, { name: 't', docs: 'T.', dtypes: [], dims: mixed }],
  });
});

test('bindings: arguments of every kind arrive', () => {
  const { error } = everyType().call('create', [
    { name: 'yes', value: { boolean: true } }, { name: 'no', value: { boolean: false } },
    { name: 'i', value: { integer: -(2n ** 63n) } }, { name: 'n', value: { number: -2.5 } },
    { name: 't', value: { text: 'ä b' } }, { name: 'is', value: { integers: [1, -2, 2n ** 63n - 1n] } },
    { name: 'ns', value: { numbers: [0.5, -1e20, NaN, 123456.789] } },
    { name: 'ts', value: { texts: ['x', '', 'zwölf'] } }, { name: '', value: { texts: [] } },
  ]);
  assert.deepEqual(error, { code: 'echo', subject: null, message:
    '[yes=true,no=false,i=-9223372036854775808,n=-2.5,t=ä b,is=[1,-2,9223372036854775807],'
    + 'ns=[0.5,-1e20,NaN,123456.789],ts=[x,,zwölf],=[]]' });
});

test('bindings: types and tensors of every form cross, in order', () => {
  const types = [{ dtype: 'a', dims: [{ fixed: 0 }, 'unknown', { named: 'größe' }] }, { dtype: '', dims: [] },
    { dtype: 'c', dims: ['unknown'] }];
  assert.deepEqual(everyType().call('graph', types), { ok: [...types].reverse() });
  const tensors = [tensor('u8', [3], [1, 2, 3]), tensor('f32', [], [1]), tensor('u8', [0, 7], [])];
  assert.deepEqual(plain(everyType().call('compute', tensors)).ok, plain({ ok: tensors }).ok.reverse());
});

test('bindings: a block can have another arena', () => {
  const { exports } = everyType();
  assert.equal(exports.rune_arena_bytes(), 1 << 20);
  assert.equal(exports.memory.buffer.byteLength, 2 << 20);
});

// --- values ---

test('identity: gives any number of any tensors back', () => {
  const guest = block('identity');
  const inputs = [tensor('f32', [1, 2], [1, NaN]), { dtype: 'utf8', dims: [1], data: Uint8Array.of(1, 0, 0, 0, 65) },
    tensor('i64', [0], []), { dtype: 'my-own-type', dims: [3], data: Uint8Array.of(9) }];
  for (let n = 0; n <= inputs.length; ++n) {
    const given = inputs.slice(0, n), back = guest.call('compute', given).ok;
    assert.deepEqual(back.map(t => ({ ...t, data: [...t.data] })), given.map(t => ({ ...t, data: [...t.data] })));
    const types = given.map(t => ({ dtype: t.dtype, dims: [{ named: 'n' }, 'unknown', { fixed: 3 }] }));
    assert.deepEqual(guest.call('graph', types), { ok: types });
  }
});

test('image-normalization: divides by the range of the type', () => {
  const ranges = { u8: [0, 255], i8: [-128, 127], u16: [0, 65535], i16: [-32768, 32767],
    u32: [0, 2 ** 32 - 1], i32: [-(2 ** 31), 2 ** 31 - 1] };
  const random = randomNumbers(1);
  for (const [dtype, [low, high]] of Object.entries(ranges)) {
    const values = [low, high, 0, 1, Math.floor((low + high) / 2), high - 1];
    while (values.length < 300) values.push(low + Math.floor(random() * (high - low + 1)));
    const got = only(compute('image-normalization', [tensor(dtype, [1, 10, 10, 3], values)]));
    assert.equal(got.dtype, 'f32');
    assert.deepEqual(got.dims, [1, 10, 10, 3]);
    assert.deepEqual(elements(got), values.map(v => Math.fround((v - low) / (high - low))));
  }
});

test('image-normalization: every u8 value, 1 channel too', () => {
  const values = Array.from({ length: 256 }, (_, i) => i);
  const got = only(compute('image-normalization', [tensor('u8', [1, 16, 16, 1], values)]));
  assert.deepEqual(elements(got), values.map(v => Math.fround(v / 255)));
});

test('image-normalization: refuses other types and shapes', () => {
  const guest = block('image-normalization');
  refused(guest.call('graph', [{ dtype: 'f32', dims: [{ fixed: 1 }, 'unknown', { named: 'w' }, { fixed: 3 }] }]),
    'unsupported-type', 'image',
    '`image` is `f32[1, ?, w, 3]`, needed one of `u8`, `i8`, `u16`, `i16`, `u32`, `i32`');
  for (const dims of [[28, 28, 3], [1, 28, 28, 4], [1, 28, 28, 0], []])
    refused(guest.call('graph', [typeOf({ dtype: 'u8', dims })]), 'unsupported-shape', 'image',
      `\`image\` is \`u8[${dims.join(', ')}]\`, needed four dimensions with 1 or 3 in the last`);
});

function argmax(values) {
  let best = -1;
  values.forEach((v, i) => { if (!Number.isNaN(v) && (best < 0 || v > values[best])) best = i; });
  return Math.max(best, 0);
}

test('argmax: finds the first largest element, of negative ones too', () => {
  for (const values of [[-3, -1, -2], [1, 5, 5, 2], [7], [-0, 0], [NaN, 1, NaN, 3], [NaN, -1], [NaN, NaN],
    [-Infinity, -Infinity], [1, Infinity, 3], [-5e-324, -1]]) {
    const got = only(compute('argmax', [tensor('f64', [1, values.length], values)]));
    assert.deepEqual([got.dtype, got.dims, elements(got)], ['u32', [1], [argmax(values)]], `${values}`);
  }
  const random = randomNumbers(2);
  for (const dtype of numeric) {
    const values = Array.from({ length: 60 }, () => Math.floor(random() * 100) - (dtype[0] === 'u' ? 0 : 50));
    assert.deepEqual(elements(only(compute('argmax', [tensor(dtype, [3, 4, 5], values)]))), [argmax(values)]);
  }
  assert.deepEqual(elements(only(compute('argmax', [tensor('u64', [2], [2n ** 64n - 2n, 2n ** 64n - 1n])]))), [1]);
});

test('argmax: refuses an input without elements', () => {
  const why = ['unsupported-shape', 'input', '`input` has no elements, needed at least one'];
  refused(block('argmax').call('graph', [{ dtype: 'f32', dims: ['unknown', { fixed: 0 }] }]), ...why);
  refused(compute('argmax', [tensor('f32', [0], [])]), ...why);
});

const top = (values, n) => values.map((v, i) => [v, i])
  .sort(([a, i], [b, j]) => Number.isNaN(a) - Number.isNaN(b) || (Number.isNaN(a) ? 0 : b - a) || i - j)
  .slice(0, n).map(([, i]) => i);
const countArgument = n => [{ name: 'count', value: { integer: n } }];

test('most_confident_indices: largest first, equal ones as they stand, NaN last', () => {
  const fixed = [[[0, 0.5, 10, 3.5, -200], 3, [2, 3, 1]], [[1, 1, 1, 1], 4, [0, 1, 2, 3]],
    [[NaN, 1, NaN, 2], 4, [3, 1, 0, 2]], [[-0, 0], 2, [0, 1]], [[5], 1, [0]]];
  for (const [values, n, expected] of fixed)
    assert.deepEqual(elements(only(compute('most_confident_indices', [tensor('f32', [values.length], values)],
      countArgument(n)))), expected);
  const random = randomNumbers(3);
  for (const dtype of numeric)
    for (const n of [1, 2, 5, 99, 100]) {
      const values = Array.from({ length: 100 }, () => Math.floor(random() * 30));
      if (dtype[0] === 'f') values[17] = values[60] = NaN;
      const got = only(compute('most_confident_indices', [tensor(dtype, [1, 100, 1], values)], countArgument(n)));
      assert.deepEqual([got.dtype, got.dims], ['u32', [n]]);
      assert.deepEqual(elements(got), top(values, n), `${dtype} ${n}`);
    }
});

test('most_confident_indices: one index unless told otherwise', () => {
  for (const dims of [[4], [1, 4], [1, 1, 4, 1]])
    assert.deepEqual(elements(only(compute('most_confident_indices', [tensor('u8', dims, [3, 250, 9, 250])], []))), [1]);
});

test('most_confident_indices: refuses counts and shapes it cannot serve', () => {
  for (const n of [0, -1, 2 ** 32])
    refused(new Guest(bytesOf.most_confident_indices).call('create', countArgument(n)),
      'invalid-argument', 'count', `argument \`count\` is ${n}, needed 1 to 4294967295`);
  refused(compute('most_confident_indices', [tensor('f32', [1, 3], [1, 2, 3])], countArgument(5)),
    'unsupported-shape', 'confidences', 'argument `count` is 5 but `confidences`, `f32[1, 3]`, has 3 elements');
  const five = block('most_confident_indices', countArgument(5));
  assert.match(five.call('graph', [{ dtype: 'f32', dims: ['unknown', { fixed: 3 }] }]).error.message, /has 3 elements$/);
  assert.ok(five.call('graph', [{ dtype: 'f32', dims: ['unknown', { fixed: 1 }] }]).ok);
  refused(compute('most_confident_indices', [filled('f32', [2, 3])], []), 'unsupported-shape', 'confidences',
    '`confidences` is `f32[2, 3]`, needed one row: at most one dimension other than 1');
});

const usual = [{ name: 'wordlist', value: { text: 'zero\none\ntwo' } }];
const wordlist = text => [{ name: 'wordlist', value: { text } }];

test('label: the word on each line, trimmed; an empty line is a word', () => {
  const got = only(compute('label', [tensor('u32', [2, 3], [3, 1, 2, 0, 0, 4])],
    wordlist('  zero\r\n\tone \n\ndreißig 三\nlast\n')));
  assert.deepEqual([got.dtype, got.dims, texts(got)],
    ['utf8', [2, 3], ['dreißig 三', 'one', '', 'zero', 'zero', 'last']]);
  for (const dtype of numeric)
    assert.deepEqual(texts(only(compute('label', [tensor(dtype, [2], [2, 0])], usual))), ['two', 'zero'], dtype);
  assert.deepEqual(texts(only(compute('label', [tensor('f32', [], [-0])], usual))), ['zero']);
});

test('label: an index that no line has is an error', () => {
  const ask = (dtype, values, text = 'a\nb\nc') =>
    compute('label', [tensor(dtype, [values.length], values)], wordlist(text));
  const outside = (n, k) => ['invalid-input', 'indices', `Index out of bounds: there are ${n} labels but label ${k} was requested`];
  refused(ask('u32', [0, 3]), ...outside(3, 3));
  refused(ask('u32', [2, 4294967295, 7]), ...outside(3, 4294967295));
  refused(ask('i8', [-1]), ...outside(3, -1));
  refused(ask('i64', [-(2n ** 63n)]), ...outside(3, '-9223372036854775808'));
  refused(ask('u64', [2n ** 64n - 1n]), ...outside(3, '18446744073709551615'));
  refused(ask('f32', [3]), ...outside(3, 3));
  refused(ask('f64', [-4]), ...outside(3, -4));
  refused(ask('u8', [0], ''), ...outside(0, 0));
  for (const [v, shown] of [[1.5, '1.5'], [NaN, 'NaN'], [Infinity, 'inf'], [-Infinity, '-inf'], [-0.25, '-0.25'], [2.5e-7, '2.5e-7']])
    refused(ask('f64', [0, v]), 'invalid-input', 'indices', `element 1 of \`indices\` is ${shown}, needed a whole number`);
});

test('label: keeps its words while calls come and go, apart from other instances', () => {
  const many = Array.from({ length: 20000 }, (_, i) => `word number ${i}`);
  const a = block('label', wordlist(many.join('\n'))), b = block('label', wordlist('x\ny'));
  for (let i = 0; i < 50; ++i) {
    const k = (i * 7919) % many.length;
    a.call('graph', [typeOf(filled('u8', [1, 2, 3]))]);
    assert.deepEqual(texts(only(a.call('compute', [tensor('u32', [1], [k])]))), [many[k]]);
    assert.deepEqual(texts(only(b.call('compute', [tensor('u8', [1], [i % 2])]))), [i % 2 ? 'y' : 'x']);
  }
  assert.deepEqual(a.call('create', wordlist('new')), 'ok');
  assert.deepEqual(texts(only(a.call('compute', [tensor('u8', [1], [0])]))), ['new']);
});

test('label: a word list that cannot be kept is an error', () => {
  assert.equal(new Guest(bytesOf.label).call('create', wordlist('x'.repeat(20 << 20))).error.code, 'out-of-memory');
  assert.equal(new Guest(bytesOf.label).call('create', wordlist('\n'.repeat(8 << 20))).error.code, 'out-of-memory');
});

function softmax(values) {
  const highest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = values.map(v => Math.exp(v - highest)), sum = powers.reduce((a, b) => a + b, 0);
  return powers.map(p => Math.fround(p / sum));
}

test('softmax: within one unit in the last place, any shape, large scores too', () => {
  const random = randomNumbers(4);
  for (const [dims, scale] of [[[1, 10], 10], [[1000], 100], [[2, 3, 4], 1], [[1], 5], [[3], 1e30], [[500], 1e-3]]) {
    const values = Array.from({ length: count(dims) }, () => Math.fround((random() - 0.5) * scale));
    const got = only(compute('softmax', [tensor('f32', dims, values)]));
    assert.deepEqual([got.dtype, got.dims], ['f32', dims]);
    const expected = softmax(values);
    elements(got).forEach((v, i) => assert.ok(ulps(v, expected[i]) <= 1, `${v} ${expected[i]}`));
  }
  // numpy: exp(x) / exp(x).sum() in f64
  const f64 = elements(only(compute('softmax', [tensor('f64', [3], [1, 2, 3])])));
  [0.09003057317038046, 0.24472847105479764, 0.6652409557748218].forEach((e, i) =>
    assert.ok(Math.abs(f64[i] - e) <= 2 ** -52));
  assert.deepEqual(elements(only(compute('softmax', [tensor('f32', [2], [1000, 1000])]))), [0.5, 0.5]);
  assert.deepEqual(elements(only(compute('softmax', [tensor('f32', [2], [-Infinity, 3])]))), [0, 1]);
});

test('softmax: what is no number or infinite makes all NaN; nothing stays nothing', () => {
  for (const values of [[1, NaN, 2], [Infinity, 0], [-Infinity, -Infinity]])
    assert.ok(elements(only(compute('softmax', [tensor('f32', [values.length], values)]))).every(Number.isNaN));
  assert.deepEqual(elements(only(compute('softmax', [tensor('f32', [0, 4], [])]))), []);
});
