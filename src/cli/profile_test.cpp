// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/profile.h"

#include "graph/builder.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

namespace rune::cli {
namespace {

using graph::Op;

/// x · a · a as products, then their relu.
graph::Graph twoProducts() {
  graph::GraphBuilder builder("two");
  TensorType type{DType::F32, {Dim(10), Dim(10)}};
  graph::ValueId x = builder.input("x", type), a = builder.input("a", type);
  x = *builder.one(Op::MatMul, "first", {x, a});
  x = *builder.one(Op::MatMul, "second", {x, a});
  builder.output(*builder.one(Op::Relu, "relu", {x}), "y");
  return *std::move(builder).finish();
}

Profile threeRuns() {
  Profile profile({{.nodes = {0}, .anchor = 0},
                   {.nodes = {1}, .anchor = 1},
                   {.nodes = {2}, .anchor = 2}});
  profile.add({1000, 2000, 6000}, 10);
  profile.add({1000, 3000, 7000}, 13);
  profile.add({90'000, 1000, 5000}, 100); // something came between
  return profile;
}

TEST(Profile, SameWorkIsOneRowAndTheLongestComesFirst) {
  auto rows = threeRuns().rows(twoProducts());
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].what, "relu");
  EXPECT_EQ(rows[0].microseconds, 6);
  EXPECT_EQ(rows[0].calls, 1u);
  EXPECT_EQ(rows[1].what, "matmul 10x10·10x10");
  EXPECT_EQ(rows[1].names, (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(rows[1].microseconds, 1 + 2);
  EXPECT_EQ(rows[1].calls, 2u);
  EXPECT_EQ(rows[1].macs, 2000u);
}

TEST(Profile, WhatRunsTakeBesideTheirLayersIsTold) {
  Profile profile = threeRuns();
  EXPECT_EQ(profile.whole(), 13);
  EXPECT_EQ(profile.between(), 2); // of 1, 2 and 4
}

TEST(Profile, RowsAddUpToTheSum) {
  Profile profile = threeRuns();
  auto rows = profile.rows(twoProducts());
  Json json =
      profileJson(rows, {profile.between(), profile.whole(), 12, /*peak=*/2e9});
  double sum = json["between_us"].get<double>(), shares = 0;
  for (const Json &layer : json["layers"]) {
    sum += layer["median_us"].get<double>();
    shares += layer["share"].get<double>();
  }
  EXPECT_EQ(json["sum_us"], sum);
  EXPECT_NEAR(shares, 9.0 / 11, 1e-12);
  // 4000 operations in 3 µs are 1.33 GFLOP/s, of 2
  EXPECT_NEAR(json["layers"][1]["peak_share"].get<double>(), 2.0 / 3, 1e-9);
  EXPECT_TRUE(json["layers"][0]["gflops"].is_null());
}

TEST(Profile, TextEndsWithTheSum) {
  Profile profile = threeRuns();
  std::string text = profileText(profile.rows(twoProducts()), {2, 13, 12, 2e9});
  EXPECT_NE(text.find("    3.0   27.3 %      1.3     67 %   0.8      2  "
                      "matmul 10x10·10x10 → f32[10, 10]\n"),
            std::string::npos)
      << text;
  EXPECT_TRUE(text.ends_with("sum; whole runs took 13.0 us, without time "
                             "stamps 12.0\n"))
      << text;
}

TEST(Profile, OfNothingIsEmpty) {
  Profile profile({});
  EXPECT_EQ(profile.whole(), 0);
  EXPECT_TRUE(profile.rows({}).empty());
  EXPECT_NE(profileText({}, {}).find("all layers"), std::string::npos);
}

} // namespace
} // namespace rune::cli
