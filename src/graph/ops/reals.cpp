// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/reals.h"

#include "graph/ops/unary.h"

#include <limits>

namespace rune::graph {

Reals &Reals::operator=(Reals &&other) noexcept {
  std::swap(values_, other.values_);
  std::swap(budget_, other.budget_);
  return *this;
}

Reals::~Reals() {
  if (budget_)
    budget_->release(values_.size() * sizeof(double));
}

Result<Reals> Reals::zeros(const EvalContext &context, uint64_t count) {
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(count, sizeof(double), &bytes))
    bytes = UINT64_MAX;
  RUNE_TRY(context.budget.reserve(bytes));
  Reals reals;
  reals.values_.resize(count);
  reals.budget_ = &context.budget;
  return reals;
}

Result<Reals> Reals::of(const EvalContext &context, size_t input) {
  if (!context.has(input))
    return Reals();
  const TensorView &view = context.input(input);
  uint64_t count = RUNE_TRY(elementCount(view.sizes));
  Reals reals = RUNE_TRY(zeros(context, count));
  auto read = [&]<class T>(Type<T>) {
    Elements<T> elements(view.data);
    return eachPiece(context.budget, reals.size(),
                     [&](int64_t from, int64_t to) {
                       for (int64_t i = from; i < to; ++i)
                         reals[i] = static_cast<double>(widen(elements[i]));
                     });
  };
  RUNE_TRY(view.dtype == DType::Bool ? read(Type<bool>{})
                                     : withNumeric(view.dtype, read));
  return reals;
}

/// Both bounds are powers of two, or one below: the upper is compared with the
/// number behind it.
template <class T> static T nearest(double value) {
  if constexpr (std::is_integral_v<T>) {
    double least = static_cast<double>(std::numeric_limits<T>::min());
    double behind = std::ldexp(1.0, std::numeric_limits<T>::digits);
    double rounded = std::nearbyint(value);
    if (!(rounded >= least)) // NaN too
      return std::isnan(value) ? T(0) : std::numeric_limits<T>::min();
    return rounded < behind ? static_cast<T>(rounded)
                            : std::numeric_limits<T>::max();
  } else {
    return narrow<T>(value);
  }
}

Result<Tensor> narrowed(const EvalContext &context, const Reals &values,
                        size_t index) {
  Tensor result = RUNE_TRY(context.allocate(index));
  RUNE_TRY(withNumeric(result.dtype(), [&]<class T>(Type<T>) {
    T *out = elementsOf<T>(result);
    return eachPiece(context.budget, values.size(),
                     [&](int64_t from, int64_t to) {
                       for (int64_t i = from; i < to; ++i)
                         out[i] = nearest<T>(values[i]);
                     });
  }));
  return result;
}

uint64_t cappedProduct(uint64_t a, uint64_t b) {
  uint64_t product = 0;
  constexpr uint64_t most = INT64_MAX;
  return __builtin_mul_overflow(a, b, &product) || product > most ? most
                                                                  : product;
}

} // namespace rune::graph
