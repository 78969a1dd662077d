// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/evaluator/evaluator_device.h"

#include "graph/plan.h"
#include "graph/store.h"

namespace rune::device {

namespace {

std::vector<runtime::NamedType>
namedTypes(const graph::Graph &graph, std::span<const graph::ValueId> ids) {
  std::vector<runtime::NamedType> types;
  for (graph::ValueId id : ids)
    types.push_back({graph.values[id].name, graph.values[id].type});
  return types;
}

/// The evaluator's errors under the names that every device uses.
Diagnostic asDeviceError(Diagnostic why) {
  constexpr std::string_view own = "evaluate.";
  if (why.code.starts_with(own))
    why.code.replace(0, own.size(), "device.");
  return why;
}

class EvaluatorProgram : public runtime::Program {
public:
  explicit EvaluatorProgram(graph::Graph graph)
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
    auto outputs = graph::evaluate(
        graph_, inputs, {limits.deadline, limits.memoryBytes}, &state_);
    if (!outputs)
      return asDeviceError(std::move(outputs).error());
    return outputs;
  }

  void reset() override { state_.clear(); }

private:
  graph::Graph graph_;
  graph::State state_;
  std::vector<runtime::NamedType> inputs_;
  std::vector<runtime::NamedType> outputs_;
};

class Evaluator : public runtime::Device {
public:
  std::string_view name() const override { return "evaluator"; }

  Result<std::unique_ptr<runtime::Program>>
  load(const container::Model &model) override {
    if (model.encoding != "rune-graph")
      return error("device.unsupported",
                   "the evaluator runs `rune-graph`, not `{}`", model.encoding);
    std::vector<ByteSpan> weights;
    for (const container::Weight &weight : model.weights)
      weights.push_back(weight.data);
    auto graph = RUNE_TRY(graph::load(model.graph, weights));
    RUNE_TRY(graph::checkInterface(graph));
    return std::unique_ptr<runtime::Program>(
        std::make_unique<EvaluatorProgram>(std::move(graph)));
  }
};

} // namespace

std::unique_ptr<runtime::Device> makeEvaluator() {
  return std::make_unique<Evaluator>();
}

} // namespace rune::device
