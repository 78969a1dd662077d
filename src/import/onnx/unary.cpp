// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators on each element of one tensor.
//
// source  ONNX operators, the newest of them: Abs-13, Acos-22, Acosh-22,
//         Asin-22, Asinh-22, Atan-22, Atanh-22, BitwiseNot-18, Ceil-13, Cos-22,
//         Cosh-22, Erf-13, Exp-13, Floor-13, IsInf-20, IsNaN-20, Log-13,
//         Neg-13, Not-1, Reciprocal-13, Round-22, Sigmoid-13, Sign-13, Sin-22,
//         Sinh-22, Sqrt-13, Tan-22, Tanh-13
#include "import/onnx/cast.h"
#include "import/onnx/compose.h"

#include <limits>

namespace rune::import {
namespace {

Result<ValueId> readX(OnnxNode &node) {
  if (node.opset() < 6)
    node.ignore("consumed_inputs");
  return node.input(0, "X");
}

Imported unary(OnnxNode &node, Op op) {
  ValueId x = RUNE_TRY(readX(node));
  return std::vector{RUNE_TRY(node.one(op, {x}))};
}

/// Small floats as f32.
Result<ValueId> asFloats(OnnxNode &node, ValueId x) {
  if (dtypeKind(node.dtype(x)) == DTypeKind::SmallFloat)
    x = RUNE_TRY(castValue(node, x, DType::F32, "wide"));
  if (!isFloat(node.dtype(x)))
    return node.fail("`X` is `{}`, needs floats", node.type(x).str());
  return x;
}

bool isUnsigned(DType dtype) { return dtypeKind(dtype) == DTypeKind::Unsigned; }

} // namespace

#define RUNE_UNARY(name)                                                       \
  Imported import##name(OnnxNode &node) { return unary(node, Op::name); }
RUNE_UNARY(Acos)
RUNE_UNARY(Acosh)
RUNE_UNARY(Asin)
RUNE_UNARY(Asinh)
RUNE_UNARY(Atan)
RUNE_UNARY(Atanh)
RUNE_UNARY(Ceil)
RUNE_UNARY(Cos)
RUNE_UNARY(Cosh)
RUNE_UNARY(Erf)
RUNE_UNARY(Exp)
RUNE_UNARY(Floor)
RUNE_UNARY(Log)
RUNE_UNARY(Neg)
RUNE_UNARY(Round)
RUNE_UNARY(Sigmoid)
RUNE_UNARY(Sin)
RUNE_UNARY(Sinh)
RUNE_UNARY(Sqrt)
RUNE_UNARY(Tan)
RUNE_UNARY(Tanh)
#undef RUNE_UNARY

/// result  |X|; what has no sign stays
Imported importAbs(OnnxNode &node) {
  ValueId x = RUNE_TRY(readX(node));
  return std::vector{RUNE_TRY(
      node.one(isUnsigned(node.dtype(x)) ? Op::Identity : Op::Abs, {x}))};
}

/// result  -1, 0 or 1; min(X, 1) of what has no sign
Imported importSign(OnnxNode &node) {
  ValueId x = RUNE_TRY(readX(node));
  if (!isUnsigned(node.dtype(x)))
    return std::vector{RUNE_TRY(node.one(Op::Sign, {x}))};
  ValueId one = node.constantScalar("one", node.dtype(x), 1);
  return std::vector{RUNE_TRY(node.one(Op::Minimum, {x, one}))};
}

/// result  1 / X, X floats
Imported importReciprocal(OnnxNode &node) {
  ValueId x = RUNE_TRY(readX(node));
  if (!isFloat(node.dtype(x)))
    return node.fail("`X` is `{}`, needs floats", node.type(x).str());
  ValueId one = node.constantScalar("one", node.dtype(x), 1);
  return std::vector{RUNE_TRY(node.one(Op::Div, {one, x}))};
}

/// result  whether X, a bool, is false
Imported importNot(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  return std::vector{RUNE_TRY(node.one(Op::LogicalNot, {x}))};
}

/// result  all bits of X the other way: X ^ -1
Imported importBitwiseNot(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  DType dtype = node.dtype(x);
  if (!isInteger(dtype))
    return node.fail("`X` is `{}`, needs integers", node.type(x).str());
  Tensor ones = RUNE_TRY(Tensor::zeros(dtype, {}));
  std::ranges::fill(ones.bytes(), uint8_t{0xff});
  ValueId mask = node.graph().constant(node.name() + "/ones",
                                       graph::Constant::of(std::move(ones)));
  return std::vector{RUNE_TRY(node.one(Op::BitwiseXor, {x, mask}))};
}

/// result  whether X is no number; it alone differs from itself
Imported importIsNaN(OnnxNode &node) {
  ValueId x = RUNE_TRY(asFloats(node, RUNE_TRY(node.input(0, "X"))));
  ValueId same = RUNE_TRY(node.one(Op::Equal, {x, x}, {}, "same"));
  return std::vector{RUNE_TRY(node.one(Op::LogicalNot, {same}))};
}

/// result  whether X is infinite, with `detect_negative` 0 or
///         `detect_positive` 0 only on the other side
Imported importIsInf(OnnxNode &node) {
  ValueId x = RUNE_TRY(asFloats(node, RUNE_TRY(node.input(0, "X"))));
  bool negative = RUNE_TRY(node.integer("detect_negative", 1)) != 0;
  bool positive = RUNE_TRY(node.integer("detect_positive", 1)) != 0;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (negative && positive)
    x = RUNE_TRY(node.one(Op::Abs, {x}, {}, "size"));
  if (negative || positive) {
    ValueId limit = node.constantScalar("infinity", node.dtype(x),
                                        positive ? infinity : -infinity);
    return std::vector{RUNE_TRY(node.one(Op::Equal, {x, limit}))};
  }
  // Nothing is smaller than itself.
  return std::vector{RUNE_TRY(node.one(Op::Less, {x, x}))};
}

} // namespace rune::import
