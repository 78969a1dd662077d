// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/op.h"

#include "graph/context.h"
#include "graph/ops.h"

#include <algorithm>
#include <array>

namespace rune::graph {

#define RUNE_OP(enumerator, name, version) OpDefinition define##enumerator();
#include "graph/ops.def"
#undef RUNE_OP

const OpDefinition &definitionOf(Op op) {
  static const auto definitions = std::to_array<OpDefinition>({
#define RUNE_OP(enumerator, name, version) define##enumerator(),
#include "graph/ops.def"
#undef RUNE_OP
  });
  RUNE_CHECK(static_cast<size_t>(op) < definitions.size(), "unknown operator");
  return definitions[static_cast<size_t>(op)];
}

AttributeKind kindOf(const AttributeValue &value) {
  return static_cast<AttributeKind>(value.index());
}

std::string_view kindName(AttributeKind kind) {
  constexpr std::string_view names[] = {"integer", "number", "text",
                                        "list of integers", "list of numbers"};
  return names[static_cast<size_t>(kind)];
}

Diagnostic InferContext::refuse(std::string_view rule, int number,
                                const std::string &text) const {
  return error(code, "`{}` ({}): {} ({}.{})", node.name, opName(node.op), text,
               rule, number);
}

std::optional<std::vector<int64_t>> InferContext::integers(size_t input) const {
  if (!values[input])
    return std::nullopt;
  ByteSpan data = values[input]->data;
  std::vector<int64_t> numbers(data.size() / sizeof(int64_t));
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = loadUnaligned<int64_t>(data.data() + i * sizeof(int64_t));
  return numbers;
}

/// node.1: as many inputs and outputs as the operator takes.
static Result<> checkArity(const InferContext &context, size_t outputs) {
  const OpDefinition &op = definitionOf(context.node.op);
  if (context.inputs() < op.inputs.least || context.inputs() > op.inputs.most)
    return context.refuse("node", 1,
                          fmt::format("{} inputs, takes {} to {}",
                                      context.inputs(), op.inputs.least,
                                      op.inputs.most));
  for (size_t i = 0; i < context.inputs(); ++i)
    if (!context.has(i) && (op.variadic || i < op.inputs.least))
      return context.refuse("node", 1, fmt::format("input {} is missing", i));
  if (outputs < op.outputs.least || outputs > op.outputs.most)
    return context.refuse("node", 1,
                          fmt::format("{} outputs, has {} to {}", outputs,
                                      op.outputs.least, op.outputs.most));
  return {};
}

Result<> checkAttributes(const InferContext &context) {
  const auto &specs = definitionOf(context.node.op).attributes;
  const auto &given = context.node.attributes;
  // node.2: exactly the declared attributes, sorted by name
  for (const Attribute &attribute : given)
    if (!std::ranges::count(specs, attribute.name, &AttributeSpec::name))
      return context.refuse("node", 2,
                            fmt::format("no attribute `{}`", attribute.name));
  for (size_t i = 0; i < specs.size(); ++i) {
    if (i >= given.size() || given[i].name != specs[i].name)
      return context.refuse("node", 2,
                            fmt::format("attribute `{}` is missing or not in "
                                        "its place",
                                        specs[i].name));
    // node.3: each of its kind
    if (kindOf(given[i].value) != specs[i].kind)
      return context.refuse("node", 3,
                            fmt::format("attribute `{}` is a {}, needs a {}",
                                        specs[i].name,
                                        kindName(kindOf(given[i].value)),
                                        kindName(specs[i].kind)));
    // node.4: a word of the list, where there is one
    const auto *text = std::get_if<std::string>(&given[i].value);
    if (text && !specs[i].allowed.empty() &&
        !std::ranges::count(specs[i].allowed, *text))
      return context.refuse("node", 4,
                            fmt::format("attribute `{}` is `{}`, may be `{}`",
                                        specs[i].name, *text,
                                        fmt::join(specs[i].allowed, "`, `")));
  }
  if (given.size() != specs.size())
    return context.refuse("node", 2, "an attribute is given twice");
  return {};
}

/// node.6: only operators of the plan take what is no tensor of a known rank.
static Result<> checkTensors(const InferContext &context) {
  if (definitionOf(context.node.op).plan)
    return {};
  for (size_t i = 0; i < context.inputs(); ++i)
    if (context.has(i) && !context.type(i).isTensor())
      return context.refuse(
          "node", 6,
          fmt::format("input {} is {}, must be a tensor whose number of "
                      "dimensions is known",
                      i, context.type(i).str()));
  return {};
}

Result<Types> inferTypes(const InferContext &context, size_t outputs) {
  RUNE_TRY(checkArity(context, outputs));
  RUNE_TRY(checkAttributes(context));
  RUNE_TRY(checkTensors(context));
  Types types = RUNE_TRY(definitionOf(context.node.op).infer(context));
  RUNE_CHECK(types.size() >= outputs, "a type for each output");
  types.resize(outputs);
  // node.5: results keep the limits on rank and size
  for (const TensorType &type : types)
    if (auto fits = checkType(type, context.node.name); !fits)
      return context.refuse("node", 5, fits.error().message);
  return types;
}

} // namespace rune::graph
