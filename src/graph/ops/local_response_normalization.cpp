// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// local_response_normalization(x): each element over the strength of the
// channels beside it,
//
//   y[c] = x[c] / (bias + alpha / size · Σ x[i]²)^beta
//
// for i from c - ⌊(size - 1) / 2⌋ to c + ⌈(size - 1) / 2⌉, as far as there are
// channels.
//
// source  ONNX LRN-13; Krizhevsky, Sutskever and Hinton 2012
#include "graph/ops/reals.h"
#include "graph/ops/window.h"

#include <algorithm>
#include <cmath>

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // local_response_normalization.1: floats
  if (!isFloat(x.dtype))
    return context.fail(1, "needs floats, got {}", x.str());
  // local_response_normalization.2: batch and channels
  if (x.dims.size() < 2)
    return context.fail(2, "x is {}, needs 2 or more dimensions", x.str());
  // local_response_normalization.3: a size
  if (int64_t size = context.node.integer("size"); size < 1)
    return context.fail(3, "`size` is {}, must be 1 or more", size);
  return Types{x};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Reals x = RUNE_TRY(Reals::of(context, 0));
  if (x.empty())
    return single(RUNE_TRY(context.allocate()));
  Reals y = RUNE_TRY(Reals::zeros(context, x.size()));
  size_t axis = Layout(context).channel;
  std::span<const int64_t> sizes = context.input(0).sizes;
  int64_t channels = sizes[axis], step = rowMajorStrides(sizes)[axis];
  int64_t size = context.node.integer("size");
  int64_t before = std::min((size - 1) / 2, channels);
  int64_t after = std::min(size - 1 - (size - 1) / 2, channels);
  double alpha = context.node.number("alpha") / static_cast<double>(size);
  double beta = context.node.number("beta");
  double bias = context.node.number("bias");
  for (int64_t at = 0; at < x.size(); ++at) {
    int64_t c = at / step % channels;
    int64_t first = std::max<int64_t>(0, c - before);
    int64_t last = std::min(channels - 1, c + after);
    if (!context.budget.spend(static_cast<uint64_t>(last - first)))
      return context.budget.expired();
    double squares = 0;
    for (int64_t i = first; i <= last; ++i) {
      double v = x[at + (i - c) * step];
      squares += v * v;
    }
    y[at] = x[at] / std::pow(bias + alpha * squares, beta);
  }
  return single(RUNE_TRY(narrowed(context, y)));
}

} // namespace

OpDefinition defineLocalResponseNormalization() {
  return {{1, 1},
          {1, 1},
          {{"alpha", AttributeKind::Number, 1e-4, {}},
           {"beta", AttributeKind::Number, 0.75, {}},
           {"bias", AttributeKind::Number, 1.0, {}},
           layoutSpec(),
           {"size", AttributeKind::Integer, std::nullopt, {}}},
          infer,
          evaluate};
}

} // namespace rune::graph
