// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A v128 as lanes, and the operators that are more than one expression per lane
// (core 2.0, section 4.3.6). Relaxed operators choose what the plain ones give:
// a result of the allowed set that is the same on every machine.
#pragma once

#include "engine/interpreter/numeric.h"

#include <array>
#include <cstring>

namespace rune::engine {

template <class T> constexpr size_t laneCount = 16 / sizeof(T);
template <class T> using Lanes = std::array<T, laneCount<T>>;

template <class T> inline Lanes<T> lanesOf(const Value &value) {
  return std::bit_cast<Lanes<T>>(value);
}
template <class T> inline Value valueOf(const Lanes<T> &lanes) {
  return std::bit_cast<Value>(lanes);
}

/// A lane as wide as `T`: all ones or all zeros.
template <class T>
using MaskOf = std::conditional_t<
    sizeof(T) == 1, uint8_t,
    std::conditional_t<sizeof(T) == 2, uint16_t,
                       std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>>;
template <class T> inline MaskOf<T> mask(bool holds) {
  return holds ? static_cast<MaskOf<T>>(-1) : MaskOf<T>{0};
}

template <class To, class Wide> inline To saturate(Wide value) {
  constexpr Wide least = std::numeric_limits<To>::min();
  constexpr Wide most = std::numeric_limits<To>::max();
  return static_cast<To>(value < least ? least : value > most ? most : value);
}

/// The sign bits of lanes, lane 0 lowest.
template <class T> inline uint32_t bitmask(const Value &a) {
  Lanes<T> x = lanesOf<T>(a);
  uint32_t bits = 0;
  for (size_t i = 0; i < x.size(); ++i)
    bits |= static_cast<uint32_t>(x[i] < 0) << i;
  return bits;
}
template <class T> inline uint32_t allTrue(const Value &a) {
  Lanes<T> x = lanesOf<T>(a);
  bool all = true;
  for (T lane : x)
    all &= lane != 0;
  return all;
}
inline uint32_t anyTrue(const Value &a) { return (a.bits | a.high) != 0; }

/// Indices beyond 15 give 0.
inline Value swizzle(const Value &a, const Value &b) {
  Lanes<uint8_t> x = lanesOf<uint8_t>(a), at = lanesOf<uint8_t>(b), r;
  for (size_t i = 0; i < 16; ++i)
    r[i] = at[i] < 16 ? x[at[i] & 15] : 0;
  return valueOf(r);
}
inline Value shuffleBytes(const Value &a, const Value &b,
                          const std::array<uint8_t, 16> &lanes) {
  std::array<uint8_t, 32> both;
  std::memcpy(both.data(), &a, 16);
  std::memcpy(both.data() + 16, &b, 16);
  Lanes<uint8_t> r;
  for (size_t i = 0; i < 16; ++i)
    r[i] = both[lanes[i] & 31];
  return valueOf(r);
}

/// Both operands' lanes, narrowed and saturated.
template <class From, class To>
inline Value narrow(const Value &a, const Value &b) {
  Lanes<From> x = lanesOf<From>(a), y = lanesOf<From>(b);
  Lanes<To> r;
  for (size_t i = 0; i < x.size(); ++i) {
    r[i] = saturate<To>(x[i]);
    r[x.size() + i] = saturate<To>(y[i]);
  }
  return valueOf(r);
}
/// `first`: 0 for the low half, else the count of wide lanes.
template <class From, class To, bool high> inline Value extend(const Value &a) {
  Lanes<From> x = lanesOf<From>(a);
  Lanes<To> r;
  for (size_t i = 0; i < r.size(); ++i)
    r[i] = static_cast<To>(x[i + (high ? r.size() : 0)]);
  return valueOf(r);
}
template <class From, class To, bool high>
inline Value extendMultiply(const Value &a, const Value &b) {
  Lanes<From> x = lanesOf<From>(a), y = lanesOf<From>(b);
  Lanes<To> r;
  for (size_t i = 0; i < r.size(); ++i) {
    size_t at = i + (high ? r.size() : 0);
    r[i] = static_cast<To>(static_cast<To>(x[at]) * static_cast<To>(y[at]));
  }
  return valueOf(r);
}
template <class From, class To> inline Value extendAdd(const Value &a) {
  Lanes<From> x = lanesOf<From>(a);
  Lanes<To> r;
  for (size_t i = 0; i < r.size(); ++i)
    r[i] = static_cast<To>(static_cast<To>(x[2 * i]) +
                           static_cast<To>(x[2 * i + 1]));
  return valueOf(r);
}
/// Σ of products of neighbours; only -2^15 · -2^15 twice wraps.
inline Value dot(const Value &a, const Value &b) {
  Lanes<int16_t> x = lanesOf<int16_t>(a), y = lanesOf<int16_t>(b);
  Lanes<uint32_t> r;
  for (size_t i = 0; i < r.size(); ++i)
    r[i] = static_cast<uint32_t>(x[2 * i] * y[2 * i]) +
           static_cast<uint32_t>(x[2 * i + 1] * y[2 * i + 1]);
  return valueOf(r);
}
/// Relaxed: both operands signed, the sum wraps.
inline Value dotBytes(const Value &a, const Value &b) {
  Lanes<int8_t> x = lanesOf<int8_t>(a), y = lanesOf<int8_t>(b);
  Lanes<uint16_t> r;
  for (size_t i = 0; i < r.size(); ++i)
    r[i] = static_cast<uint16_t>(x[2 * i] * y[2 * i] +
                                 x[2 * i + 1] * y[2 * i + 1]);
  return valueOf(r);
}
inline Value dotBytesAdd(const Value &a, const Value &b, const Value &c) {
  Lanes<int16_t> pairs = lanesOf<int16_t>(dotBytes(a, b));
  Lanes<uint32_t> r = lanesOf<uint32_t>(c);
  for (size_t i = 0; i < r.size(); ++i)
    r[i] += static_cast<uint32_t>(pairs[2 * i] + pairs[2 * i + 1]);
  return valueOf(r);
}
inline Value bitSelect(const Value &a, const Value &b, const Value &c) {
  return {(a.bits & c.bits) | (b.bits & ~c.bits),
          (a.high & c.high) | (b.high & ~c.high)};
}
inline int16_t multiplyQ15(int16_t x, int16_t y) {
  return saturate<int16_t>((x * y + 0x4000) >> 15);
}

inline Value demoteZero(const Value &a) {
  Lanes<double> x = lanesOf<double>(a);
  return valueOf<float>(
      {static_cast<float>(x[0]), static_cast<float>(x[1]), 0, 0});
}
inline Value promoteLow(const Value &a) {
  Lanes<float> x = lanesOf<float>(a);
  return valueOf<double>({x[0], x[1]});
}
template <class T> inline Value truncateZero(const Value &a) {
  Lanes<double> x = lanesOf<double>(a);
  return valueOf<T>({saturateTo<T>(x[0]), saturateTo<T>(x[1]), 0, 0});
}
template <class T> inline Value convertLow(const Value &a) {
  Lanes<T> x = lanesOf<T>(a);
  return valueOf<double>(
      {static_cast<double>(x[0]), static_cast<double>(x[1])});
}

// Loads: what `at` becomes.

template <class T> inline T loadAs(const uint8_t *at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
template <class T> inline Value splat(T value) {
  Lanes<T> lanes;
  lanes.fill(value);
  return valueOf(lanes);
}
template <class From, class To> inline Value loadExtended(const uint8_t *at) {
  return extend<From, To, false>(Value{loadAs<uint64_t>(at), 0});
}
template <class T> inline Value loadSplat(const uint8_t *at) {
  return splat(loadAs<T>(at));
}
template <class T> inline Value loadZero(const uint8_t *at) {
  return {loadAs<T>(at), 0};
}

} // namespace rune::engine
