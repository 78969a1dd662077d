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
template <class N>
static Result<> distribution(const EvalContext &context, const AxisSplit &split,
                             int64_t start, const NumberSink<N> &out) {
  Numbers<N> in(context.input(0));
  auto each = [&](auto &&body) {
    return eachFoldedPiece(context.budget, split, start, in, body);
  };
  N largest = -std::numeric_limits<N>::infinity();
  RUNE_TRY(each([&](const N *x, const ElementRun &run) {
    for (int64_t i = 0; i < run.count; ++i)
      if (x[i] > largest || isNan(x[i]))
        largest = isNan(largest) ? largest : x[i];
  }));
  N sum = 0;
  RUNE_TRY(each([&](const N *x, const ElementRun &run) {
    for (int64_t i = 0; i < run.count; ++i)
      sum += std::exp(x[i] - largest);
  }));
  return each([&](N *x, const ElementRun &run) {
    for (int64_t i = 0; i < run.count; ++i)
      x[i] = std::exp(x[i] - largest) / sum;
    out.write(x, run);
  });
}

static Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  AxisSplit split = splitAxes(result.sizes(), context.node.integers("axes"));
  auto done =
      withFloatNumbers(result.dtype(), [&]<class N>(Type<N>) -> Result<> {
        NumberSink<N> out(result);
        Odometer place(split.keptSizes);
        do
          RUNE_TRY(distribution<N>(context, split,
                                   place.offset(split.keptStrides), out));
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
