// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of one row, whose weights are kept in as few bits as hold them:
// which kernel takes what, and its results beside the plain kernel's. Integers
// to the bit, floats within √K units (docs/ops.md, "Bounds").
#include "compile/prepack.h"
#include "device/cpu/run_graph.h"

#include "graph/builder.h"
#include "graph/numeric.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

namespace rune::device {
namespace {

using compile::Anchor;
using graph::Op;
using graph::ValueId;
using Sizes = std::vector<int64_t>;

struct Product {
  int64_t inner, columns;
  bool transposed = false;
  /// Weight number i of column c.
  std::function<float(int64_t, int64_t)> weight = nullptr;

  Tensor weights() const {
    Tensor all = *Tensor::zeros(DType::F32, transposed ? Sizes{columns, inner}
                                                       : Sizes{inner, columns});
    for (int64_t k = 0; k < inner; ++k)
      for (int64_t c = 0; c < columns; ++c)
        all.as<float>()[static_cast<size_t>(
            transposed ? c * inner + k : k * columns + c)] = weight(k, c);
    return all;
  }

  /// With something behind it.
  graph::Graph graph() const {
    graph::GraphBuilder builder("row");
    ValueId x = builder.input("x", {DType::F32, Dims{1, inner}});
    ValueId w = builder.constant("w", graph::Constant::of(weights()));
    ValueId y = *builder.one(Op::MatMul, "product", {x, w},
                             {{"transpose_b", int64_t{transposed}}});
    Tensor more = *Tensor::zeros(DType::F32, {columns});
    for (size_t c = 0; c < more.count(); ++c)
      more.as<float>()[c] = 0.01f * static_cast<float>(c);
    y = *builder.one(
        Op::Add, "more",
        {y, builder.constant("m", graph::Constant::of(std::move(more)))});
    builder.output(*builder.one(Op::Relu, "relu", {y}), "y");
    return *std::move(builder).finish();
  }
};

Anchor kindOf(const graph::Graph &graph) {
  return compile::packableAs(graph, graph.nodes[0], machine::hostTarget());
}

Tensor resultOf(const graph::Graph &graph, const std::vector<Tensor> &inputs,
                bool fast, uint8_t level, uint32_t workers) {
  compile::Options options;
  options.fast = fast;
  options.target.level = level;
  options.workers = workers;
  auto results =
      runOnce(graph, viewsOf(inputs), options, std::make_shared<Pool>(workers));
  EXPECT_TRUE(results.ok());
  return *Tensor::copyOf((*results)[0].view());
}

/// Calls `body(level, workers)` for each width of vectors of this machine.
template <class F> void eachLevel(F body) {
  machine::Target host = machine::hostTarget();
  for (uint8_t level = std::min<uint8_t>(host.level, 2); level <= host.level;
       ++level)
    body(level, uint32_t{1} + level % 3);
}

void expectKind(const Product &product, Anchor kind) {
  graph::Graph graph = product.graph();
  ASSERT_EQ(static_cast<int>(kindOf(graph)), static_cast<int>(kind));
  std::vector<Tensor> inputs;
  inputs.push_back(*Tensor::zeros(DType::F32, {1, product.inner}));
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (float &element : inputs[0].as<float>())
    element = normal(random);
  eachLevel([&](uint8_t level, uint32_t workers) {
    SCOPED_TRACE(fmt::format("level {}", level));
    Tensor fast = resultOf(graph, inputs, true, level, workers),
           plain = resultOf(graph, inputs, false, level, workers);
    double largest = 1;
    for (float y : plain.as<float>())
      largest = std::max(largest, double(y));
    double bound = 0x1p-21 * std::sqrt(double(product.inner)) * largest;
    for (size_t i = 0; i < plain.count(); ++i)
      ASSERT_NEAR(fast.as<float>()[i], plain.as<float>()[i], bound) << i;
  });
}

/// Neither a whole number of blocks, nor of panels, nor of streams.
std::vector<Product> shapes() {
  return {{300, 130}, {257, 210, true}, {1024, 64}, {33, 1100, true}};
}
void expectKinds(const std::function<float(int64_t, int64_t)> &weight,
                 Anchor kind) {
  for (Product product : shapes()) {
    SCOPED_TRACE(fmt::format("{} by {}", product.inner, product.columns));
    product.weight = weight;
    expectKind(product, kind);
  }
}

/// Some number from 0 on, below `end`.
int64_t some(int64_t k, int64_t c, int64_t end) {
  auto mixed = static_cast<uint64_t>(k * 7919 + c * 104729 + 1);
  mixed *= 0x9e3779b97f4a7c15u;
  return static_cast<int64_t>((mixed >> 33) % static_cast<uint64_t>(end));
}
/// That of a block of 32 weights.
float scaleOf(int64_t k, int64_t c) {
  return 0.001f * static_cast<float>(1 + some(k / 32, c, 997));
}

TEST(FastRows, FourBits) {
  expectKinds(
      [](int64_t k, int64_t c) {
        return static_cast<float>(some(k, c, 16) - 8) * scaleOf(k, c);
      },
      Anchor::RowI4);
}
TEST(FastRows, FourBitsOfNegativeScales) {
  expectKinds(
      [](int64_t k, int64_t c) {
        return static_cast<float>(some(k, c, 16) - 8) * -scaleOf(k, c);
      },
      Anchor::RowI4);
}
TEST(FastRows, FourBitsWithZeroPoints) {
  expectKinds(
      [](int64_t k, int64_t c) {
        int64_t zero = some(k / 32, c + 1, 16);
        return static_cast<float>(some(k, c, 16) - zero) * scaleOf(k, c);
      },
      Anchor::RowI4);
}
TEST(FastRows, BlocksOfZeros) {
  expectKinds(
      [](int64_t k, int64_t c) {
        return k / 32 % 2 == 0 ? 0 : static_cast<float>(some(k, c, 3)) * 0.25f;
      },
      Anchor::RowI4);
}
TEST(FastRows, SixteenBits) {
  expectKinds(
      [](int64_t k, int64_t c) {
        return graph::widen(graph::narrow<graph::F16>(
            0.001f * static_cast<float>(some(k, c, 20000) - 10000)));
      },
      Anchor::RowF16);
  expectKinds(
      [](int64_t k, int64_t c) {
        return graph::widen(graph::narrow<graph::BF16>(
            0.001f * static_cast<float>(some(k, c, 20000) - 10000)));
      },
      Anchor::RowBF16);
}
TEST(FastRows, SubnormalHalves) {
  expectKinds(
      [](int64_t k, int64_t c) {
        return k % 2 == 0 ? static_cast<float>(some(k, c, 1000)) * 0x1p-24f
                          : 1 + static_cast<float>(some(k, c, 1000)) / 1024;
      },
      Anchor::RowF16);
}
/// One weight that does not fit is enough.
TEST(FastRows, OthersStayF32) {
  Product product{300, 130, false, [](int64_t k, int64_t c) {
                    return k == 299 && c == 129
                               ? 0.1f
                               : static_cast<float>(some(k, c, 16) - 8) * 0.5f;
                  }};
  expectKind(product, Anchor::MatMul);
}
TEST(FastRows, FewWeightsStayF32) {
  Product product{100, 30, false, [](int64_t, int64_t) { return 1.0f; }};
  expectKind(product, Anchor::MatMul);
}

/// x, weights, bias, zero points of both.
graph::Graph integers(DType x, DType weights, int64_t inner, int64_t columns,
                      bool each, bool isZeroKnown, std::mt19937 &random) {
  graph::GraphBuilder builder("bytes");
  auto constant = [&](DType dtype, Sizes sizes) {
    Tensor tensor = *Tensor::zeros(dtype, std::move(sizes));
    for (uint8_t &byte : tensor.bytes())
      byte = static_cast<uint8_t>(random());
    return builder.constant("c", graph::Constant::of(std::move(tensor)));
  };
  ValueId in = builder.input("x", {x, Dims{1, 1, inner}});
  ValueId w = constant(weights, {inner, columns}),
          bias = constant(DType::I32, {columns}),
          zero = isZeroKnown ? constant(x, {}) : builder.input("zero", {x, {}}),
          zeros = constant(weights, each ? Sizes{columns} : Sizes{});
  builder.output(*builder.one(Op::MatMulInteger, "product",
                              {in, w, bias, zero, zeros}, {}),
                 "y");
  return *std::move(builder).finish();
}

TEST(FastRows, BytesToTheBit) {
  std::mt19937 random(5);
  for (DType left : {DType::I8, DType::U8})
    for (DType right : {DType::I8, DType::U8})
      for (bool each : {false, true}) {
        bool isZeroKnown = each == (left == right);
        graph::Graph graph =
            integers(left, right, 301, 139, each, isZeroKnown, random);
        ASSERT_EQ(static_cast<int>(kindOf(graph)),
                  static_cast<int>(Anchor::RowI8));
        std::vector<Tensor> inputs;
        inputs.push_back(*Tensor::zeros(left, {1, 1, 301}));
        if (!isZeroKnown)
          inputs.push_back(*Tensor::zeros(left, {}));
        for (Tensor &input : inputs)
          for (uint8_t &byte : input.bytes())
            byte = static_cast<uint8_t>(random());
        eachLevel([&](uint8_t level, uint32_t workers) {
          Tensor fast = resultOf(graph, inputs, true, level, workers),
                 plain = resultOf(graph, inputs, false, level, workers);
          EXPECT_TRUE(std::ranges::equal(fast.bytes(), plain.bytes()));
        });
      }
}

} // namespace
} // namespace rune::device
