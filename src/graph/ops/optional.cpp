// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// optional(x?), optional_has_element(x?), optional_get_element(x): a tensor or
// a sequence that may be missing.
//
// source  ONNX Optional-15, OptionalHasElement-18, OptionalGetElement-18
#include "graph/ops/sequence.h"

namespace rune::graph {

namespace {

Form wrapped(Form form) {
  return form == Form::Tensor     ? Form::Optional
         : form == Form::Sequence ? Form::OptionalSequence
                                  : form;
}
Form bare(Form form) {
  return form == Form::Optional           ? Form::Tensor
         : form == Form::OptionalSequence ? Form::Sequence
                                          : form;
}

Result<Types> inferOptional(const InferContext &context) {
  auto dtype = dtypeNamed(context.node.text("dtype"));
  int64_t sequence = context.node.integer("sequence");
  // optional.1: `dtype` is an element type, `sequence` 0 or 1
  if (!dtype || sequence >> 1 != 0)
    return context.fail(1, "`dtype` is `{}`, `sequence` {}",
                        context.node.text("dtype"), sequence);
  Form form = sequence != 0 ? Form::Sequence : Form::Tensor;
  if (!context.has(0))
    return Types{ValueType::of(wrapped(form), *dtype, std::nullopt)};
  // optional.2: what is wrapped is what they say
  if (context.dtype(0) != *dtype || context.type(0).form != form)
    return context.fail(2, "{} where {}{} is stated", context.type(0).str(),
                        sequence != 0 ? "a sequence of " : "",
                        dtypeName(*dtype));
  ValueType type = context.type(0);
  type.form = wrapped(form);
  return Types{type};
}

Result<Items> planOptional(const PlanContext &context) {
  bool sequence = context.node.integer("sequence") != 0;
  Form form = wrapped(sequence ? Form::Sequence : Form::Tensor);
  if (!context.has(0))
    return Items{Item::empty(form, dtypeOf(context.node))};
  Item item = context.items[0];
  item.form = form;
  return Items{std::move(item)};
}

void completeOptional(const InferContext &context,
                      std::vector<Attribute> &attributes) {
  if (!context.has(0))
    return;
  if (auto *dtype = find<std::string>(attributes, "dtype");
      dtype && dtype->empty())
    *dtype = dtypeName(context.dtype(0));
  if (auto *sequence = find<int64_t>(attributes, "sequence");
      sequence && *sequence == -1)
    *sequence = isSequence(context.type(0));
}

Result<Types> inferHas(const InferContext &) {
  return Types{{DType::Bool, Dims{}}};
}

Result<Items> planHas(const PlanContext &context) {
  bool has = context.has(0) && context.items[0].isThere();
  return Items{RUNE_TRY(context.scalar(DType::Bool, has))};
}

Result<Types> inferGet(const InferContext &context) {
  ValueType type = context.type(0);
  type.form = bare(type.form);
  return Types{type};
}

Result<Items> planGet(const PlanContext &context) {
  Item item = context.items[0];
  // optional_get_element.1: there is one
  if (!item.isThere())
    return context.fail(1, "there is no element");
  item.form = bare(item.form);
  return Items{std::move(item)};
}

} // namespace

OpDefinition defineOptional() {
  OpDefinition op{
      {0, 1},
      {1, 1},
      {{"dtype", AttributeKind::Text, AttributeValue(""), {}},
       {"sequence", AttributeKind::Integer, AttributeValue(int64_t{-1}), {}}},
      inferOptional,
      nullptr,
      completeOptional};
  op.plan = planOptional;
  return op;
}

OpDefinition defineOptionalHasElement() {
  OpDefinition op{{0, 1}, {1, 1}, {}, inferHas, nullptr};
  op.plan = planHas;
  return op;
}

OpDefinition defineOptionalGetElement() {
  OpDefinition op{{1, 1}, {1, 1}, {}, inferGet, nullptr};
  op.plan = planGet;
  return op;
}

} // namespace rune::graph
