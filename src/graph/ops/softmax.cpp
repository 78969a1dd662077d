// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// softmax(x) = exp(x - m) / Σ exp(x - m), m the largest element: one
// distribution over all `axes` together. Computed in float, for f64 in double.
//
// source  ONNX Softmax-13 (one axis); StableHLO has no such operator
#include "graph/ops/axes.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  const auto &axes = context.node.integers("axes");
  // softmax.1: floats
  if (!isFloat(x.dtype))
    return context.fail(1, "needs floats, got {}", x.str());
  // softmax.2: at least one axis; ascending, each once, in range
  if (axes.empty() || !areAxes(axes, x.dims.size()))
    return context.fail(2, "`axes` [{}] are not ascending axes of {}",
                        fmt::join(axes, ", "), x.str());
  return Types{x};
}

/// One distribution; NaN or +∞ in it, or only -∞, makes all of it NaN.
template <class T>
static Result<> distribution(const EvalContext &context, const AxisSplit &split,
                             int64_t start, T *out) {
  using W = Wide<T>;
  Elements<T> in(context.input(0).data);
  W largest = -std::numeric_limits<W>::infinity();
  RUNE_TRY(eachFolded(context.budget, split, start, [&](int64_t at) {
    if (W x = widen(in[at]); x > largest || isNan(x))
      largest = isNan(largest) ? largest : x;
  }));
  W sum = 0;
  RUNE_TRY(eachFolded(context.budget, split, start, [&](int64_t at) {
    sum += std::exp(widen(in[at]) - largest);
  }));
  return eachFolded(context.budget, split, start, [&](int64_t at) {
    out[at] = narrow<T>(std::exp(widen(in[at]) - largest) / sum);
  });
}

static Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  AxisSplit split = splitAxes(result.sizes(), context.node.integers("axes"));
  auto done = withFloat(result.dtype(), [&]<class T>(Type<T>) -> Result<> {
    Odometer place(split.keptSizes);
    do
      RUNE_TRY(distribution<T>(context, split, place.offset(split.keptStrides),
                               elementsOf<T>(result)));
    while (place.advance());
    return {};
  });
  RUNE_TRY(std::move(done));
  return single(std::move(result));
}

static void complete(const InferContext &context,
                     std::vector<Attribute> &attributes) {
  completeAxes(context, attributes, "axes");
}

OpDefinition defineSoftmax() {
  return {
      {1, 1}, {1, 1},   {{"axes", AttributeKind::Integers, std::nullopt, {}}},
      infer,  evaluate, complete};
}

} // namespace rune::graph
