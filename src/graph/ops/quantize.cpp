// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// quantize(x, scale, zero_point) = saturate(round(x / scale) + zero_point), the
// quotient in the float type of x. NaN gives the zero point. A small float is
// the quotient plus zero point, rounded as cast does.
//
// source  ONNX QuantizeLinear-25; TensorFlow Lite's QUANTIZE (rounds away)
#include "graph/ops/quantization.h"

#include <cmath>

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0), &scale = context.type(1);
  DType dtype = dtypeOf(context.node);
  // quantize.1: floats of one type
  if (!isFloat(x.dtype) || scale.dtype != x.dtype)
    return context.fail(1, "needs floats of one type, got {} and {}", x.str(),
                        scale.str());
  RUNE_TRY(checkParameters(context, dtype));
  int64_t saturate = context.node.integer("saturate");
  // quantize.5: `saturate` is 0 or 1
  if (saturate >> 1 != 0)
    return context.fail(5, "`saturate` is {}, must be 0 or 1", saturate);
  return Types{{dtype, x.dims}};
}

/// Calls `store(i, quotient, zero)` for each element.
template <class From, class F>
Result<> eachQuotient(const EvalContext &context, F &&store) {
  Elements<From> in(context.input(0).data), scales(context.input(1).data);
  auto zeros = RUNE_TRY(zeroPoints(context));
  RUNE_TRY(
      eachParameter(context, [&](int64_t parameter, int64_t from, int64_t to) {
        auto scale = widen(scales[parameter]);
        double zero = zeros[static_cast<size_t>(parameter)];
        for (int64_t i = from; i < to; ++i)
          store(i, widen(narrow<From>(widen(in[i]) / scale)), zero);
      }));
  context.budget.release(zeros.size() * sizeof(double));
  return {};
}

class Rounder {
public:
  explicit Rounder(const EvalContext &context)
      : limits_(integerLimits(context.results[0].dtype)),
        away_(context.node.text("rounding") == "away") {}

  template <class W> int64_t operator()(W quotient, double zero) const {
    W whole = away_ ? std::round(quotient) : std::nearbyint(quotient);
    double y = static_cast<double>(whole) + zero;
    if (std::isnan(y))
      return static_cast<int64_t>(zero);
    return static_cast<int64_t>(std::clamp(y, static_cast<double>(limits_.low),
                                           static_cast<double>(limits_.high)));
  }

private:
  IntegerLimits limits_;
  bool away_;
};

template <class From>
Result<> quantizeToIntegers(const EvalContext &context, Tensor &result) {
  return withInteger(result.dtype(), [&]<class To>(Type<To>) -> Result<> {
    To *out = elementsOf<To>(result);
    return eachQuotient<From>(
        context,
        [&, round = Rounder(context)](int64_t i, auto quotient, double zero) {
          out[i] = static_cast<To>(round(quotient, zero));
        });
  });
}

template <class From>
Result<> quantizeToStorage(const EvalContext &context, Tensor &result) {
  DType dtype = result.dtype();
  uint64_t count = result.count();
  RUNE_TRY(context.budget.reserve(count));
  std::vector<uint8_t> codes(count);
  if (dtypeKind(dtype) == DTypeKind::SmallFloat) {
    bool saturate = context.node.integer("saturate") != 0;
    RUNE_TRY(
        eachQuotient<From>(context, [&](int64_t i, auto quotient, double zero) {
          codes[static_cast<size_t>(i)] = roundToSmallFloat(
              dtype, static_cast<double>(quotient) + zero, saturate);
        }));
  } else {
    RUNE_TRY(eachQuotient<From>(
        context,
        [&, round = Rounder(context)](int64_t i, auto quotient, double zero) {
          codes[static_cast<size_t>(i)] =
              static_cast<uint8_t>(round(quotient, zero));
        }));
  }
  packBytes(dtypeBits(dtype), codes, result.bytes());
  context.budget.release(count);
  return {};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  RUNE_TRY(withFloat(context.dtype(0), [&]<class From>(Type<From>) {
    return isStorage(result.dtype())
               ? quantizeToStorage<From>(context, result)
               : quantizeToIntegers<From>(context, result);
  }));
  return single(std::move(result));
}

void complete(const InferContext &context, std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "axis");
}

} // namespace

OpDefinition defineQuantize() {
  return {
      {2, 3},
      {1, 1},
      {{"axis", AttributeKind::Integer, int64_t{0}, {}},
       {"block", AttributeKind::Integer, int64_t{0}, {}},
       dtypeSpec({"i8", "u8", "i16", "u16", "i32", "i4", "u4", "i2", "u2",
                  "f8e4m3fn", "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz",
                  "f4e2m1fn"}),
       {"rounding", AttributeKind::Text, std::string("even"), {"even", "away"}},
       flagSpec("saturate", 1)},
      infer,
      evaluate,
      complete};
}

} // namespace rune::graph
