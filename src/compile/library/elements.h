// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels that compute each element from one element of each operand: the
// loops. Floats of 16 bits are computed in float and rounded once.
#pragma once

#include "compile/library/math.h"
#include "compile/library/walk.h"

namespace rune::library {

template <class T, class F> int32_t mapAs(const Call &call, F compute) {
  const T *in = elements<T>(call.in[0]);
  T *out = elements<T>(call.out[0]);
  return eachPiece(call, countOf(call.out[0]), [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i)
      out[i] = narrow<T>(compute(widen(in[i])));
  });
}

template <class F> int32_t mapFloats(const Call &call, F compute) {
  return withFloat(call.in[0].type,
                   [&]<class T>(Tag<T>) { return mapAs<T>(call, compute); });
}

/// The same in double, rounded once at the end.
template <class F> int32_t mapReals(const Call &call, F compute) {
  return eachPiece(call, countOf(call.out[0]), [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i)
      storeFloat(call.out[0], i, compute(loadFloat(call.in[0], i)));
  });
}

/// Floats and signed integers.
template <class F> int32_t mapSigned(const Call &call, F compute) {
  return withNumeric(call.in[0].type, [&]<class T>(Tag<T>) -> int32_t {
    if constexpr (std::is_unsigned_v<T>)
      return 0;
    else
      return mapAs<T>(call, compute);
  });
}

/// `compute(a, b, status)` on pairs of wide `T`, as `R`.
template <class T, class R, class F>
int32_t pairsAs(const Call &call, F compute) {
  const View &y = call.out[0];
  const Strides strides[] = {stretched(call.in[0], y), stretched(call.in[1], y),
                             rowMajor(y)};
  const T *a = elements<T>(call.in[0]), *b = elements<T>(call.in[1]);
  R *out = elements<R>(y);
  int32_t status = 0;
  int32_t ended =
      eachRow<3>(call, y.sizes, y.rank, strides,
                 [&](const int64_t *at, const int64_t *step, int64_t count) {
                   for (int64_t i = 0; i < count; ++i)
                     out[at[2] + i] = narrow<R>(
                         compute(widen(a[at[0] + i * step[0]]),
                                 widen(b[at[1] + i * step[1]]), status));
                   return status;
                 });
  return ended;
}

template <class F> int32_t pairs(const Call &call, F compute) {
  return withNumeric(call.in[0].type, [&]<class T>(Tag<T>) {
    return pairsAs<T, T>(call, compute);
  });
}

template <class F> int32_t compare(const Call &call, F compute) {
  auto test = [&](auto a, auto b, int32_t &) { return compute(a, b); };
  if (call.in[0].type == Type::Bool)
    return pairsAs<uint8_t, uint8_t>(call,
                                     [&](uint8_t a, uint8_t b, int32_t &) {
                                       return compute(a != 0, b != 0);
                                     });
  return withNumeric(call.in[0].type, [&]<class T>(Tag<T>) {
    return pairsAs<T, uint8_t>(call, test);
  });
}

template <class F> int32_t integerPairs(const Call &call, F compute) {
  return withInteger(call.in[0].type, [&]<class T>(Tag<T>) {
    return pairsAs<T, T>(call, compute);
  });
}

} // namespace rune::library
