// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/cpu/cpu_device.h"

#include "device/cpu/cpu_model.h"
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

Diagnostic asDeviceError(Diagnostic why) {
  constexpr std::string_view own = "evaluate.";
  if (why.code.starts_with(own))
    why.code.replace(0, own.size(), "device.");
  return why;
}

class CpuProgram : public runtime::Program {
public:
  CpuProgram(graph::Graph graph, Keeping keeping,
             const compile::Options &options)
      : model_(std::move(graph), std::move(keeping), options),
        inputs_(namedTypes(model_.graph(), model_.graph().inputs)),
        outputs_(namedTypes(model_.graph(), model_.graph().outputs)) {}

  const std::vector<runtime::NamedType> &inputs() const override {
    return inputs_;
  }
  const std::vector<runtime::NamedType> &outputs() const override {
    return outputs_;
  }

  Result<std::vector<Tensor>> run(std::span<const TensorView> inputs,
                                  const runtime::RunLimits &limits) override {
    graph::Items items;
    for (const TensorView &view : inputs)
      items.push_back(graph::Item::borrowed(view));
    auto results =
        model_.run(std::move(items), {limits.deadline, limits.memoryBytes});
    if (!results)
      return asDeviceError(std::move(results).error());
    std::vector<Tensor> outputs;
    for (const graph::Item &item : *results)
      outputs.push_back(RUNE_TRY(Tensor::copyOf(item.view())));
    return outputs;
  }

  void reset() override { model_.reset(); }

private:
  CpuModel model_;
  std::vector<runtime::NamedType> inputs_;
  std::vector<runtime::NamedType> outputs_;
};

/// The hashes that the file gives of its parts; reading it compared them.
ModelIdentity identityOf(const container::Model &model) {
  ByteWriter text;
  text.text(model.encoding);
  text.raw(model.hash.bytes);
  for (const container::Weight &weight : model.weights)
    text.raw(weight.hash.bytes);
  return sha256(text.bytes());
}

class Cpu : public runtime::Device {
public:
  Cpu(std::shared_ptr<const ProgramCache> cache,
      std::function<void(const Diagnostic &)> note,
      const compile::Options &options)
      : cache_(std::move(cache)), note_(std::move(note)), options_(options) {}

  std::string_view name() const override { return "cpu"; }

  Result<std::unique_ptr<runtime::Program>>
  load(const container::Model &model) override {
    if (model.encoding != "rune-graph")
      return error("device.unsupported",
                   "the device `cpu` runs `rune-graph`, "
                   "not `{}`",
                   model.encoding);
    std::vector<ByteSpan> weights;
    for (const container::Weight &weight : model.weights)
      weights.push_back(weight.data);
    auto graph = RUNE_TRY(graph::load(model.graph, weights));
    RUNE_TRY(graph::checkInterface(graph));
    return std::unique_ptr<runtime::Program>(std::make_unique<CpuProgram>(
        std::move(graph), Keeping{cache_, identityOf(model), note_}, options_));
  }

private:
  std::shared_ptr<const ProgramCache> cache_;
  std::function<void(const Diagnostic &)> note_;
  compile::Options options_;
};

} // namespace

std::unique_ptr<runtime::Device>
makeCpu(std::shared_ptr<const ProgramCache> cache,
        std::function<void(const Diagnostic &)> note,
        const compile::Options &options) {
  return std::make_unique<Cpu>(std::move(cache), std::move(note), options);
}

} // namespace rune::device
