// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Matrices turned in registers, in squares of as many elements as fill 16
// bytes. A square is turned by joining its first half with its second, element
// by element, as often as its side is a power of two.
//
// source  K. E. Batcher 1968, "Sorting networks and their applications": the
//         perfect shuffle
#pragma once

#include "compile/library/fast/vector.h"

#include <utility>

namespace rune::library {

template <class T> constexpr int squareSide = 16 / sizeof(T);
template <class T> using SquareRow = Vector<T, squareSide<T>>;

/// The elements of a and b in turns: of their first halves, or of their second.
template <class T, int first>
[[gnu::always_inline]] inline SquareRow<T> joined(SquareRow<T> a,
                                                  SquareRow<T> b) {
  constexpr int side = squareSide<T>;
  return [&]<int... i>(
             std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    return __builtin_shufflevector(a, b, (first + i / 2 + (i % 2) * side)...);
  }(std::make_integer_sequence<int, side>{});
}

template <class T>
[[gnu::always_inline]] inline void
turnSquare(SquareRow<T> (&rows)[squareSide<T>]) {
  constexpr int side = squareSide<T>;
  for (int step = 1; step < side; step *= 2) {
    SquareRow<T> next[side];
    for (int i = 0; i < side / 2; ++i) {
      next[2 * i] = joined<T, 0>(rows[i], rows[i + side / 2]);
      next[2 * i + 1] = joined<T, side / 2>(rows[i], rows[i + side / 2]);
    }
    for (int i = 0; i < side; ++i)
      rows[i] = next[i];
  }
}

/// A square of which `high` rows are read and `wide` written, whole ones.
template <class T>
[[gnu::always_inline]] inline void
turnPart(const uint8_t *from, int64_t fromStep, int64_t high, uint8_t *to,
         int64_t toStep, int64_t wide) {
  constexpr int side = squareSide<T>;
  SquareRow<T> rows[side] = {};
  for (int r = 0; r < side; ++r)
    if (r < high)
      rows[r] = loadVector<SquareRow<T>>(from + r * fromStep);
  turnSquare<T>(rows);
  for (int c = 0; c < side; ++c)
    if (c < wide)
      storeVector(to + c * toStep, rows[c]);
}

template <class T>
inline void turnSingly(const uint8_t *from, int64_t fromStep, int64_t rows,
                       int64_t columns, uint8_t *to, int64_t toStep) {
  constexpr int64_t size = sizeof(T);
  for (int64_t c = 0; c < columns; ++c)
    for (int64_t r = 0; r < rows; ++r)
      storeVector(to + c * toStep + r * size,
                  loadVector<T>(from + r * fromStep + c * size));
}

/// Fewer rows than a square has, whose columns lie side by side in `to`: each
/// is written with what belongs to the next, which is then written over.
template <class T>
[[gnu::always_inline]] inline int64_t
turnFewRows(const uint8_t *from, int64_t fromStep, int64_t rows,
            int64_t columns, uint8_t *to, int64_t toStep) {
  constexpr int64_t side = squareSide<T>, size = sizeof(T);
  int64_t c = 0;
  // the last column that is written reaches as far as a square
  for (; (columns - c - side) * toStep >= (side - rows) * size; c += side)
    turnPart<T>(from + c * size, fromStep, rows, to + c * toStep, toStep, side);
  return c;
}

/// Fewer columns than a square has, whose rows lie close together in `from`:
/// each is read with the beginning of the next.
template <class T>
[[gnu::always_inline]] inline int64_t
turnFewColumns(const uint8_t *from, int64_t fromStep, int64_t rows,
               int64_t columns, uint8_t *to, int64_t toStep) {
  constexpr int64_t side = squareSide<T>, size = sizeof(T);
  int64_t r = 0;
  for (; (rows - r - side) * fromStep >= (side - columns) * size; r += side)
    turnPart<T>(from + r * fromStep, fromStep, side, to + r * size, toStep,
                columns);
  return r;
}

/// to[c · toStep + r] = from[r · fromStep + c] for r < rows, c < columns; steps
/// in bytes.
template <class T>
inline void turnBytes(const uint8_t *from, int64_t fromStep, int64_t rows,
                      int64_t columns, uint8_t *to, int64_t toStep) {
  constexpr int64_t side = squareSide<T>, size = sizeof(T);
  // as many columns as a line of the cache holds, for all rows
  constexpr int64_t strip = 64 / size;
  if (rows < side && toStep == rows * size) {
    int64_t done = turnFewRows<T>(from, fromStep, rows, columns, to, toStep);
    return turnSingly<T>(from + done * size, fromStep, rows, columns - done,
                         to + done * toStep, toStep);
  }
  if (columns < side && fromStep > 0) {
    int64_t done = turnFewColumns<T>(from, fromStep, rows, columns, to, toStep);
    return turnSingly<T>(from + done * fromStep, fromStep, rows - done, columns,
                         to + done * size, toStep);
  }
  int64_t wide = columns - columns % side, high = rows - rows % side;
  for (int64_t left = 0; left < wide; left += strip)
    for (int64_t r = 0; r < high; r += side)
      for (int64_t c = left; c < wide && c < left + strip; c += side)
        turnPart<T>(from + r * fromStep + c * size, fromStep, side,
                    to + c * toStep + r * size, toStep, side);
  turnSingly<T>(from + wide * size, fromStep, high, columns - wide,
                to + wide * toStep, toStep);
  turnSingly<T>(from + high * fromStep, fromStep, rows - high, columns,
                to + high * size, toStep);
}

/// The same, steps in elements.
template <class T>
inline void turn(const T *from, int64_t fromStep, int64_t rows, int64_t columns,
                 T *to, int64_t toStep) {
  constexpr int64_t size = sizeof(T);
  turnBytes<T>(reinterpret_cast<const uint8_t *>(from), fromStep * size, rows,
               columns, reinterpret_cast<uint8_t *>(to), toStep * size);
}

} // namespace rune::library
