// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// filter_bank(x, weights, starts, widths): each channel is a weighted sum of
// neighbouring bins of a spectrum. A matrix product whose matrix is a band.
//
// source  TensorFlow Lite Micro, SignalFilterBank
#include "graph/ops/common.h"

#include <algorithm>

namespace rune::graph {

namespace {

using Integers = std::vector<int64_t>;

bool isVector(const TensorType &type, DType dtype) {
  return type.dtype == dtype && type.dims.size() == 1;
}

/// What can be said of the places once their numbers are known.
Result<> checkPlaces(const InferContext &context) {
  auto starts = context.integers(2), widths = context.integers(3);
  if (!starts || !widths)
    return {};
  const Dim &bins = context.dims(0).back(), &weights = context.dims(1)[0];
  int64_t left = weights.isFixed() ? weights.size() : INT64_MAX;
  for (size_t i = 0; i < widths->size(); ++i) {
    int64_t start = (*starts)[i], width = (*widths)[i];
    // filter_bank.3: inside the spectrum
    if (start < 0 || width < 0 ||
        (bins.isFixed() &&
         (start > bins.size() || width > bins.size() - start)))
      return context.fail(3, "channel {} has {} bins from {} on, of {}", i,
                          width, start, context.type(0).str());
    // filter_bank.4: a weight for each
    if (width > left)
      return context.fail(4, "{} has too few weights for channel {}",
                          context.type(1).str(), i);
    left -= width;
  }
  if (weights.isFixed() && left != 0)
    return context.fail(4, "{} of {} are no channel's", left,
                        context.type(1).str());
  return {};
}

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  const TensorType &starts = context.type(2), &widths = context.type(3);
  // filter_bank.1: power of a spectrum by whole weights
  if (x.dtype != DType::U32 || x.dims.empty() ||
      !isVector(context.type(1), DType::I32))
    return context.fail(1, "needs u32[…, bins] and i32[weights], got {} and {}",
                        x.str(), context.type(1).str());
  // filter_bank.2: a place for each channel
  if (!isVector(starts, DType::I64) || !isVector(widths, DType::I64) ||
      !unify(starts.dims[0], widths.dims[0]))
    return context.fail(2, "needs two of i64[channels], got {} and {}",
                        starts.str(), widths.str());
  RUNE_TRY(checkPlaces(context));
  TensorType result{DType::U64, x.dims};
  result.dims.back() = *unify(starts.dims[0], widths.dims[0]);
  return Types{result};
}

uint64_t sumOf(const Elements<uint32_t> &x, int64_t from,
               const Elements<int32_t> &weights, int64_t weight,
               int64_t width) {
  uint64_t sum = 0;
  for (int64_t j = 0; j < width; ++j)
    sum += static_cast<uint64_t>(int64_t{weights[weight + j]}) * x[from + j];
  return sum;
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  Elements<uint32_t> x(context.input(0).data);
  Elements<int32_t> weights(context.input(1).data);
  Integers starts = *context.integers(2), widths = *context.integers(3);
  auto *out = elementsOf<uint64_t>(result);
  auto all = static_cast<int64_t>(result.count());
  int64_t bins = context.input(0).sizes.back();
  for (int64_t at = 0, row = 0; at < all; row += bins) {
    int64_t weight = 0;
    for (size_t i = 0; i < starts.size(); ++i, ++at) {
      if (!context.budget.spend(static_cast<uint64_t>(widths[i])))
        return context.budget.expired();
      out[at] = sumOf(x, row + starts[i], weights, weight, widths[i]);
      weight += widths[i];
    }
  }
  return single(std::move(result));
}

} // namespace

OpDefinition defineFilterBank() {
  return {{4, 4}, {1, 1}, {}, infer, evaluate};
}

} // namespace rune::graph
