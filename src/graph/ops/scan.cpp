// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// scan(carried…, scanned…, captured…): runs its body once for each position
// along an axis of the scanned tensors. The body takes what is carried, a slice
// of each scanned tensor, and what is captured; it gives the carried values of
// the next turn, and tensors that are stacked along an axis.
//
// source  ONNX Scan-25
#include "graph/ops/control.h"

#include <algorithm>

namespace rune::graph {

namespace {

struct Parts {
  explicit Parts(const Node &node)
      : carried(static_cast<size_t>(node.integer("carried"))),
        axes(node.integers("input_axes")),
        backwards(node.integers("input_reverse")),
        outputAxes(node.integers("output_axes")),
        outputBackwards(node.integers("output_reverse")), scanned(axes.size()) {
  }

  size_t carried;
  const std::vector<int64_t> &axes, &backwards, &outputAxes, &outputBackwards;
  size_t scanned;
};

bool areFlags(const std::vector<int64_t> &flags, size_t count) {
  return flags.size() == count &&
         std::ranges::all_of(flags, [](int64_t f) { return f >> 1 == 0; });
}

Result<> checkParts(const InferContext &context) {
  int64_t carried = context.node.integer("carried");
  const std::vector<int64_t> &axes = context.node.integers("input_axes");
  // scan.1: carried and scanned inputs are there, and one is scanned
  if (carried < 0 || axes.empty() || context.inputs() < axes.size() ||
      carried > static_cast<int64_t>(context.inputs() - axes.size()) ||
      carried > static_cast<int64_t>(context.node.outputs.size()))
    return context.fail(1, "`carried` is {}, {} are scanned, of {} inputs",
                        carried, axes.size(), context.inputs());
  // scan.2: an entry for each scanned input and each stacked result
  Parts parts(context.node);
  size_t stacked = context.node.outputs.size() - parts.carried;
  if (!areFlags(parts.backwards, parts.scanned) ||
      !areFlags(parts.outputBackwards, stacked) ||
      parts.outputAxes.size() != stacked)
    return context.fail(2,
                        "`input_reverse`, `output_axes` and `output_reverse` "
                        "need {}, {} and {} entries, those of reverse 0 or 1",
                        parts.scanned, stacked, stacked);
  return {};
}

/// How many turns there are.
Result<Dim> checkScanned(const InferContext &context, const Parts &parts) {
  Dim length = Dim::unknown();
  for (size_t i = 0; i < parts.scanned; ++i) {
    const ValueType &type = context.type(parts.carried + i);
    // scan.3: scanned are tensors that have the axis
    if (!type.isTensor() || parts.axes[i] < 0 ||
        parts.axes[i] >= static_cast<int64_t>(type.dims.size()))
      return context.fail(3, "axis {} of {}", parts.axes[i], type.str());
    // scan.4: of one size along it
    auto both = unify(length, type.dims[static_cast<size_t>(parts.axes[i])]);
    if (!both)
      return context.fail(4, "one is scanned {} times, another {}",
                          length.str(),
                          type.dims[static_cast<size_t>(parts.axes[i])].str());
    length = *std::move(both);
  }
  return length;
}

ValueType given(const InferContext &context, const Parts &parts, size_t index) {
  ValueType type = context.type(index);
  if (index >= parts.carried && index < parts.carried + parts.scanned)
    type.dims.erase(type.dims.begin() + static_cast<std::ptrdiff_t>(
                                            parts.axes[index - parts.carried]));
  return type;
}

Result<> checkBody(const InferContext &context, const Parts &parts,
                   BodyTypes &names) {
  const Graph &body = *context.bodies[0];
  // scan.5: the body takes what is carried, slices, and what is captured
  if (body.inputs.size() != context.inputs())
    return context.fail(5, "the body takes {} values, gets {}",
                        body.inputs.size(), context.inputs());
  for (size_t i = 0; i < body.inputs.size(); ++i)
    if (ValueType type = given(context, parts, i);
        !names.bind(inputType(body, i), type))
      return context.fail(5, "the body takes {}, gets {}",
                          inputType(body, i).str(), type.str());
  // scan.6: it gives carried values that fit the next turn, and tensors
  if (body.outputs.size() != context.node.outputs.size())
    return context.fail(6, "the body has {} results, the node {}",
                        body.outputs.size(), context.node.outputs.size());
  for (size_t i = 0; i < body.outputs.size(); ++i) {
    const ValueType &type = outputType(body, i);
    if (i < parts.carried && !accepts(inputType(body, i), type))
      return context.fail(6, "the body carries {} on, takes {}", type.str(),
                          inputType(body, i).str());
    if (i < parts.carried)
      continue;
    int64_t axis = parts.outputAxes[i - parts.carried];
    if (!type.isTensor() || axis < 0 ||
        axis > static_cast<int64_t>(type.dims.size()))
      return context.fail(6, "{} cannot be stacked along axis {}", type.str(),
                          axis);
  }
  return {};
}

Result<Types> infer(const InferContext &context) {
  RUNE_TRY(checkParts(context));
  Parts parts(context.node);
  Dim length = RUNE_TRY(checkScanned(context, parts));
  BodyTypes names;
  RUNE_TRY(checkBody(context, parts, names));
  const Graph &body = *context.bodies[0];
  Types results;
  for (size_t i = 0; i < body.outputs.size(); ++i)
    if (i < parts.carried)
      results.push_back(names.outside(inputType(body, i)));
    else
      results.push_back(
          stacked(names.outside(outputType(body, i)), length,
                  static_cast<size_t>(parts.outputAxes[i - parts.carried])));
  return results;
}

Result<Item> slice(const PlanContext &context, const Parts &parts, size_t index,
                   int64_t turn, int64_t turns) {
  int64_t at = parts.backwards[index] != 0 ? turns - 1 - turn : turn;
  return context.own(RUNE_TRY(
      cutPiece(context.budget, context.items[parts.carried + index].view(),
               static_cast<size_t>(parts.axes[index]), at, 1, false)));
}

Result<Items> plan(const PlanContext &context) {
  Parts parts(context.node);
  const Graph &body = *context.bodies[0];
  auto carryEnd = static_cast<std::ptrdiff_t>(parts.carried);
  auto scanEnd = carryEnd + static_cast<std::ptrdiff_t>(parts.scanned);
  Items carry(context.items.begin(), context.items.begin() + carryEnd);
  std::vector<Stack> stacks(context.outputs - parts.carried);
  int64_t turns = context.items[parts.carried]
                      .view()
                      .sizes[static_cast<size_t>(parts.axes[0])];
  for (int64_t turn = 0; turn < turns; ++turn) {
    RUNE_TRY(context.runner.turn());
    Items in = std::move(carry);
    for (size_t i = 0; i < parts.scanned; ++i)
      in.push_back(RUNE_TRY(slice(context, parts, i, turn, turns)));
    in.insert(in.end(), context.items.begin() + scanEnd, context.items.end());
    Items out = RUNE_TRY(context.runner.run(body, std::move(in)));
    for (size_t i = 0; i < stacks.size(); ++i)
      // scan.7: stacked tensors have one size in all turns
      if (const Item &item = out[parts.carried + i];
          !RUNE_TRY(stacks[i].add(context, item)))
        return context.fail(7, "result {} is {}, was {} before",
                            i + parts.carried, item.str(), stacks[i].sizes());
    out.resize(parts.carried);
    carry = std::move(out);
  }
  for (size_t i = 0; i < stacks.size(); ++i)
    carry.push_back(
        RUNE_TRY(stacks[i].finish(context, outputType(body, parts.carried + i),
                                  static_cast<size_t>(parts.outputAxes[i]),
                                  parts.outputBackwards[i] != 0)));
  return carry;
}

} // namespace

OpDefinition defineScan() {
  OpDefinition op{
      {1, maxPerNode},
      {1, maxPerNode},
      {{"carried", AttributeKind::Integer, std::nullopt, {}},
       {"input_axes", AttributeKind::Integers, std::nullopt, {}},
       {"input_reverse", AttributeKind::Integers, std::nullopt, {}},
       {"output_axes", AttributeKind::Integers, std::nullopt, {}},
       {"output_reverse", AttributeKind::Integers, std::nullopt, {}}},
      infer,
      nullptr};
  op.variadic = true;
  op.plan = plan;
  return op;
}

} // namespace rune::graph
