// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// bench_threads.mjs RUNE [--only WORD] [--rounds N] [--threads N] [--cores 0,1]
// [--json FILE]: models on one thread, on several, and on several while a process of
// somebody else keeps the last of the cores busy, as a table.
//
// Each run is a process of its own, from a cache that all share; a round runs
// each kind once, so that all meet the same machine. Everything runs on the given
// cores. Judged are the least of all rounds, and with a busy core the least
// of the medians: the other process is always there.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

const data = '../shared/data', made = 'build/bench_models';
// name, file, whether the bar of DESIGN ("Numbers to hold") is meant for it
const models = [
  { name: 'resnet50', file: `${data}/onnx-node/light/light_resnet50.onnx`, judged: true },
  { name: 'mobilenet_v2', file: `${data}/bench-onnx/mobilenet_v2.onnx`, judged: true },
  { name: 'resnet18', file: `${made}/resnet18.onnx` },
  { name: 'densenet121', file: `${data}/onnx-node/light/light_densenet121.onnx` },
  { name: 'shufflenet', file: `${data}/onnx-node/light/light_shufflenet.onnx` },
  { name: 'transformer', file: `${data}/bench-onnx/tfm2_d256_t128.onnx` },
  { name: 'lstm', file: `${data}/bench-onnx/lstm2_h128_t100.onnx` },
  { name: 'ic', file: `${made}/ic.onnx` },
  { name: 'kws', file: `${made}/kws.onnx` },
  { name: 'ad', file: `${made}/ad.onnx` },
  { name: 'vww int8', file: `${data}/mlperf-tiny/vww96_int8.tflite` },
  { name: 'sww int8', file: `${data}/mlperf-tiny/sww_int8.tflite` },
];
const gainBar = 1.8, busyBar = 1.1, slowerBar = 1.0;

const [rune, ...rest] = process.argv.slice(2);
const given = Object.fromEntries(rest.map((word, i) => [word, rest[i + 1]]).filter((_, i) => i % 2 === 0));
const rounds = Number(given['--rounds'] ?? 5), threads = Number(given['--threads'] ?? 2);
const cores = given['--cores'] ?? Array.from({ length: threads }, (_, i) => i).join(',');
const only = given['--only'] ?? '';
if (availableParallelism() < threads) {
  console.error(`${threads} threads are asked for, this machine runs ${availableParallelism()} at once`);
  process.exit(1);
}

const cache = mkdtempSync(join(tmpdir(), 'rune-bench-'));
const run = (file, count) =>
  JSON.parse(execFileSync('taskset', ['-c', cores, rune, 'bench', file, '--device', 'cpu', '--threads', String(count),
                                      '--cache', '--format', 'json'],
                          { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'],
                            env: { ...process.env, RUNE_CACHE: cache } }).trim().split('\n').at(-1));
const withBusyCore = body => {
  const busy = spawn('taskset', ['-c', cores.split(',').at(-1), process.execPath, '-e', 'for (;;);'], { stdio: 'ignore' });
  try {
    return body();
  } finally {
    busy.kill('SIGKILL');
  }
};
const least = (runs, field) => Math.min(...runs.map(one => one[field]));

const head = ['model', '1 thread µs', `${threads} threads µs`, 'gain', `${threads} threads, a core busy µs`, 'to 1 thread'];
console.log(`least of ${rounds} rounds; with a busy core, and beside it, the least median\n\n| ${head.join(' | ')} |\n|${'---|'.repeat(head.length)}`);
const rows = [], faults = [];
try {
  for (const model of models) {
    if (!model.name.includes(only))
      continue;
    if (!existsSync(model.file)) {
      faults.push(`${model.name}: ${model.file} is not there`);
      continue;
    }
    run(model.file, 1), run(model.file, threads); // fills the cache
    const alone = [], together = [], busy = [];
    for (let round = 0; round < rounds; ++round) {
      alone.push(run(model.file, 1));
      together.push(run(model.file, threads));
      busy.push(withBusyCore(() => run(model.file, threads)));
    }
    const one = least(alone, 'min_us'), several = least(together, 'min_us');
    const gain = one / several, slower = least(busy, 'median_us') / least(alone, 'median_us');
    const missed = model.judged ? gain < gainBar : gain < slowerBar;
    console.log(`| ${[model.name, one.toFixed(1), several.toFixed(1), `${gain.toFixed(2)}${missed ? ' ✗' : ''}`,
      least(busy, 'median_us').toFixed(1), `${slower.toFixed(2)}${slower > busyBar ? ' ✗' : ''}`].join(' | ')} |`);
    rows.push({ model: model.name, alone, together, busy });
  }
} finally {
  rmSync(cache, { recursive: true });
}
for (const fault of faults)
  console.log(`- ${fault}`);
if (given['--json'])
  writeFileSync(given['--json'], JSON.stringify({ rounds, threads, rows, faults }, null, 1));
