// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/activation.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rune::import {
namespace {

/// What an activation keeps, in real numbers; infinite where it has no end.
struct RealRange {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

RealRange realRange(Activation activation) {
  switch (activation) {
  case Activation::Relu:
    return {.low = 0};
  case Activation::ReluN1To1:
    return {-1, 1};
  case Activation::Relu6:
    return {0, 6};
  case Activation::Relu0To1:
    return {0, 1};
  default:
    return {};
  }
}

/// The number that stands for a real one, kept within the type.
int64_t numberFor(float real, const Quantization &quantization,
                  IntegerRange all) {
  float number = std::round(real / quantization.scale()) +
                 static_cast<float>(quantization.zeroPoint());
  if (number <= static_cast<float>(all.low))
    return all.low;
  return number >= static_cast<float>(all.high) ? all.high
                                                : static_cast<int64_t>(number);
}

} // namespace

Result<Activation> activationOf(const TfliteNode &node, int8_t number) {
  if (number == 5)
    return node.unsupported("the activation `sign bit`");
  if (number < 0 || number > 4)
    return node.fail("activation number {} is not known", number);
  return static_cast<Activation>(number);
}

Result<ValueId> activate(const TfliteNode &node, ValueId value,
                         Activation activation) {
  DType dtype = node.dtype(value);
  if (activation == Activation::None)
    return value;
  if (activation == Activation::Tanh)
    return isFloat(dtype) ? node.one(Op::Tanh, {value}, {}, "tanh")
                          : Result<ValueId>(node.unsupported(
                                "tanh of `{}`", node.type(value).str()));
  if (activation == Activation::Relu)
    return node.one(Op::Relu, {value}, {}, "relu");
  RealRange range = realRange(activation);
  ValueId low = RUNE_TRY(node.scalar("low", dtype, range.low));
  ValueId high = RUNE_TRY(node.scalar("high", dtype, range.high));
  return node.one(Op::Clamp, {value, low, high}, {}, "clamp");
}

IntegerRange rangeOf(DType dtype) {
  unsigned bits = dtypeBits(dtype);
  RUNE_CHECK(isInteger(dtype) && bits <= 32, "an integer of up to 32 bits");
  int64_t all = int64_t{1} << bits;
  return dtypeKind(dtype) == DTypeKind::Signed
             ? IntegerRange{-all / 2, all / 2 - 1}
             : IntegerRange{0, all - 1};
}

Result<IntegerRange> rangeOf(const TfliteNode &node, Activation activation,
                             DType dtype, const Quantization &quantization) {
  if (activation == Activation::Tanh)
    return node.unsupported("tanh as the activation of a quantised result");
  IntegerRange all = rangeOf(dtype);
  RealRange real = realRange(activation);
  return IntegerRange{
      std::isinf(real.low) ? all.low : numberFor(real.low, quantization, all),
      std::isinf(real.high) ? all.high
                            : numberFor(real.high, quantization, all)};
}

} // namespace rune::import
