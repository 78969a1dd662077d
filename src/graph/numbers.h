// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elements of every type as numbers of few: operators read a run of elements
// into a small buffer, compute, and write a run. Their loops are then compiled
// for four types of numbers, not for each element type (and not for each pair
// of them). Both ways cost a copy in the cache.
#pragma once

#include "graph/numeric.h"

#include "base/tensor.h"

#include <algorithm>
#include <array>
#include <limits>

namespace rune::graph {

/// Elements that are read at a time.
constexpr int64_t runLength = 256;
template <class N> using RunBuffer = std::array<N, runLength>;

/// Elements that stand `step` apart.
struct ElementRun {
  int64_t start = 0;
  int64_t step = 1;
  int64_t count = 0;

  /// The next elements that fit into a buffer, from the `done`-th on.
  ElementRun piece(int64_t done) const {
    return {start + done * step, step, std::min(count - done, runLength)};
  }
};

/// The elements of a tensor as numbers of type N. `float` is for floats of up
/// to 32 bits and the small kinds of them, `double` for all but utf8 (rounded
/// to nearest where it does not hold them), `int64_t` and `uint64_t` for
/// integers and bool: both wrap.
template <class N> class Numbers {
public:
  explicit Numbers(const TensorView &view);

  void read(const ElementRun &run, N *to) const {
    read_(*this, run, nullptr, to);
  }
  /// The elements at these places, one by one.
  void gather(std::span<const int64_t> places, N *to) const {
    read_(*this, {0, 1, static_cast<int64_t>(places.size())}, places.data(),
          to);
  }
  N operator[](int64_t at) const {
    N number;
    read({at, 1, 1}, &number);
    return number;
  }

private:
  using Read = void (*)(const Numbers &, const ElementRun &, const int64_t *,
                        N *);
  template <class T>
  static void readAs(const Numbers &from, const ElementRun &run,
                     const int64_t *places, N *to);
  static void readSmall(const Numbers &from, const ElementRun &run,
                        const int64_t *places, N *to);
  static Read readerOf(DType dtype);

  const uint8_t *data_;
  Read read_;
  unsigned bits_;
  /// What each code of a small kind means.
  std::vector<N> codes_;
};

/// Where numbers become elements: `float` and `double` those of floats, rounded
/// once; `int64_t` and `uint64_t` those of integers, wrapped.
template <class N> class NumberSink {
public:
  NumberSink(DType dtype, void *data);
  explicit NumberSink(Tensor &tensor)
      : NumberSink(tensor.dtype(), tensor.bytes().data()) {}

  void write(const N *from, const ElementRun &run) const {
    write_(from, data_, run);
  }
  void set(int64_t at, N number) const { write(&number, {at, 1, 1}); }

private:
  using Write = void (*)(const N *, void *, const ElementRun &);
  template <class T>
  static void writeAs(const N *from, void *data, const ElementRun &run);
  static Write writerOf(DType dtype);

  void *data_;
  Write write_;
};

/// Rounds numbers to those that the element type has: only the 16-bit floats
/// have fewer than their numbers.
void roundToElements(DType dtype, float *numbers, int64_t count);
inline void roundToElements(DType, double *, int64_t) {}

/// Calls `f(Type<N>{})` with the numbers that single operations on elements are
/// computed in: float for floats of up to 32 bits (numeric.h says why that is
/// exact for those of 16), double, int64_t for signed integers, uint64_t for
/// unsigned ones and bool.
template <class F> auto withNumbers(DType dtype, F &&f) {
  switch (dtypeKind(dtype)) {
  case DTypeKind::Float:
    return dtype == DType::F64 ? callAs<double>(f) : callAs<float>(f);
  case DTypeKind::Signed:
    return callAs<int64_t>(f);
  default:
    return callAs<uint64_t>(f);
  }
}
/// The same for floats only.
template <class F> auto withFloatNumbers(DType dtype, F &&f) {
  return dtype == DType::F64 ? callAs<double>(f) : callAs<float>(f);
}
/// The same for sums and products that are kept in `accumulator`; of integers
/// in int64_t: wrapped at the end, that equals wrapping at each step in any
/// narrower accumulator, with a sign or without.
template <class F>
auto withSums(DType dtype, std::string_view accumulator, F &&f) {
  if (!isFloat(dtype))
    return callAs<int64_t>(f);
  return accumulator == "f64" || dtype == DType::F64 ? callAs<double>(f)
                                                     : callAs<float>(f);
}

/// The limits of an element type as numbers of withNumbers; of floats the
/// infinities.
template <class N> N lowestOf(DType dtype) {
  if constexpr (std::is_floating_point_v<N>)
    return -std::numeric_limits<N>::infinity();
  else if constexpr (std::is_signed_v<N>)
    return std::numeric_limits<N>::min() >> (64 - dtypeBits(dtype));
  else
    return 0;
}
template <class N> N highestOf(DType dtype) {
  if constexpr (std::is_floating_point_v<N>)
    return std::numeric_limits<N>::infinity();
  else
    return std::numeric_limits<N>::max() >>
           (dtype == DType::Bool ? 63 : 64 - dtypeBits(dtype));
}

extern template class Numbers<float>;
extern template class Numbers<double>;
extern template class Numbers<int64_t>;
extern template class Numbers<uint64_t>;
extern template class NumberSink<float>;
extern template class NumberSink<double>;
extern template class NumberSink<int64_t>;
extern template class NumberSink<uint64_t>;

} // namespace rune::graph
