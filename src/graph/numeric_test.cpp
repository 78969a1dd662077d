// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The 16-bit floats, against the compiler's own `_Float16` and against the rule
// of nearest neighbours.
#include "graph/numeric.h"

#include <gtest/gtest.h>

#include <random>

namespace rune::graph {
namespace {

bool isNanBits(uint16_t bits) { return (bits & 0x7fff) > 0x7c00; }

TEST(Numeric, EveryF16IsReadLikeTheCompilerDoes) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    F16 half{static_cast<uint16_t>(bits)};
    auto expected = static_cast<float>(std::bit_cast<_Float16>(half.bits));
    if (isNanBits(half.bits))
      EXPECT_TRUE(std::isnan(toFloat(half)));
    else
      EXPECT_EQ(std::bit_cast<uint32_t>(toFloat(half)),
                std::bit_cast<uint32_t>(expected))
          << bits;
  }
}

TEST(Numeric, EveryHalfSurvivesTheWayThere) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    uint16_t half = static_cast<uint16_t>(bits);
    uint16_t quietF16 = isNanBits(half) ? half | 0x200 : half;
    EXPECT_EQ(roundToF16(toFloat(F16{half})).bits, quietF16);
    bool isNan = (half & 0x7fff) > 0x7f80;
    uint16_t quietBF16 = isNan ? half | 0x40 : half;
    EXPECT_EQ(roundToBF16(toFloat(BF16{half})).bits, quietBF16);
  }
}

TEST(Numeric, DoublesRoundToF16LikeTheCompilerDoes) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponent(-30, 17), sign(-1, 1);
  for (int i = 0; i < 200000; ++i) {
    double value = std::copysign(std::exp2(exponent(random)), sign(random));
    EXPECT_EQ(roundToF16(value).bits,
              std::bit_cast<uint16_t>(static_cast<_Float16>(value)))
        << value;
  }
}

/// Between two neighbours, the tie and what is just beside it.
template <class Half, class Round>
void checkTies(uint32_t first, uint32_t last, Round round) {
  for (uint32_t bits = first; bits < last; ++bits) {
    double low = toFloat(Half{static_cast<uint16_t>(bits)});
    double high = toFloat(Half{static_cast<uint16_t>(bits + 1)});
    double tie = low + (high - low) / 2;
    EXPECT_EQ(round(tie).bits, bits + bits % 2);
    EXPECT_EQ(round(std::nextafter(tie, low)).bits, bits);
    EXPECT_EQ(round(std::nextafter(tie, high)).bits, bits + 1);
    EXPECT_EQ(round(-tie).bits, (bits + bits % 2) | 0x8000);
  }
}

TEST(Numeric, TiesGoToEvenAndNothingIsRoundedTwice) {
  checkTies<F16>(0, 0x7bff, roundToF16);
  checkTies<BF16>(0, 0x7f7f, roundToBF16);
  EXPECT_EQ(roundToF16(65520).bits, 0x7c00);
  EXPECT_EQ(roundToF16(std::nextafter(65520, 0)).bits, 0x7bff);
  EXPECT_EQ(roundToF16(1e300).bits, 0x7c00);
  EXPECT_EQ(roundToF16(-1e-300).bits, 0x8000);
  EXPECT_EQ(roundToBF16(1e300).bits, 0x7f80);
  EXPECT_EQ(roundToBF16(-INFINITY).bits, 0xff80);
}

} // namespace
} // namespace rune::graph
