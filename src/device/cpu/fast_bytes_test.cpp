// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fast kernels of 8-bit integers against the evaluator, to the bit, on sizes
// that leave remainders: of a tile, a vector, a band of a picture.
#include "device/cpu/run_graph.h"

#include "graph/builder.h"
#include "graph/evaluate.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

#include <random>

namespace rune::device {
namespace {

using graph::GraphBuilder;
using graph::noValue;
using graph::Op;
using graph::ValueId;
using List = std::vector<int64_t>;

Tensor bytesOf(DType dtype, const List &sizes, uint32_t seed) {
  Tensor tensor = *Tensor::zeros(dtype, sizes);
  std::mt19937 random(seed);
  for (uint8_t &byte : tensor.bytes())
    byte = static_cast<uint8_t>(random());
  return tensor;
}

/// For each width of vectors that this machine has.
void agree(const graph::Graph &graph, uint32_t seed) {
  const graph::Value &x = graph.values[graph.inputs[0]];
  Tensor input = bytesOf(x.type.dtype, x.type.sizes(), seed);
  TensorView view = input.view();
  auto expected = graph::evaluate(graph, {&view, 1});
  ASSERT_TRUE(expected.ok()) << expected.error().message;
  machine::Target host = machine::hostTarget();
  for (uint8_t level = host.level < 2 ? host.level : 2; level <= host.level;
       ++level) {
    SCOPED_TRACE(fmt::format("level {}", level));
    compile::Options options;
    options.target.level = level;
    options.workers = 1 + seed % 3;
    auto results = runOnce(graph, {&view, 1}, options,
                           std::make_shared<Pool>(options.workers));
    ASSERT_TRUE(results.ok()) << results.error().message;
    ASSERT_TRUE(
        std::ranges::equal((*results)[0].view().data, (*expected)[0].bytes()));
  }
}

struct Convolution {
  DType dtype;
  List x, weights, strides, pads, dilations = {1, 1};
  int64_t groups = 1;
};

Tensor numbers(const List &sizes, int32_t low, int32_t high, uint32_t seed) {
  Tensor tensor = *Tensor::zeros(DType::I32, sizes);
  std::mt19937 random(seed);
  std::uniform_int_distribution<int32_t> next(low, high);
  for (int32_t &number : tensor.as<int32_t>())
    number = next(random);
  return tensor;
}

/// With a bias, and a requantisation that every second column of which wants
/// another shift.
graph::Graph graphOf(const Convolution &made, uint32_t seed,
                     const std::string &rounding = "tflite-double") {
  GraphBuilder builder("bytes");
  auto constant = [&](Tensor tensor) {
    return builder.constant("c", graph::Constant::of(std::move(tensor)));
  };
  Dims dims;
  for (int64_t size : made.x)
    dims.push_back(Dim(size));
  int64_t columns = made.weights[0];
  Tensor zero = bytesOf(made.dtype, {}, seed + 1);
  Tensor shifts = numbers({columns}, -9, -5, seed + 2);
  ValueId sums =
      *builder.one(Op::ConvInteger, "conv",
                   {builder.input("x", {made.dtype, dims}),
                    constant(bytesOf(DType::I8, made.weights, seed + 3)),
                    constant(numbers({columns}, -5000, 5000, seed + 4)),
                    constant(std::move(zero))},
                   {{"layout", std::string("NXC")},
                    {"strides", made.strides},
                    {"pads", made.pads},
                    {"dilations", made.dilations},
                    {"groups", made.groups}});
  ValueId y = *builder.one(
      Op::Requantize, "steps",
      {sums, constant(numbers({columns}, 1 << 30, INT32_MAX, seed + 5)),
       constant(std::move(shifts)), constant(bytesOf(DType::I8, {}, seed + 6))},
      {{"axis", static_cast<int64_t>(made.x.size()) - 1},
       {"dtype", std::string("i8")},
       {"rounding", rounding}});
  builder.output(y, "y");
  return *std::move(builder).finish();
}

void agree(const std::vector<Convolution> &all) {
  uint32_t seed = 0;
  for (const Convolution &one : all) {
    SCOPED_TRACE(fmt::format("case {}", ++seed));
    agree(graphOf(one, seed), seed);
  }
}

// Pairs of a window's row run on over its places.
TEST(FastBytes, ThinConvolutions) {
  agree(
      {{DType::I8, {1, 20, 16, 1}, {8, 1, 10, 8}, {2, 2}, {4, 3, 5, 3}},
       {DType::U8, {2, 23, 19, 3}, {21, 3, 7, 7}, {2, 2}, {3, 3, 2, 2}},
       {DType::I8, {1, 90, 70, 3}, {17, 3, 3, 3}, {1, 2}, {0, 1, 1, 0}},
       {DType::U8, {1, 9, 11, 5}, {33, 5, 2, 3}, {1, 1}, {2, 2, 1, 4}, {2, 1}},
       {DType::I8, {1, 4, 3, 1}, {3, 1, 4, 3}, {3, 1}, {3, 2, 3, 2}},
       {DType::I8, {1, 1, 30, 1}, {16, 1, 1, 9}, {1, 4}, {0, 0, 0, 0}}});
}

// Channels that end within a vector, bands that end within a picture.
TEST(FastBytes, DepthwiseConvolutions) {
  auto depthwise = [](DType dtype, List x, List kernel, List strides, List pads,
                      List dilations = {1, 1}) {
    int64_t channels = x[3];
    return Convolution{dtype,
                       std::move(x),
                       {channels, 1, kernel[0], kernel[1]},
                       std::move(strides),
                       std::move(pads),
                       std::move(dilations),
                       channels};
  };
  agree({depthwise(DType::I8, {2, 7, 9, 8}, {3, 3}, {1, 1}, {1, 1, 1, 1}),
         depthwise(DType::U8, {1, 8, 7, 21}, {3, 3}, {2, 2}, {0, 1, 1, 0}),
         depthwise(DType::I8, {1, 40, 61, 44}, {3, 3}, {1, 1}, {1, 1, 1, 1}),
         depthwise(DType::I8, {3, 24, 1, 130}, {5, 1}, {1, 1}, {0, 0, 0, 0}),
         depthwise(DType::U8, {1, 9, 12, 19}, {2, 4}, {1, 2}, {3, 2, 1, 4},
                   {2, 3}),
         depthwise(DType::U8, {1, 5, 6, 3}, {5, 6}, {1, 1}, {4, 7, 4, 7}),
         depthwise(DType::I8, {1, 3, 300, 16}, {3, 3}, {2, 3}, {1, 1, 1, 1})});
}

// Each rule of rounding, over all that its sums may be.
TEST(FastBytes, RequantisationsInFloats) {
  uint32_t seed = 40;
  for (const char *rounding : {"tflite-double", "tflite-single", "onnx-even"})
    for (List weights : {List{37, 8, 1, 1}, List{19, 30, 3, 3}}) {
      SCOPED_TRACE(rounding);
      Convolution made{
          DType::I8, {1, 40, 40, weights[1]}, weights, {1, 1}, List(4)};
      ++seed;
      agree(graphOf(made, seed, rounding), seed);
    }
}

// Sums of two branches, whose bytes each convolution makes itself.
TEST(FastBytes, TwoBranchesOfASum) {
  GraphBuilder builder("branches");
  auto constant = [&](Tensor tensor) {
    return builder.constant("c", graph::Constant::of(std::move(tensor)));
  };
  ValueId x = builder.input("x", *parseTensorType("i8[1, 9, 7, 12]"));
  auto step = [&](ValueId from, DType to, int32_t shift, int64_t left) {
    return *builder.one(
        Op::Requantize, "step",
        {from, constant(numbers({}, 1 << 30, INT32_MAX, 5)),
         constant(numbers({}, shift, shift, 0))},
        {{"dtype", std::string(dtypeName(to))}, {"left_shift", left}});
  };
  ValueId branches[2];
  for (uint32_t i = 0; i < 2; ++i) {
    ValueId sums =
        *builder.one(Op::ConvInteger, "conv",
                     {x, constant(bytesOf(DType::I8, {20, 12, 1, 1}, i))},
                     {{"layout", std::string("NXC")}});
    branches[i] = step(step(sums, DType::I8, -8, 0), DType::I32, -1, 20);
  }
  ValueId sum = *builder.one(Op::Add, "sum", {branches[0], branches[1]});
  builder.output(step(sum, DType::I8, -19, 0), "y");
  graph::Graph graph = *std::move(builder).finish();
  agree(graph, 3);
}

TEST(FastBytes, AveragePools) {
  uint32_t seed = 0;
  struct Try {
    const char *type;
    List kernel, strides, pads;
    int64_t ceil = 0, padded = 0;
  };
  for (const Try &made : std::vector<Try>{
           {"i8[2, 9, 8, 37]", {3, 2}, {2, 1}, {1, 0, 0, 1}},
           {"u8[2, 9, 8, 37]", {3, 2}, {2, 1}, {1, 0, 0, 1}, 0, 1},
           {"i8[1, 25, 23, 64]", {25, 23}, {25, 23}, {0, 0, 0, 0}},
           {"u8[1, 30, 40, 24]", {30, 40}, {1, 1}, {0, 0, 0, 0}},
           {"i8[1, 7, 6, 300]", {2, 2}, {2, 2}, {0, 0, 0, 0}, 1},
           {"u8[1, 13, 5]", {4}, {3}, {2, 1}, 1, 1},
           // windows that may have nothing to count stay with the plain kernel
           {"i8[1, 6, 6, 16]", {2, 2}, {3, 3}, {1, 1, 1, 1}}}) {
    SCOPED_TRACE(made.type);
    GraphBuilder builder("pool");
    ValueId x = builder.input("x", *parseTensorType(made.type));
    ValueId y = *builder.one(Op::AveragePool, "pool", {x},
                             {{"kernel", made.kernel},
                              {"strides", made.strides},
                              {"pads", made.pads},
                              {"ceil", made.ceil},
                              {"count_include_pad", made.padded},
                              {"layout", std::string("NXC")}});
    if (++seed % 2 == 0)
      y = *builder.one(Op::Add, "twice", {y, y});
    builder.output(y, "y");
    agree(*std::move(builder).finish(), seed);
  }
}

} // namespace
} // namespace rune::device
