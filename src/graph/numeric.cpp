// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/numeric.h"

#include <algorithm>

namespace rune::graph {

namespace {

/// A small float in the low bits: `exponentBits` and `fractionBits` below the
/// sign.
template <int exponentBits, int fractionBits> uint16_t roundTo(double value) {
  constexpr int bias = (1 << (exponentBits - 1)) - 1;
  constexpr uint16_t infinity = ((1 << exponentBits) - 1) << fractionBits;
  uint64_t bits = std::bit_cast<uint64_t>(value);
  uint16_t sign = static_cast<uint16_t>(bits >> 63 << 15);
  if (std::isnan(value)) {
    uint16_t payload = static_cast<uint16_t>(
        (bits & ((uint64_t{1} << 52) - 1)) >> (52 - fractionBits));
    uint16_t quiet = 1 << (fractionBits - 1);
    return sign | infinity | quiet | payload;
  }
  double magnitude = std::fabs(value);
  if (std::isinf(magnitude))
    return sign | infinity;
  if (magnitude == 0)
    return sign;
  // The unit of the last place: one step of the binade, or of the subnormals.
  int exponent = std::max(std::ilogb(magnitude), 1 - bias);
  // Scaling by a power of two is exact; nearbyint rounds ties to even.
  double steps = std::nearbyint(std::ldexp(magnitude, fractionBits - exponent));
  // A carry out of the fraction goes into the exponent by itself.
  uint64_t number =
      (static_cast<uint64_t>(exponent + bias - 1) << fractionBits) +
      static_cast<uint64_t>(steps);
  return sign | static_cast<uint16_t>(std::min<uint64_t>(number, infinity));
}

} // namespace

float toFloat(F16 value) {
  uint32_t sign = static_cast<uint32_t>(value.bits & 0x8000) << 16;
  uint32_t exponent = (value.bits >> 10) & 0x1f;
  uint32_t fraction = value.bits & 0x3ff;
  if (exponent == 0) {
    float magnitude = std::ldexp(static_cast<float>(fraction), -24);
    return sign ? -magnitude : magnitude;
  }
  uint32_t wide = exponent == 0x1f ? 0xff : exponent + (127 - 15);
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

float toFloat(BF16 value) {
  return std::bit_cast<float>(static_cast<uint32_t>(value.bits) << 16);
}

F16 roundToF16(double value) { return {roundTo<5, 10>(value)}; }
BF16 roundToBF16(double value) { return {roundTo<8, 7>(value)}; }

} // namespace rune::graph
