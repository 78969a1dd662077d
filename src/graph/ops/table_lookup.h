// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// TensorFlow Lite's tables of 513 entries for functions of 16-bit numbers: the
// upper 9 bits choose an entry, the lower 7 go on towards the next one.
//
// source  TensorFlow Lite, LUTLookup
#pragma once

#include "graph/numeric.h"

namespace rune::graph {

constexpr int64_t interpolatedEntries = 513;

inline int16_t interpolate(int16_t x, const Elements<int16_t> &table) {
  int entry = (x >> 7) + 256, rest = x & 127;
  int base = table[entry];
  auto slope = static_cast<int16_t>(table[entry + 1] - base);
  return static_cast<int16_t>(base + ((slope * rest + 64) >> 7));
}

} // namespace rune::graph
