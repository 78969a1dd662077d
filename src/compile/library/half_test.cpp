// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// numbers.h judges, which rounds a double of any size in one way and knows
// nothing of f32.
#include "compile/library/fast/half.h"

#include <gtest/gtest.h>

#include <random>

namespace rune::library {
namespace {

TEST(Half, EveryOneIsWidenedToItsBits) {
  for (uint32_t i = 0; i < 1 << 16; ++i) {
    auto bits = static_cast<uint16_t>(i);
    ASSERT_EQ(bitsOf(fromF16(bits)), bitsOf(widen(F16{bits}))) << i;
    ASSERT_EQ(bitsOf(fromBF16(bits)), bitsOf(widen(BF16{bits}))) << i;
  }
}

void expectRounded(uint32_t bits) {
  float x = floatOf(bits);
  ASSERT_EQ(toF16(x), narrow<F16>(x).bits) << std::hex << bits;
  ASSERT_EQ(toBF16(x), narrow<BF16>(x).bits) << std::hex << bits;
}

TEST(Half, TiesAndTheirNeighboursAreRoundedOnce) {
  for (uint32_t i = 0; i < 1 << 16; ++i)
    for (uint32_t half :
         {bitsOf(widen(F16{static_cast<uint16_t>(i)})), i << 16})
      for (uint32_t place : {0x1000u, 0x8000u, 0u, 0x2000u})
        for (int32_t near : {-1, 0, 1})
          expectRounded(half + place + static_cast<uint32_t>(near));
}

TEST(Half, SubnormalTiesAreRoundedOnce) {
  for (uint32_t step = 0; step < 1 << 11; ++step)
    for (int32_t near : {-1, 0, 1})
      expectRounded(bitsOf(static_cast<float>(step) * 0x1p-25f) +
                    static_cast<uint32_t>(near));
}

TEST(Half, AnyBitsAreRoundedOnce) {
  std::mt19937 random(1);
  for (int i = 0; i < 1 << 20; ++i)
    expectRounded(static_cast<uint32_t>(random()));
}

} // namespace
} // namespace rune::library
