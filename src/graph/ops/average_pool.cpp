// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// average_pool(x): the mean of the elements under each window, summed in
// row-major order in `accumulator`. With `count_include_pad` padding counts as
// elements of 0, but what lies beyond the padding (in ceil mode) does not. A
// window without anything to count gives NaN (0/0). Integers are divided to
// nearest, ties away from zero.
//
// source  ONNX AveragePool-22
#include "graph/ops/pool.h"

#include <algorithm>

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  DType dtype = context.dtype(0);
  // average_pool.1: numbers
  if (!isNumeric(dtype))
    return context.fail(1, "needs numbers, got {}", context.type(0).str());
  TensorType result = RUNE_TRY(inferPool(context));
  // average_pool.7: sums in a type that holds the elements; of integers in 64
  // bits
  if (std::string_view sum = context.node.text("accumulator");
      !mayAccumulate(dtype, sum) || (isInteger(dtype) && !sum.ends_with("64")))
    return context.fail(7, "sums of {} cannot be kept in `{}`",
                        dtypeName(dtype), context.node.text("accumulator"));
  return Types{result};
}

/// Taps of a window inside the padded input, as a floating number: the product
/// may be large.
double paddedCount(const Window &window, std::span<const int64_t> sizes,
                   std::span<const int64_t> place) {
  double count = 1;
  for (size_t i = 0; i < window.size(); ++i) {
    const WindowAxis &axis = window[i];
    int64_t room = sizes[i] + axis.end - axis.start(place[i]);
    int64_t taps = (room + axis.dilation - 1) / axis.dilation;
    count *= static_cast<double>(std::clamp<int64_t>(taps, 0, axis.kernel));
  }
  return count;
}

/// sum / count; of integers the nearest, ties away from zero.
template <class Sum> Sum meanOf(Sum sum, double count) {
  if constexpr (std::is_integral_v<Sum>) {
    // padding may be counted beyond what 63 bits hold
    if (count >= 0x1p63)
      return Sum(0);
    auto parts = static_cast<Sum>(count);
    Sum whole = sum / parts, rest = sum % parts;
    Sum size = rest < Sum(0) ? Sum(0) - rest : rest;
    if (size < parts - size)
      return whole;
    return sum < Sum(0) ? whole - 1 : whole + 1;
  } else {
    return sum / static_cast<Sum>(count);
  }
}

template <class T, class Sum>
Result<> pool(const EvalContext &context, T *out) {
  Elements<T> x(context.input(0).data);
  Layout layout(context);
  std::span<const int64_t> sizes =
      std::span(context.input(0).sizes)
          .subspan(layout.spatial, layout.spatialRank);
  Window window = poolWindow(context.node);
  bool includePad = context.node.integer("count_include_pad") != 0;
  bool refused = false;
  RUNE_TRY(eachPool(
      context, Strides(sizes.size(), 0),
      [&](const Taps &taps, const auto &place, int64_t xAt, int64_t yAt,
          int64_t) {
        Sum sum = 0;
        for (const Run &run : taps.runs)
          for (int64_t k = 0; k < taps.count; ++k)
            sum = addWrapping(
                sum, Sum(widen(x[xAt + run.input + k * taps.inputStep])));
        double count = includePad ? paddedCount(window, sizes, place)
                                  : static_cast<double>(taps.total());
        if (std::is_integral_v<T> && count < 1) {
          refused = true;
          return;
        }
        out[yAt] = narrow<T>(meanOf(sum, count));
      }));
  // average_pool.8: integers have a mean only if there are some
  if (refused)
    return context.fail(8, "a window of integers with nothing to count");
  return {};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  RUNE_TRY(withAccumulator(result.dtype(), context.node.text("accumulator"),
                           [&]<class T, class Sum>(Type<T>, Type<Sum>) {
                             return pool<T, Sum>(context,
                                                 elementsOf<T>(result));
                           }));
  return single(std::move(result));
}

void complete(const InferContext &context, std::vector<Attribute> &attributes) {
  completeWindow(context, attributes);
  completeAccumulator(context, attributes, true);
}

} // namespace

OpDefinition defineAveragePool() {
  return {{1, 1},
          {1, 1},
          {accumulatorSpec(),
           {"ceil", AttributeKind::Integer, int64_t{0}, {}},
           {"count_include_pad", AttributeKind::Integer, int64_t{0}, {}},
           perAxisSpec("dilations"),
           {"kernel", AttributeKind::Integers, std::nullopt, {}},
           layoutSpec(),
           perAxisSpec("pads"),
           perAxisSpec("strides")},
          infer,
          evaluate,
          complete};
}

} // namespace rune::graph
