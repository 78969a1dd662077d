// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// dequantize(x, scale, zero_point) = (x - zero_point) · scale, in double,
// rounded once.
//
// source  ONNX DequantizeLinear-25; TensorFlow Lite's DEQUANTIZE
#include "graph/ops/quantization.h"

namespace rune::graph {

namespace {

bool isSource(DType dtype) {
  if (isStorage(dtype))
    return dtype != DType::F8E8M0FNU;
  return isInteger(dtype) && dtype != DType::U32 && dtypeBits(dtype) <= 32;
}

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0), &scale = context.type(1);
  // dequantize.1: what was quantised and a float
  if (!isSource(x.dtype) || !isFloat(scale.dtype))
    return context.fail(1,
                        "needs i8, u8, i16, u16, i32 or a small kind and a "
                        "float, got {} and {}",
                        x.str(), scale.str());
  RUNE_TRY(checkParameters(context, x.dtype));
  return Types{{scale.dtype, x.dims}};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  auto zeros = RUNE_TRY(zeroPoints(context));
  Numbers<double> in(context.input(0)), scales(context.input(1));
  NumberSink<double> out(result);
  RunBuffer<double> x, scale;
  RUNE_TRY(eachParameter(context, [&](const ParameterRun &run) {
    in.read(run.elements(), x.data());
    scales.read(run.parameters(), scale.data());
    const double *zero = zeros.data() + run.parameter;
    for (size_t i = 0; i < static_cast<size_t>(run.count);
         ++i, zero += run.step)
      x[i] = (x[i] - *zero) * scale[i];
    out.write(x.data(), run.elements());
  }));
  context.budget.release(zeros.size() * sizeof(double));
  return single(std::move(result));
}

void complete(const InferContext &context, std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "axis");
}

} // namespace

OpDefinition defineDequantize() {
  return {{2, 3},
          {1, 1},
          {{"axis", AttributeKind::Integer, int64_t{0}, {}},
           {"block", AttributeKind::Integer, int64_t{0}, {}}},
          infer,
          evaluate,
          complete};
}

} // namespace rune::graph
