// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walking tensors of any rank, row by row: the inner loop of a kernel is a
// plain loop over the last dimension, the deadline is polled once a row.
#pragma once

#include "compile/library/numbers.h"

namespace rune::library {

struct Strides {
  int64_t of[maxRank];
};

inline Strides rowMajor(const View &view) {
  Strides strides;
  int64_t step = 1;
  for (int32_t i = view.rank; i-- > 0;) {
    strides.of[i] = step;
    step *= view.sizes[i];
  }
  return strides;
}

/// Those with which `view` is read as if it had the shape of `wanted`: 0 where
/// it is stretched.
inline Strides stretched(const View &view, const View &wanted) {
  Strides strides;
  int64_t step = 1;
  int32_t shift = wanted.rank - view.rank;
  for (int32_t i = wanted.rank; i-- > 0;) {
    int64_t size = i < shift ? 1 : view.sizes[i - shift];
    strides.of[i] = size == 1 ? 0 : step;
    step *= size;
  }
  return strides;
}

/// Counts through the indices of `rank` dimensions, the last one fastest, and
/// keeps the offsets of `operands` tensors.
template <int operands> class Odometer {
public:
  Odometer(const int64_t *sizes, int32_t rank) : sizes_(sizes), rank_(rank) {
    for (int32_t i = 0; i < rank; ++i)
      at_[i] = 0;
  }
  const int64_t *at() const { return at_; }
  int64_t offset[operands] = {};

  /// False after the last index.
  bool advance(const Strides (&strides)[operands]) {
    for (int32_t i = rank_; i-- > 0;) {
      if (++at_[i] < sizes_[i]) {
        for (int k = 0; k < operands; ++k)
          offset[k] += strides[k].of[i];
        return true;
      }
      at_[i] = 0;
      for (int k = 0; k < operands; ++k)
        offset[k] -= strides[k].of[i] * (sizes_[i] - 1);
    }
    return false;
  }

private:
  const int64_t *sizes_;
  int32_t rank_;
  int64_t at_[maxRank];
};

/// Calls `body(offsets, steps, count)` for each row of a tensor of these sizes;
/// a scalar has one row. 0, or what `body` returns, or `stopped`.
template <int operands, class F>
int32_t eachRow(const Call &call, const int64_t *sizes, int32_t rank,
                const Strides (&strides)[operands], F body) {
  for (int32_t i = 0; i < rank; ++i)
    if (sizes[i] == 0)
      return 0;
  int64_t count = rank == 0 ? 1 : sizes[rank - 1];
  int64_t steps[operands];
  for (int k = 0; k < operands; ++k)
    steps[k] = rank == 0 ? 0 : strides[k].of[rank - 1];
  Odometer<operands> place(sizes, rank == 0 ? 0 : rank - 1);
  do {
    if (mustStop(call))
      return stopped;
    if (int32_t status = body(place.offset, steps, count))
      return status;
  } while (place.advance(strides));
  return 0;
}

/// Calls `body(from, to)` for pieces of [0, count).
template <class F> int32_t eachPiece(const Call &call, int64_t count, F body) {
  constexpr int64_t piece = 1 << 14;
  for (int64_t from = 0; from < count; from += piece) {
    if (mustStop(call))
      return stopped;
    body(from, count - from < piece ? count : from + piece);
  }
  return 0;
}

/// Index `at` of an i32 or i64 tensor.
inline int64_t indexAt(const View &view, int64_t at) {
  return view.type == Type::I32 ? elements<int32_t>(view)[at]
                                : elements<int64_t>(view)[at];
}

/// An element as a number, whatever its type: in a model the type is a
/// constant, and one of the cases is left.
inline int64_t loadInteger(const View &view, int64_t at) {
  switch (view.type) {
  case Type::I8:
    return elements<int8_t>(view)[at];
  case Type::I16:
    return elements<int16_t>(view)[at];
  case Type::I32:
    return elements<int32_t>(view)[at];
  case Type::U8:
  case Type::Bool:
    return elements<uint8_t>(view)[at];
  case Type::U16:
    return elements<uint16_t>(view)[at];
  case Type::U32:
    return elements<uint32_t>(view)[at];
  default:
    return elements<int64_t>(view)[at];
  }
}
inline void storeInteger(const View &view, int64_t at, int64_t x) {
  switch (bytesOf(view.type)) {
  case 1:
    elements<int8_t>(view)[at] = static_cast<int8_t>(x);
    return;
  case 2:
    elements<int16_t>(view)[at] = static_cast<int16_t>(x);
    return;
  case 4:
    elements<int32_t>(view)[at] = static_cast<int32_t>(x);
    return;
  default:
    elements<int64_t>(view)[at] = x;
  }
}
inline double loadFloat(const View &view, int64_t at) {
  switch (view.type) {
  case Type::F64:
    return elements<double>(view)[at];
  case Type::F16:
    return static_cast<double>(widen(elements<F16>(view)[at]));
  case Type::BF16:
    return static_cast<double>(widen(elements<BF16>(view)[at]));
  default:
    return static_cast<double>(elements<float>(view)[at]);
  }
}
inline void storeFloat(const View &view, int64_t at, double x) {
  switch (view.type) {
  case Type::F64:
    elements<double>(view)[at] = x;
    return;
  case Type::F16:
    elements<F16>(view)[at] = narrow<F16>(x);
    return;
  case Type::BF16:
    elements<BF16>(view)[at] = narrow<BF16>(x);
    return;
  default:
    elements<float>(view)[at] = static_cast<float>(x);
  }
}

/// A type of the width of the elements, for what only moves them.
template <class F> int32_t withWidth(Type type, F f) {
  switch (bytesOf(type)) {
  case 8:
    RUNE_CASE return f(Tag<uint64_t>{});
  case 4:
    RUNE_CASE return f(Tag<uint32_t>{});
  case 2:
    RUNE_CASE return f(Tag<uint16_t>{});
  default:
    RUNE_CASE return f(Tag<uint8_t>{});
  }
}

} // namespace rune::library
