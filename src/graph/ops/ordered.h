// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Comparing elements of any type that has an order, and sorting places by them
// under a deadline.
#pragma once

#include "graph/function_ref.h"
#include "graph/ops/common.h"

namespace rune::graph {

/// Numbers, bool and utf8.
inline bool isOrdered(DType dtype) {
  return isNumeric(dtype) || dtype == DType::Bool || dtype == DType::Utf8;
}

/// An order of the elements of a tensor: NaN equals itself and stands above all
/// numbers.
class Ordering {
public:
  /// errors  strings that are none
  static Result<Ordering> of(const TensorView &view);

  /// -1, 0 or 1: the first of `count` neighbours from `a` and `b` on that
  /// differ decides.
  int compare(int64_t a, int64_t b, int64_t count) const {
    return compare_(*this, a, b, count);
  }
  /// 0, false or empty.
  bool isZero(int64_t at) const { return isZero_(*this, at); }

private:
  Ordering() = default;
  template <class T>
  static int compareAs(const Ordering &order, int64_t a, int64_t b,
                       int64_t count);
  template <class T> static bool isZeroAs(const Ordering &order, int64_t at);
  static int compareTexts(const Ordering &order, int64_t a, int64_t b,
                          int64_t count);
  static bool isEmptyText(const Ordering &order, int64_t at);

  ByteSpan data_;
  std::vector<std::string_view> texts_;
  int (*compare_)(const Ordering &, int64_t, int64_t, int64_t) = nullptr;
  bool (*isZero_)(const Ordering &, int64_t) = nullptr;
};

/// Sorts `places` so that `before(a, b)` holds of neighbours where it can;
/// what is equal keeps its order. Each comparison costs `cost` steps.
///
/// errors  `evaluate.deadline`
Result<> sortPlaces(Budget &budget, std::vector<int64_t> &places, uint64_t cost,
                    FunctionRef<bool(int64_t a, int64_t b)> before);

} // namespace rune::graph
