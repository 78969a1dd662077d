// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/odd_weights.h"

#include "graph/builder.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

#include <limits>

namespace rune::compile {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

graph::Constant weights(std::initializer_list<float> numbers) {
  auto count = static_cast<int64_t>(numbers.size());
  Tensor tensor = *Tensor::zeros(DType::F32, {count, 1});
  std::ranges::copy(numbers, tensor.as<float>().begin());
  return graph::Constant::of(std::move(tensor));
}

/// x · w, then the larger of that and a bound.
std::vector<OddWeight> found(std::initializer_list<float> factors,
                             std::initializer_list<float> bounds) {
  graph::GraphBuilder builder("model");
  TensorType type{DType::F32,
                  {Dim(1), Dim(static_cast<int64_t>(factors.size()))}};
  graph::ValueId x = builder.input("x", type);
  graph::ValueId w = builder.constant("w", weights(factors));
  graph::ValueId low = builder.constant("low", weights(bounds));
  graph::ValueId product = *builder.one(graph::Op::MatMul, "dense", {x, w});
  builder.output(*builder.one(graph::Op::Maximum, "bound", {product, low}),
                 "y");
  auto graph = std::move(builder).finish();
  EXPECT_TRUE(graph.ok()) << graph.error().message;
  return oddWeights(*graph);
}

TEST(OddWeights, AreNamedWithTheirLayer) {
  auto odd = found({1, nan, infinity, -infinity, 2}, {0});
  ASSERT_EQ(odd.size(), 1u);
  EXPECT_EQ(odd[0].str(), "`dense`, a matmul: 3 of the 5 numbers of its "
                          "weight `w` are NaN or infinite");
  EXPECT_EQ(found({1, nan}, {0}).at(0).str(),
            "`dense`, a matmul: 1 of the 2 numbers of its weight `w` is NaN");
  EXPECT_EQ(found({infinity}, {0}).at(0).str(),
            "`dense`, a matmul: 1 of the 1 numbers of its weight `w` is "
            "infinite");
}

TEST(OddWeights, AreNotThoseThatModelsHave) {
  EXPECT_TRUE(found({1, 0, -0.0F, std::numeric_limits<float>::max(),
                     std::numeric_limits<float>::denorm_min()},
                    {0})
                  .empty());
  // a bound that bounds nothing
  EXPECT_TRUE(found({1}, {-infinity}).empty());
  EXPECT_EQ(found({1}, {nan}).at(0).node, "bound");
}

} // namespace
} // namespace rune::compile
