// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// bench_models.mjs RUNE PEERS [--only WORD] [--rounds N] [--threads 1,2]
// [--seconds S] [--cache yes] [--json FILE]: whole models beside the fastest peers, as a table
// and as JSON. PEERS is the folder with the programs
// bench_onnxruntime and bench_gemm.
//
// One round runs each of us once, one after the other, each as a process of its
// own; the next round starts again. A figure is the median of the medians of all
// rounds: what else the machine does meets everyone. Figures only compare within
// one run.
//
// Models: graphs of bench_graphs.mjs, and files of ../shared/data where there are
// any.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { gemmSizes, gemvForms, gemvSize, write } from './bench_graphs.mjs';

const data = '../shared/data', made = 'build/bench_models';
// name, file for us, the bar of DESIGN ("Numbers to hold") against ONNX Runtime, and
// the same graph in other forms: for ONNX Runtime, for LiteRT.
const models = [
  { name: 'resnet18', file: `${made}/resnet18.onnx`, bar: 0.97 },
  { name: 'resnet50', file: `${data}/onnx-node/light/light_resnet50.onnx`, bar: 0.97 },
  { name: 'squeezenet', file: `${data}/onnx-node/light/light_squeezenet.onnx`, bar: 0.97 },
  { name: 'ic', file: `${made}/ic.onnx`, bar: 0.97, litert: `${data}/mlperf-tiny/ic_resnet8_fp32.tflite` },
  { name: 'kws', file: `${made}/kws.onnx`, bar: 0.85, litert: `${data}/mlperf-tiny/kws_dscnn_fp32.tflite` },
  { name: 'ad', file: `${made}/ad.onnx`, bar: 0.9, litert: `${data}/mlperf-tiny/ad01_fp32.tflite` },
  { name: 'transformer', file: `${data}/bench-onnx/tfm2_d256_t128.onnx`, bar: 0.85 },
  { name: 'lstm', file: `${data}/bench-onnx/lstm2_h128_t100.onnx`, bar: 0.85 },
  { name: 'mobilenet_v2', file: `${data}/bench-onnx/mobilenet_v2.onnx`, bar: 0.75 },
  { name: 'vww', file: `${made}/vww.onnx`, bar: 0.75, litert: `${data}/mlperf-tiny/vww96_fp32.tflite` },
  { name: 'shufflenet', file: `${data}/onnx-node/light/light_shufflenet.onnx`, bar: 0.75 },
  { name: 'mlp', file: `${data}/bench-onnx/mlp_784_256_128_10.onnx` },
  { name: 'mnist', file: `${data}/ort-examples/mnist.onnx` },
  { name: 'ultraface', file: `${data}/ort-examples/ultraface_rfb320.onnx` },
  { name: 'super_resolution', file: `${data}/onnx-models/super_resolution_op.onnx` },
  { name: 'densenet121', file: `${data}/onnx-node/light/light_densenet121.onnx` },
  { name: 'inception_v1', file: `${data}/onnx-node/light/light_inception_v1.onnx` },
  // 8 bits, ours as TensorFlow Lite has it, beside the fastest of all
  { name: 'ic int8', file: `${data}/mlperf-tiny/ic_resnet8_int8.tflite`, ort: [`${made}/ic_int8.onnx`, `${made}/ic.onnx`], litert: true, bar: 0.4 },
  { name: 'kws int8', file: `${data}/mlperf-tiny/kws_dscnn_int8.tflite`, ort: [`${made}/kws_int8.onnx`, `${made}/kws.onnx`], litert: true, bar: 0.4 },
  { name: 'vww int8', file: `${data}/mlperf-tiny/vww96_int8.tflite`, ort: [`${made}/vww_int8.onnx`, `${made}/vww.onnx`], litert: true, bar: 0.3 },
  { name: 'ad int8', file: `${data}/mlperf-tiny/ad01_int8.tflite`, ort: [`${made}/ad_int8.onnx`, `${made}/ad.onnx`], litert: true, bar: 0.5 },
  { name: 'sww int8', file: `${data}/mlperf-tiny/sww_int8.tflite`, litert: true, bar: 0.2 },
  { name: 'resnet18 int8', file: `${made}/resnet18_int8.onnx` },
  ...gemmSizes.map(size => ({ name: `gemm ${size}`, file: `${made}/gemm_${size}.onnx`, gemm: size, bar: 1 / 0.97 })),
  // what counts is how fast the weights come: `bytes` for each, as we keep them
  ...gemvForms.map(form => ({ name: `gemv ${form}`, file: `${made}/gemv_${form}.onnx`,
                              gemv: { f32: 4, f16: 2, bf16: 2, int8: 1, int4: 0.625 }[form] })),
];
const columns = ['rune', 'onnxruntime', 'onnxruntime f32', 'litert.js', 'openblas', 'onednn'];

const [rune, peers, ...rest] = process.argv.slice(2);
const given = Object.fromEntries(rest.map((word, i) => [word, rest[i + 1]]).filter((_, i) => i % 2 === 0));
const rounds = Number(given['--rounds'] ?? 3), seconds = Number(given['--seconds'] ?? 1);
const threads = (given['--threads'] ?? '1').split(',').map(Number);
const only = given['--only'] ?? '';
const modules = 'build/node_modules';
const library = `${modules}/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1`;
const node = process.execPath;

const jsonOf = (program, args, env = {}) => {
  try {
    const text = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000,
                                               maxBuffer: 1 << 26, env: { ...process.env, ...env } });
    return JSON.parse(text.trim().split('\n').at(-1));
  } catch (error) {
    const why = (error.stderr || error.message || '').trim().split('\n')[0];
    return { why: why.slice(0, 160) };
  }
};
const ours = (file, count) =>
  jsonOf(rune, ['bench', file, '--device', 'cpu', '--format', 'json', ...(given['--cache'] === 'yes' ? ['--cache'] : []),
                ...(count > 1 ? ['--threads', String(count)] : [])]);
const onnxruntime = (file, count) => jsonOf(`${peers}/bench_onnxruntime`, [library, file, String(count), String(seconds)]);
const litert = file => jsonOf(node, ['tools/bench_litert.mjs', modules, file, String(seconds)]);

/// Who runs a model: [name, one run].
const runnersOf = (model, count) => {
  const runners = [['rune', () => ours(model.file, count)]];
  const forms = model.ort ?? (model.file.endsWith('.onnx') ? [model.file] : []);
  if (existsSync(library))
    for (const form of forms)
      runners.push([form.includes('int8') || forms.length === 1 ? 'onnxruntime' : 'onnxruntime f32',
                    () => onnxruntime(form, count)]);
  const lite = model.litert === true ? model.file : model.litert;
  if (lite && existsSync(lite) && count === 1 && existsSync(`${modules}/@litertjs/core`))
    runners.push(['litert.js', () => litert(lite)]);
  if (model.gemm) // their variables for threads; each packs the second matrix in every call, we once
    for (const peer of ['openblas', 'onednn'])
      runners.push([peer, () => jsonOf(`${peers}/bench_gemm`, [peer, String(model.gemm), String(seconds)],
                                       { OPENBLAS_NUM_THREADS: String(count), OMP_NUM_THREADS: String(count) })]);
  if (model.gemv) // the same bytes, read and added up
    runners.push(['read', () => jsonOf(`${peers}/bench_gemm`, ['read', String(Math.round(model.gemv * gemvSize ** 2 / 1024)), String(seconds)])]);
  return runners;
};

const median = values => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.length ? (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2 : NaN;
};
const micro = value => Number.isNaN(value) ? '–' : value >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(1);

write(made);
const load = () => readFileSync('/proc/loadavg', 'utf8').split(' ')[0];
const processor = cpus()[0].model.trim();
console.log(`${processor}, ${cpus().length} cores, load ${load()} at the start; medians of ${rounds} rounds, microseconds\n`);
const head = ['model', 'threads', ...columns, 'ratio to the fastest peer', 'bar', 'GFLOP/s', 'compile ms'];
console.log(`| ${head.join(' | ')} |\n|${'---|'.repeat(head.length)}`);
const rows = [], faults = [], notes = [];
for (const count of threads)
  for (const model of models) {
    if (!model.name.includes(only))
      continue;
    if (!existsSync(model.file)) {
      faults.push(`${model.name}: ${model.file} is not there`);
      continue;
    }
    const runners = runnersOf(model, count), times = {}, last = {};
    for (let round = 0; round < rounds; ++round)
      for (const [name, run] of runners) {
        const result = run();
        if (result.why && round === 0)
          faults.push(`${model.name}, ${name}: ${result.why}`);
        if (!result.median_us)
          continue;
        (times[name] ??= []).push(result.median_us);
        last[name] ??= result; // the first has what compiling took
      }
    const of = name => median(times[name] ?? []);
    const peer = Math.min(...Object.keys(times).filter(name => name !== 'rune' && name !== 'read').map(of));
    const ratio = Number.isFinite(peer) ? of('rune') / peer : NaN;
    const gflops = last.rune?.macs ? 2e-3 * last.rune.macs / of('rune') : NaN;
    console.log(`| ${[model.name, count, ...columns.map(name => micro(of(name))),
      Number.isFinite(ratio) ? ratio.toFixed(2) + (model.bar && ratio > model.bar ? ' ✗' : '') : '–',
      model.bar ? `≤ ${model.bar.toFixed(2)}` : '', Number.isNaN(gflops) ? '–' : gflops.toFixed(1),
      last.rune ? Math.round(last.rune.compile_ms) : '–'].join(' | ')} |`);
    if (model.gemv) {
      const rate = name => model.gemv * gemvSize ** 2 / of(name) / 1000;
      notes.push(`${model.name}: ${rate('rune').toFixed(1)} GB/s of weights, ${(100 * rate('rune') / rate('read')).toFixed(0)} % of ${rate('read').toFixed(1)}, which plain reading gets`);
    }
    rows.push({ model: model.name, threads: count, times, ratio, bar: model.bar, gflops, rune: last.rune });
  }
console.log(`\nload ${load()} at the end`);
for (const fault of [...notes, ...faults])
  console.log(`- ${fault}`);
if (given['--json'])
  writeFileSync(given['--json'], JSON.stringify({ processor, rounds, rows, faults }, null, 1));
