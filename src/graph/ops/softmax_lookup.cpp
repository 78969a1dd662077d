// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// softmax_lookup(x, exp_table, reciprocal_table): softmax of 16-bit integers
// over the last dimension, by two interpolated tables. With d = x - max scaled
// so that -65535 stands for -10, exp_table gives e^d in 15 bits; the sum is
// brought to [1, 2) and reciprocal_table gives one over it.
//
// source  TensorFlow Lite's SOFTMAX for int16
#include "graph/ops/common.h"
#include "graph/ops/fixed_point.h"
#include "graph/ops/table_lookup.h"

#include <algorithm>
#include <bit>

namespace rune::graph {

namespace {

constexpr int64_t mostElements = 65535;

bool isTable(const TensorType &type) {
  return type.dtype == DType::I16 && type.dims.size() == 1 &&
         unify(type.dims[0], Dim(interpolatedEntries));
}

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // softmax_lookup.1: i16 and two tables
  if (x.dtype != DType::I16 || !isTable(context.type(1)) ||
      !isTable(context.type(2)))
    return context.fail(1,
                        "needs i16, i16[513] and i16[513], got {}, {} and {}",
                        x.str(), context.type(1).str(), context.type(2).str());
  // softmax_lookup.2: a last dimension whose sum fits
  if (x.dims.empty() ||
      (x.dims.back().isFixed() &&
       (x.dims.back().size() < 1 || x.dims.back().size() > mostElements)))
    return context.fail(2, "the last dimension of {} must be 1 to {}", x.str(),
                        mostElements);
  int64_t multiplier = context.node.integer("multiplier");
  int64_t shift = context.node.integer("shift");
  // softmax_lookup.3: a scale
  if (multiplier < 0 || multiplier > INT32_MAX || shift < Scaler::leastShift ||
      shift > Scaler::mostShift(Rounding::TfliteDouble))
    return context.fail(3, "`multiplier` is {}, `shift` {}", multiplier, shift);
  return Types{x};
}

int16_t saturated(int64_t x) {
  return static_cast<int16_t>(std::clamp<int64_t>(x, INT16_MIN, INT16_MAX));
}

struct Tables {
  const Scaler &scale;
  Elements<int16_t> exp, reciprocal;

  /// False if the sum is not positive.
  bool softmax(const int16_t *x, int16_t *y, int64_t count) const {
    int64_t largest = *std::max_element(x, x + count), sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      y[i] = interpolate(saturated(scale(x[i] - largest) + INT16_MAX), exp);
      sum += y[i];
    }
    if (sum <= 0)
      return false;
    int headroom = std::countl_zero(static_cast<uint32_t>(sum));
    int64_t mantissa = ((sum << (headroom - 1)) + (1 << 13)) >> 14;
    int64_t factor = interpolate(
        saturated(mantissa - (int64_t{1} << 15) - (int64_t{1} << 16)),
        reciprocal);
    int drop = 31 - headroom;
    for (int64_t i = 0; i < count; ++i)
      y[i] = static_cast<int16_t>(std::clamp<int64_t>(
          (y[i] * factor + ((int64_t{1} << drop) >> 1)) >> drop, 0, INT16_MAX));
    return true;
  }
};

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  Scaler scale(static_cast<int32_t>(context.node.integer("multiplier")),
               static_cast<int32_t>(context.node.integer("shift")),
               Rounding::TfliteDouble);
  Tables tables{scale, Elements<int16_t>(context.input(1).data),
                Elements<int16_t>(context.input(2).data)};
  Elements<int16_t> in(context.input(0).data);
  auto *out = elementsOf<int16_t>(result);
  auto all = static_cast<int64_t>(result.count());
  int64_t count = result.sizes().back();
  std::vector<int16_t> x(static_cast<size_t>(count));
  for (int64_t at = 0; at < all; at += count) {
    if (!context.budget.spend(static_cast<uint64_t>(count)))
      return context.budget.expired();
    for (int64_t i = 0; i < count; ++i)
      x[static_cast<size_t>(i)] = in[at + i];
    // softmax_lookup.4: something to divide by
    if (!tables.softmax(x.data(), out + at, count))
      return context.fail(4, "the sum of a row is not positive");
  }
  return single(std::move(result));
}

} // namespace

OpDefinition defineSoftmaxLookup() {
  return {{3, 3},
          {1, 1},
          {{"multiplier", AttributeKind::Integer, std::nullopt, {}},
           {"shift", AttributeKind::Integer, std::nullopt, {}}},
          infer,
          evaluate};
}

} // namespace rune::graph
