// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/quantities.h"

#include <gtest/gtest.h>

using namespace rune::cli;
using namespace std::chrono_literals;

TEST(Quantities, DurationsHaveUnits) {
  EXPECT_EQ(parseDuration("1s"), 1s);
  EXPECT_EQ(parseDuration("2"), 2s);
  EXPECT_EQ(parseDuration("250ms"), 250ms);
  EXPECT_EQ(parseDuration("1.5s"), 1500ms);
  EXPECT_EQ(parseDuration("2m"), 120s);
}

TEST(Quantities, WhatIsNoDurationIsRefused) {
  for (const char *text : {"", "s", "-1s", "1 s", "1x", "nan", "inf", "1e30h"})
    EXPECT_EQ(parseDuration(text), std::nullopt) << text;
}

TEST(Quantities, BytesArePowersOf1024) {
  EXPECT_EQ(parseBytes("65536"), 65536u);
  EXPECT_EQ(parseBytes("64K"), 65536u);
  EXPECT_EQ(parseBytes("64M"), 64u << 20);
  EXPECT_EQ(parseBytes("64MB"), 64u << 20);
  EXPECT_EQ(parseBytes("64MiB"), 64u << 20);
  EXPECT_EQ(parseBytes("2G"), uint64_t{2} << 30);
}

TEST(Quantities, WhatIsNoSizeIsRefused) {
  for (const char *text : {"", "M", "-1M", "1T5", "64 M", "1e40"})
    EXPECT_EQ(parseBytes(text), std::nullopt) << text;
}
