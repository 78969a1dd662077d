// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, SequenceAt-11, SequenceConstruct-11,
//         SequenceEmpty-11, SequenceErase-11, SequenceInsert-11,
//         SequenceLength-11, ConcatFromSequence-11, SplitToSequence-11, 24
#include "import/onnx/node.h"
#include "import/onnx/tensor_proto.h"

namespace rune::import {

/// inputs  tensors of one element type
/// result  a sequence of them
Imported importSequenceConstruct(OnnxNode &node) {
  std::vector<ValueId> inputs;
  for (size_t i = 0; i < node.inputs(); ++i)
    inputs.push_back(RUNE_TRY(node.input(i, "inputs")));
  if (inputs.empty())
    return node.fail("no inputs, needs one");
  return std::vector{RUNE_TRY(node.one(Op::Sequence, std::move(inputs)))};
}

/// inputs  none
/// result  a sequence of no tensors of type `dtype`
Imported importSequenceEmpty(OnnxNode &node) {
  int64_t number = RUNE_TRY(node.integer("dtype", 1));
  if (number < 0 || number > INT32_MAX)
    return node.fail("`dtype` is {}, which is no element type", number);
  DType dtype = RUNE_TRY(elementType(static_cast<int32_t>(number)));
  return std::vector{RUNE_TRY(
      node.one(Op::Sequence, {}, {{"dtype", std::string(dtypeName(dtype))}}))};
}

/// inputs  a sequence, a position in [-n, n)
/// result  the tensor there
Imported importSequenceAt(OnnxNode &node) {
  ValueId sequence = RUNE_TRY(node.input(0, "input_sequence"));
  ValueId position = RUNE_TRY(node.input(1, "position"));
  return std::vector{RUNE_TRY(node.one(Op::SequenceAt, {sequence, position}))};
}

/// A sequence operator whose last input may be left out.
static Imported withOptional(OnnxNode &node, Op op,
                             std::vector<ValueId> inputs) {
  if (ValueId last = node.optionalInput(inputs.size()); last != noValue)
    inputs.push_back(last);
  return std::vector{RUNE_TRY(node.one(op, std::move(inputs)))};
}

/// inputs  a sequence, a tensor, a position in [-n, n]?
/// result  the sequence with the tensor before it, or at its end
Imported importSequenceInsert(OnnxNode &node) {
  ValueId sequence = RUNE_TRY(node.input(0, "input_sequence"));
  ValueId tensor = RUNE_TRY(node.input(1, "tensor"));
  return withOptional(node, Op::SequenceInsert, {sequence, tensor});
}

/// inputs  a sequence, a position in [-n, n)?
/// result  the sequence without the tensor there, or without the last one
Imported importSequenceErase(OnnxNode &node) {
  ValueId sequence = RUNE_TRY(node.input(0, "input_sequence"));
  return withOptional(node, Op::SequenceErase, {sequence});
}

/// inputs  a sequence
/// result  how many there are, an i64 scalar
Imported importSequenceLength(OnnxNode &node) {
  ValueId sequence = RUNE_TRY(node.input(0, "input_sequence"));
  return std::vector{RUNE_TRY(node.one(Op::SequenceLength, {sequence}))};
}

/// inputs  a tensor, the size of all pieces or of each?
/// result  a sequence of pieces; without sizes they are of 1, and `keepdims`
///         says whether the axis stays
Imported importSplitToSequence(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId sizes = node.optionalInput(1);
  int64_t rank = node.rank(x);
  int64_t axis =
      RUNE_TRY(node.axis(RUNE_TRY(node.integer("axis", 0)), rank, rank, true));
  bool keep = RUNE_TRY(node.flag("keepdims", true)) || sizes != noValue;
  std::vector<ValueId> inputs = {x};
  if (sizes != noValue)
    inputs.push_back(sizes);
  return std::vector{
      RUNE_TRY(node.one(Op::SequenceSplit, std::move(inputs),
                        {{"axis", axis}, {"keep_dims", int64_t{keep}}}))};
}

/// inputs  a sequence
/// result  its tensors along `axis`, which `new_axis` says to add
Imported importConcatFromSequence(OnnxNode &node) {
  ValueId sequence = RUNE_TRY(node.input(0, "input_sequence"));
  auto axis = RUNE_TRY(node.integer("axis"));
  if (!axis)
    return node.fail("attribute `axis` is missing");
  bool isNew = RUNE_TRY(node.flag("new_axis", false));
  return std::vector{
      RUNE_TRY(node.one(Op::SequenceConcat, {sequence},
                        {{"axis", *axis}, {"new_axis", int64_t{isNew}}}))};
}

} // namespace rune::import
