// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pages of docs/blocks/, from what each block says of itself and its example.
//   node tests/blocks/docs.mjs build/blocks     do the pages say what they should?
//   RUNE_UPDATE=1 node tests/blocks/docs.mjs build/blocks     write them, and each
//                                               block's interface.json, anew
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Guest } from './canonical.mjs';
import { example, names, rawBytes, runefile, source } from './examples.mjs';
import { interfaceJson } from './interface.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const pages = path.join(here, '../../docs/blocks');
const built = process.argv[2] ?? path.join(here, '../../build/blocks');
const license = '<!-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception -->\n'
  + '<!-- Written by tests/blocks/docs.mjs from the block\'s metadata and blocks/NAME/example.json; `./dev update` writes it anew. -->\n';

const everyNumber = ['f32', 'f64', 'i8', 'i16', 'i32', 'i64', 'u8', 'u16', 'u32', 'u64'];
const shape = dims => (dims === null ? 'of any shape' : `[${dims.map(d => d ?? '?').join(', ')}]`);
function portType({ dtypes, dims }) {
  const numbers = dtypes.length === everyNumber.length && everyNumber.every(d => dtypes.includes(d));
  return `${dtypes.length ? (numbers ? 'any numbers' : dtypes.join(' ')) : 'anything'} ${shape(dims)}`;
}

const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n') + '\n';
const ports = (title, list) => (list.length
  ? `## ${title}\n\n${table(['name', 'type', ''], list.map(p => [`\`${p.name}\``, portType(p), p.docs]))}\n`
  : `## ${title}\n\nAny number of tensors of any type and shape.\n\n`);
function argumentTable(list) {
  if (list.length === 0) return '## Arguments\n\nNone.\n\n';
  const value = v => (v === undefined ? 'required' : `\`${v}\``);
  return `## Arguments\n\n${table(['name', 'kind', 'default', ''],
    list.map(a => [`\`${a.name}\``, a.kind, value(a.default), a.docs]))}\n`;
}

function shownTensor({ dtype, dims, elements, text, rest, sound, golden }) {
  const type = `\`${dtype}[${dims.join(', ')}]\``;
  if (sound) return `${type}, the sound \`${sound}\` of tests/blocks/golden.py`;
  const more = golden || rest !== undefined ? ' …' : '';
  const shown = text === undefined ? elements.map(e => JSON.stringify(e)).join(' ') : JSON.stringify(text);
  return `${type} \`${shown}\`${more}`;
}

function exampleText(of) {
  const given = of.inputs.map((input, i) => `\`${of.declared.inputs[i]?.name ?? `input${i}`}\`: ${shownTensor(input)}`);
  const got = of.outputs.map((output, i) => `\`${of.declared.outputs[i]?.name ?? `output ${i}`}\`: ${shownTensor(output)}`);
  const files = of.inputTensors.map((_, i) => ` --raw ${of.inputTensors.length > 1 ? `${i}.bin` : 'input.bin'}`).join('');
  return `## Example\n\n${of.about}\n\n\`\`\`yaml\n${runefile(of)}\`\`\`\n\n`
    + `\`rune build -o example.rune && rune run example.rune${files}\`, each file the bytes of one input `
    + `(${of.inputTensors.map(t => rawBytes(t).length).join(', ')}), turns\n\n${given.map(l => `- ${l}`).join('\n')}\n\ninto\n\n`
    + `${got.map(l => `- ${l}`).join('\n')}\n\n`;
}

const page = of => `${license}# ${of.name}\n\n${of.declared.docs}\n\n`
  + `\`proc-block: "hotg-ai/proc-blocks@v0.11.3#${of.name}"\`${of.remembers ? ' · remembers what earlier calls brought' : ''}\n\n`
  + ports('Inputs', of.declared.inputs) + ports('Outputs', of.declared.outputs) + argumentTable(of.declared.arguments)
  + exampleText(of)
  + (of.differs.length ? `## What differs from the first system's block\n\n${of.differs.map(d => `- ${d}`).join('\n')}\n` : '');

function indexPage(all) {
  const types = list => (list.length ? list.map(portType).join('; ') : 'anything');
  return `${license}# The block library\n\nBlocks that come with Rune, as a Runefile names them: \`hotg-ai/proc-blocks@v0.11.3#NAME\`, `
    + '`-` and `_` being alike. Each page has inputs, outputs, arguments, an example that runs as a test, and what differs '
    + 'from the block of the first system.\nTo write your own: [Blocks](../../blocks/README.md).\n\n'
    + table(['block', 'takes → gives', 'arguments', ''], all.map(of => [`[${of.name}](${of.name}.md)`,
      `${types(of.declared.inputs)} → ${types(of.declared.outputs)}`,
      of.declared.arguments.map(a => `\`${a.name}\``).join(' '), of.declared.docs]));
}

function main() {
  const update = process.env.RUNE_UPDATE === '1';
  const wanted = new Map();
  for (const name of names) {
    const answered = interfaceJson(Guest.open(path.join(built, `${name}.wasm`)).call('metadata'));
    const file = path.join(source, name, 'interface.json');
    wanted.set(file, answered);
    if (update) fs.writeFileSync(file, answered);
  }
  const all = names.map(example);
  for (const of of all) wanted.set(path.join(pages, `${of.name}.md`), page(of));
  wanted.set(path.join(pages, 'README.md'), indexPage(all));

  fs.mkdirSync(pages, { recursive: true });
  const extra = fs.readdirSync(pages).map(f => path.join(pages, f)).filter(f => !wanted.has(f));
  const differ = [...wanted].filter(([file, text]) => !fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text);
  if (update) {
    for (const [file, text] of differ) fs.writeFileSync(file, text);
    for (const file of extra) fs.unlinkSync(file);
    return;
  }
  for (const [file] of differ) console.error(`${path.relative('.', file)} is not what the block says; \`./dev update\` writes it`);
  for (const file of extra) console.error(`${path.relative('.', file)} belongs to no block; \`./dev update\` removes it`);
  process.exitCode = differ.length + extra.length ? 1 : 0;
}
main();
