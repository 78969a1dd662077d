// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// bench_memory.mjs RUNE PEERS [--only WORD] [--rounds N] [--json FILE]: what starting and
// holding a model takes, beside ONNX Runtime, as a table. PEERS is the folder with the program
// bench_onnxruntime.
//
// Each figure is of a process of its own: `rune bench MODEL --device cpu --repeat 1`, compiling
// (into an empty cache) and then from that cache. Memory is the peak of what was resident, pages of the program and
// of mapped files counted. A start is processor time from the start of the process to the
// first result, so that what else the machine does counts little; the least of all rounds.
// The bars are DESIGN's ("Numbers to hold").
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const data = '../shared/data';
const models = [
  { name: 'mobilenet_v2', file: `${data}/bench-onnx/mobilenet_v2.onnx`, start: 0.25, memory: 0.4 },
  { name: 'resnet50', file: `${data}/onnx-node/light/light_resnet50.onnx` },
  { name: 'transformer', file: `${data}/bench-onnx/tfm2_d256_t128.onnx` },
  { name: 'kws int8', file: `${data}/mlperf-tiny/kws_dscnn_int8.tflite` },
];
const [rune, peers, ...rest] = process.argv.slice(2);
const given = Object.fromEntries(rest.map((word, i) => [word, rest[i + 1]]).filter((_, i) => i % 2 === 0));
const rounds = Number(given['--rounds'] ?? 5), only = given['--only'] ?? '';
const library = 'build/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1';

const jsonOf = (program, args, env = {}) =>
  JSON.parse(execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'],
                                           env: { ...process.env, ...env } }).trim().split('\n').at(-1));
const least = (runs, field) => Math.min(...runs.map(run => run[field]));
const mega = bytes => (bytes / 1e6).toFixed(1);
const judged = (value, bar, text) => `${text}${bar === undefined ? '' : value > bar ? ' ✗' : ''}`;

const head = ['model', 'weights + arena', 'run', 'run beyond them (bar 10)', 'compile', 'bar of it', 'ready ms (bar 5)',
              'first result, CPU ms', 'onnxruntime', 'ratio', 'onnxruntime MB', 'ratio'];
console.log(`memory in MB; least of ${rounds} rounds\n\n| ${head.join(' | ')} |\n|${'---|'.repeat(head.length)}`);
const rows = [], faults = [];
for (const model of models) {
  if (!model.name.includes(only))
    continue;
  if (!existsSync(model.file)) {
    faults.push(`${model.name}: ${model.file} is not there`);
    continue;
  }
  const cache = mkdtempSync(join(tmpdir(), 'rune-bench-'));
  try {
    const ours = () => jsonOf(rune, ['bench', model.file, '--device', 'cpu', '--repeat', '1', '--cache', '--format', 'json'],
                              { RUNE_CACHE: join(cache, 'code') });
    const peer = () => jsonOf(`${peers}/bench_onnxruntime`, [library, model.file, '1', '0']);
    const hasPeer = model.file.endsWith('.onnx') && existsSync(library);
    const compiling = ours(), cached = [], theirs = [];
    for (let round = 0; round < rounds; ++round) { // in turn: all meet the same machine
      cached.push(ours());
      if (hasPeer)
        theirs.push(peer());
    }
    const held = cached[0].weight_bytes + cached[0].arena_bytes, run = least(cached, 'peak_memory_bytes');
    const compileBar = 2 * statSync(model.file).size + 500e6;
    const first = least(cached, 'first_result_cpu_ms'), ready = least(cached, 'compile_ms');
    const peerFirst = hasPeer ? least(theirs, 'first_result_cpu_ms') : NaN;
    const peerBytes = hasPeer ? least(theirs, 'peak_memory_bytes') : NaN;
    const ratio = (a, b, bar) => Number.isNaN(b) ? '–' : judged(a / b, bar, (a / b).toFixed(2));
    console.log(`| ${[model.name, mega(held), mega(run), judged(run - held, 10e6, mega(run - held)),
      judged(compiling.peak_memory_bytes, compileBar, mega(compiling.peak_memory_bytes)), mega(compileBar),
      judged(ready, 5, ready.toFixed(1)), first.toFixed(1),
      hasPeer ? peerFirst.toFixed(1) : '–', ratio(first, peerFirst, model.start),
      hasPeer ? mega(peerBytes) : '–', ratio(run, peerBytes, model.memory)].join(' | ')} |`);
    rows.push({ model: model.name, compiling, cached, theirs });
  } finally {
    rmSync(cache, { recursive: true });
  }
}
for (const fault of faults)
  console.log(`- ${fault}`);
if (given['--json'])
  writeFileSync(given['--json'], JSON.stringify({ rounds, rows, faults }, null, 1));
