// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/small_types.h"

#include <algorithm>

namespace rune::graph {

namespace {

/// One of the binary floats: sign, exponent, fraction.
struct Format {
  int exponentBits;
  int fractionBits;
  int bias;
  /// The code of the largest finite number.
  uint8_t largest;
  /// What stands for numbers beyond the range without saturation.
  uint8_t beyond;
  uint8_t nan;
  /// One zero, one NaN, which stands where -0 would.
  bool isUnsignedZero = false;

  int signShift() const { return exponentBits + fractionBits; }
};

Format formatOf(DType dtype) {
  switch (dtype) {
  case DType::F8E4M3FN:
    return {4, 3, 7, 0x7e, 0x7f, 0x7f};
  case DType::F8E4M3FNUZ:
    return {4, 3, 8, 0x7f, 0x80, 0x80, true};
  case DType::F8E5M2:
    return {5, 2, 15, 0x7b, 0x7c, 0x7e};
  case DType::F8E5M2FNUZ:
    return {5, 2, 16, 0x7f, 0x80, 0x80, true};
  default:
    RUNE_CHECK(dtype == DType::F4E2M1FN, "a small binary float");
    return {2, 1, 1, 7, 7, 8};
  }
}

bool isNanCode(DType dtype, const Format &format, uint8_t bits) {
  if (format.isUnsignedZero)
    return bits == format.nan;
  unsigned magnitude = bits & 0x7f;
  return dtype == DType::F8E5M2     ? magnitude > 0x7c
         : dtype == DType::F8E4M3FN ? magnitude == 0x7f
                                    : false;
}

constexpr uint8_t powerNan = 0xff, powerLargest = 0xfe;
constexpr int powerBias = 127;

/// The element 2^(code - 127) of a positive number.
uint8_t roundToPower(double value, bool saturate, PowerRounding rounding) {
  if (std::isnan(value) || value < 0)
    return powerNan;
  if (std::isinf(value))
    return saturate ? powerLargest : powerNan;
  if (value < std::ldexp(1.0, -powerBias)) // 0 too
    return saturate ? 0 : powerNan;
  int exponent = std::ilogb(value);
  double rest = std::ldexp(value, -exponent) - 1;
  bool up = rounding == PowerRounding::Up        ? rest > 0
            : rounding == PowerRounding::Nearest ? rest >= 0.5
                                                 : false;
  int code = exponent + powerBias + (up ? 1 : 0);
  if (code <= powerLargest)
    return static_cast<uint8_t>(code);
  return saturate ? powerLargest : powerNan;
}

} // namespace

PowerRounding powerRoundingNamed(std::string_view name) {
  return name == "down"      ? PowerRounding::Down
         : name == "nearest" ? PowerRounding::Nearest
                             : PowerRounding::Up;
}

float smallFloat(DType dtype, uint8_t bits) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  if (dtype == DType::F8E8M0FNU)
    return bits == powerNan
               ? nan
               : static_cast<float>(std::ldexp(1.0, bits - powerBias));
  Format format = formatOf(dtype);
  float sign = bits >> format.signShift() & 1 ? -1.0f : 1.0f;
  if (isNanCode(dtype, format, bits))
    return std::copysign(nan, sign);
  int exponent = bits >> format.fractionBits & ((1 << format.exponentBits) - 1);
  int fraction = bits & ((1 << format.fractionBits) - 1);
  if (dtype == DType::F8E5M2 && exponent == 0x1f)
    return sign * std::numeric_limits<float>::infinity();
  if (exponent > 0)
    fraction += 1 << format.fractionBits;
  int power = std::max(exponent, 1) - format.bias - format.fractionBits;
  return sign * std::ldexp(static_cast<float>(fraction), power);
}

int8_t smallInteger(DType dtype, uint8_t bits) {
  unsigned width = dtypeBits(dtype);
  int value = bits & ((1 << width) - 1);
  bool isNegative =
      dtypeKind(dtype) == DTypeKind::SmallSigned && (value >> (width - 1)) != 0;
  return static_cast<int8_t>(isNegative ? value - (1 << width) : value);
}

IntegerLimits integerLimits(DType dtype) {
  int64_t count = int64_t{1} << dtypeBits(dtype);
  bool isSigned = dtypeKind(dtype) == DTypeKind::SmallSigned ||
                  dtypeKind(dtype) == DTypeKind::Signed;
  return isSigned ? IntegerLimits{-count / 2, count / 2 - 1}
                  : IntegerLimits{0, count - 1};
}

uint8_t roundToSmallFloat(DType dtype, double value, bool saturate,
                          PowerRounding rounding) {
  if (dtype == DType::F8E8M0FNU)
    return roundToPower(value, saturate, rounding);
  Format format = formatOf(dtype);
  auto sign =
      static_cast<uint8_t>((std::signbit(value) ? 1 : 0) << format.signShift());
  if (std::isnan(value))
    return format.isUnsignedZero || dtype == DType::F4E2M1FN
               ? format.nan
               : static_cast<uint8_t>(format.nan | sign);
  double magnitude = std::fabs(value);
  bool isBeyond = std::isinf(magnitude);
  unsigned code = 0;
  if (!isBeyond && magnitude > 0) {
    // The unit of the last place: one step of the binade, or of the
    // subnormals.
    int exponent = std::max(std::ilogb(magnitude), 1 - format.bias);
    // Far beyond the range `steps` would not fit.
    isBeyond = exponent > 64;
    if (!isBeyond) {
      double steps =
          std::nearbyint(std::ldexp(magnitude, format.fractionBits - exponent));
      code = (static_cast<unsigned>(exponent + format.bias - 1)
              << format.fractionBits) +
             static_cast<unsigned>(steps);
      isBeyond = code > format.largest;
    }
  }
  if (isBeyond)
    code = saturate ? format.largest : format.beyond;
  if (format.isUnsignedZero && (code == 0 || code == format.nan))
    return static_cast<uint8_t>(code);
  return static_cast<uint8_t>(code | sign);
}

void packBytes(unsigned bits, ByteSpan elements, std::span<uint8_t> packed) {
  if (bits == 2)
    packElements<2>(elements, packed);
  else if (bits == 4)
    packElements<4>(elements, packed);
  else
    std::ranges::copy(elements, packed.begin());
}

} // namespace rune::graph
