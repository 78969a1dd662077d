// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an operator is: its attributes, its arity, one function that gives the
// types of the results, and one that computes them. The table is generated from
// ops.def; each operator lives in ops/NAME.cpp.
//
// The type function is called while a graph is built or verified, with symbolic
// dimensions and the constants among the inputs, and again before each
// evaluation, with numbers for all sizes and all inputs known. So the rule for
// shapes, and each constraint, exists once.
#pragma once

#include "graph/budget.h"
#include "graph/graph.h"

namespace rune::graph {

enum class AttributeKind : uint8_t { Integer, Number, Text, Integers, Numbers };
AttributeKind kindOf(const AttributeValue &value);
std::string_view kindName(AttributeKind kind);

/// Constructors stand in op.cpp: each operator has a list of these.
struct AttributeSpec {
  AttributeSpec(std::string_view name, AttributeKind kind,
                std::optional<AttributeValue> fallback,
                std::vector<std::string_view> allowed);
  AttributeSpec(const AttributeSpec &);
  AttributeSpec &operator=(const AttributeSpec &);
  ~AttributeSpec();

  std::string_view name;
  AttributeKind kind;
  /// Taken where none is given; without one the attribute is required.
  std::optional<AttributeValue> fallback;
  /// Text only: what it may be; empty for anything.
  std::vector<std::string_view> allowed;
};

struct Arity {
  size_t least = 0;
  size_t most = 0;
};

/// One node with what is known of its inputs.
struct InferContext {
  const Node &node;
  /// Null where an optional input is not there.
  std::vector<const ValueType *> types;
  /// The elements of the inputs that are known.
  std::vector<std::optional<TensorView>> values;
  /// The code of a refusal: `graph.invalid` or `evaluate.failed`.
  std::string_view code = "graph.invalid";
  /// The elements of small i64 inputs as far as they are known: a number, a
  /// name, or not. Empty where nothing is.
  std::vector<std::optional<Dims>> elements = {};
  /// The bodies of the node, in their order.
  std::vector<const Graph *> bodies = {};

  size_t inputs() const { return types.size(); }
  bool has(size_t input) const {
    return input < types.size() && types[input] != nullptr;
  }
  const ValueType &type(size_t input) const { return *types[input]; }
  const Dims &dims(size_t input) const { return types[input]->dims; }
  size_t rank(size_t input) const { return types[input]->dims.size(); }
  DType dtype(size_t input) const { return types[input]->dtype; }
  /// The elements of an i64 input, where all are known.
  std::optional<std::vector<int64_t>> integers(size_t input) const;

  /// The refusal by constraint `number` of this operator.
  template <class... Args>
  Diagnostic fail(int number, fmt::format_string<Args...> text,
                  Args &&...args) const {
    return failWith(number, text, fmt::make_format_args(args...));
  }
  Diagnostic failWith(int number, fmt::string_view text,
                      fmt::format_args args) const;
  Diagnostic refuse(std::string_view rule, int number,
                    const std::string &text) const;
};

using Types = std::vector<ValueType>;

/// The same when it is computed: all sizes are fixed, all inputs are there.
struct EvalContext : InferContext {
  /// What the type function said, fixed.
  Types results;
  Budget &budget;

  const TensorView &input(size_t index) const { return *values[index]; }
  /// A tensor of zeros for result `index`, paid from the budget.
  Result<Tensor> allocate(size_t index = 0) const {
    return budget.allocate(results[index].dtype, results[index].sizes());
  }
};

using Tensors = std::vector<Tensor>;

/// What the operators of the plan work on: graph/plan.h.
struct Item;
struct PlanContext;
using Items = std::vector<Item>;

struct OpDefinition {
  Arity inputs;
  /// Which inputs must be there: all below `inputs.least`; all of a variadic
  /// operator.
  Arity outputs;
  /// Sorted by name.
  std::vector<AttributeSpec> attributes;
  Result<Types> (*infer)(const InferContext &);
  Result<Tensors> (*evaluate)(const EvalContext &);
  /// Brings attributes into the one form that constraints allow: fills lists
  /// whose length follows the rank, makes negative axes positive. Called by
  /// GraphBuilder, never on what was stored. May be null.
  void (*complete)(const InferContext &, std::vector<Attribute> &) = nullptr;
  bool variadic = false;
  /// The elements of the one result as far as they follow from `elements` of
  /// the inputs and from their dimensions; for the arithmetic of shapes.
  std::optional<Dims> (*elements)(const InferContext &) = nullptr;
  /// Instead of `evaluate`: an operator of the plan, which may take and give
  /// sequences, optional values and tensors of any rank, and run its bodies.
  Result<Items> (*plan)(const PlanContext &) = nullptr;
};

const OpDefinition &definitionOf(Op op);

/// The rules every node obeys, whatever its operator: docs/ops.md, "Every
/// node". Then the operator's own.
///
/// errors  `context.code`
Result<Types> inferTypes(const InferContext &context, size_t outputs);

/// errors  `graph.invalid` (node.2, node.3, node.4)
Result<> checkAttributes(const InferContext &context);

} // namespace rune::graph
