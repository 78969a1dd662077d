// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// dequantize(x, scale, zero_point) = (x - zero_point) · scale, in double,
// rounded once.
//
// source  ONNX DequantizeLinear-21; TensorFlow Lite's DEQUANTIZE
#include "graph/ops/per_axis.h"

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0), &scale = context.type(1);
  int64_t axis = context.node.integer("axis");
  // dequantize.1: integers and a float
  bool small =
      isInteger(x.dtype) && x.dtype != DType::U32 && dtypeBits(x.dtype) <= 32;
  if (!small || !isFloat(scale.dtype))
    return context.fail(1,
                        "needs i8, u8, i16, u16 or i32 and a float, got {} and "
                        "{}",
                        x.str(), scale.str());
  // dequantize.2: a scale for all, or one for each index along the axis
  if (scale.dims.size() > 1 || !isAxis(axis, x) || !fitsAxis(scale, x, axis))
    return context.fail(2, "scale {} does not go with axis {} of {}",
                        scale.str(), axis, x.str());
  // dequantize.3: as many zero points
  if (context.has(2) &&
      (context.dtype(2) != x.dtype || context.rank(2) != scale.dims.size() ||
       (scale.dims.size() == 1 && !unify(context.dims(2)[0], scale.dims[0]))))
    return context.fail(3, "zero point {} must be {} in the shape of {}",
                        context.type(2).str(), dtypeName(x.dtype), scale.str());
  return Types{{scale.dtype, x.dims}};
}

template <class From, class To>
Result<> dequantizeAll(const EvalContext &context, To *out) {
  Elements<From> in(context.input(0).data);
  Elements<To> scales(context.input(1).data);
  auto channels =
      static_cast<int64_t>(RUNE_TRY(elementCount(context.input(1).sizes)));
  return eachChannel(
      context.budget, context.input(0).sizes, context.node.integer("axis"),
      channels, [&](int64_t channel, int64_t from, int64_t to) {
        auto scale = static_cast<double>(widen(scales[channel]));
        int64_t zero = context.has(2) ? static_cast<int64_t>(Elements<From>(
                                            context.input(2).data)[channel])
                                      : 0;
        for (int64_t i = from; i < to; ++i)
          out[i] = narrow<To>(
              static_cast<double>(static_cast<int64_t>(in[i]) - zero) * scale);
      });
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  RUNE_TRY(withInteger(context.dtype(0), [&]<class From>(Type<From>) {
    return withFloat(result.dtype(), [&]<class To>(Type<To>) {
      return dequantizeAll<From, To>(context, elementsOf<To>(result));
    });
  }));
  return single(std::move(result));
}

void complete(const InferContext &context, std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "axis");
}

} // namespace

OpDefinition defineDequantize() {
  return {{2, 3}, {1, 1},   {{"axis", AttributeKind::Integer, int64_t{0}, {}}},
          infer,  evaluate, complete};
}

} // namespace rune::graph
