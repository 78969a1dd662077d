// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lp_pool(x): the norm (Σ |x|^p)^(1/p) of the elements under each window.
//
// source  ONNX LpPool-22
#include "graph/ops/pool.h"
#include "graph/ops/reals.h"

#include <cmath>

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  // lp_pool.1: floats
  if (!isFloat(context.dtype(0)))
    return context.fail(1, "needs floats, got {}", context.type(0).str());
  // lp_pool.7: a power above 0
  if (double p = context.node.number("p"); !(p > 0))
    return context.fail(7, "`p` is {}, must be above 0", p);
  return Types{RUNE_TRY(inferPool(context))};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Reals y = RUNE_TRY(Reals::zeros(
      context, RUNE_TRY(elementCount(context.results[0].sizes()))));
  if (y.empty())
    return single(RUNE_TRY(context.allocate()));
  Reals x = RUNE_TRY(Reals::of(context, 0));
  double p = context.node.number("p");
  Layout layout(context);
  RUNE_TRY(eachPool(
      context, Strides(layout.spatialRank, 0),
      [&](const Taps &taps, const auto &, int64_t xAt, int64_t yAt, int64_t) {
        double sum = 0;
        for (const Run &run : taps.runs)
          for (int64_t k = 0; k < taps.count; ++k)
            sum +=
                std::pow(std::abs(x[xAt + run.input + k * taps.inputStep]), p);
        y[yAt] = std::pow(sum, 1 / p);
      }));
  return single(RUNE_TRY(narrowed(context, y)));
}

} // namespace

OpDefinition defineLpPool() {
  return {{1, 1},
          {1, 1},
          {flagSpec("ceil"),
           perAxisSpec("dilations"),
           {"kernel", AttributeKind::Integers, std::nullopt, {}},
           layoutSpec(),
           {"p", AttributeKind::Number, 2.0, {}},
           perAxisSpec("pads"),
           perAxisSpec("strides")},
          infer,
          evaluate,
          completeWindow};
}

} // namespace rune::graph
