// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/evaluate.h"

#include "graph/context.h"
#include "graph/plan.h"

#include <algorithm>
#include <map>

namespace rune::graph {

namespace {

/// The numbers that names turned out to stand for.
class Bindings {
public:
  /// What does not agree, if anything.
  std::optional<std::string> bind(const ValueType &declared,
                                  const Item &actual) {
    bool optional = declared.form == Form::Optional ||
                    declared.form == Form::OptionalSequence;
    if (declared.form != actual.form || declared.dtype != actual.dtype ||
        (!actual.isThere() && !optional))
      return fmt::format("needs {}, got {}", declared.str(), actual.str());
    if (actual.tensor)
      return bind(declared, actual.view());
    if (!actual.list || !declared.ranked)
      return std::nullopt;
    for (const SharedTensor &tensor : actual.list->tensors)
      if (auto fault = bind(declared, tensor->view))
        return fault;
    return std::nullopt;
  }

private:
  std::optional<std::string> bind(const ValueType &declared,
                                  const TensorView &actual) {
    if (declared.dtype != actual.dtype ||
        (declared.ranked && declared.dims.size() != actual.sizes.size()))
      return fmt::format("needs {}, got {}", declared.str(),
                         actual.type().str());
    for (size_t i = 0; i < declared.dims.size(); ++i)
      if (auto fault = bind(declared.dims[i], actual.sizes[i]))
        return fmt::format("needs {}, got {}: {}", declared.str(),
                           actual.type().str(), *fault);
    return std::nullopt;
  }

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

/// What is the same in every pass through a graph.
struct Prepared {
  /// For each value the node after which it is freed; past the last one for
  /// what leaves the graph.
  std::vector<size_t> lastUse;
  Items constants;
};

std::vector<size_t> lastUses(const Graph &graph) {
  std::vector<size_t> last(graph.values.size(), 0);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (ValueId id : graph.nodes[i].outputs)
      last[id] = i;
    for (ValueId id : graph.nodes[i].inputs)
      if (id != noValue)
        last[id] = i;
  }
  for (ValueId id : graph.outputs)
    last[id] = graph.nodes.size();
  for (const Variable &variable : graph.variables)
    last[variable.output] = graph.nodes.size();
  return last;
}

/// Notes how long it lived, if anybody wants to know.
class Stopwatch {
public:
  using Clock = std::chrono::steady_clock;
  explicit Stopwatch(int64_t *nanoseconds) : nanoseconds_(nanoseconds) {
    if (nanoseconds_)
      begin_ = Clock::now();
  }
  Stopwatch(const Stopwatch &) = delete;
  ~Stopwatch() {
    if (nanoseconds_)
      *nanoseconds_ = std::chrono::nanoseconds(Clock::now() - begin_).count();
  }

private:
  int64_t *nanoseconds_;
  Clock::time_point begin_;
};

/// One pass through a graph or a body.
class Evaluator {
public:
  Evaluator(const Graph &graph, const Prepared &prepared, Budget &budget,
            BodyRunner &runner)
      : graph_(graph), lastUse_(prepared.lastUse),
        constants_(prepared.constants), budget_(budget), runner_(runner),
        items_(graph.values.size()) {}

  Result<> takeInputs(Items inputs);
  Result<> takeState(const State *state);
  Result<> run(std::vector<int64_t> *nanoseconds) {
    if (nanoseconds)
      nanoseconds->assign(graph_.nodes.size(), 0);
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      Stopwatch watch(nanoseconds ? &(*nanoseconds)[i] : nullptr);
      RUNE_TRY(step(graph_.nodes[i]));
      free(i);
    }
    return {};
  }
  Result<State> nextState() const;
  Items outputs();
  Result<Tensor> copyOf(const TensorView &view) const {
    RUNE_TRY(budget_.reserve(view.data.size()));
    return Tensor::copyOf(view);
  }

private:
  const Item &item(ValueId id) const {
    if (auto constant = graph_.values[id].constant)
      return constants_[*constant];
    return items_[id];
  }
  Result<> step(const Node &node);
  bool hasOpenInput(const Node &node) const {
    return std::ranges::any_of(node.inputs, [&](ValueId id) {
      return id != noValue && !graph_.values[id].type.ranked;
    });
  }
  Result<Items> compute(const Node &node);
  Result<Items> computeTensors(InferContext context);
  Result<> keep(const Node &node, Items results);
  void free(size_t node);

  const Graph &graph_;
  const std::vector<size_t> &lastUse_;
  const Items &constants_;
  Budget &budget_;
  BodyRunner &runner_;
  Bindings bindings_;
  Items items_;
};

Result<> Evaluator::takeInputs(Items inputs) {
  if (inputs.size() != graph_.inputs.size())
    return error("evaluate.input-mismatch", "the graph takes {} inputs, got {}",
                 graph_.inputs.size(), inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Value &value = graph_.values[graph_.inputs[i]];
    if (auto fault = bindings_.bind(value.type, inputs[i]))
      return error("evaluate.input-mismatch", "input `{}` {}", value.name,
                   *fault);
    items_[graph_.inputs[i]] = std::move(inputs[i]);
  }
  return {};
}

/// Variables hold copies: what a failed run does is forgotten.
Result<> Evaluator::takeState(const State *state) {
  bool fresh = !state || state->empty();
  if (!fresh && state->size() != graph_.variables.size())
    return error("evaluate.input-mismatch",
                 "the graph has {} variables, the state {}",
                 graph_.variables.size(), state->size());
  for (size_t i = 0; i < graph_.variables.size(); ++i) {
    const Variable &variable = graph_.variables[i];
    const Value &value = graph_.values[variable.input];
    std::optional<TensorView> old;
    if (!fresh)
      old = (*state)[i].view();
    else if (variable.initial)
      old = graph_.constants[*variable.initial].view();
    if (old && value.type != old->type())
      return error("evaluate.input-mismatch", "variable `{}` needs {}, got {}",
                   value.name, value.type.str(), old->type().str());
    items_[variable.input] = Item::of(
        old ? RUNE_TRY(copyOf(*old))
            : RUNE_TRY(budget_.allocate(value.type.dtype, value.type.sizes())));
    HeldTensor &held = *items_[variable.input].tensor;
    held.paid = Paid(budget_, held.view.data.size());
  }
  return {};
}

Result<State> Evaluator::nextState() const {
  State next;
  for (const Variable &variable : graph_.variables)
    next.push_back(RUNE_TRY(copyOf(item(variable.output).view())));
  return next;
}

Result<Items> Evaluator::computeTensors(InferContext infer) {
  const Node &node = infer.node;
  EvalContext context{std::move(infer), {}, budget_};
  context.results = RUNE_TRY(inferTypes(context, node.outputs.size()));
  // sizes that depend on the data are known only by the results
  Tensors results = RUNE_TRY(definitionOf(node.op).evaluate(context));
  Items items;
  for (Tensor &tensor : results) {
    items.push_back(Item::of(std::move(tensor)));
    Item &made = items.back();
    made.tensor->paid = Paid(budget_, made.view().data.size());
  }
  return items;
}

Result<Items> Evaluator::compute(const Node &node) {
  InferContext context{node, {}, {}, "evaluate.failed"};
  Types types;
  types.reserve(node.inputs.size());
  Items items;
  bool plan = definitionOf(node.op).plan != nullptr;
  for (ValueId id : node.inputs) {
    auto &value = context.values.emplace_back();
    context.types.push_back(nullptr);
    if (plan)
      items.emplace_back();
    if (id == noValue)
      continue;
    const Item &given = item(id);
    types.push_back(typeOf(given, graph_.values[id].type));
    context.types.back() = &types.back();
    if (given.tensor)
      value = given.view();
    if (plan)
      items.back() = given;
  }
  if (!plan && hasOpenInput(node)) {
    // only now the number of dimensions is known
    Node whole = completed(context);
    return computeTensors(withNode(context, whole));
  }
  if (!plan)
    return computeTensors(std::move(context));
  for (uint32_t body : node.bodies)
    context.bodies.push_back(&graph_.bodies[body]);
  RUNE_TRY(inferTypes(context, node.outputs.size()));
  return definitionOf(node.op).plan({std::move(context), std::move(items),
                                     node.outputs.size(), budget_, runner_});
}

Result<> Evaluator::step(const Node &node) {
  if (!budget_.spend(0))
    return budget_.expired();
  Items results = RUNE_TRY(compute(node));
  RUNE_CHECK(results.size() >= node.outputs.size(), "an item per output");
  return keep(node, std::move(results));
}

Result<> Evaluator::keep(const Node &node, Items results) {
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const Value &value = graph_.values[node.outputs[i]];
    if (auto fault = bindings_.bind(value.type, results[i]))
      return error("evaluate.failed", "`{}` ({}): `{}` {}", node.name,
                   opName(node.op), value.name, *fault);
    items_[node.outputs[i]] = std::move(results[i]);
  }
  return {};
}

void Evaluator::free(size_t node) {
  auto drop = [&](ValueId id) {
    if (id != noValue && lastUse_[id] == node)
      items_[id] = {};
  };
  std::ranges::for_each(graph_.nodes[node].inputs, drop);
  std::ranges::for_each(graph_.nodes[node].outputs, drop);
}

/// What leaves goes with its last mention: then it may be moved.
Items Evaluator::outputs() {
  Items results;
  for (size_t i = 0; i < graph_.outputs.size(); ++i) {
    ValueId id = graph_.outputs[i];
    auto later = std::span(graph_.outputs).subspan(i + 1);
    if (graph_.values[id].constant || std::ranges::count(later, id))
      results.push_back(item(id));
    else
      results.push_back(std::exchange(items_[id], {}));
  }
  return results;
}

/// A whole run: one budget for the graph and its bodies.
class Run : public BodyRunner {
public:
  explicit Run(const EvaluateLimits &limits, uint64_t mostTurns = maxTurns)
      : budget_(limits), hasDeadline_(limits.deadline.has_value()),
        mostTurns_(mostTurns) {}

  Result<Items> evaluate(const Graph &graph, Items inputs, State *state,
                         std::vector<int64_t> *nanoseconds = nullptr) {
    Evaluator evaluator(graph, prepared(graph), budget_, *this);
    RUNE_TRY(evaluator.takeInputs(std::move(inputs)));
    RUNE_TRY(evaluator.takeState(state));
    RUNE_TRY(evaluator.run(nanoseconds));
    State next = RUNE_TRY(evaluator.nextState());
    Items results = evaluator.outputs();
    if (state)
      *state = std::move(next);
    return results;
  }

  Result<Items> run(const Graph &body, Items inputs) override {
    auto results = evaluate(body, std::move(inputs), nullptr);
    if (!results && results.error().code == "evaluate.input-mismatch")
      return error("evaluate.failed", "body `{}`: {}", body.name,
                   results.error().message);
    return results;
  }

  Result<> turn() override {
    if (!budget_.spend(0))
      return budget_.expired();
    if (!hasDeadline_ && ++turns_ > mostTurns_)
      return error("evaluate.iteration-limit",
                   "loops made {} turns, more need a deadline", mostTurns_);
    return {};
  }

  Budget &budget() { return budget_; }

private:
  const Prepared &prepared(const Graph &graph) {
    auto [place, isNew] = prepared_.try_emplace(&graph);
    if (!isNew)
      return place->second;
    place->second.lastUse = lastUses(graph);
    for (const Constant &constant : graph.constants)
      place->second.constants.push_back(Item::borrowed(constant.view()));
    return place->second;
  }

  Budget budget_;
  bool hasDeadline_;
  uint64_t mostTurns_;
  uint64_t turns_ = 0;
  std::map<const Graph *, Prepared> prepared_;
};

Result<> checkData(const Graph &graph, const Items &inputs) {
  auto check = [&](size_t index, const TensorView &view) -> Result<> {
    auto whole = rune::checkData(view);
    if (whole || index >= graph.inputs.size())
      return {};
    return error("evaluate.input-mismatch", "input `{}` {}",
                 graph.values[graph.inputs[index]].name, whole.error().message);
  };
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].tensor)
      RUNE_TRY(check(i, inputs[i].view()));
    if (inputs[i].list)
      for (const SharedTensor &tensor : inputs[i].list->tensors)
        RUNE_TRY(check(i, tensor->view));
  }
  return {};
}

/// The item itself where nobody else has it, else a copy.
Result<Tensor> takeTensor(Item item, Budget &budget) {
  HeldTensor &held = *item.tensor;
  if (item.tensor.use_count() == 1 && held.view.data.data() != nullptr &&
      held.view.data.data() == held.own.bytes().data()) {
    held.paid.release();
    return std::move(held.own);
  }
  RUNE_TRY(budget.reserve(held.view.data.size()));
  return Tensor::copyOf(held.view);
}

} // namespace

Result<Items> evaluateItems(const Graph &graph, Items inputs,
                            const EvaluateLimits &limits, State *state,
                            uint64_t turns, std::vector<int64_t> *nanoseconds) {
  RUNE_TRY(checkData(graph, inputs));
  Run run(limits, turns);
  Items results =
      RUNE_TRY(run.evaluate(graph, std::move(inputs), state, nanoseconds));
  // The budget ends here, what leaves does not.
  for (Item &item : results) {
    if (item.tensor)
      item.tensor->paid.release();
    if (!item.list)
      continue;
    item.list->paid.release();
    for (const SharedTensor &tensor : item.list->tensors)
      tensor->paid.release();
  }
  return results;
}

Result<std::vector<Tensor>> evaluate(const Graph &graph,
                                     std::span<const TensorView> inputs,
                                     const EvaluateLimits &limits,
                                     State *state) {
  for (ValueId id : graph.outputs)
    if (graph.values[id].type.form != Form::Tensor)
      return checkInterface(graph).error();
  Items items;
  for (const TensorView &view : inputs)
    items.push_back(Item::borrowed(view));
  RUNE_TRY(checkData(graph, items));
  Run run(limits);
  Items results = RUNE_TRY(run.evaluate(graph, std::move(items), state));
  Tensors tensors;
  for (Item &item : results)
    tensors.push_back(RUNE_TRY(takeTensor(std::move(item), run.budget())));
  return tensors;
}

} // namespace rune::graph
