// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "capi/arrays.h"
#include "capi/artifact_impl.h"
#include "capi/messages.h"

#include "graph/numbers.h"
#include "graph/ops.h"

#include <algorithm>

namespace rune {

using capi::messageOf;

namespace {

static_assert(static_cast<int>(Element::Bool) == static_cast<int>(DType::Bool));

DType dtypeOf(Element element) { return static_cast<DType>(element); }

std::optional<double> scalarOf(const graph::Graph &graph, graph::ValueId id) {
  if (id == graph::noValue || !graph.values[id].constant)
    return {};
  TensorView view = graph.constants[*graph.values[id].constant].view();
  auto count = elementCount(view.sizes);
  if (!count || *count != 1)
    return {};
  return graph::Numbers<double>(view)[0];
}

/// By the node that takes an input, or gives an output.
std::optional<Quantisation> quantisationOf(const graph::Graph &graph,
                                           graph::ValueId id) {
  for (const graph::Node &node : graph.nodes) {
    bool takes = node.op == graph::Op::Dequantize && node.inputs[0] == id;
    bool gives = node.op == graph::Op::Quantize && node.outputs[0] == id;
    if (!takes && !gives)
      continue;
    auto scale = scalarOf(graph, node.inputs[1]);
    auto zero = scalarOf(graph, node.inputs.size() > 2 ? node.inputs[2]
                                                       : graph::noValue);
    if (scale)
      return Quantisation{*scale, static_cast<int64_t>(zero.value_or(0))};
  }
  return {};
}

Range rangeOf(const Dim &dim, const capi::BoundsByName &bounds) {
  if (dim.isFixed())
    return {dim.size(), dim.size()};
  auto range = capi::boundsOf(bounds, dim);
  return range ? Range{range->least, range->most} : Range{};
}

std::vector<Parameter> parametersOf(const graph::Graph &graph,
                                    const capi::BoundsByName &bounds,
                                    std::span<const graph::ValueId> ids) {
  std::vector<Parameter> parameters;
  for (graph::ValueId id : ids) {
    const graph::Value &value = graph.values[id];
    Parameter &parameter = parameters.emplace_back();
    parameter.name = value.name;
    parameter.element = static_cast<Element>(value.type.dtype);
    for (const Dim &dim : value.type.dims) {
      parameter.sizes.push_back(dim.isFixed() ? dim.size() : -1);
      parameter.names.push_back(dim.isNamed() ? dim.name() : "");
      parameter.ranges.push_back(rangeOf(dim, bounds));
    }
    parameter.quantisation = quantisationOf(graph, id);
  }
  return parameters;
}

Result<TensorView> viewOf(const TensorRef &tensor, size_t index,
                          const char *what) {
  if (tensor.element > Element::Bool)
    return error("program.mismatch", "{} {} has no element type", what, index);
  uint64_t bytes = RUNE_TRY(tensorBytes(dtypeOf(tensor.element), tensor.sizes));
  if (bytes != tensor.bytes || (bytes > 0 && !tensor.data))
    return error("program.mismatch", "{} {} has {} bytes, its sizes need {}",
                 what, index, tensor.bytes, bytes);
  return TensorView{dtypeOf(tensor.element),
                    tensor.sizes,
                    {static_cast<const uint8_t *>(tensor.data), bytes}};
}

} // namespace

struct Function::State {
  compiler::Artifact artifact;
  device::CpuModel model;
  std::vector<Parameter> inputs, outputs;

  explicit State(compiler::Artifact from)
      : artifact(std::move(from)),
        model(artifact.impl().graph, artifact.impl().keeping,
              artifact.impl().options),
        inputs(parametersOf(model.graph(), artifact.impl().bounds,
                            model.graph().inputs)),
        outputs(parametersOf(model.graph(), artifact.impl().bounds,
                             model.graph().outputs)) {}

  Result<graph::Items> run(std::span<const TensorRef> tensors) {
    if (tensors.size() != inputs.size())
      return error("program.mismatch", "needs {} inputs, got {}", inputs.size(),
                   tensors.size());
    graph::Items items;
    for (size_t i = 0; i < tensors.size(); ++i) {
      items.push_back(
          graph::Item::borrowed(RUNE_TRY(viewOf(tensors[i], i, "input"))));
      RUNE_TRY(capi::checkSizes(artifact.impl().bounds, model.graph(), i,
                                tensors[i].sizes));
    }
    return model.run(std::move(items));
  }

  Result<> invoke(std::span<const TensorRef> from,
                  std::span<const TensorRef> to) {
    if (to.size() != outputs.size())
      return error("program.mismatch", "gives {} outputs, got room for {}",
                   outputs.size(), to.size());
    std::vector<TensorView> rooms;
    for (size_t i = 0; i < to.size(); ++i)
      rooms.push_back(RUNE_TRY(viewOf(to[i], i, "output")));
    graph::Items results = RUNE_TRY(run(from));
    for (size_t i = 0; i < to.size(); ++i) {
      TensorView made = results[i].view();
      if (made.type() != rooms[i].type())
        return error("program.mismatch",
                     "output {} (`{}`) is {}, the room is "
                     "for {}",
                     i, outputs[i].name, made.type().str(),
                     rooms[i].type().str());
      std::ranges::copy(made.data, static_cast<uint8_t *>(to[i].data));
    }
    return {};
  }
};

Function::Function(std::unique_ptr<State> state) : state_(std::move(state)) {}
Function::~Function() = default;
Function::Function(Function &&) noexcept = default;
Function &Function::operator=(Function &&) noexcept = default;

const std::vector<Parameter> &Function::inputs() const {
  return state_->inputs;
}
const std::vector<Parameter> &Function::outputs() const {
  return state_->outputs;
}

Outcome<Done> Function::invoke(std::span<const TensorRef> inputs,
                               std::span<const TensorRef> outputs) {
  return capi::outcomeOf(state_->invoke(inputs, outputs));
}

Outcome<std::vector<Array>> Function::call(std::span<const TensorRef> inputs) {
  auto results = state_->run(inputs);
  if (!results)
    return messageOf(results.error());
  return capi::arraysOf(*results);
}

void Function::reset() { state_->model.reset(); }

static Result<> givePrepared(device::CpuModel &model,
                             const compiler::Artifact::Impl &impl) {
  if (!machine::runsOn(impl.options.target, machine::hostTarget()))
    return error("program.foreign",
                 "the model was compiled for {}, this machine is {}",
                 impl.options.target.str(), machine::hostTarget().str());
  return impl.program ? model.give(*impl.program) : Result<>();
}

Outcome<Function> Program::function() const {
  auto state = std::make_unique<Function::State>(artifact_);
  if (auto given = givePrepared(state->model, artifact_.impl()); !given)
    return messageOf(given.error());
  return Function(std::move(state));
}

} // namespace rune
