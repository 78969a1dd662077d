// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The angle of a point. In f64 from the angle of a line through it, then half a
// turn further where x is negative, so that rounding to f32 comes last and
// once.
//
// source  TensorFlow Lite, ATAN2; C17 §F.10.1.4, for zeros and infinities
#include "import/tflite/node.h"

#include <limits>
#include <numbers>

namespace rune::import {
namespace {

/// Nodes on f64, each under a name of its own.
class Angle {
public:
  explicit Angle(const TfliteNode &node) : node_(node) {}

  Result<ValueId> number(double value) {
    return node_.scalar(name("number"), DType::F64, value);
  }
  Result<ValueId> apply(Op op, std::vector<ValueId> operands) {
    return node_.one(op, std::move(operands), {}, name("step"));
  }
  Result<ValueId> cast(ValueId x, DType to) {
    if (node_.dtype(x) == to)
      return x;
    return node_.one(Op::Cast, {x}, {{"dtype", std::string(dtypeName(to))}},
                     name("cast"));
  }
  Result<ValueId> isInfinite(ValueId x) {
    ValueId size = RUNE_TRY(apply(Op::Abs, {x}));
    return apply(Op::Equal, {size, RUNE_TRY(number(infinity))});
  }
  /// Also of -0.
  Result<ValueId> isNegative(ValueId x) {
    ValueId zero = RUNE_TRY(number(0));
    ValueId one = RUNE_TRY(number(1));
    ValueId inverse = RUNE_TRY(apply(Op::Div, {one, x}));
    ValueId below = RUNE_TRY(apply(Op::Less, {x, zero}));
    ValueId inverseBelow = RUNE_TRY(apply(Op::Less, {inverse, zero}));
    return apply(Op::LogicalOr, {below, inverseBelow});
  }
  /// For a point at infinity one in the same direction: 1 for infinity, 0 for
  /// all finite numbers, with their signs.
  Result<ValueId> nearer(ValueId x, ValueId far, ValueId isFar) {
    ValueId sign = RUNE_TRY(apply(Op::Sign, {x}));
    ValueId nothing = RUNE_TRY(apply(Op::Mul, {x, RUNE_TRY(number(0))}));
    ValueId small = RUNE_TRY(apply(Op::Where, {isFar, sign, nothing}));
    return apply(Op::Where, {far, small, x});
  }

private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  std::string name(std::string_view what) {
    return fmt::format("{}_{}", what, ++parts_);
  }

  const TfliteNode &node_;
  size_t parts_ = 0;
};

} // namespace

/// inputs  y, x
/// result  the angle between the positive x axis and the point, from -π to π
Imported importTfliteAtan2(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  ValueId y = RUNE_TRY(node.input(0, "y")), x = RUNE_TRY(node.input(1, "x"));
  DType dtype = node.dtype(y);
  if ((dtype != DType::F32 && dtype != DType::F64) || node.dtype(x) != dtype)
    return node.unsupported("{} by {}", dtypeName(dtype),
                            dtypeName(node.dtype(x)));
  Angle angle(node);
  y = RUNE_TRY(angle.cast(y, DType::F64));
  x = RUNE_TRY(angle.cast(x, DType::F64));
  ValueId farY = RUNE_TRY(angle.isInfinite(y));
  ValueId farX = RUNE_TRY(angle.isInfinite(x));
  ValueId far = RUNE_TRY(angle.apply(Op::LogicalOr, {farY, farX}));
  y = RUNE_TRY(angle.nearer(y, far, farY));
  x = RUNE_TRY(angle.nearer(x, far, farX));
  ValueId zero = RUNE_TRY(angle.number(0));
  ValueId level = RUNE_TRY(angle.apply(Op::Equal, {y, zero}));
  ValueId slope = RUNE_TRY(angle.apply(Op::Div, {y, x}));
  ValueId line = RUNE_TRY(angle.apply(Op::Atan, {slope}));
  // on the x axis the slope may be 0 / 0
  line = RUNE_TRY(angle.apply(Op::Where, {level, y, line}));
  ValueId down = RUNE_TRY(angle.isNegative(y));
  ValueId left = RUNE_TRY(angle.isNegative(x));
  ValueId halfTurn = RUNE_TRY(angle.number(std::numbers::pi));
  ValueId backwards = RUNE_TRY(angle.number(-std::numbers::pi));
  ValueId turn = RUNE_TRY(angle.apply(Op::Where, {down, backwards, halfTurn}));
  ValueId turned = RUNE_TRY(angle.apply(Op::Add, {line, turn}));
  ValueId result =
      RUNE_TRY(node.one(Op::Where, {left, turned, line}, {},
                        dtype == DType::F64 ? std::string_view() : "angle"));
  if (dtype == DType::F64)
    return std::vector{result};
  return std::vector{
      RUNE_TRY(node.one(Op::Cast, {result}, {{"dtype", "f32"}}))};
}

} // namespace rune::import
