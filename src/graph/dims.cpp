// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/dims.h"

#include <algorithm>

namespace rune::graph {

std::optional<Dim> unify(const Dim &a, const Dim &b) {
  if (a.isFixed() && b.isFixed() && a != b)
    return std::nullopt;
  if (a.isFixed() || (!b.isFixed() && a.isNamed()))
    return a;
  return b;
}

std::optional<Dim> broadcast(const Dim &a, const Dim &b) {
  if (a == b || b == Dim(1))
    return a;
  if (a == Dim(1))
    return b;
  if (a.isFixed() && b.isFixed())
    return std::nullopt;
  if (a.isFixed() || b.isFixed())
    return a.isFixed() ? a : b;
  return Dim::unknown();
}

std::optional<Dims> broadcast(const Dims &a, const Dims &b) {
  const Dims &shorter = a.size() < b.size() ? a : b;
  Dims result = a.size() < b.size() ? b : a;
  size_t shift = result.size() - shorter.size();
  for (size_t i = 0; i < shorter.size(); ++i) {
    auto dim = broadcast(shorter[i], result[shift + i]);
    if (!dim)
      return std::nullopt;
    result[shift + i] = *dim;
  }
  return result;
}

Dim productOf(std::span<const Dim> dims) {
  int64_t product = 1;
  std::optional<Dim> open;
  bool several = false, tooBig = false;
  for (const Dim &dim : dims)
    if (dim == Dim(0))
      return 0;
    else if (dim.isFixed())
      tooBig |= __builtin_mul_overflow(product, dim.size(), &product);
    else
      several |= std::exchange(open, dim).has_value();
  if (tooBig || several || (open && product != 1))
    return Dim::unknown();
  return open ? *open : Dim(product);
}

std::optional<Dim> sumOf(std::span<const Dim> dims) {
  int64_t sum = 0;
  std::optional<Dim> open;
  bool several = false;
  for (const Dim &dim : dims)
    if (!dim.isFixed())
      several |= std::exchange(open, dim).has_value();
    else if (__builtin_add_overflow(sum, dim.size(), &sum))
      return std::nullopt;
  if (several || (open && sum != 0))
    return Dim::unknown();
  return open ? *open : Dim(sum);
}

int64_t fromEnd(int64_t axis, size_t rank) {
  int64_t size = static_cast<int64_t>(rank);
  return axis < 0 && axis >= -size ? axis + size : axis;
}

std::vector<int64_t> rowMajorStrides(std::span<const int64_t> sizes) {
  std::vector<int64_t> strides(sizes.size());
  int64_t stride = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= std::max<int64_t>(sizes[i], 1);
  }
  return strides;
}

} // namespace rune::graph
