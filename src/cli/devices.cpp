// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/devices.h"

#include "base/files.h"
#include "device/evaluator/evaluator_device.h"
#include "graph/specialise.h"

#include <set>

#ifdef RUNE_HAS_LLVM
#include "compile/regions.h"
#include "device/cpu/cpu_device.h"
#include "device/cpu/cpu_model.h"
#include "engine/native/code_cache.h"
#endif

namespace rune::cli {

namespace {

/// Bytes of constants, each counted once.
class ReadOnce {
public:
  explicit ReadOnce(const graph::Graph &graph) : graph_(graph) {}
  uint64_t take(std::span<const graph::ValueId> ids) {
    uint64_t bytes = 0;
    for (graph::ValueId id : ids)
      if (id != graph::noValue && graph_.values[id].constant &&
          seen_.insert(*graph_.values[id].constant).second)
        bytes += graph_.constants[*graph_.values[id].constant].data.size();
    return bytes;
  }

private:
  const graph::Graph &graph_;
  std::set<uint32_t> seen_;
};

class EvaluatedGraph : public PreparedGraph {
public:
  explicit EvaluatedGraph(graph::Graph graph) : graph_(std::move(graph)) {}
  const graph::Graph &graph() const override { return graph_; }
  Result<graph::Items> run(graph::Items inputs,
                           const graph::EvaluateLimits &limits) override {
    return graph::evaluateItems(graph_, std::move(inputs), limits, &state_,
                                graph::maxTurns, nanoseconds_);
  }
  uint64_t weightBytes() const override {
    uint64_t bytes = 0;
    for (const graph::Constant &constant : graph_.constants)
      bytes += constant.data.size();
    return bytes;
  }
  std::vector<Layer> layers() const override {
    std::vector<Layer> layers;
    ReadOnce weights(graph_);
    for (uint32_t i = 0; i < graph_.nodes.size(); ++i) {
      layers.push_back({.nodes = {i}, .anchor = i});
      layers.back().weightBytes = weights.take(graph_.nodes[i].inputs);
    }
    return layers;
  }
  void timeLayers(std::vector<int64_t> *nanoseconds) override {
    nanoseconds_ = nanoseconds;
  }

private:
  graph::Graph graph_;
  graph::State state_;
  std::vector<int64_t> *nanoseconds_ = nullptr;
};

#ifdef RUNE_HAS_LLVM
/// Layers out of the calls and the nodes of the plan of a program.
class LayerMaker {
public:
  explicit LayerMaker(const compile::Program &program)
      : program_(program), weights_(program.graph) {}

  Layer called(const compile::Call &call) {
    Layer layer{.nodes = call.nodes, .anchor = call.anchor};
    if (!call.isFast)
      layer.how = "plain loops";
    else if (call.code.empty())
      layer.how = "in place";
    if (call.packed)
      layer.weightBytes = program_.packed[*call.packed].data.size();
    for (const auto &[name, bytes] : call.code)
      if (code_.insert(name).second)
        layer.codeBytes += bytes;
    addMemory(layer);
    return layer;
  }
  Layer interpreted(uint32_t node) {
    Layer layer{.nodes = {node}, .anchor = node, .how = "interpreted"};
    layer.weightBytes = weights_.take(program_.graph.nodes[node].inputs);
    return layer;
  }

private:
  using Place = compile::Place;
  Place::Kind kindOf(graph::ValueId id) const {
    return id == graph::noValue ? Place::Elsewhere : program_.places[id].kind;
  }
  void addMemory(Layer &layer) {
    for (uint32_t i : layer.nodes) {
      const graph::Node &node = program_.graph.nodes[i];
      for (graph::ValueId id : node.inputs)
        if (kindOf(id) == Place::Constant)
          layer.weightBytes += weights_.take({&id, 1});
      for (graph::ValueId id : node.outputs)
        if (kindOf(id) == Place::Arena)
          layer.arenaBytes += compile::valueBytes(program_.graph.values[id]);
    }
  }

  const compile::Program &program_;
  ReadOnce weights_;
  std::set<std::string> code_;
};

/// In the order of the run: of a program with a step for each call, one for
/// each step.
std::vector<Layer> layersOf(const compile::Program &program) {
  LayerMaker make(program);
  std::vector<Layer> layers;
  auto call = program.calls.begin();
  for (const compile::Step &step : program.steps) {
    for (uint32_t i = step.firstNode; !step.entry && i < step.lastNode; ++i)
      layers.push_back(make.interpreted(i));
    for (; step.entry && call != program.calls.end() &&
           call->nodes.back() < step.lastNode;
         ++call)
      layers.push_back(make.called(*call));
  }
  return layers;
}

class CompiledGraph : public PreparedGraph {
public:
  CompiledGraph(std::unique_ptr<device::CpuModel> model, device::CpuRun *run)
      : model_(std::move(model)), run_(run) {}
  const graph::Graph &graph() const override { return run_->graph(); }
  Result<graph::Items> run(graph::Items inputs,
                           const graph::EvaluateLimits &limits) override {
    auto outputs = model_->run(std::move(inputs), limits);
    if (nanoseconds_ && outputs)
      keepTimes();
    return outputs;
  }
  uint64_t arenaBytes() const override { return run_->program().arenaBytes; }
  uint64_t codeBytes() const override { return run_->program().code.size(); }
  uint64_t copies() const override { return run_->copies(); }
  uint64_t weightBytes() const override {
    const compile::Program &program = run_->program();
    ReadOnce weights(program.graph);
    uint64_t bytes = 0;
    for (const compile::Packed &packed : program.packed)
      bytes += packed.data.size();
    for (graph::ValueId id = 0; id < program.places.size(); ++id)
      if (program.places[id].kind == compile::Place::Constant)
        bytes += weights.take({&id, 1});
    return bytes;
  }
  std::vector<Layer> layers() const override {
    return layersOf(run_->program());
  }
  void timeLayers(std::vector<int64_t> *nanoseconds) override {
    nanoseconds_ = nanoseconds;
    run_->timeSteps(nanoseconds ? &stepTimes_ : nullptr);
  }

private:
  /// The times of those steps that call something.
  void keepTimes() {
    const compile::Program &program = run_->program();
    nanoseconds_->clear();
    auto call = program.calls.begin();
    for (size_t i = 0; i < program.steps.size(); ++i) {
      const compile::Step &step = program.steps[i];
      bool calls =
          call != program.calls.end() && call->nodes.back() < step.lastNode;
      if (step.entry && !calls)
        continue;
      nanoseconds_->push_back(stepTimes_[i]);
      if (step.entry)
        ++call;
    }
  }

  std::unique_ptr<device::CpuModel> model_;
  device::CpuRun *run_;
  std::vector<int64_t> *nanoseconds_ = nullptr;
  std::vector<int64_t> stepTimes_;
};

/// This user's cache; null without a home.
std::shared_ptr<const device::ProgramCache> usualCache(const Notes &note) {
  std::string folder = engine::native::CodeCache::usualFolder();
  if (folder.empty())
    return nullptr;
  auto cache = device::ProgramCache::open(folder);
  if (cache)
    return std::make_shared<device::ProgramCache>(std::move(cache).value());
  note(cache.error());
  return nullptr;
}

Result<std::unique_ptr<PreparedGraph>>
prepareCompiled(const graph::Graph &graph, const device::Sizes &sizes,
                const Preparation &how, const Notes &note) {
  device::Keeping keeping;
  const ModelFileName *cachedAs = how.cachedAs;
  if (cachedAs)
    keeping.cache = usualCache(note);
  keeping.note = note;
  if (keeping.cache) {
    ByteSpan file = cachedAs->file->bytes();
    keeping.model = device::identityOf(
        graph, file, keeping.cache->hashOf(cachedAs->path, file),
        cachedAs->how);
  }
  auto model = std::make_unique<device::CpuModel>(
      graph, std::move(keeping),
      compile::Options{.workers = how.threads,
                       .stepForEachCall = how.isTimed,
                       .exact = how.device.exact});
  device::CpuRun *run = RUNE_TRY(model->prepare(sizes));
  return std::unique_ptr<PreparedGraph>(
      std::make_unique<CompiledGraph>(std::move(model), run));
}
#endif

} // namespace

std::vector<std::string> deviceNames() {
#ifdef RUNE_HAS_LLVM
  return {"evaluator", "cpu"};
#else
  return {"evaluator"};
#endif
}

std::string describeDevice(std::string_view name) {
#ifdef RUNE_HAS_LLVM
  if (name == "cpu")
    return fmt::format("compiled for this processor, {}",
                       machine::hostTarget().str());
#endif
  return "plain loops, which judge the others";
}

void addDeviceFlags(CLI::App &app, DeviceChoice &choice, const char *what) {
  app.add_option("--device", choice.name, what)
      ->check(CLI::IsMember(deviceNames()))
      ->option_text(fmt::format("{}", fmt::join(deviceNames(), "|")));
  app.add_flag("--exact", choice.exact,
               "compute layers between dequantise and quantise in floats, as "
               "an ONNX model says, not in integers");
}

std::unique_ptr<runtime::Device> makeDevice(const DeviceChoice &choice,
                                            [[maybe_unused]] Notes note) {
#ifdef RUNE_HAS_LLVM
  if (choice.name == "cpu") {
    auto cache = usualCache(note);
    return device::makeCpu(std::move(cache), std::move(note),
                           {.exact = choice.exact});
  }
#endif
  RUNE_CHECK(choice.name == "evaluator", "a device of this build");
  return device::makeEvaluator();
}

GraphRunner makeRunner(const graph::Graph &graph, const DeviceChoice &device) {
#ifdef RUNE_HAS_LLVM
  if (device.name == "cpu")
    return [model = std::make_shared<device::CpuModel>(
                graph, device::Keeping(),
                compile::Options{.exact = device.exact})](
               graph::Items inputs, const graph::EvaluateLimits &limits) {
      model->reset();
      return model->run(std::move(inputs), limits);
    };
#endif
  RUNE_CHECK(device.name == "evaluator", "a device of this build");
  return [&graph](graph::Items inputs, const graph::EvaluateLimits &limits) {
    return graph::evaluateItems(graph, std::move(inputs), limits);
  };
}

Result<std::unique_ptr<PreparedGraph>>
prepareGraph(const graph::Graph &graph,
             const std::vector<std::vector<int64_t>> &sizes,
             const Preparation &how, [[maybe_unused]] const Notes &note) {
#ifdef RUNE_HAS_LLVM
  if (how.device.name == "cpu")
    return prepareCompiled(graph, sizes, how, note);
#endif
  RUNE_CHECK(how.device.name == "evaluator", "a device of this build");
  return std::unique_ptr<PreparedGraph>(std::make_unique<EvaluatedGraph>(
      RUNE_TRY(graph::specialise(graph, sizes))));
}

std::vector<std::vector<int64_t>>
sizesOf(const graph::Graph &graph, const std::string &name, const Notes &note) {
  std::vector<std::vector<int64_t>> all;
  for (graph::ValueId id : graph.inputs) {
    const graph::Value &value = graph.values[id];
    std::vector<int64_t> &sizes = all.emplace_back();
    for (const Dim &dim : value.type.dims)
      sizes.push_back(dim.isFixed() ? dim.size() : 1);
    if (value.type.isStatic())
      continue;
    Diagnostic open = error("bench.open-size",
                            "`{}` of {} is {}, taken with 1 for each size that "
                            "--shape does not give",
                            value.name, name, value.type.str());
    open.severity = Severity::Note;
    note(open);
  }
  return all;
}

} // namespace rune::cli
