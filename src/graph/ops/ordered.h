// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Comparing elements of any type that has an order, and sorting places by them
// under a deadline.
#pragma once

#include "graph/ops/common.h"

namespace rune::graph {

/// Numbers, bool and utf8.
inline bool isOrdered(DType dtype) {
  return isNumeric(dtype) || dtype == DType::Bool || dtype == DType::Utf8;
}

/// Calls `f(elements)`, where `elements[i]` is a number, a bool or a text.
///
/// errors  strings that are none, what `f` says
template <class F>
auto withOrdered(const TensorView &view, F &&f)
    -> decltype(f(std::declval<Elements<float> &>())) {
  if (view.dtype == DType::Utf8) {
    auto texts = RUNE_TRY(textElements(view));
    return f(texts);
  }
  auto run = [&]<class T>(Type<T>) {
    Elements<T> elements(view.data);
    return f(elements);
  };
  return view.dtype == DType::Bool ? run(Type<bool>{})
                                   : withNumeric(view.dtype, run);
}

/// An order of all elements: NaN equals itself and stands above all numbers.
template <class T> bool comesBefore(const T &a, const T &b) {
  if constexpr (isHalf<T>)
    return comesBefore(widen(a), widen(b));
  else if (isNan(a) || isNan(b))
    return !isNan(a);
  else
    return a < b;
}
template <class T> bool comesBeforeStrictly(const T &a, const T &b) {
  if constexpr (std::is_floating_point_v<T> || isHalf<T>)
    if (isNan(widen(a)) && isNan(widen(b)))
      return false;
  return comesBefore(a, b);
}

/// Sorts `places` so that `before(a, b)` holds of neighbours where it can;
/// what is equal keeps its order. Each comparison costs `cost` steps.
///
/// errors  `evaluate.deadline`
template <class Before>
Result<> sortPlaces(Budget &budget, std::vector<int64_t> &places, uint64_t cost,
                    Before &&before) {
  std::vector<int64_t> other(places.size());
  size_t count = places.size();
  for (size_t width = 1; width < count; width *= 2) {
    for (size_t start = 0; start < count; start += 2 * width) {
      size_t middle = std::min(start + width, count);
      size_t end = std::min(start + 2 * width, count);
      if (!budget.spend((end - start) * cost))
        return budget.expired();
      size_t a = start, b = middle;
      for (size_t to = start; to < end; ++to) {
        bool right = b < end && (a == middle || before(places[b], places[a]));
        other[to] = places[right ? b++ : a++];
      }
    }
    places.swap(other);
  }
  return {};
}

} // namespace rune::graph
