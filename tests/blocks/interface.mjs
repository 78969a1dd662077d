// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block's metadata as the JSON of blocks/NAME/interface.json. As a program it
// writes those files anew from built modules, to be read before they are committed:
//   node tests/blocks/interface.mjs build/blocks/*.wasm
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Guest } from './canonical.mjs';

const dimension = d => (d === 'unknown' ? null : Object.values(d)[0]);
const port = ({ name, docs, dtypes, dims }) => ({ name, docs, dtypes, dims: dims && dims.map(dimension) });
const argument = ({ name, docs, kind, default: value }) => ({
  name, docs, kind, ...(value === null ? {} : { default: Object.values(value)[0] }),
});

export function interfaceJson(metadata) {
  return JSON.stringify({
    ...metadata,
    arguments: metadata.arguments.map(argument),
    inputs: metadata.inputs.map(port),
    outputs: metadata.outputs.map(port),
  }, null, 2) + '\n';
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const file of process.argv.slice(2)) {
    const name = path.basename(file, '.wasm');
    const target = path.join(path.dirname(process.argv[1]), '../../blocks', name, 'interface.json');
    fs.writeFileSync(target, interfaceJson(Guest.open(file).call('metadata')));
  }
