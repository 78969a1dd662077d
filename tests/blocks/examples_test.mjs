// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the example of each block's page as a reader would: the Runefile out of the
// page, `rune build`, `rune run`, and the JSON line against the stored outputs.
//   node tests/blocks/examples_test.mjs build/rune
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { elements, example, names, rawBytes } from './examples.mjs';

const rune = path.resolve(process.argv[2]);
const pages = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../docs/blocks');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rune-examples-'));
after(() => fs.rmSync(folder, { recursive: true }));

function run(...words) {
  const { status, stdout, stderr } = spawnSync(rune, words, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 26 });
  assert.equal(status, 0, `rune ${words.join(' ')}: ${stderr}`);
  return { stdout, stderr };
}

/** Equal, but for what an f32 loses: numbers are printed as they are stored. */
function expectTensor(got, wanted, name) {
  const dtype = got['element-type'] ?? got.element_type;
  assert.deepEqual([dtype, got.dimensions], [wanted.dtype, wanted.dims], name);
  const values = elements(wanted);
  assert.equal(got.elements.length, values.length);
  values.forEach((v, i) => {
    // Two f32 next to each other, and one step of the levels of `fft`.
    const near = dtype === 'f32' ? Math.abs(v) * 2 ** -23 : name === 'fft' ? 1 : 0;
    if (typeof v === 'number') assert.ok(Math.abs(got.elements[i] - v) <= near, `${name} ${i}: ${got.elements[i]}, needed ${v}`);
    else assert.equal(got.elements[i], v);
  });
}

for (const name of names)
  test(`${name}: its page's example builds, runs, and gives what the page says`, () => {
    const of = example(name);
    const [, yaml] = fs.readFileSync(path.join(pages, `${name}.md`), 'utf8').match(/```yaml\n(.*?)```/s);
    for (const spelling of new Set([name, name.replaceAll('-', '_'), name.replaceAll('_', '-')])) {
      const written = yaml.replaceAll(`#${name}"`, `#${spelling}"`);
      assert.ok(written.includes(`#${spelling}"`));
      fs.writeFileSync(path.join(folder, 'Runefile.yml'), written);
      const { stderr } = run('build', '-o', 'example.rune');
      assert.doesNotMatch(stderr, /warning/);
    }
    const files = of.inputTensors.flatMap((input, i) => {
      fs.writeFileSync(path.join(folder, `${i}.bin`), rawBytes(input));
      return ['--raw', `${i}.bin`];
    });
    const printed = JSON.parse(run('run', 'example.rune', ...files).stdout);
    const [tensors] = Object.values(printed);
    assert.equal(tensors.length, of.outputTensors.length);
    tensors.forEach((got, i) => expectTensor(got, of.outputTensors[i], name));
  });
