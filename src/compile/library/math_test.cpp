// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The elementary functions against the C library's in extended precision.
#include "compile/library/math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace rune::library {
namespace {

double unitsApart(double actual, double expected) {
  if (std::isnan(actual) || std::isnan(expected))
    return std::isnan(actual) && std::isnan(expected) ? 0 : 1e9;
  if (actual == expected)
    return 0;
  if (std::isinf(actual) || std::isinf(expected))
    return 1e9;
  int exponent = 0;
  std::frexp(expected, &exponent);
  return std::fabs(actual - expected) /
         std::ldexp(1.0, std::max(exponent - 53, -1074));
}

struct Function {
  const char *name;
  double (*ours)(double);
  long double (*theirs)(long double);
  double low, high;
  /// Arguments are ±e^[low, high], not [low, high].
  bool exponential;
  /// Units in the last place of f64.
  double most;
};

#define RUNE_PAIR(name)                                                        \
  #name, [](double x) { return math::name(x); },                               \
      [](long double x) -> long double { return std::name(x); }

class Elementary : public testing::TestWithParam<Function> {};

TEST_P(Elementary, StaysWithinItsBound) {
  const Function &function = GetParam();
  std::mt19937_64 random(1);
  std::uniform_real_distribution<> within(function.low, function.high);
  for (int i = 0; i < 20000; ++i) {
    double x = within(random);
    if (function.exponential)
      x = std::exp(x) * (i % 2 == 0 ? 1 : -1);
    auto expected = static_cast<double>(function.theirs(x));
    ASSERT_LE(unitsApart(function.ours(x), expected), function.most)
        << function.name << "(" << x << ")";
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Elementary,
    testing::Values(Function{RUNE_PAIR(exp), -750, 715, false, 2},
                    Function{RUNE_PAIR(expm1), -40, 5, true, 3},
                    Function{RUNE_PAIR(log), 0, 10, false, 2},
                    Function{RUNE_PAIR(log1p), -1, 3, false, 2},
                    Function{RUNE_PAIR(log1p), -40, -1, true, 3},
                    Function{RUNE_PAIR(sin), -40, 700, true, 2},
                    Function{RUNE_PAIR(cos), -40, 700, true, 2},
                    Function{RUNE_PAIR(tan), -40, 700, true, 3},
                    Function{RUNE_PAIR(asin), -1.1, 1.1, false, 4},
                    Function{RUNE_PAIR(acos), -1.1, 1.1, false, 4},
                    Function{RUNE_PAIR(atan), -40, 40, true, 2},
                    Function{RUNE_PAIR(sinh), -10, 6.6, true, 4},
                    Function{RUNE_PAIR(cosh), -10, 6.6, true, 4},
                    Function{RUNE_PAIR(tanh), -10, 4, true, 4},
                    Function{RUNE_PAIR(asinh), -30, 300, true, 3},
                    Function{RUNE_PAIR(acosh), 0.9, 20, false, 3},
                    Function{RUNE_PAIR(atanh), -1.1, 1.1, false, 4},
                    Function{RUNE_PAIR(erf), -30, 2, true, 16},
                    Function{RUNE_PAIR(erfc), -3, 27, false, 64},
                    Function{RUNE_PAIR(floor), -1000, 1000, false, 0},
                    Function{RUNE_PAIR(ceil), -1000, 1000, false, 0}),
    [](const auto &info) {
      return std::string(info.param.name) + std::to_string(info.index);
    });

TEST(Math, RoundsTiesAsItSays) {
  for (double x = -8; x <= 8; x += 0.25) {
    EXPECT_EQ(math::roundEven(x), std::nearbyint(x)) << x;
    EXPECT_EQ(math::roundAway(x), std::round(x)) << x;
  }
  for (double x : {0x1p51 + 0.5, 0x1p52, -0x1p53, 1e300}) {
    EXPECT_EQ(math::roundEven(x), std::nearbyint(x));
    EXPECT_EQ(math::truncate(x), std::trunc(x));
  }
}

TEST(Math, PowersAndRests) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<> wide(-300, 300), narrow(-3, 3);
  for (int i = 0; i < 20000; ++i) {
    double a = std::exp(wide(random)), b = narrow(random);
    ASSERT_LE(unitsApart(math::pow(a, b), static_cast<double>(powl(a, b))), 2)
        << a << " " << b;
    double c = std::exp(wide(random)) * (i % 2 ? 1 : -1);
    ASSERT_EQ(math::fmod(c, a), std::fmod(c, a)) << c << " " << a;
  }
  const double inf = math::infinity;
  for (double a : {-inf, -2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, inf})
    for (double b : {-inf, -3.0, -2.5, -0.0, 0.0, 2.0, 3.0, 2.5, inf}) {
      double actual = math::pow(a, b), expected = std::pow(a, b);
      EXPECT_LE(unitsApart(actual, expected), 1) << a << " to the " << b;
      EXPECT_EQ(std::signbit(actual),
                std::signbit(expected) && !std::isnan(expected))
          << a << " to the " << b;
    }
}

TEST(Math, HalvesConvertAsTheProcessorSays) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    auto theirs = static_cast<float>(
        __builtin_bit_cast(_Float16, static_cast<uint16_t>(bits)));
    float ours = widen(F16{static_cast<uint16_t>(bits)});
    ASSERT_TRUE(ours == theirs || (std::isnan(ours) && std::isnan(theirs)));
  }
  std::mt19937_64 random(3);
  for (int i = 0; i < 200000; ++i) {
    auto at = [](uint64_t bits) {
      return static_cast<double>(widen(F16{static_cast<uint16_t>(bits)}));
    };
    uint64_t bits = random();
    double x = i % 2 == 0 ? (at(bits) + at(bits + 1)) / 2 // a tie
                          : std::ldexp(1.0 + std::ldexp(bits >> 12, -52),
                                       static_cast<int>(bits % 50) - 30);
    if (!std::isnan(x)) {
      ASSERT_EQ(narrow<F16>(x).bits,
                __builtin_bit_cast(uint16_t, static_cast<_Float16>(x)))
          << x;
    }
  }
}

} // namespace
} // namespace rune::library
