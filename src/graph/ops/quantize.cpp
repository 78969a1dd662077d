// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// quantize(x, scale, zero_point) = saturate(round(x / scale) + zero_point), in
// the float type of x. NaN gives the zero point.
//
// source  ONNX QuantizeLinear-21; TensorFlow Lite's QUANTIZE (rounds away)
#include "graph/ops/per_axis.h"

#include <cmath>
#include <limits>

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0), &scale = context.type(1);
  int64_t axis = context.node.integer("axis");
  DType dtype = dtypeOf(context.node);
  // quantize.1: floats of one type
  if (!isFloat(x.dtype) || scale.dtype != x.dtype)
    return context.fail(1, "needs floats of one type, got {} and {}", x.str(),
                        scale.str());
  // quantize.2: a scale for all, or one for each index along the axis
  if (scale.dims.size() > 1 || !isAxis(axis, x) || !fitsAxis(scale, x, axis))
    return context.fail(2, "scale {} does not go with axis {} of {}",
                        scale.str(), axis, x.str());
  // quantize.3: as many zero points
  if (context.has(2) &&
      (context.dtype(2) != dtype || context.rank(2) != scale.dims.size() ||
       (scale.dims.size() == 1 && !unify(context.dims(2)[0], scale.dims[0]))))
    return context.fail(3, "zero point {} must be {} in the shape of {}",
                        context.type(2).str(), dtypeName(dtype), scale.str());
  return Types{{dtype, x.dims}};
}

template <class From, class To>
Result<> quantizeAll(const EvalContext &context, To *out) {
  using W = Wide<From>;
  Elements<From> in(context.input(0).data), scales(context.input(1).data);
  bool away = context.node.text("rounding") == "away";
  auto channels =
      static_cast<int64_t>(RUNE_TRY(elementCount(context.input(1).sizes)));
  return eachChannel(
      context.budget, context.input(0).sizes, context.node.integer("axis"),
      channels, [&](int64_t channel, int64_t from, int64_t to) {
        W scale = widen(scales[channel]);
        To zero = context.has(2) ? Elements<To>(context.input(2).data)[channel]
                                 : To(0);
        for (int64_t i = from; i < to; ++i) {
          W ratio = widen(in[i]) / scale;
          W whole = away ? std::round(ratio) : std::nearbyint(ratio);
          double y = static_cast<double>(whole) + static_cast<double>(zero);
          using Limit = std::numeric_limits<To>;
          if (std::isnan(y))
            out[i] = zero;
          else
            out[i] =
                static_cast<To>(std::clamp(y, static_cast<double>(Limit::min()),
                                           static_cast<double>(Limit::max())));
        }
      });
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  RUNE_TRY(withFloat(context.dtype(0), [&]<class From>(Type<From>) {
    return withInteger(result.dtype(), [&]<class To>(Type<To>) -> Result<> {
      if constexpr (sizeof(To) <= 4)
        return quantizeAll<From, To>(context, elementsOf<To>(result));
      else
        RUNE_CHECK(false, "no 64-bit integers");
    });
  }));
  return single(std::move(result));
}

void complete(const InferContext &context, std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "axis");
}

} // namespace

OpDefinition defineQuantize() {
  return {{2, 3},
          {1, 1},
          {{"axis", AttributeKind::Integer, int64_t{0}, {}},
           dtypeSpec({"i8", "u8", "i16", "u16", "i32"}),
           {"rounding",
            AttributeKind::Text,
            std::string("even"),
            {"even", "away"}}},
          infer,
          evaluate,
          complete};
}

} // namespace rune::graph
