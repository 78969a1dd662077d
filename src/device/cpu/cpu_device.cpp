// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/cpu/cpu_device.h"

#include "device/cpu/cpu_run.h"
#include "graph/specialise.h"
#include "graph/store.h"

#include <map>

namespace rune::device {

namespace {

std::vector<runtime::NamedType>
namedTypes(const graph::Graph &graph, std::span<const graph::ValueId> ids) {
  std::vector<runtime::NamedType> types;
  for (graph::ValueId id : ids)
    types.push_back({graph.values[id].name, graph.values[id].type});
  return types;
}

Diagnostic asDeviceError(Diagnostic why) {
  constexpr std::string_view own = "evaluate.";
  if (why.code.starts_with(own))
    why.code.replace(0, own.size(), "device.");
  return why;
}

class CpuProgram : public runtime::Program {
public:
  explicit CpuProgram(graph::Graph graph)
      : graph_(std::move(graph)), inputs_(namedTypes(graph_, graph_.inputs)),
        outputs_(namedTypes(graph_, graph_.outputs)) {}

  const std::vector<runtime::NamedType> &inputs() const override {
    return inputs_;
  }
  const std::vector<runtime::NamedType> &outputs() const override {
    return outputs_;
  }

  Result<std::vector<Tensor>> run(std::span<const TensorView> inputs,
                                  const runtime::RunLimits &limits) override {
    auto outputs = runNow(inputs, limits);
    if (!outputs)
      return asDeviceError(std::move(outputs).error());
    return outputs;
  }

  /// errors  `device.input-mismatch`, `compile.*`
  Result<CpuRun *> runFor(std::span<const TensorView> inputs) {
    std::vector<std::vector<int64_t>> sizes;
    if (inputs.size() != inputs_.size())
      return error("evaluate.input-mismatch", "needs {} inputs, got {}",
                   inputs_.size(), inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].dtype != inputs_[i].type.dtype)
        return error("evaluate.input-mismatch", "input `{}` needs {}, got {}",
                     inputs_[i].name, inputs_[i].type.str(),
                     inputs[i].type().str());
      sizes.emplace_back(inputs[i].sizes.begin(), inputs[i].sizes.end());
    }
    auto [place, isNew] = runs_.try_emplace(sizes);
    if (!place->second) {
      auto graph = graph::specialise(graph_, sizes);
      auto run = graph ? CpuRun::prepare(*std::move(graph))
                       : Result<std::unique_ptr<CpuRun>>(graph.error());
      if (!run) {
        runs_.erase(place);
        return std::move(run).error();
      }
      place->second = *std::move(run);
    }
    return place->second.get();
  }

  void reset() override { state_.clear(); }

private:
  Result<std::vector<Tensor>> runNow(std::span<const TensorView> inputs,
                                     const runtime::RunLimits &limits) {
    CpuRun *run = RUNE_TRY(runFor(inputs));
    return run->run(inputs, {limits.deadline, limits.memoryBytes}, state_);
  }

  graph::Graph graph_;
  graph::State state_;
  std::vector<runtime::NamedType> inputs_;
  std::vector<runtime::NamedType> outputs_;
  /// By the sizes of the inputs.
  std::map<std::vector<std::vector<int64_t>>, std::unique_ptr<CpuRun>> runs_;
};

class Cpu : public runtime::Device {
public:
  std::string_view name() const override { return "cpu"; }

  Result<std::unique_ptr<runtime::Program>>
  load(const container::Model &model) override {
    if (model.encoding != "rune-graph")
      return error("device.unsupported", "the device `cpu` runs `rune-graph`, "
                                         "not `{}`",
                   model.encoding);
    std::vector<ByteSpan> weights;
    for (const container::Weight &weight : model.weights)
      weights.push_back(weight.data);
    auto graph = RUNE_TRY(graph::load(model.graph, weights));
    RUNE_TRY(graph::checkInterface(graph));
    return std::unique_ptr<runtime::Program>(
        std::make_unique<CpuProgram>(std::move(graph)));
  }
};

} // namespace

std::unique_ptr<runtime::Device> makeCpu() { return std::make_unique<Cpu>(); }

} // namespace rune::device
