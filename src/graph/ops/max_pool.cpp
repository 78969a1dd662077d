// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// max_pool(x): the largest element under each window, and where it stands.
//
// NaN wins over numbers; of equal elements the first in row-major order of the
// window. A window without any element of x gives the smallest value of the
// type
// (-∞ for floats) and the index -1. An index counts through x as if it stood in
// the order batch, channels, spatial dimensions; with `column_major` the first
// spatial dimension changes fastest.
//
// source  ONNX MaxPool-22
#include "graph/ops/pool.h"

#include <limits>

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  // max_pool.1: numbers
  if (!isNumeric(context.dtype(0)))
    return context.fail(1, "needs numbers, got {}", context.type(0).str());
  TensorType result = RUNE_TRY(inferPool(context));
  return Types{result, {DType::I64, result.dims}};
}

template <class W> constexpr W smallest() {
  if constexpr (std::is_floating_point_v<W>)
    return -std::numeric_limits<W>::infinity();
  else
    return std::numeric_limits<W>::min();
}

/// How an index counts along the spatial dimensions.
Strides indexStrides(const EvalContext &context) {
  Layout layout(context);
  std::span<const int64_t> sizes =
      std::span(context.input(0).sizes)
          .subspan(layout.spatial, layout.spatialRank);
  if (context.node.integer("column_major") == 0)
    return rowMajorStrides(sizes);
  Strides reversed =
      rowMajorStrides(std::vector<int64_t>(sizes.rbegin(), sizes.rend()));
  return {reversed.rbegin(), reversed.rend()};
}

int64_t planeSize(const EvalContext &context) {
  Layout layout(context);
  int64_t size = 1;
  for (size_t i = 0; i < layout.spatialRank; ++i)
    size *= context.input(0).sizes[layout.spatial + i];
  return size;
}

template <class W> struct Largest {
  W value = smallest<W>();
  int64_t index = -1;

  void meet(W x, int64_t at) {
    if (index >= 0 && (isNan(value) || !(x > value || isNan(x))))
      return;
    value = x;
    index = at;
  }
};

template <class T>
Result<> pool(const EvalContext &context, T *values, int64_t *indices) {
  Elements<T> x(context.input(0).data);
  int64_t plane = planeSize(context);
  return eachPool(
      context, indexStrides(context),
      [&](const Taps &taps, const auto &, int64_t xAt, int64_t yAt,
          int64_t planeNumber) {
        Largest<Wide<T>> largest;
        for (const Run &run : taps.runs)
          for (int64_t k = 0; k < taps.count; ++k)
            largest.meet(widen(x[xAt + run.input + k * taps.inputStep]),
                         run.other + k * taps.otherStep);
        values[yAt] = narrow<T>(largest.value);
        if (indices)
          indices[yAt] =
              largest.index < 0 ? -1 : planeNumber * plane + largest.index;
      });
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensors results;
  for (size_t i = 0; i < context.results.size(); ++i)
    results.push_back(RUNE_TRY(context.allocate(i)));
  if (results[0].count() == 0)
    return results;
  int64_t *indices =
      results.size() > 1 ? elementsOf<int64_t>(results[1]) : nullptr;
  RUNE_TRY(withNumeric(results[0].dtype(), [&]<class T>(Type<T>) {
    return pool<T>(context, elementsOf<T>(results[0]), indices);
  }));
  return results;
}

} // namespace

OpDefinition defineMaxPool() {
  return {{1, 1},
          {1, 2},
          {{"ceil", AttributeKind::Integer, int64_t{0}, {}},
           {"column_major", AttributeKind::Integer, int64_t{0}, {}},
           perAxisSpec("dilations"),
           {"kernel", AttributeKind::Integers, std::nullopt, {}},
           layoutSpec(),
           perAxisSpec("pads"),
           perAxisSpec("strides")},
          infer,
          evaluate,
          completeWindow};
}

} // namespace rune::graph
