// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/inverse_root.h"

#include <limits>

namespace rune::import {
namespace {

/// Whole numbers of 64 bits, in which nothing here overflows.
class Arithmetic {
public:
  explicit Arithmetic(const TfliteNode &node) : node_(node) {}

  Result<ValueId> number(int64_t value) {
    return node_.scalar(name("number"), DType::I64, static_cast<double>(value));
  }
  Result<ValueId> apply(Op op, ValueId a, ValueId b) {
    return node_.one(op, {a, b}, {}, name("step"));
  }
  Result<ValueId> by(Op op, ValueId a, int64_t b) {
    return apply(op, a, RUNE_TRY(number(b)));
  }
  Result<ValueId> shifted(ValueId a, ValueId bits, std::string_view direction) {
    return node_.one(Op::BitShift, {a, bits},
                     {{"direction", std::string(direction)}}, name("step"));
  }
  Result<ValueId> halved(ValueId a, int64_t times) {
    return shifted(a, RUNE_TRY(number(times)), "right");
  }
  /// The upper half of 2·a·b, rounded; neither is negative.
  Result<ValueId> product(ValueId a, ValueId b) {
    ValueId whole = RUNE_TRY(apply(Op::Mul, a, b));
    return halved(RUNE_TRY(by(Op::Add, whole, int64_t{1} << 30)), 31);
  }
  /// a · times, at most 2^31 - 1.
  Result<ValueId> saturated(ValueId a, int64_t times) {
    return by(Op::Minimum, RUNE_TRY(by(Op::Mul, a, times)),
              std::numeric_limits<int32_t>::max());
  }
  Result<ValueId> cast(ValueId a, std::string_view dtype) {
    return node_.one(Op::Cast, {a}, {{"dtype", std::string(dtype)}},
                     name("step"));
  }

private:
  std::string name(std::string_view what) {
    return fmt::format("root/{}_{}", what, ++parts_);
  }

  const TfliteNode &node_;
  size_t parts_ = 0;
};

/// How many times x can be taken four times and stay below 2^29, at most 13.
Result<ValueId> quarters(const TfliteNode &node, Arithmetic &arithmetic,
                         ValueId x) {
  Integers bounds;
  for (int k = 1; k <= 13; ++k)
    bounds.push_back(int64_t{1} << (29 - 2 * k));
  ValueId limits = RUNE_TRY(node.integers("root/bounds", bounds));
  ValueId column = RUNE_TRY(node.reshaped(x, {-1, 1}, "root/column"));
  ValueId below = RUNE_TRY(arithmetic.apply(Op::Less, column, limits));
  ValueId ones = RUNE_TRY(arithmetic.cast(below, "i64"));
  return node.one(Op::ReduceSum, {ones},
                  {{"axes", Integers{1}}, {"keep_dims", int64_t{0}}},
                  "root/quarters");
}

/// 2^31 / √x of x in [2^27, 2^29), which stands for [1/4, 1): five steps of
/// y · (3/2 - x/2 · y²) with 3 bits before the point, then a factor √(1/2) for
/// the bit that is left over.
Result<ValueId> newton(Arithmetic &a, ValueId x) {
  constexpr int64_t one = int64_t{1} << 28;
  constexpr int64_t halfRootOfTwo = 1518500250;
  ValueId half = RUNE_TRY(a.halved(x, 1));
  half = RUNE_TRY(a.halved(RUNE_TRY(a.by(Op::Add, half, 1)), 1));
  ValueId threeHalves = RUNE_TRY(a.number(one + one / 2));
  ValueId y = RUNE_TRY(a.number(one));
  for (int i = 0; i < 5; ++i) {
    ValueId square = RUNE_TRY(a.product(y, y));
    ValueId cube = RUNE_TRY(a.saturated(RUNE_TRY(a.product(square, y)), 64));
    ValueId rest =
        RUNE_TRY(a.apply(Op::Sub, RUNE_TRY(a.product(threeHalves, y)),
                         RUNE_TRY(a.product(half, cube))));
    y = RUNE_TRY(a.saturated(rest, 8));
  }
  return a.product(y, RUNE_TRY(a.number(halfRootOfTwo)));
}

} // namespace

Result<RootFactors> inverseRoots(const TfliteNode &node, ValueId x) {
  Arithmetic a(node);
  ValueId up = RUNE_TRY(quarters(node, a, x));
  ValueId large =
      RUNE_TRY(a.apply(Op::LessEqual, RUNE_TRY(a.number(int64_t{1} << 29)), x));
  ValueId scaled =
      RUNE_TRY(a.shifted(x, RUNE_TRY(a.by(Op::Mul, up, 2)), "left"));
  ValueId quarter = RUNE_TRY(a.halved(x, 2));
  scaled = RUNE_TRY(
      node.one(Op::Where, {large, quarter, scaled}, {}, "root/scaled"));
  ValueId y = RUNE_TRY(newton(a, scaled));
  // so many halves are left of the result: 11, less the quarters
  ValueId halves =
      RUNE_TRY(a.apply(Op::Sub, RUNE_TRY(a.cast(large, "i64")), up));
  halves = RUNE_TRY(a.by(Op::Add, halves, 11));
  ValueId zero = RUNE_TRY(a.number(0));
  ValueId right = RUNE_TRY(a.apply(Op::Maximum, halves, zero));
  ValueId left = RUNE_TRY(a.apply(Op::Sub, right, halves));
  ValueId shift = RUNE_TRY(a.apply(Op::Sub, zero, right));
  ValueId multiplier = RUNE_TRY(a.shifted(y, left, "left"));
  ValueId single = RUNE_TRY(a.by(Op::LessEqual, x, 1));
  ValueId most = RUNE_TRY(a.number(std::numeric_limits<int32_t>::max()));
  multiplier = RUNE_TRY(
      node.one(Op::Where, {single, most, multiplier}, {}, "root/multiplier"));
  shift =
      RUNE_TRY(node.one(Op::Where, {single, zero, shift}, {}, "root/shift"));
  return RootFactors{RUNE_TRY(a.cast(multiplier, "i32")),
                     RUNE_TRY(a.cast(shift, "i32"))};
}

} // namespace rune::import
