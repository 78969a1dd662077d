// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/devices.h"

#include "base/files.h"
#include "device/evaluator/evaluator_device.h"
#include "graph/specialise.h"

#ifdef RUNE_HAS_LLVM
#include "device/cpu/cpu_device.h"
#include "device/cpu/cpu_model.h"
#include "engine/native/code_cache.h"
#endif

namespace rune::cli {

namespace {

class EvaluatedGraph : public PreparedGraph {
public:
  explicit EvaluatedGraph(graph::Graph graph) : graph_(std::move(graph)) {}
  const graph::Graph &graph() const override { return graph_; }
  Result<graph::Items> run(graph::Items inputs,
                           const graph::EvaluateLimits &limits) override {
    return graph::evaluateItems(graph_, std::move(inputs), limits, &state_);
  }

private:
  graph::Graph graph_;
  graph::State state_;
};

#ifdef RUNE_HAS_LLVM
class CompiledGraph : public PreparedGraph {
public:
  CompiledGraph(std::unique_ptr<device::CpuModel> model, device::CpuRun *run)
      : model_(std::move(model)), run_(run) {}
  const graph::Graph &graph() const override { return run_->graph(); }
  Result<graph::Items> run(graph::Items inputs,
                           const graph::EvaluateLimits &limits) override {
    return model_->run(std::move(inputs), limits);
  }
  uint64_t arenaBytes() const override { return run_->program().arenaBytes; }
  uint64_t codeBytes() const override { return run_->program().code.size(); }
  uint64_t copies() const override { return run_->copies(); }

private:
  std::unique_ptr<device::CpuModel> model_;
  device::CpuRun *run_;
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
                uint32_t threads, const ModelFileName *cachedAs,
                const Notes &note) {
  device::Keeping keeping;
  if (cachedAs)
    keeping.cache = usualCache(note);
  if (keeping.cache) {
    ByteSpan file = cachedAs->file->bytes();
    keeping.model = device::identityOf(
        graph, file, keeping.cache->hashOf(cachedAs->path, file),
        cachedAs->how);
    keeping.note = note;
  }
  auto model = std::make_unique<device::CpuModel>(
      graph, std::move(keeping), compile::Options{.workers = threads});
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

std::unique_ptr<runtime::Device> makeDevice(std::string_view name,
                                            [[maybe_unused]] Notes note) {
#ifdef RUNE_HAS_LLVM
  if (name == "cpu") {
    auto cache = usualCache(note);
    return device::makeCpu(std::move(cache), std::move(note));
  }
#endif
  RUNE_CHECK(name == "evaluator", "a device of this build");
  return device::makeEvaluator();
}

GraphRunner makeRunner(const graph::Graph &graph, std::string_view device) {
#ifdef RUNE_HAS_LLVM
  if (device == "cpu")
    return [model = std::make_shared<device::CpuModel>(graph)](
               graph::Items inputs, const graph::EvaluateLimits &limits) {
      model->reset();
      return model->run(std::move(inputs), limits);
    };
#endif
  RUNE_CHECK(device == "evaluator", "a device of this build");
  return [&graph](graph::Items inputs, const graph::EvaluateLimits &limits) {
    return graph::evaluateItems(graph, std::move(inputs), limits);
  };
}

Result<std::unique_ptr<PreparedGraph>>
prepareGraph(const graph::Graph &graph,
             const std::vector<std::vector<int64_t>> &sizes,
             std::string_view device, [[maybe_unused]] uint32_t threads,
             [[maybe_unused]] const ModelFileName *cachedAs,
             [[maybe_unused]] const Notes &note) {
#ifdef RUNE_HAS_LLVM
  if (device == "cpu")
    return prepareCompiled(graph, sizes, threads, cachedAs, note);
#endif
  RUNE_CHECK(device == "evaluator", "a device of this build");
  return std::unique_ptr<PreparedGraph>(std::make_unique<EvaluatedGraph>(
      RUNE_TRY(graph::specialise(graph, sizes))));
}

} // namespace rune::cli
