// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, L2_NORMALIZATION, LOCAL_RESPONSE_NORMALIZATION
#include "import/tflite/activation.h"
#include "import/tflite/inverse_root.h"
#include "import/tflite/requantize.h"

namespace rune::import {
namespace {

constexpr double leastNorm = 1e-6F;
/// Squares of so many numbers of 8 bits stay below 2^31.
constexpr int64_t mostSquares = 1 << 15;

std::vector<Attribute> alongLast(const TfliteNode &node, ValueId x, bool keep) {
  return {{"axes", Integers{node.rank(x) - 1}}, {"keep_dims", int64_t{keep}}};
}

Result<ValueId> realNormalization(const TfliteNode &node, ValueId x,
                                  Activation activation) {
  ValueId squares = RUNE_TRY(node.one(Op::Mul, {x, x}, {}, "squares"));
  ValueId sum = RUNE_TRY(
      node.one(Op::ReduceSum, {squares}, alongLast(node, x, true), "sum"));
  ValueId root = RUNE_TRY(node.one(Op::Sqrt, {sum}, {}, "root"));
  ValueId least = RUNE_TRY(node.scalar("least", DType::F32, leastNorm));
  ValueId norm = RUNE_TRY(node.one(Op::Maximum, {root, least}, {}, "norm"));
  ValueId y = RUNE_TRY(node.one(Op::Div, {x, norm}, {}, "result"));
  return activate(node, y, activation);
}

/// The result has 7 bits behind the point, whatever the scale of the input.
///
/// errors  `import.malformed`: a result of another scale
Result<ValueId> quantizedNormalization(const TfliteNode &node, ValueId x) {
  DType dtype = node.dtype(x);
  Quantization from = RUNE_TRY(node.inputQuantization(0));
  Quantization to = RUNE_TRY(node.outputQuantization());
  int64_t zeroPoint = dtype == DType::U8 ? 128 : 0;
  if (to.scale() != 0x1p-7F || to.zeroPoint() != zeroPoint)
    return node.fail("the result has scale {} and zero point {}, needs {} and "
                     "{}",
                     to.scale(), to.zeroPoint(), 0x1p-7, zeroPoint);
  Dims sizes = node.dims(x);
  if (!sizes.back().isFixed() || sizes.back().size() > mostSquares)
    return node.unsupported("`input` is `{}`, its last dimension must be known "
                            "and at most {}",
                            node.type(x).str(), mostSquares);
  ValueId rows = x;
  if (sizes.size() != 2)
    rows = RUNE_TRY(node.reshaped(x, {-1, sizes.back().size()}, "rows"));
  ValueId wide = RUNE_TRY(widened(node, rows, from.zeroPoint(), "wide"));
  ValueId squares = RUNE_TRY(node.one(Op::Mul, {wide, wide}, {}, "squares"));
  ValueId sum = RUNE_TRY(
      node.one(Op::ReduceSum, {squares}, alongLast(node, rows, false), "sum"));
  sum = RUNE_TRY(node.one(Op::Cast, {sum}, {{"dtype", "i64"}}, "norms"));
  RootFactors factors = RUNE_TRY(inverseRoots(node, sum));
  // u8 is shifted first, i8 in one with the rest
  bool first = dtype == DType::U8;
  ValueId shift = factors.shift;
  if (!first) {
    ValueId bits = RUNE_TRY(node.scalar("bits", DType::I32, 7));
    shift = RUNE_TRY(node.one(Op::Add, {shift, bits}, {}, "shift"));
  }
  std::vector<ValueId> operands = {wide, factors.multiplier, shift};
  if (zeroPoint != 0)
    operands.push_back(
        RUNE_TRY(zeroPointOf(node, "zero_point", dtype, zeroPoint)));
  ValueId y = RUNE_TRY(node.one(Op::Requantize, std::move(operands),
                                {{"axis", int64_t{0}},
                                 {"dtype", std::string(dtypeName(dtype))},
                                 {"left_shift", int64_t{first ? 7 : 0}},
                                 {"rounding", "tflite-double"}},
                                "result"));
  if (sizes.size() == 2)
    return y;
  Integers shape;
  for (const Dim &dim : sizes)
    shape.push_back(dim.isFixed() ? dim.size() : -1);
  return node.reshaped(y, std::move(shape), {});
}

} // namespace

/// result  x / √Σ x², over the last dimension; the root is at least 1e-6
Imported importTfliteL2Normalization(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  const auto *options = RUNE_TRY(node.options<tflite::L2NormOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  if (node.rank(x) == 0)
    return node.fail("`input` is `{}`, needs a dimension", node.type(x).str());
  Activation activation = RUNE_TRY(activationOf(node, options->activation()));
  if (node.dtype(x) == DType::F32)
    return std::vector{RUNE_TRY(realNormalization(node, x, activation))};
  if (node.dtype(x) != DType::I8 && node.dtype(x) != DType::U8)
    return node.unsupported("numbers of {}", dtypeName(node.dtype(x)));
  if (activation != Activation::None)
    return node.unsupported("an activation of quantised numbers");
  return std::vector{RUNE_TRY(quantizedNormalization(node, x))};
}

/// result  x · (bias + alpha · Σ x²)^-beta, over the channels around each
Imported importTfliteLocalResponseNormalization(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  const auto *options = RUNE_TRY(node.options<tflite::LocalResponseOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  if (node.dtype(x) != DType::F32)
    return node.unsupported("numbers of {}", dtypeName(node.dtype(x)));
  if (options->radius() < 0)
    return node.fail("the radius is {}", options->radius());
  int64_t size = 2 * int64_t{options->radius()} + 1;
  // our sum is divided by the size
  double alpha =
      static_cast<double>(options->alpha()) * static_cast<double>(size);
  return std::vector{
      RUNE_TRY(node.one(Op::LocalResponseNormalization, {x},
                        {{"size", size},
                         {"alpha", alpha},
                         {"beta", static_cast<double>(options->beta())},
                         {"bias", static_cast<double>(options->bias())},
                         {"layout", "NXC"}}))};
}

} // namespace rune::import
