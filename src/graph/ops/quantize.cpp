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

/// What becomes of quotients and zero points: codes of the result's type.
class Coder {
public:
  explicit Coder(const EvalContext &context)
      : dtype_(context.results[0].dtype),
        isSmallFloat_(dtypeKind(dtype_) == DTypeKind::SmallFloat),
        away_(context.node.text("rounding") == "away"),
        saturate_(context.node.integer("saturate") != 0) {
    if (!isSmallFloat_)
      limits_ = integerLimits(dtype_);
  }

  int64_t operator()(double quotient, double zero) const {
    if (isSmallFloat_)
      return roundToSmallFloat(dtype_, quotient + zero, saturate_);
    double whole = away_ ? std::round(quotient) : std::nearbyint(quotient);
    double y = whole + zero;
    if (std::isnan(y))
      return static_cast<int64_t>(zero);
    return static_cast<int64_t>(std::clamp(y, static_cast<double>(limits_.low),
                                           static_cast<double>(limits_.high)));
  }

private:
  DType dtype_;
  bool isSmallFloat_, away_, saturate_;
  IntegerLimits limits_;
};

/// Writes the code of each element of x; the quotients are numbers of x's type.
template <class N>
Result<> eachCode(const EvalContext &context, const NumberSink<int64_t> &out) {
  Numbers<N> in(context.input(0)), scales(context.input(1));
  auto zeros = RUNE_TRY(zeroPoints(context));
  Coder code(context);
  RunBuffer<N> x, scale;
  RunBuffer<int64_t> codes;
  RUNE_TRY(eachParameter(context, [&](const ParameterRun &run) {
    in.read(run.elements(), x.data());
    scales.read(run.parameters(), scale.data());
    auto count = static_cast<size_t>(run.count);
    for (size_t i = 0; i < count; ++i)
      x[i] /= scale[i];
    roundToElements(context.dtype(0), x.data(), run.count);
    const double *zero = zeros.data() + run.parameter;
    for (size_t i = 0; i < count; ++i, zero += run.step)
      codes[i] = code(static_cast<double>(x[i]), *zero);
    out.write(codes.data(), run.elements());
  }));
  context.budget.release(zeros.size() * sizeof(double));
  return {};
}

/// One byte for each element, then packed.
Result<> quantizeToStorage(const EvalContext &context, Tensor &result) {
  uint64_t count = result.count();
  RUNE_TRY(context.budget.reserve(count));
  std::vector<uint8_t> codes(count);
  NumberSink<int64_t> out(DType::U8, codes.data());
  RUNE_TRY(withFloatNumbers(context.dtype(0), [&]<class N>(Type<N>) {
    return eachCode<N>(context, out);
  }));
  packBytes(dtypeBits(result.dtype()), codes, result.bytes());
  context.budget.release(count);
  return {};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  if (isStorage(result.dtype()))
    RUNE_TRY(quantizeToStorage(context, result));
  else
    RUNE_TRY(withFloatNumbers(context.dtype(0), [&]<class N>(Type<N>) {
      return eachCode<N>(context, NumberSink<int64_t>(result));
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
