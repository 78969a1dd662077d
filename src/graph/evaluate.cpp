// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/evaluate.h"

#include "graph/context.h"

#include <algorithm>
#include <map>

namespace rune::graph {

namespace {

/// The numbers that names turned out to stand for.
class Bindings {
public:
  /// What does not agree, if anything.
  std::optional<std::string> bind(const TensorType &declared,
                                  const TensorView &actual) {
    if (declared.dtype != actual.dtype ||
        declared.dims.size() != actual.sizes.size())
      return fmt::format("needs {}, got {}", declared.str(),
                         actual.type().str());
    for (size_t i = 0; i < actual.sizes.size(); ++i)
      if (auto fault = bind(declared.dims[i], actual.sizes[i]))
        return fmt::format("needs {}, got {}: {}", declared.str(),
                           actual.type().str(), *fault);
    return std::nullopt;
  }

private:
  std::optional<std::string> bind(const Dim &dim, int64_t size) {
    if (dim.isUnknown() || (dim.isFixed() && dim.size() == size))
      return std::nullopt;
    if (dim.isFixed())
      return fmt::format("{} is not {}", size, dim.size());
    auto [place, isNew] = sizes_.try_emplace(dim.name(), size);
    if (isNew || place->second == size)
      return std::nullopt;
    return fmt::format("`{}` is {} elsewhere", dim.name(), place->second);
  }

  std::map<std::string, int64_t> sizes_;
};

class Evaluator {
public:
  Evaluator(const Graph &graph, std::span<const TensorView> inputs,
            const EvaluateLimits &limits, State *state)
      : graph_(graph), given_(inputs), state_(state), budget_(limits),
        tensors_(graph.values.size()), inputOf_(graph.values.size(), noValue),
        lastUse_(graph.values.size(), 0) {}

  Result<Tensors> run() {
    RUNE_TRY(takeInputs());
    RUNE_TRY(takeState());
    findLastUses();
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      RUNE_TRY(step(graph_.nodes[i]));
      free(i);
    }
    State next = RUNE_TRY(nextState());
    Tensors results = RUNE_TRY(outputs());
    if (state_)
      *state_ = std::move(next);
    return results;
  }

private:
  Result<> takeInputs() {
    if (given_.size() != graph_.inputs.size())
      return error("evaluate.input-mismatch",
                   "the graph takes {} inputs, got {}", graph_.inputs.size(),
                   given_.size());
    for (size_t i = 0; i < given_.size(); ++i) {
      const Value &value = graph_.values[graph_.inputs[i]];
      auto data = checkData(given_[i]);
      auto fault = data ? bindings_.bind(value.type, given_[i])
                        : std::optional(data.error().message);
      if (fault)
        return error("evaluate.input-mismatch", "input `{}` {}", value.name,
                     *fault);
      inputOf_[graph_.inputs[i]] = static_cast<uint32_t>(i);
    }
    return {};
  }

  /// Variables hold copies: what a failed run does is forgotten.
  Result<> takeState() {
    bool fresh = !state_ || state_->empty();
    if (!fresh && state_->size() != graph_.variables.size())
      return error("evaluate.input-mismatch",
                   "the graph has {} variables, the state {}",
                   graph_.variables.size(), state_->size());
    for (size_t i = 0; i < graph_.variables.size(); ++i) {
      const Variable &variable = graph_.variables[i];
      const Value &value = graph_.values[variable.input];
      std::optional<TensorView> old;
      if (!fresh)
        old = (*state_)[i].view();
      else if (variable.initial)
        old = graph_.constants[*variable.initial].view();
      if (old && old->type() != value.type)
        return error("evaluate.input-mismatch",
                     "variable `{}` needs {}, got {}", value.name,
                     value.type.str(), old->type().str());
      tensors_[variable.input] =
          old ? RUNE_TRY(copyOf(*old))
              : RUNE_TRY(
                    budget_.allocate(value.type.dtype, value.type.sizes()));
    }
    return {};
  }

  Result<State> nextState() {
    State next;
    for (const Variable &variable : graph_.variables)
      next.push_back(RUNE_TRY(copyOf(view(variable.output))));
    return next;
  }

  Result<Tensor> copyOf(const TensorView &view) {
    RUNE_TRY(budget_.reserve(view.data.size()));
    return Tensor::copyOf(view);
  }

  void findLastUses() {
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      for (ValueId id : graph_.nodes[i].outputs)
        lastUse_[id] = i;
      for (ValueId id : graph_.nodes[i].inputs)
        if (id != noValue)
          lastUse_[id] = i;
    }
    for (ValueId id : graph_.outputs)
      lastUse_[id] = graph_.nodes.size();
    for (const Variable &variable : graph_.variables)
      lastUse_[variable.output] = graph_.nodes.size();
  }

  TensorView view(ValueId id) const {
    if (auto constant = graph_.values[id].constant)
      return graph_.constants[*constant].view();
    if (inputOf_[id] != noValue)
      return given_[inputOf_[id]];
    return tensors_[id]->view();
  }

  Result<> step(const Node &node) {
    if (!budget_.spend(0))
      return budget_.expired();
    EvalContext context{{node, {}, {}, "evaluate.failed"}, {}, budget_};
    Types types;
    types.reserve(node.inputs.size());
    for (ValueId id : node.inputs) {
      auto &value = context.values.emplace_back();
      if (id != noValue)
        types.push_back((value = view(id))->type());
      context.types.push_back(id == noValue ? nullptr : &types.back());
    }
    context.results = RUNE_TRY(inferTypes(context, node.outputs.size()));
    // sizes that depend on the data are known only now, by the results
    Tensors results = RUNE_TRY(definitionOf(node.op).evaluate(context));
    RUNE_CHECK(results.size() == node.outputs.size(), "a tensor per output");
    return keep(node, std::move(results));
  }

  Result<> keep(const Node &node, Tensors results) {
    for (size_t i = 0; i < results.size(); ++i) {
      const Value &value = graph_.values[node.outputs[i]];
      if (auto fault = bindings_.bind(value.type, results[i].view()))
        return error("evaluate.failed", "`{}` ({}): `{}` {}", node.name,
                     opName(node.op), value.name, *fault);
      tensors_[node.outputs[i]] = std::move(results[i]);
    }
    return {};
  }

  void free(size_t node) {
    auto drop = [&](ValueId id) {
      if (id == noValue || lastUse_[id] != node || !tensors_[id])
        return;
      budget_.release(tensors_[id]->bytes().size());
      tensors_[id].reset();
    };
    std::ranges::for_each(graph_.nodes[node].inputs, drop);
    std::ranges::for_each(graph_.nodes[node].outputs, drop);
  }

  Result<Tensors> outputs() {
    Tensors results;
    for (size_t i = 0; i < graph_.outputs.size(); ++i) {
      ValueId id = graph_.outputs[i];
      auto later = std::span(graph_.outputs).subspan(i + 1);
      if (tensors_[id] && !std::ranges::count(later, id)) {
        results.push_back(std::move(*tensors_[id]));
        continue;
      }
      results.push_back(RUNE_TRY(copyOf(view(id))));
    }
    return results;
  }

  const Graph &graph_;
  std::span<const TensorView> given_;
  State *state_;
  Budget budget_;
  Bindings bindings_;
  std::vector<std::optional<Tensor>> tensors_;
  /// Which graph input a value is.
  std::vector<uint32_t> inputOf_;
  /// The node after which a value is freed; past the last one for outputs.
  std::vector<size_t> lastUse_;
};

} // namespace

Result<std::vector<Tensor>> evaluate(const Graph &graph,
                                     std::span<const TensorView> inputs,
                                     const EvaluateLimits &limits,
                                     State *state) {
  return Evaluator(graph, inputs, limits, state).run();
}

} // namespace rune::graph
