// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/op.h"

#include "graph/context.h"
#include "graph/ops.h"
#include "graph/plan.h"

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

AttributeSpec::AttributeSpec(std::string_view name, AttributeKind kind,
                             std::optional<AttributeValue> fallback,
                             std::vector<std::string_view> allowed)
    : name(name), kind(kind), fallback(std::move(fallback)),
      allowed(std::move(allowed)) {}
AttributeSpec::AttributeSpec(const AttributeSpec &) = default;
AttributeSpec &AttributeSpec::operator=(const AttributeSpec &) = default;
AttributeSpec::~AttributeSpec() = default;

Diagnostic InferContext::failWith(int number, fmt::string_view text,
                                  fmt::format_args args) const {
  return refuse(opName(node.op), number, fmt::vformat(text, args));
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

/// How many bodies an operator runs.
static size_t bodiesOf(Op op) {
  switch (op) {
  case Op::If:
    return 2;
  case Op::Loop:
  case Op::Scan:
    return 1;
  default:
    return 0;
  }
}

static bool isOpen(const ValueType *type) { return type && !type->ranked; }

/// node.6: only operators of the plan take sequences and optional values.
static Result<> checkTensors(const InferContext &context) {
  for (size_t i = 0; i < context.inputs(); ++i)
    if (context.has(i) && context.type(i).form != Form::Tensor)
      return context.refuse("node", 6,
                            fmt::format("input {} is {}, must be a tensor", i,
                                        context.type(i).str()));
  return {};
}

/// The types of an operator of tensors one of whose inputs may have any number
/// of dimensions: what its results are has in common for all numbers that the
/// operator takes. Where several inputs are open, they are tried with one
/// number, and the results stay open.
static Result<Types> inferOpen(const InferContext &context) {
  auto open = std::ranges::count_if(context.types, isOpen);
  std::optional<Types> common;
  std::optional<Diagnostic> why;
  for (size_t rank = 0; rank <= maxRank; ++rank) {
    InferContext guess = context;
    std::vector<ValueType> types(context.inputs());
    for (size_t i = 0; i < types.size(); ++i)
      if (isOpen(context.types[i])) {
        types[i] = {context.dtype(i), Dims(rank, Dim::unknown())};
        guess.types[i] = &types[i];
      }
    Node node = completed(guess);
    auto results = definitionOf(node.op).infer(withNode(guess, node));
    if (!results) {
      why = why ? why : results.error();
      continue;
    }
    if (!common)
      common = *results;
    for (size_t i = 0; i < common->size() && i < results->size(); ++i) {
      ValueType &both = (*common)[i];
      both = join(both, (*results)[i])
                 .value_or(ValueType::of(Form::Tensor, both.dtype, {}));
      if (open > 1)
        both = ValueType::of(Form::Tensor, both.dtype, std::nullopt);
    }
  }
  // node.7: an input of any number of dimensions fits at least one
  if (!common)
    return context.refuse(
        "node", 7,
        fmt::format("no number of dimensions fits: {}", why->message));
  return *std::move(common);
}

static Result<Types> inferAny(const InferContext &context) {
  const OpDefinition &op = definitionOf(context.node.op);
  // node.8: as many bodies as the operator runs
  if (context.bodies.size() != bodiesOf(context.node.op))
    return context.refuse("node", 8,
                          fmt::format("{} bodies, runs {}",
                                      context.bodies.size(),
                                      bodiesOf(context.node.op)));
  if (op.plan)
    return op.infer(context);
  RUNE_TRY(checkTensors(context));
  if (hasOpen(context))
    return inferOpen(context);
  return op.infer(context);
}

Result<Types> inferTypes(const InferContext &context, size_t outputs) {
  RUNE_TRY(checkArity(context, outputs));
  RUNE_TRY(checkAttributes(context));
  Types types = RUNE_TRY(inferAny(context));
  RUNE_CHECK(types.size() >= outputs, "a type for each output");
  types.resize(outputs);
  // node.5: results keep the limits on rank and size
  for (const TensorType &type : types)
    if (auto fits = checkType(type, context.node.name); !fits)
      return context.refuse("node", 5, fits.error().message);
  return types;
}

} // namespace rune::graph
