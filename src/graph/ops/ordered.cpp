// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/ordered.h"

namespace rune::graph {

template <class T> static bool comesBefore(T a, T b) {
  if (isNan(a) || isNan(b))
    return !isNan(a) && isNan(b);
  return a < b;
}

template <class T>
int Ordering::compareAs(const Ordering &order, int64_t a, int64_t b,
                        int64_t count) {
  Elements<T> elements(order.data_);
  for (int64_t i = 0; i < count; ++i) {
    auto left = widen(elements[a + i]), right = widen(elements[b + i]);
    if (comesBefore(left, right))
      return -1;
    if (comesBefore(right, left))
      return 1;
  }
  return 0;
}

template <class T> bool Ordering::isZeroAs(const Ordering &order, int64_t at) {
  return widen(Elements<T>(order.data_)[at]) == 0;
}

int Ordering::compareTexts(const Ordering &order, int64_t a, int64_t b,
                           int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    if (int differs = order.texts_[static_cast<size_t>(a + i)].compare(
            order.texts_[static_cast<size_t>(b + i)]))
      return differs < 0 ? -1 : 1;
  return 0;
}

bool Ordering::isEmptyText(const Ordering &order, int64_t at) {
  return order.texts_[static_cast<size_t>(at)].empty();
}

Result<Ordering> Ordering::of(const TensorView &view) {
  Ordering order;
  order.data_ = view.data;
  auto as = [&]<class T>(Type<T>) {
    order.compare_ = compareAs<T>;
    order.isZero_ = isZeroAs<T>;
  };
  if (view.dtype == DType::Utf8) {
    order.texts_ = RUNE_TRY(textElements(view));
    order.compare_ = compareTexts;
    order.isZero_ = isEmptyText;
  } else if (view.dtype == DType::Bool) {
    as(Type<bool>{});
  } else {
    withNumeric(view.dtype, as);
  }
  return order;
}

Result<> sortPlaces(Budget &budget, std::vector<int64_t> &places, uint64_t cost,
                    FunctionRef<bool(int64_t a, int64_t b)> before) {
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
