// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Split-1, 2, 11, 13, 18
#include "import/onnx/shape_values.h"

namespace rune::import {
namespace {

/// Equal parts; since 18 the last may be smaller.
Result<ValueId> equalParts(OnnxNode &node, ValueId x, int64_t axis,
                           int64_t parts) {
  const Dim &dim = node.type(x).dims[static_cast<size_t>(axis)];
  if (dim.isFixed() && node.opset() < 18 && dim.size() % parts != 0)
    return node.fail("dimension {} of `{}` does not split into {} equal parts",
                     axis, node.type(x).str(), parts);
  ValueId size = RUNE_TRY(sizesOf(node, x, axis, axis + 1, "size"));
  if (parts == 1)
    return size;
  // parts - 1 times ⌈size / parts⌉, then what is left over
  auto constant = [&](std::string_view part, int64_t number) {
    return node.constantIntegers(part, {number});
  };
  ValueId rounded = RUNE_TRY(
      node.one(Op::Add, {size, constant("parts-1", parts - 1)}, {}, "rounded"));
  ValueId each = RUNE_TRY(
      node.one(Op::Div, {rounded, constant("parts", parts)}, {}, "each"));
  ValueId first = RUNE_TRY(
      node.one(Op::Expand, {each, constant("times", parts - 1)}, {}, "first"));
  ValueId taken = RUNE_TRY(
      node.one(Op::Mul, {each, constant("taken", parts - 1)}, {}, "taken"));
  ValueId last = RUNE_TRY(node.one(Op::Sub, {size, taken}, {}, "last"));
  return node.one(Op::Concat, {first, last}, {{"axis", int64_t{0}}}, "sizes");
}

Result<> checkParts(OnnxNode &node, std::optional<int64_t> parts,
                    ValueId sizes) {
  if (parts && sizes != noValue)
    return node.fail("`split` and `num_outputs` are both given");
  if (parts && *parts != static_cast<int64_t>(node.outputs()))
    return node.fail("`num_outputs` is {}, there are {} outputs", *parts,
                     node.outputs());
  return {};
}

} // namespace

/// inputs  input; split?, in version 1 and since 13, in versions 1 to 11 also
///         an attribute
/// result  input cut along `axis` into as many parts as there are outputs, of
///         the sizes `split` says; without it, equal ones
/// errors  axis outside [-r, r), before 11 [0, r); sizes that do not add up
Imported importSplit(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  int64_t rank = node.rank(x);
  int64_t axis = RUNE_TRY(node.integer("axis", 0));
  axis = RUNE_TRY(node.axis(axis, rank, rank, true));
  ValueId sizes = RUNE_TRY(listOf(node, "split", 1, 13));
  if (node.opset() < 2 && sizes == noValue)
    if (ValueId given = node.optionalInput(1); given != noValue)
      sizes = RUNE_TRY(asList(node, given, "split"));
  std::optional<int64_t> parts;
  if (node.opset() >= 18)
    parts = RUNE_TRY(node.integer("num_outputs"));
  RUNE_TRY(checkParts(node, parts, sizes));
  auto outputs = static_cast<int64_t>(node.outputs());
  if (outputs < 1)
    return node.fail("no outputs");
  if (sizes == noValue)
    sizes = RUNE_TRY(equalParts(node, x, axis, outputs));
  return node.many(Op::Split, {x, sizes}, {{"axis", axis}}, node.outputs());
}

} // namespace rune::import
