// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `rune bench`: a model on made-up inputs, how long a run takes, and how much
// of the machine that is.
#include "cli/command.h"
#include "cli/devices.h"
#include "cli/machine_peak.h"
#include "cli/model_file.h"
#include "cli/process_use.h"
#include "cli/profile.h"
#include "cli/random_inputs.h"

#include "container/encodings.h"
#include "container/read.h"
#include "graph/statistics.h"

#include <algorithm>
#include <cmath>

namespace rune::cli {

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string path;
  DeviceChoice device{deviceNames().back()};
  std::vector<std::string> shapes;
  std::string signature;
  /// 0: as many as fit into `usualTime`.
  uint64_t repeat = 0;
  uint32_t threads = 1;
  bool cache = false;
  bool profile = false;
};

constexpr auto usualTime = std::chrono::seconds(1);
constexpr uint64_t fewestRuns = 5;
constexpr uint64_t mostRuns = 10'000;

struct Figures {
  double compileMs = 0;
  /// In microseconds, ascending.
  std::vector<double> runs;
  uint64_t macs = 0;
  uint64_t arenaBytes = 0;
  uint64_t codeBytes = 0;
  uint64_t copies = 0;
  uint64_t weightBytes = 0;
  /// Of this process: processor time up to the first result, and its largest
  /// memory.
  double firstResultMs = 0;
  uint64_t peakBytes = 0;
  /// Of runs with time stamps; in microseconds.
  std::vector<ProfileRow> profile;
  double between = 0, profiled = 0;

  double quantile(double share) const {
    auto at = static_cast<size_t>(std::ceil(share * double(runs.size())));
    return runs[std::min(std::max<size_t>(at, 1), runs.size()) - 1];
  }
  double flops() const { return 2.0 * double(macs) / quantile(0.5) * 1e6; }
};

template <class Unit> double since(Clock::time_point begin) {
  return std::chrono::duration<double, Unit>(Clock::now() - begin).count();
}

Result<Figures> measure(const graph::Graph &graph, const std::string &name,
                        const ModelFileName *cachedAs, const Options &options,
                        Console &console) {
  Figures figures;
  auto note = [&](const Diagnostic &what) {
    console.say("note: " + what.message);
  };
  auto sizes = sizesOf(graph, name, note);
  auto begin = Clock::now();
  auto prepared = RUNE_TRY(prepareGraph(
      graph, sizes,
      {options.device, options.threads, options.profile, cachedAs}, note));
  figures.compileMs = since<std::milli>(begin);
  figures.macs = graph::macs(prepared->graph());
  auto tensors = RUNE_TRY(randomInputs(prepared->graph()));
  auto once = [&]() -> Result<double> {
    graph::Items inputs;
    for (const Tensor &tensor : tensors)
      inputs.push_back(graph::Item::borrowed(tensor.view()));
    auto start = Clock::now();
    RUNE_TRY(prepared->run(std::move(inputs), {}));
    return since<std::micro>(start);
  };
  RUNE_TRY(once()); // what the first run touches is not the model's speed
  figures.firstResultMs = processorMs();
  Profile profile(options.profile ? prepared->layers() : std::vector<Layer>{});
  uint64_t least = options.repeat ? options.repeat : fewestRuns;
  uint64_t most = options.repeat ? options.repeat : mostRuns;
  for (auto start = Clock::now();
       figures.runs.size() < least ||
       (figures.runs.size() < most && Clock::now() - start < usualTime);) {
    figures.runs.push_back(RUNE_TRY(once()));
    if (!options.profile)
      continue;
    // in turn, so that both meet the same machine
    std::vector<int64_t> nanoseconds;
    prepared->timeLayers(&nanoseconds);
    double whole = RUNE_TRY(once());
    prepared->timeLayers(nullptr);
    profile.add(nanoseconds, whole);
  }
  figures.profile = profile.rows(prepared->graph());
  figures.between = profile.between();
  figures.profiled = profile.whole();
  std::ranges::sort(figures.runs);
  figures.arenaBytes = prepared->arenaBytes();
  figures.codeBytes = prepared->codeBytes();
  figures.copies = prepared->copies();
  figures.weightBytes = prepared->weightBytes();
  figures.peakBytes = peakMemoryBytes();
  return figures;
}

Json jsonOf(const Figures &figures, double peak) {
  Json json = {{"median_us", figures.quantile(0.5)},
               {"min_us", figures.runs.front()},
               {"p90_us", figures.quantile(0.9)},
               {"gflops", figures.flops() / 1e9},
               {"peak_share", peak > 0 ? Json(figures.flops() / peak) : Json()},
               {"arena_bytes", figures.arenaBytes},
               {"code_bytes", figures.codeBytes},
               {"weight_bytes", figures.weightBytes},
               {"peak_memory_bytes", figures.peakBytes},
               {"first_result_cpu_ms", figures.firstResultMs},
               {"compile_ms", figures.compileMs},
               {"copies", figures.copies},
               {"macs", figures.macs},
               {"runs", figures.runs.size()}};
  return json;
}

/// Times as they were taken, and what is left of a run beside them.
void reportProfile(const Figures &figures, double peak, const Options &options,
                   Json &json, Console &console) {
  if (!options.profile)
    return;
  ProfileWhole whole = {figures.between, figures.profiled,
                        figures.quantile(0.5), peak * options.threads};
  json["profile"] = profileJson(figures.profile, whole);
  console.print(profileText(figures.profile, whole));
}

void report(const Figures &figures, double peak, const Options &options,
            Console &console) {
  console.print(fmt::format(
      "device    {}\nmedian    {:.1f} us\nmin       {:.1f} us\np90       "
      "{:.1f} us\nruns      {}\n",
      options.device.name, figures.quantile(0.5), figures.runs.front(),
      figures.quantile(0.9), figures.runs.size()));
  if (figures.macs > 0)
    console.print(fmt::format("speed     {:.2f} GFLOP/s, {} MACs a run\n",
                              figures.flops() / 1e9, figures.macs));
  if (figures.macs > 0 && peak > 0)
    console.print(
        fmt::format("peak      {:.1f} % of {:.1f} GFLOP/s, one core in f32\n",
                    100 * figures.flops() / peak, peak / 1e9));
  console.print(fmt::format(
      "arena     {} bytes\ncode      {} bytes\nweights   {} bytes\n"
      "compile   {:.1f} ms\ncopies    {} a run\n"
      "memory    {} bytes at most, all of this process\n"
      "first     {:.1f} ms of processor time from its start to a result\n",
      figures.arenaBytes, figures.codeBytes, figures.weightBytes,
      figures.compileMs, figures.copies, figures.peakBytes,
      figures.firstResultMs));
}

/// The models of a Rune, one by one.
Result<> benchRune(const container::OpenRune &rune, const Options &options,
                   Console &console) {
  double peak = measuredPeakFlops();
  Json &models = console.fields()["models"] = Json::array();
  for (const container::Model &model : rune.file.models) {
    if (model.encoding != container::graphEncoding) {
      console.say(fmt::format("note: `{}` is `{}`, which no device of ours "
                              "runs",
                              model.name, model.encoding));
      continue;
    }
    std::vector<ByteSpan> weights;
    for (const container::Weight &weight : model.weights)
      weights.push_back(weight.data);
    auto graph = RUNE_TRY(graph::load(model.graph, weights));
    Figures figures = RUNE_TRY(
        measure(graph, "`" + model.name + "`", nullptr, options, console));
    Json json = jsonOf(figures, peak);
    json["name"] = model.name;
    console.print(fmt::format("model     {}\n", model.name));
    report(figures, peak, options, console);
    reportProfile(figures, peak, options, json, console);
    models.push_back(std::move(json));
  }
  if (models.empty())
    return error("bench.no-model",
                 "`{}` has no model that a device of ours "
                 "runs",
                 options.path);
  return {};
}

bool isWasm(ByteSpan bytes) {
  return asText(bytes.first(std::min<size_t>(bytes.size(), 4))) ==
         std::string_view("\0asm", 4);
}

Result<> bench(const Options &options, Console &console) {
  if (options.profile && options.cache)
    return error("usage.bench",
                 "`--profile` compiles anew, with a step for each group: leave "
                 "`--cache` away");
  auto shapes = RUNE_TRY(import::GivenShapes::parse(options.shapes));
  bool isRune =
      isWasm(RUNE_TRY(FileBytes::open(options.path, maxModelBytes)).bytes());
  if (isRune) {
    if (!shapes.empty() || !options.signature.empty() || options.cache)
      return error("usage.bench",
                   "`--shape`, `--signature` and `--cache` are for model "
                   "files");
    return benchRune(RUNE_TRY(container::open(options.path)), options, console);
  }
  ReadModel model = RUNE_TRY(
      readModel(options.path, console.report(), shapes, options.signature));
  ModelFileName file = {
      options.path, model.file,
      fmt::format("{}|{}", fmt::join(options.shapes, ","), options.signature)};
  Figures figures =
      RUNE_TRY(measure(model.graph, "`" + options.path + "`",
                       options.cache ? &file : nullptr, options, console));
  double peak = measuredPeakFlops();
  console.fields().update(jsonOf(figures, peak));
  report(figures, peak, options, console);
  reportProfile(figures, peak, options, console.fields(), console);
  return {};
}

} // namespace

Action installBench(CLI::App &app) {
  auto options = std::make_shared<Options>();
  app.add_option("model", options->path,
                 "a model, of ONNX or TensorFlow Lite, or a Rune: each of its "
                 "models")
      ->required()
      ->option_text("MODEL|RUNE");
  addDeviceFlags(app, options->device, "what runs the model");
  app.add_option("--repeat", options->repeat,
                 "run so often (default: for a second)")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1'000'000}))
      ->option_text("N");
  app.add_option("--threads", options->threads,
                 "threads that a run may use (default: 1)")
      ->check(CLI::Range(1u, 256u))
      ->option_text("N");
  app.add_option("--shape", options->shapes,
                 "the size of a dimension, `batch=8`, or of an input, "
                 "`x=1x3x224x224` (default: 1 where the model leaves it open)")
      ->option_text("NAME=SIZES")
      ->allow_extra_args(false);
  app.add_option("--signature", options->signature,
                 "which of the model's signatures, if it has several")
      ->option_text("NAME");
  app.add_flag("--cache", options->cache,
               "use what was compiled before, and keep what is compiled now; "
               "then `compile` is what a start takes");
  app.add_flag("--profile", options->profile,
               "time each layer, that is each group of fused operators (of the "
               "evaluator, each operator): share of the run, GFLOP/s");
  return [options](Console &console) { return bench(*options, console); };
}

} // namespace rune::cli
