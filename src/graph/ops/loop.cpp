// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// loop(trip count?, condition?, carried…, captured…): runs its body turn by
// turn, as often as the trip count says and while the condition holds. The body
// takes the number of the turn, the condition, what is carried and what is
// captured; it gives the condition and the carried values of the next turn, and
// tensors that are stacked.
//
// source  ONNX Loop-25
#include "graph/ops/control.h"

namespace rune::graph {

namespace {

/// Trip count and condition, in the node and in the body.
constexpr size_t fixedInputs = 2;

size_t carriedOf(const Node &node) {
  return static_cast<size_t>(node.integer("carried"));
}

Result<> checkInputs(const InferContext &context) {
  // loop.1: the trip count is one i64
  if (context.has(0) &&
      (context.dtype(0) != DType::I64 || !isScalar(context.type(0))))
    return context.fail(1, "the trip count is {}, must be one i64",
                        context.type(0).str());
  // loop.2: the condition is one bool
  if (context.has(1) &&
      (context.dtype(1) != DType::Bool || !isScalar(context.type(1))))
    return context.fail(2, "the condition is {}, must be one bool",
                        context.type(1).str());
  // loop.3: `carried` of the inputs behind them are, and all of those are there
  int64_t carried = context.node.integer("carried");
  if (context.inputs() < fixedInputs || carried < 0 ||
      carried > static_cast<int64_t>(context.inputs() - fixedInputs))
    return context.fail(3, "`carried` is {}, of {} inputs", carried,
                        context.inputs());
  for (size_t i = fixedInputs; i < context.inputs(); ++i)
    if (!context.has(i))
      return context.fail(3, "input {} is missing", i);
  return {};
}

Result<> checkBody(const InferContext &context, BodyTypes &names) {
  const Graph &body = *context.bodies[0];
  // loop.4: the body takes turn, condition, and what stands behind them
  if (body.inputs.size() != context.inputs() ||
      inputType(body, 0) != TensorType{DType::I64, {}} ||
      inputType(body, 1) != TensorType{DType::Bool, {}})
    return context.fail(4,
                        "the body takes {} values, must take i64[], bool[] and "
                        "{} more",
                        body.inputs.size(), context.inputs() - fixedInputs);
  for (size_t i = fixedInputs; i < body.inputs.size(); ++i)
    if (!names.bind(inputType(body, i), context.type(i)))
      return context.fail(4, "the body takes {}, gets {}",
                          inputType(body, i).str(), context.type(i).str());
  size_t carried = carriedOf(context.node);
  // loop.5: it gives condition, carried values that fit the next turn, tensors
  if (body.outputs.size() != context.node.outputs.size() + 1 ||
      body.outputs.size() < carried + 1 ||
      outputType(body, 0).dtype != DType::Bool ||
      !isScalar(outputType(body, 0)))
    return context.fail(5,
                        "the body has {} results, must have a bool, {} carried "
                        "and {} in all",
                        body.outputs.size(), carried,
                        context.node.outputs.size() + 1);
  for (size_t i = 0; i < carried; ++i)
    if (!accepts(inputType(body, fixedInputs + i), outputType(body, 1 + i)))
      return context.fail(5, "the body carries {} on, takes {}",
                          outputType(body, 1 + i).str(),
                          inputType(body, fixedInputs + i).str());
  for (size_t i = 1 + carried; i < body.outputs.size(); ++i)
    if (outputType(body, i).form != Form::Tensor)
      return context.fail(5, "result {} is {}, only tensors are stacked", i,
                          outputType(body, i).str());
  return {};
}

Result<Types> infer(const InferContext &context) {
  RUNE_TRY(checkInputs(context));
  BodyTypes names;
  RUNE_TRY(checkBody(context, names));
  const Graph &body = *context.bodies[0];
  Types results;
  for (size_t i = 1; i < body.outputs.size(); ++i)
    if (i <= carriedOf(context.node)) // without a turn it is what came in
      results.push_back(names.outside(inputType(body, i + 1)));
    else
      results.push_back(
          stacked(names.outside(outputType(body, i)), Dim::unknown(), 0));
  return results;
}

struct Turns {
  explicit Turns(const PlanContext &context)
      : context(context), body(*context.bodies[0]),
        carried(carriedOf(context.node)),
        carry(context.items.begin() + fixedInputs,
              context.items.begin() +
                  static_cast<std::ptrdiff_t>(fixedInputs + carried)),
        stacks(context.outputs - carried),
        going(!context.has(1) || context.number(1) != 0) {}

  Result<> turn(int64_t number) {
    RUNE_TRY(context.runner.turn());
    Items in;
    in.push_back(RUNE_TRY(context.scalar(DType::I64, number)));
    in.push_back(RUNE_TRY(context.scalar(DType::Bool, 1)));
    std::ranges::move(carry, std::back_inserter(in));
    in.insert(in.end(),
              context.items.begin() +
                  static_cast<std::ptrdiff_t>(fixedInputs + carried),
              context.items.end());
    Items out = RUNE_TRY(context.runner.run(body, std::move(in)));
    // loop.6: what the body gives as condition is one bool
    if (out[0].view().data.size() != 1)
      return context.fail(6, "the body's condition is {}, must be one bool",
                          out[0].str());
    going = out[0].view().data[0] != 0;
    carry.assign(out.begin() + 1,
                 out.begin() + static_cast<std::ptrdiff_t>(1 + carried));
    for (size_t i = 0; i < stacks.size(); ++i) {
      const Item &item = out[1 + carried + i];
      // loop.7: stacked tensors have one size in all turns
      if (!RUNE_TRY(stacks[i].add(context, item)))
        return context.fail(7, "result {} is {}, was {} before", i + carried,
                            item.str(), stacks[i].sizes());
    }
    return {};
  }

  const PlanContext &context;
  const Graph &body;
  size_t carried;
  Items carry;
  std::vector<Stack> stacks;
  bool going;
};

Result<Items> plan(const PlanContext &context) {
  int64_t trips = context.has(0) ? context.number(0) : INT64_MAX;
  Turns turns(context);
  for (int64_t i = 0; i < trips && turns.going; ++i)
    RUNE_TRY(turns.turn(i));
  Items results = std::move(turns.carry);
  for (size_t i = 0; i < turns.stacks.size(); ++i)
    results.push_back(RUNE_TRY(turns.stacks[i].finish(
        context, outputType(turns.body, 1 + turns.carried + i), 0, false)));
  return results;
}

} // namespace

OpDefinition defineLoop() {
  OpDefinition op{{0, maxPerNode},
                  {1, maxPerNode},
                  {{"carried", AttributeKind::Integer, std::nullopt, {}}},
                  infer,
                  nullptr};
  op.plan = plan;
  return op;
}

} // namespace rune::graph
