// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions that are made together with the depthwise one behind them,
// against the plain kernels: random windows, strides, dilations, paddings,
// sizes that leave remainders, operators between and behind, batches, threads.
#include "device/cpu/run_graph.h"

#include "graph/builder.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace rune::device {
namespace {

using graph::GraphBuilder;
using graph::noValue;
using graph::Op;
using graph::ValueId;
using Sizes = std::vector<int64_t>;

class Random {
public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  int64_t between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine_);
  }
  bool oneIn(int64_t n) { return between(1, n) == 1; }
  int64_t of(std::initializer_list<int64_t> all) {
    return all.begin()[between(0, static_cast<int64_t>(all.size()) - 1)];
  }
  Tensor tensor(Sizes sizes, float scale = 1) {
    Tensor tensor = *Tensor::zeros(DType::F32, std::move(sizes));
    std::normal_distribution<float> normal;
    for (float &x : tensor.as<float>())
      x = scale * normal(engine_);
    return tensor;
  }

private:
  std::mt19937 engine_;
};

/// What a test wants of a chain; the rest is drawn.
struct Wish {
  int64_t height = 0, width = 0, channels = 0, between = 0, kernel = 0;
};

/// conv, operators, depthwise conv, operators.
class Case {
public:
  explicit Case(uint32_t seed) : random_(seed), builder_("chain") {}

  graph::Graph chain(const Wish &wish = {}) {
    Sizes x = {random_.between(1, 2), orDrawn(wish.height, 1, 20),
               orDrawn(wish.width, 1, 45), orDrawn(wish.channels, 1, 40)};
    ValueId value = builder_.input("x", {DType::F32, dimsOf(x)});
    int64_t kernel = wish.kernel ? wish.kernel : random_.of({1, 1, 1, 2, 3});
    value = conv(value, orDrawn(wish.between, 2, 50), kernel, false);
    for (int64_t i = random_.between(0, 2); i > 0; --i)
      value = next(value);
    value =
        conv(value, 0, wish.kernel ? 3 : random_.of({1, 2, 3, 3, 3, 5}), true);
    for (int64_t i = random_.between(0, 2); i > 0; --i)
      value = next(value);
    builder_.output(value, "y");
    return *std::move(builder_).finish();
  }

private:
  int64_t orDrawn(int64_t wish, int64_t low, int64_t high) {
    return wish ? wish : random_.between(low, high);
  }
  static Dims dimsOf(const Sizes &sizes) {
    Dims dims;
    for (int64_t size : sizes)
      dims.push_back(Dim(size));
    return dims;
  }
  ValueId constant(Sizes sizes, float scale = 1) {
    return builder_.constant(
        "c", graph::Constant::of(random_.tensor(std::move(sizes), scale)));
  }

  /// A convolution whose sums are of the size of what it takes. Depthwise with
  /// as many channels as there are.
  ValueId conv(ValueId x, int64_t outputs, int64_t kernel, bool depthwise) {
    Sizes sizes = builder_.type(x).sizes(), strides, dilations, pads(4);
    Sizes weights = {depthwise ? sizes[3] : outputs, depthwise ? 1 : sizes[3]};
    for (size_t d = 0; d < 2; ++d) {
      int64_t taps = random_.oneIn(6) ? random_.between(1, 4) : kernel;
      int64_t dilation = random_.oneIn(4) ? 2 : 1;
      weights.push_back(taps);
      strides.push_back(random_.of({1, 1, 1, 2, 2, 3}));
      dilations.push_back(dilation);
      int64_t reach = (taps - 1) * dilation;
      pads[d] = random_.between(0, reach);
      pads[d + 2] = random_.between(0, reach);
      if (pads[d] + sizes[1 + d] + pads[d + 2] <= reach)
        pads[d] = pads[d + 2] = reach;
    }
    float scale =
        1 / std::sqrt(static_cast<float>(weights[1] * weights[2] * weights[3]));
    std::vector<ValueId> in = {x, constant(weights, scale)};
    if (!random_.oneIn(3))
      in.push_back(constant({weights[0]}));
    return *builder_.one(Op::Conv, "conv", in,
                         {{"layout", std::string("NXC")},
                          {"strides", strides},
                          {"dilations", dilations},
                          {"pads", pads},
                          {"groups", depthwise ? weights[0] : int64_t{1}}});
  }

  /// An elementwise operator, some with an operand of the run.
  ValueId next(ValueId x) {
    Sizes sizes = builder_.type(x).sizes();
    switch (random_.between(0, 4)) {
    case 0:
      return *builder_.one(Op::Relu, "n", {x});
    case 1:
      return *builder_.one(Op::Sigmoid, "n", {x});
    case 2:
      return *builder_.one(Op::Add, "n", {x, constant({sizes[3]})});
    case 3:
      for (int64_t &size : sizes)
        size = random_.oneIn(3) ? 1 : size;
      return *builder_.one(
          Op::Add, "n", {x, builder_.input("o", {DType::F32, dimsOf(sizes)})});
    default: {
      Tensor low = *Tensor::zeros(DType::F32, {}),
             high = *Tensor::zeros(DType::F32, {});
      high.as<float>()[0] = 2;
      auto number = [&](Tensor &tensor) {
        return builder_.constant("c", graph::Constant::of(std::move(tensor)));
      };
      std::vector<ValueId> in = {x, number(low), number(high)};
      return *builder_.one(Op::Clamp, "n", in);
    }
    }
  }

  Random random_;
  GraphBuilder builder_;
};

/// Calls that hold a depthwise convolution and what feeds it.
size_t chainsOf(const compile::Program &program) {
  size_t chains = 0;
  for (const compile::Call &call : program.calls) {
    auto isConv = [&](uint32_t node) {
      return program.graph.nodes[node].op == Op::Conv;
    };
    chains += std::ranges::count_if(call.nodes, isConv) > 1;
  }
  return chains;
}

/// True if the graph ran as a chain.
bool compare(const graph::Graph &graph, uint32_t seed, uint8_t level,
             uint32_t workers) {
  Random random(seed + 1000);
  std::vector<Tensor> inputs;
  for (ValueId id : graph.inputs)
    inputs.push_back(random.tensor(graph.values[id].type.sizes()));
  size_t chains = 0;
  auto run = [&](bool fast) {
    compile::Options options;
    options.target.level = level;
    options.fast = fast;
    options.workers = workers;
    auto prepared =
        CpuRun::prepare(graph, options, std::make_shared<Pool>(workers));
    chains += chainsOf((*prepared)->program());
    graph::State state;
    std::vector<TensorView> views = viewsOf(inputs);
    auto results = (*prepared)->run(borrowed(views), {}, state);
    return *Tensor::copyOf((*results)[0].view());
  };
  Tensor fast = run(true), plain = run(false);
  EXPECT_TRUE(std::ranges::equal(fast.view().sizes, plain.view().sizes));
  std::span<const float> a = fast.as<float>(), b = plain.as<float>();
  for (size_t i = 0; i < a.size(); ++i)
    if (!(std::fabs(a[i] - b[i]) <= 1e-5f * std::max(1.0f, std::fabs(b[i])))) {
      ADD_FAILURE() << "element " << i << ": " << a[i] << " instead of "
                    << b[i];
      break;
    }
  return chains == 1;
}

/// For each width of vectors that this machine has, on one to four threads.
size_t compareAll(uint32_t first, uint32_t count, const Wish &wish = {}) {
  machine::Target host = machine::hostTarget();
  uint8_t lowest = host.level < 2 ? host.level : 2;
  size_t chains = 0;
  for (uint32_t seed = first; seed < first + count; ++seed) {
    auto level =
        static_cast<uint8_t>(lowest + seed % (host.level - lowest + 1));
    SCOPED_TRACE(fmt::format("level {}, seed {}", level, seed));
    chains += compare(Case(seed).chain(wish), seed, level, 1 + seed / 2 % 4);
    if (testing::Test::HasFailure())
      break;
  }
  return chains;
}

TEST(FastChains, AgreeWithPlainKernels) {
  // some are not joined: operands that are stretched change the shape, bands
  // would be made twice
  EXPECT_GE(compareAll(0, 20), 12u);
}
TEST(FastChains, AreCutIntoBandsWhereImagesAreLarge) {
  EXPECT_EQ(compareAll(100, 3,
                       {.height = 60,
                        .width = 130,
                        .channels = 3,
                        .between = 20,
                        .kernel = 1}),
            3u);
}
TEST(FastChains, SumPieceByPieceOverManyChannels) {
  EXPECT_EQ(compareAll(200, 3,
                       {.height = 13,
                        .width = 9,
                        .channels = 300,
                        .between = 35,
                        .kernel = 1}),
            3u);
}

/// x → 1x1 → relu → depthwise 3x3 (→ y).
graph::Graph smallChain(bool showsBetween, Sizes pads) {
  Random random(7);
  GraphBuilder builder("small");
  auto weights = [&](Sizes sizes) {
    return builder.constant("w", graph::Constant::of(random.tensor(sizes)));
  };
  ValueId x =
      builder.input("x", {DType::F32, {Dim(1), Dim(8), Dim(8), Dim(4)}});
  ValueId between = *builder.one(Op::Conv, "first", {x, weights({12, 4, 1, 1})},
                                 {{"layout", std::string("NXC")}});
  between = *builder.one(Op::Relu, "relu", {between});
  ValueId y =
      *builder.one(Op::Conv, "second", {between, weights({12, 1, 3, 3})},
                   {{"layout", std::string("NXC")},
                    {"groups", int64_t{12}},
                    {"pads", pads}});
  builder.output(y, "y");
  if (showsBetween)
    builder.output(between, "between");
  return *std::move(builder).finish();
}

TEST(FastChains, ImageBetweenTakesNoMemory) {
  auto run = CpuRun::prepare(smallChain(false, {1, 1, 1, 1}));
  ASSERT_TRUE(run.ok());
  const compile::Program &program = (*run)->program();
  EXPECT_EQ(chainsOf(program), 1u);
  for (const graph::Node &node : program.graph.nodes)
    EXPECT_EQ(program.places[node.outputs[0]].kind == compile::Place::Arena,
              node.name == "second");
}
TEST(FastChains, WhatSomebodyElseNeedsStays) {
  auto run = CpuRun::prepare(smallChain(true, {1, 1, 1, 1}));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(chainsOf((*run)->program()), 0u);
}
TEST(FastChains, PadsThatCropStayAlone) {
  auto run = CpuRun::prepare(smallChain(false, {-1, 1, 1, 1}));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(chainsOf((*run)->program()), 0u);
}

} // namespace
} // namespace rune::device
