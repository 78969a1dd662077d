// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fast kernels against the evaluator, on sizes that leave remainders: of a
// tile, of a vector, of a block, of a piece of a long sum.
#include "device/cpu/run_graph.h"

#include "graph/bounds.h"
#include "graph/builder.h"
#include "graph/evaluate.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace rune::device {
namespace {

using graph::GraphBuilder;
using graph::Op;
using graph::ValueId;

using List = std::vector<int64_t>;

Tensor numbers(const std::string &type, uint32_t seed, float offset = 0) {
  auto parsed = parseTensorType(type);
  auto tensor = Tensor::zeros(parsed->dtype, parsed->sizes());
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> next(-1, 1);
  for (float &x : tensor->as<float>())
    x = offset + next(random);
  return std::move(*tensor);
}

/// One operator with its inputs, and what follows it.
struct Try {
  Op op;
  std::vector<std::string> inputs;
  std::vector<graph::Attribute> attributes = {};
  /// Adds an operand of the result's size, and takes what is positive.
  bool followed = true;
  float offset = 0;
  /// These numbers stand in the first input, or in another one.
  std::vector<float> special = {};
  size_t specialInput = 0;
  /// Several are given out as they are.
  size_t results = 1;

  std::vector<Tensor> tensors(uint32_t seed) const {
    std::vector<Tensor> all;
    for (const std::string &type : inputs)
      all.push_back(
          numbers(type, seed * 7 + static_cast<uint32_t>(all.size()), offset));
    for (size_t i = 0; i < special.size(); ++i)
      all[specialInput].as<float>()[i * 5 % all[specialInput].count()] =
          special[i];
    return all;
  }
  void addTo(GraphBuilder &builder, const std::string &name) const {
    std::vector<ValueId> ids;
    for (const std::string &type : inputs)
      ids.push_back(builder.input(fmt::format("{}_x{}", name, ids.size()),
                                  *parseTensorType(type)));
    auto y = builder.node(op, name, ids, attributes, results);
    ASSERT_TRUE(y.ok()) << y.error().message;
    ValueId result = (*y)[0];
    for (size_t i = 1; i < results; ++i)
      builder.output((*y)[i], fmt::format("{}_y{}", name, i));
    if (followed) {
      List sizes = builder.type(result).sizes();
      auto other = std::make_shared<Tensor>(*Tensor::zeros(DType::F32, sizes));
      for (size_t i = 0; i < other->count(); ++i)
        other->as<float>()[i] = static_cast<float>(i % 13) * 0.125f;
      ValueId constant = builder.constant(
          name + "_c", {DType::F32, sizes, other->bytes(), other});
      result = *builder.one(Op::Add, name + "_add", {result, constant});
      result = *builder.one(Op::Relu, name + "_relu", {result});
    }
    builder.output(result, name + "_y");
  }
};

void expectClose(const Tensor &actual, const Tensor &expected, double bound) {
  ASSERT_EQ(actual.type().str(), expected.type().str());
  double largest = 1;
  for (float x : expected.as<float>())
    if (std::isfinite(x))
      largest = std::max(largest, std::abs(static_cast<double>(x)));
  for (size_t i = 0; i < actual.count(); ++i) {
    float a = actual.as<float>()[i], e = expected.as<float>()[i];
    if (std::isnan(e)) {
      EXPECT_TRUE(std::isnan(a)) << "element " << i << ": " << a;
    } else if (std::isinf(e)) {
      EXPECT_EQ(a, e) << "element " << i;
    } else {
      ASSERT_LE(std::abs(a - e), bound * largest)
          << "element " << i << ": " << a << ", the evaluator says " << e;
    }
  }
}

/// All in one graph: compiling is what takes time.
void agree(const std::vector<Try> &tries, const compile::Options &options) {
  GraphBuilder builder("fast");
  std::vector<std::vector<Tensor>> tensors;
  std::vector<TensorView> inputs;
  for (size_t i = 0; i < tries.size(); ++i) {
    tries[i].addTo(builder, fmt::format("t{}", i));
    tensors.push_back(tries[i].tensors(static_cast<uint32_t>(i)));
  }
  for (const auto &own : tensors)
    std::ranges::copy(viewsOf(own), std::back_inserter(inputs));
  auto results = runOnce(*std::move(builder).finish(), inputs, options);
  ASSERT_TRUE(results.ok()) << results.error().message;
  size_t at = 0;
  for (size_t i = 0; i < tries.size(); ++i) {
    SCOPED_TRACE(fmt::format("try {}: {}", i, tries[i].inputs[0]));
    GraphBuilder alone("alone");
    tries[i].addTo(alone, "t");
    graph::Graph graph = *std::move(alone).finish();
    auto expected = graph::evaluate(graph, viewsOf(tensors[i]));
    ASSERT_TRUE(expected.ok()) << expected.error().message;
    for (const Tensor &wanted : *expected)
      expectClose(*Tensor::copyOf((*results)[at++].view()), wanted,
                  graph::boundOf(graph).relativeTo(DType::F32));
  }
}

/// Kernels of this machine, and those of the widest vectors.
void agree(const std::vector<Try> &tries) {
  agree(tries, {});
  SCOPED_TRACE("kernels of AVX-512");
  agree(tries, kernelsOf("x86_64-linux-v4"));
}

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

Try product(const std::string &a, const std::string &b, int64_t turnA = 0,
            int64_t turnB = 0) {
  return {Op::MatMul, {a, b}, {{"transpose_a", turnA}, {"transpose_b", turnB}}};
}

TEST(FastKernels, ProductsOfTwoInputs) {
  Try special = product("f32[30, 9]", "f32[9, 20]");
  special.special = {nan, infinity, -infinity};
  Try large = product("f32[97, 7]", "f32[7, 33]");
  large.followed = false;
  agree({product("f32[1, 5]", "f32[5, 1]"),
         product("f32[3, 17]", "f32[17, 35]"),
         product("f32[40, 17]", "f32[17, 35]"),
         product("f32[2, 3, 31, 18]", "f32[2, 3, 18, 16]"),
         product("f32[2, 3, 31, 18]", "f32[2, 3, 23, 18]", 0, 1),
         product("f32[2, 1, 18, 31]", "f32[3, 18, 19]", 1, 0),
         product("f32[4, 5]", "f32[3, 2, 6, 4]", 1, 1),
         product("f32[1, 40]", "f32[70, 40]", 0, 1),
         product("f32[7, 600]", "f32[600, 21]"),
         product("f32[101, 513]", "f32[300, 513]", 0, 1),
         product("f32[520, 26]", "f32[520, 270]", 1, 0), special, large});
}

TEST(FastKernels, Softmax) {
  auto along = [](const char *type, List axes) {
    return Try{Op::Softmax, {type}, {{"axes", axes}}};
  };
  Try masked = along("f32[3, 40]", {1});
  masked.special = {-infinity, -infinity, -1e30f};
  Try broken = along("f32[6, 9]", {1});
  broken.special = {nan, infinity};
  Try large = along("f32[2, 50]", {1});
  large.offset = 1e4f;
  agree({along("f32[7, 1]", {1}), along("f32[300, 2]", {1}),
         along("f32[5, 7, 33]", {2}), along("f32[1, 1000, 1, 1]", {1}),
         along("f32[2, 3, 5, 7]", {1, 2, 3}), along("f32[3, 2501]", {1}),
         along("f32[4, 5, 6]", {1}), masked, broken, large});
}

TEST(FastKernels, LayerNormalization) {
  auto over = [](std::vector<std::string> types, int64_t axis,
                 int64_t centered = 1) {
    return Try{Op::LayerNormalization,
               std::move(types),
               {{"axis", axis}, {"centered", centered}}};
  };
  Try far = over({"f32[5, 100]", "f32[100]", "f32[100]"}, 1);
  far.offset = 1000;
  Try huge = over({"f32[2, 20]"}, 1);
  huge.special = {3e38f, 3e38f, -2e38f};
  Try broken = over({"f32[3, 20]"}, 1);
  broken.special = {nan};
  agree({over({"f32[5, 1]"}, 1), over({"f32[4, 3, 37]", "f32[37]"}, 2),
         over({"f32[4, 3, 37]", "f32[3, 37]", "f32[3, 37]"}, 1),
         over({"f32[3, 1500]", "f32[1500]", "f32[1500]"}, 1),
         over({"f32[6, 64]", "f32[64]"}, 1, 0),
         over({"f32[6, 5, 8]", "f32[5, 1]"}, 1), far, huge, broken});
}

TEST(FastKernels, GroupNormalization) {
  auto over = [](std::vector<std::string> types, int64_t groups,
                 const char *layout = "NCX") {
    return Try{Op::GroupNormalization,
               std::move(types),
               {{"groups", groups}, {"layout", layout}}};
  };
  Try far = over({"f32[2, 7, 5, 16]", "f32[16]", "f32[16]"}, 4, "NXC");
  far.offset = 1000;
  Try huge = over({"f32[1, 4, 4, 8]", "f32[8]", "f32[8]"}, 2, "NXC");
  huge.special = {3e38f, 3e38f};
  Try broken = over({"f32[1, 4, 4, 8]", "f32[8]", "f32[8]"}, 2, "NXC");
  broken.special = {nan};
  agree({over({"f32[2, 6, 7, 5]", "f32[6]", "f32[6]"}, 0),
         over({"f32[2, 6, 7, 5]", "f32[6]", "f32[6]"}, 3),
         over({"f32[2, 6, 41, 29]", "f32[2]", "f32[6]"}, 2),
         over({"f32[3, 4]", "f32[4]", "f32[4]"}, 2),
         over({"f32[2, 7, 5, 6]", "f32[6]", "f32[6]"}, 3, "NXC"),
         over({"f32[2, 7, 5, 51]", "f32[51]", "f32[51]"}, 0, "NXC"),
         over({"f32[1, 3, 3, 1040]", "f32[2]", "f32[1040]"}, 2, "NXC"), far,
         huge, broken});
}

TEST(FastKernels, LocalResponseNormalization) {
  auto over = [](const char *type, int64_t size, double alpha) {
    return Try{Op::LocalResponseNormalization,
               {type},
               {{"size", size}, {"alpha", alpha}, {"layout", "NXC"}}};
  };
  Try broken = over("f32[1, 3, 3, 20]", 5, 1);
  broken.special = {nan, infinity};
  agree({over("f32[2, 3, 5, 67]", 5, 0.5), over("f32[1, 2, 2, 3]", 5, 1e-4),
         over("f32[3, 40]", 4, 2), over("f32[1, 2, 1500]", 1, 1), broken});
}

TEST(FastKernels, MeansAndSums) {
  auto over = [](const char *type, List axes, Op op = Op::ReduceMean,
                 int64_t keep = 1) {
    return Try{op, {type}, {{"axes", axes}, {"keep_dims", keep}}};
  };
  Try broken = over("f32[3, 5, 7, 40]", {1, 2});
  broken.special = {nan, infinity};
  agree({over("f32[4, 7, 7, 37]", {1, 2}), over("f32[2, 3, 5, 1500]", {1, 2}),
         over("f32[2, 3, 5, 2]", {0, 1}, Op::ReduceSum),
         over("f32[5, 33]", {1}, Op::ReduceSum, 0),
         over("f32[2100, 3]", {1}, Op::ReduceMean, 0),
         over("f32[3, 100, 70]", {1, 2}, Op::ReduceSum, 0),
         over("f32[2, 3, 1, 4]", {1, 3}), over("f32[2, 3, 5, 4]", {1, 3}),
         over("f32[3, 4, 5]", {0, 1, 2}, Op::ReduceMean, 0), broken});
}

TEST(FastKernels, Pools) {
  auto over = [](Op op, const char *type, List kernel, List strides, List pads,
                 List dilations, int64_t ceil = 0) {
    return Try{op,
               {type},
               {{"kernel", kernel},
                {"strides", strides},
                {"pads", pads},
                {"dilations", dilations},
                {"ceil", ceil},
                {"layout", "NXC"}}};
  };
  Try broken = over(Op::MaxPool, "f32[1, 6, 6, 5]", {3, 3}, {1, 1},
                    {1, 1, 1, 1}, {1, 1});
  broken.special = {nan, -infinity, infinity, -infinity};
  Try counted = over(Op::AveragePool, "f32[1, 7, 6, 17]", {3, 2}, {2, 2},
                     {1, 0, 1, 1}, {1, 1}, 1);
  counted.attributes.push_back({"count_include_pad", int64_t{1}});
  Try apart = over(Op::MaxPool, "f32[1, 4, 4, 9]", {1, 1}, {3, 3}, {2, 2, 2, 2},
                   {1, 1});
  apart.followed = false;
  std::vector<Try> all = {broken, counted, apart};
  for (Op op : {Op::MaxPool, Op::AveragePool}) {
    all.push_back(
        over(op, "f32[2, 9, 8, 37]", {3, 3}, {2, 2}, {1, 1, 0, 1}, {1, 1}));
    all.push_back(over(op, "f32[1, 12, 1030]", {4}, {3}, {2, 2}, {2}));
    all.push_back(over(op, "f32[1, 5, 6, 4, 3]", {2, 2, 2}, {1, 2, 1},
                       {0, 0, 0, 1, 0, 0}, {1, 1, 2}, 1));
    all.push_back(
        over(op, "f32[1, 7, 7, 64]", {7, 7}, {1, 1}, {0, 0, 0, 0}, {1, 1}));
  }
  agree(all);
}

// The largest of bytes, with nothing behind it and with something.
TEST(FastKernels, PoolsOfBytes) {
  uint32_t seed = 0;
  for (const char *type : {"u8[2, 9, 8, 37]", "i8[2, 9, 8, 37]",
                           "u8[1, 6, 5, 300]", "i8[1, 6, 5, 8]"})
    for (int64_t pad : {0, 1}) {
      SCOPED_TRACE(fmt::format("{}, pad {}", type, pad));
      GraphBuilder builder("bytes");
      ValueId x = builder.input("x", *parseTensorType(type));
      ValueId y = *builder.one(Op::MaxPool, "pool", {x},
                               {{"kernel", List{3, 2}},
                                {"strides", List{2, 1}},
                                {"pads", List{pad, 0, 0, pad}},
                                {"layout", "NXC"}});
      if (pad == 0)
        y = *builder.one(Op::Add, "sum", {y, y});
      builder.output(y, "y");
      graph::Graph graph = *std::move(builder).finish();
      Tensor input = *Tensor::zeros(graph.values[x].type.dtype,
                                    graph.values[x].type.sizes());
      std::mt19937 random(++seed);
      for (uint8_t &byte : input.bytes())
        byte = static_cast<uint8_t>(random());
      TensorView view = input.view();
      auto expected = graph::evaluate(graph, {&view, 1});
      ASSERT_TRUE(expected.ok()) << expected.error().message;
      auto run = CpuRun::prepare(graph);
      ASSERT_TRUE(run.ok()) << run.error().message;
      graph::Items items;
      items.push_back(graph::Item::borrowed(view));
      graph::State state;
      auto results = (*run)->run(std::move(items), {}, state);
      ASSERT_TRUE(results.ok()) << results.error().message;
      EXPECT_TRUE(std::ranges::equal((*results)[0].view().data,
                                     (*expected)[0].bytes()));
    }
}

// What counts nothing is left out, whatever it is.
TEST(FastKernels, ResizedPictures) {
  GraphBuilder builder("resize");
  std::vector<Tensor> tensors;
  std::vector<ValueId> ids;
  struct Made {
    const char *type;
    List sizes;
    const char *mode;
  };
  for (const Made &made :
       {Made{"f32[2, 5, 7, 21]", {13, 16}, "half_pixel"},
        Made{"f32[1, 9, 4, 3]", {17, 7}, "align_corners"},
        Made{"f32[1, 30, 20, 16]", {11, 2000}, "asymmetric"}}) {
    tensors.push_back(numbers(made.type, static_cast<uint32_t>(ids.size())));
    Tensor sizes = *Tensor::zeros(DType::I64, {2});
    std::ranges::copy(made.sizes, sizes.as<int64_t>().begin());
    ids.push_back(*builder.one(
        Op::ResizeLinear, "resize",
        {builder.input(fmt::format("x{}", ids.size()),
                       *parseTensorType(made.type)),
         builder.constant("s", graph::Constant::of(std::move(sizes)))},
        {{"axes", List{1, 2}},
         {"coordinate_transformation_mode", std::string(made.mode)}}));
    builder.output(ids.back(), fmt::format("y{}", ids.size()));
  }
  tensors[0].as<float>()[3] = infinity;
  tensors[1].as<float>()[5] = nan;
  graph::Graph graph = *std::move(builder).finish();
  auto expected = graph::evaluate(graph, viewsOf(tensors));
  ASSERT_TRUE(expected.ok()) << expected.error().message;
  auto results = runOnce(graph, viewsOf(tensors));
  ASSERT_TRUE(results.ok()) << results.error().message;
  for (size_t i = 0; i < ids.size(); ++i)
    expectClose(*Tensor::copyOf((*results)[i].view()), (*expected)[i],
                graph::boundOf(graph).relativeTo(DType::F32));
}

Try attention(const std::string &q, const std::string &k, const std::string &v,
              const std::string &mask = "",
              std::vector<graph::Attribute> attributes = {}) {
  Try made{Op::Attention, {q, k, v}, std::move(attributes)};
  if (!mask.empty())
    made.inputs.push_back(mask);
  return made;
}

// More keys than are met at a time, sizes that are no multiples of a tile.
TEST(FastKernels, Attention) {
  Try large = attention("f32[1, 2, 9, 8]", "f32[1, 2, 600, 8]",
                        "f32[1, 2, 600, 5]", "", {{"scale", 30.0}});
  Try broken =
      attention("f32[1, 1, 7, 5]", "f32[1, 1, 20, 5]", "f32[1, 1, 20, 16]");
  broken.special = {nan, infinity};
  broken.followed = false;
  Try masked = attention("f32[1, 1, 4, 3]", "f32[1, 1, 270, 3]",
                         "f32[1, 1, 270, 4]", "f32[4, 270]");
  masked.specialInput = 3;
  masked.special.assign(270, -infinity); // some keys of each query
  Try nothing = attention("f32[1, 2, 2, 3]", "f32[1, 2, 3, 3]",
                          "f32[1, 2, 3, 4]", "f32[2, 3]");
  nothing.specialInput = 3;
  nothing.special.assign(6, -infinity);
  nothing.followed = false;
  agree(
      {attention("f32[1, 1, 1, 1]", "f32[1, 1, 1, 1]", "f32[1, 1, 1, 1]"),
       attention("f32[2, 3, 31, 18]", "f32[2, 3, 40, 18]", "f32[2, 3, 40, 20]"),
       attention("f32[1, 4, 128, 64]", "f32[1, 4, 128, 64]",
                 "f32[1, 4, 128, 64]", "", {{"scale", 0.125}}),
       attention("f32[2, 6, 13, 7]", "f32[2, 2, 300, 7]", "f32[2, 2, 300, 33]",
                 "f32[2, 1, 1, 300]"),
       attention("f32[1, 2, 101, 16]", "f32[1, 2, 513, 16]",
                 "f32[1, 2, 513, 16]", "f32[1, 2, 101, 513]"),
       attention("f32[1, 2, 280, 6]", "f32[1, 2, 280, 6]", "f32[1, 2, 280, 6]",
                 "", {{"causal", int64_t{1}}}),
       large, broken, masked, nothing});
}

// 8 heads of 2048 steps: all scores were 128 MiB.
TEST(FastKernels, AttentionKeepsNoMatrixOfScores) {
  GraphBuilder builder("long");
  std::vector<ValueId> ids;
  for (const char *name : {"q", "k", "v"})
    ids.push_back(builder.input(name, *parseTensorType("f32[1, 8, 2048, 16]")));
  ValueId y = *builder.one(Op::Attention, "attention", ids);
  builder.output(*builder.one(Op::Relu, "relu", {y}), "y");
  auto run = CpuRun::prepare(*std::move(builder).finish());
  ASSERT_TRUE(run.ok()) << run.error().message;
  EXPECT_LT((*run)->program().arenaBytes, uint64_t{8} << 20);
}

} // namespace
} // namespace rune::device
