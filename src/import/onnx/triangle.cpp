// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that compare the row and the column of an element.
//
// source  ONNX operators, EyeLike-9, 22; Trilu-14
#include "import/onnx/shape_values.h"
#include "import/onnx/tensor_proto.h"

namespace rune::import {
namespace {

/// 0, 1, … along dimension `axis` of x; as a column with `column`.
Result<ValueId> counted(OnnxNode &node, ValueId x, int64_t axis, bool column,
                        const std::string &part) {
  ValueId size = RUNE_TRY(sizeOf(node, x, axis, part));
  ValueId range =
      RUNE_TRY(node.one(Op::Range,
                        {node.constantScalar(part + "/0", DType::I64, 0), size,
                         node.constantScalar(part + "/1", DType::I64, 1)},
                        {}, part));
  if (!column)
    return range;
  return node.one(Op::Unsqueeze,
                  {range, node.constantIntegers(part + "/axes", {1})}, {},
                  part + "/column");
}

struct Places {
  /// Row plus k, a column.
  ValueId rows = noValue;
  ValueId columns = noValue;
};

/// Of the last two dimensions.
Result<Places> placesOf(OnnxNode &node, ValueId x, ValueId k) {
  int64_t rank = node.rank(x);
  ValueId rows = RUNE_TRY(counted(node, x, rank - 2, true, "rows"));
  ValueId columns = RUNE_TRY(counted(node, x, rank - 1, false, "columns"));
  rows = RUNE_TRY(node.one(Op::Add, {rows, k}, {}, "rows+k"));
  return Places{rows, columns};
}

} // namespace

/// inputs  a matrix
/// result  1 on the diagonal `k`, else 0, of `dtype` or the input's type
/// errors  no matrix
Imported importEyeLike(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  if (node.rank(x) != 2)
    return node.fail("the input is `{}`, needs two dimensions",
                     node.type(x).str());
  DType dtype = node.dtype(x);
  if (auto number = RUNE_TRY(node.integer("dtype"))) {
    bool isType = *number > 0 && *number <= INT32_MAX;
    auto given = elementType(isType ? static_cast<int32_t>(*number) : 0);
    if (!given)
      return error(given.error().code, "{}: {}", node.layer(),
                   given.error().message);
    dtype = *given;
  }
  int64_t k = RUNE_TRY(node.integer("k", 0));
  if (k < -(int64_t{1} << 62) || k > int64_t{1} << 62)
    return node.fail("`k` is {}", k);
  ValueId offset = node.graph().constant(
      node.name() + "/k",
      graph::Constant::of(RUNE_TRY(Tensor::copyOf(
          {DType::I64, {}, {reinterpret_cast<const uint8_t *>(&k), 8}}))));
  Places places = RUNE_TRY(placesOf(node, x, offset));
  ValueId eye =
      RUNE_TRY(node.one(Op::Equal, {places.rows, places.columns}, {}, "equal"));
  return std::vector{RUNE_TRY(
      node.one(Op::Cast, {eye}, {{"dtype", std::string(dtypeName(dtype))}}))};
}

/// inputs  a tensor of two dimensions or more; k?, a scalar, by default 0
/// result  of each matrix the elements on and above the diagonal k, with
///         `upper` 0 on and below it; elsewhere 0
Imported importTrilu(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  bool upper = RUNE_TRY(node.flag("upper", true));
  if (node.rank(x) < 2)
    return node.fail("the input is `{}`, needs two dimensions or more",
                     node.type(x).str());
  if (node.dtype(x) == DType::Utf8)
    return node.fail("strings have no 0");
  ValueId k = node.optionalInput(1);
  k = k == noValue
          ? node.constantScalar("k", DType::I64, 0)
          : RUNE_TRY(node.asScalar(RUNE_TRY(asInt64(node, k, "k")), "k"));
  Places places = RUNE_TRY(placesOf(node, x, k));
  std::vector<ValueId> order{places.rows, places.columns};
  if (!upper)
    std::swap(order[0], order[1]);
  ValueId kept = RUNE_TRY(node.one(Op::LessEqual, order, {}, "kept"));
  ValueId zero = node.graph().constant(
      node.name() + "/zero",
      graph::Constant::of(RUNE_TRY(Tensor::zeros(node.dtype(x), {}))));
  return std::vector{RUNE_TRY(node.one(Op::Where, {kept, x, zero}))};
}

} // namespace rune::import
