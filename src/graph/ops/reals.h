// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that are judged by their error, not by their bits, compute in
// double: their inputs are widened first, their results rounded once at the
// end.
#pragma once

#include "graph/ops/common.h"

namespace rune::graph {

/// A buffer of doubles, paid from the budget as long as it lives.
class Reals {
public:
  Reals() = default;
  /// The elements of an input: numbers or bools. Empty if it is not there.
  ///
  /// errors  `evaluate.memory-limit`, `evaluate.deadline`
  static Result<Reals> of(const EvalContext &context, size_t input);
  static Result<Reals> zeros(const EvalContext &context, uint64_t count);

  Reals(Reals &&other) noexcept { *this = std::move(other); }
  Reals &operator=(Reals &&other) noexcept;
  ~Reals();

  double operator[](int64_t at) const {
    return values_[static_cast<size_t>(at)];
  }
  double &operator[](int64_t at) { return values_[static_cast<size_t>(at)]; }
  double *from(int64_t at) { return values_.data() + at; }
  const double *from(int64_t at) const { return values_.data() + at; }
  int64_t size() const { return static_cast<int64_t>(values_.size()); }
  bool empty() const { return values_.empty(); }

private:
  std::vector<double> values_;
  Budget *budget_ = nullptr;
};

/// Result `index` with those elements: floats rounded to nearest, integers too,
/// and kept within their range (NaN gives 0).
///
/// errors  `evaluate.memory-limit`, `evaluate.deadline`
Result<Tensor> narrowed(const EvalContext &context, const Reals &values,
                        size_t index = 0);

/// `a · b`, at most 2^63 - 1: work that is told to the budget.
uint64_t cappedProduct(uint64_t a, uint64_t b);

} // namespace rune::graph
