// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/word_functions.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace rune::import {
namespace {

constexpr int samples = 256;

/// 2^16 / (1 + e^-(i / 24)); the last ones would be 2^16 and stay below.
std::array<int32_t, samples> logisticTable() {
  std::array<int32_t, samples> table;
  for (int i = 0; i < samples; ++i)
    table[static_cast<size_t>(i)] = static_cast<int32_t>(
        std::min(65535.0, std::round(65536 / (1 + std::exp(-i / 24.0)))));
  return table;
}

/// The sample at `at`, of whose `bits` low bits the way to the next is made;
/// the result has 16 + `bits` behind the point. Past the end `most`.
int64_t between(int64_t at, int bits, int64_t most) {
  static const std::array<int32_t, samples> table = logisticTable();
  auto place = static_cast<size_t>(at >> bits);
  if (place >= samples - 1)
    return most;
  int64_t low = table[place], next = table[place + 1];
  int64_t part = at & ((int64_t{1} << bits) - 1);
  return (low << bits) + part * (next - low);
}

int64_t scaled(int32_t x, WordArgument how) {
  int64_t round = how.shift > 0 ? int64_t{1} << (how.shift - 1) : 0;
  return (int64_t{x} * how.multiplier + round) >> how.shift;
}

} // namespace

WordArgument WordArgument::of(float scale, int exact) {
  int exponent = 0;
  bool power = std::frexp(scale, &exponent) == 0.5F;
  int up = 12 + exponent - 1;
  if (power && up >= 0 && up <= exact)
    return {3 << up, 0};
  double multiplier = static_cast<double>(scale) * 4096 * 3;
  int shift = 0;
  while (multiplier <= 32767.0 / 2 && shift <= 30) {
    ++shift;
    multiplier *= 2;
  }
  return {static_cast<int32_t>(std::min(multiplier, 2147483647.0)), shift};
}

int32_t wordLogistic(int32_t x, WordArgument how) {
  constexpr int bits = 9;
  constexpr int64_t one = int64_t{1} << (16 + bits), half = int64_t{1} << bits;
  int64_t place = scaled(x, how);
  int64_t y = between(std::abs(place), bits, int64_t{0x7fff} << 10);
  y = place >= 0 ? y + half : one - y + half - 1;
  return static_cast<int32_t>(y >> 10);
}

/// 2 · logistic(2x) - 1: the table at twice the argument.
int32_t wordTanh(int32_t x, WordArgument how) {
  constexpr int bits = 8;
  constexpr int64_t half = int64_t{1} << (15 + bits), round = 1 << 7;
  int64_t place = scaled(x, how);
  int64_t y = between(std::abs(place), bits, int64_t{0xffff} << bits);
  y = place >= 0 ? y - half + round : half - y + round - 1;
  return static_cast<int32_t>(y >> 8);
}

} // namespace rune::import
