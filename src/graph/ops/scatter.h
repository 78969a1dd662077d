// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What scatter_elements and scatter_nd share: what becomes of an element that
// an update meets.
//
// source  ONNX ScatterElements-18, ScatterND-18
#pragma once

#include "graph/ops/common.h"
#include "graph/ops/move.h"

namespace rune::graph {

/// `reduction`: none (the update takes the place), or what combines both.
AttributeSpec reductionSpec();

/// Constraint `rule`: x and updates have one element type, numbers unless the
/// reduction is `none`.
Result<> checkReduction(const InferContext &context, int rule);

/// Calls `combine(x, update)` of `reduction` by `f`, on wide elements. NaN
/// wins in min and max.
template <class F> auto withReduction(std::string_view reduction, F &&f) {
  auto extreme = [](auto wins) {
    return [wins](auto a, auto b) {
      return isNan(a) || (!isNan(b) && !wins(b, a)) ? a : b;
    };
  };
  if (reduction == "add")
    return f([](auto a, auto b) { return addWrapping(a, b); });
  if (reduction == "mul")
    return f([](auto a, auto b) { return mulWrapping(a, b); });
  if (reduction == "max")
    return f(extreme([](auto b, auto a) { return b > a; }));
  RUNE_CHECK(reduction == "min", "an allowed reduction");
  return f(extreme([](auto b, auto a) { return b < a; }));
}

/// A copy of input 0 into which `walk(set)` puts elements of input 2 by
/// `set(place, update)`, in its order.
///
/// errors  what `walk` says, `evaluate.memory-limit`
template <class Walk>
Result<Tensors> evaluateScatter(const EvalContext &context, Walk &&walk) {
  auto count =
      static_cast<int64_t>(RUNE_TRY(elementCount(context.input(0).sizes)));
  const std::string &reduction = context.node.text("reduction");
  if (reduction == "none") {
    const size_t inputs[] = {0, 2};
    return single(RUNE_TRY(
        moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
          if (!context.budget.spend(static_cast<uint64_t>(count)))
            return context.budget.expired();
          for (int64_t i = 0; i < count; ++i)
            out[i] = ins[0][i];
          return walk(
              [&](int64_t to, int64_t from) { out[to] = ins[1][from]; });
        })));
  }
  RUNE_TRY(context.budget.reserve(context.input(0).data.size()));
  Tensor result = RUNE_TRY(Tensor::copyOf(context.input(0)));
  RUNE_TRY(withNumeric(result.dtype(), [&]<class T>(Type<T>) {
    return withReduction(reduction, [&](auto combine) {
      Elements<T> updates(context.input(2).data);
      T *out = elementsOf<T>(result);
      return walk([&](int64_t to, int64_t from) {
        out[to] =
            narrow<T>(combine(widen(out[to]), Wide<T>(widen(updates[from]))));
      });
    });
  }));
  return single(std::move(result));
}

} // namespace rune::graph
