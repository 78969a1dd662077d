// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// sequence(x…), sequence_at, sequence_insert, sequence_erase, sequence_length:
// lists of tensors of one element type, whose sizes may differ. A sequence is a
// value: inserting makes another, which shares the tensors.
//
// source  ONNX SequenceConstruct-11, SequenceEmpty-11, SequenceAt-11,
//         SequenceInsert-11, SequenceErase-11, SequenceLength-11
#include "graph/ops/sequence.h"

namespace rune::graph {

ValueType elementOf(ValueType sequence) {
  sequence.form = Form::Tensor;
  return sequence;
}

ValueType sequenceOf(ValueType element) {
  element.form = Form::Sequence;
  return element;
}

bool isPosition(const ValueType &type) {
  return isIndex(type.dtype) && isScalar(type);
}

namespace {

Result<Types> inferSequence(const InferContext &context) {
  auto dtype = dtypeNamed(context.node.text("dtype"));
  // sequence.1: `dtype` is an element type
  if (!dtype)
    return context.fail(1, "no element type `{}`", context.node.text("dtype"));
  std::optional<ValueType> all;
  for (size_t i = 0; i < context.inputs(); ++i) {
    // sequence.2: all are tensors of it
    if (context.type(i).form != Form::Tensor || context.dtype(i) != *dtype)
      return context.fail(2, "input {} is {}, must be a tensor of {}", i,
                          context.type(i).str(), dtypeName(*dtype));
    all = all ? join(*all, context.type(i)) : context.type(i);
  }
  return Types{
      sequenceOf(all.value_or(ValueType::of(Form::Tensor, *dtype, {})))};
}

Result<Items> planSequence(const PlanContext &context) {
  std::vector<SharedTensor> tensors;
  for (const Item &item : context.items)
    tensors.push_back(item.tensor);
  return Items{
      RUNE_TRY(context.list(dtypeOf(context.node), std::move(tensors)))};
}

void completeSequence(const InferContext &context,
                      std::vector<Attribute> &attributes) {
  auto *dtype = find<std::string>(attributes, "dtype");
  if (dtype && dtype->empty() && context.has(0))
    *dtype = dtypeName(context.dtype(0));
}

Result<Types> inferAt(const InferContext &context) {
  // sequence_at.1: of a sequence
  if (!isSequence(context.type(0)))
    return context.fail(1, "{} is no sequence", context.type(0).str());
  // sequence_at.2: at one i32 or i64
  if (!isPosition(context.type(1)))
    return context.fail(2, "the position is {}, must be one i32 or i64",
                        context.type(1).str());
  return Types{elementOf(context.type(0))};
}

Result<Items> planAt(const PlanContext &context) {
  const auto &tensors = tensorsOf(context.items[0]);
  auto size = static_cast<int64_t>(tensors.size());
  auto place = Indices(*context.values[1]).place(0, size);
  // sequence_at.3: there is one at that position
  if (!place)
    return context.fail(3, "position {} of a sequence of {}", context.number(1),
                        size);
  return Items{{Form::Tensor, context.items[0].dtype,
                tensors[static_cast<size_t>(*place)], nullptr}};
}

Result<Types> inferInsert(const InferContext &context) {
  // sequence_insert.1: into a sequence
  if (!isSequence(context.type(0)))
    return context.fail(1, "{} is no sequence", context.type(0).str());
  auto both = context.type(1).form == Form::Tensor
                  ? join(elementOf(context.type(0)), context.type(1))
                  : std::nullopt;
  // sequence_insert.2: a tensor of its element type
  if (!both)
    return context.fail(2, "{} does not go into {}", context.type(1).str(),
                        context.type(0).str());
  // sequence_insert.3: before one i32 or i64
  if (context.has(2) && !isPosition(context.type(2)))
    return context.fail(3, "the position is {}, must be one i32 or i64",
                        context.type(2).str());
  return Types{sequenceOf(*std::move(both))};
}

Result<Items> planInsert(const PlanContext &context) {
  auto tensors = tensorsOf(context.items[0]);
  auto size = static_cast<int64_t>(tensors.size());
  int64_t place = context.has(2) ? context.number(2) : size;
  // sequence_insert.4: a position in [-n, n]
  if (place < -size || place > size)
    return context.fail(4, "position {} of a sequence of {}", place, size);
  if (place < 0)
    place += size;
  tensors.insert(tensors.begin() + static_cast<std::ptrdiff_t>(place),
                 context.items[1].tensor);
  return Items{
      RUNE_TRY(context.list(context.items[0].dtype, std::move(tensors)))};
}

Result<Types> inferErase(const InferContext &context) {
  // sequence_erase.1: of a sequence
  if (!isSequence(context.type(0)))
    return context.fail(1, "{} is no sequence", context.type(0).str());
  // sequence_erase.2: at one i32 or i64
  if (context.has(1) && !isPosition(context.type(1)))
    return context.fail(2, "the position is {}, must be one i32 or i64",
                        context.type(1).str());
  return Types{context.type(0)};
}

Result<Items> planErase(const PlanContext &context) {
  auto tensors = tensorsOf(context.items[0]);
  auto size = static_cast<int64_t>(tensors.size());
  int64_t place = context.has(1) ? context.number(1) : -1;
  // sequence_erase.3: there is one at that position
  if (place < -size || place >= size)
    return context.fail(3, "position {} of a sequence of {}", place, size);
  tensors.erase(tensors.begin() +
                static_cast<std::ptrdiff_t>(place < 0 ? place + size : place));
  return Items{
      RUNE_TRY(context.list(context.items[0].dtype, std::move(tensors)))};
}

Result<Types> inferLength(const InferContext &context) {
  // sequence_length.1: of a sequence
  if (!isSequence(context.type(0)))
    return context.fail(1, "{} is no sequence", context.type(0).str());
  return Types{{DType::I64, Dims{}}};
}

Result<Items> planLength(const PlanContext &context) {
  auto size = static_cast<int64_t>(tensorsOf(context.items[0]).size());
  return Items{RUNE_TRY(context.scalar(DType::I64, size))};
}

OpDefinition planned(Arity inputs, Result<Types> (*infer)(const InferContext &),
                     Result<Items> (*plan)(const PlanContext &)) {
  OpDefinition op{inputs, {1, 1}, {}, infer, nullptr};
  op.plan = plan;
  return op;
}

} // namespace

OpDefinition defineSequence() {
  OpDefinition op = planned({0, maxPerNode}, inferSequence, planSequence);
  op.attributes = {{"dtype", AttributeKind::Text, AttributeValue(""), {}}};
  op.complete = completeSequence;
  op.variadic = true;
  return op;
}

OpDefinition defineSequenceAt() { return planned({2, 2}, inferAt, planAt); }
OpDefinition defineSequenceInsert() {
  return planned({2, 3}, inferInsert, planInsert);
}
OpDefinition defineSequenceErase() {
  return planned({1, 2}, inferErase, planErase);
}
OpDefinition defineSequenceLength() {
  return planned({1, 1}, inferLength, planLength);
}

} // namespace rune::graph
