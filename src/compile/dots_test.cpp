// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where dot products of bytes are taken, and in which instructions. What they
// compute is tested by fast_groups_test.cpp and, on processors that this
// machine is not, by tools/emulate.sh.
#include "compile/ahead.h"
#include "compile/groups.h"
#include "compile/prepack.h"
#include "graph/builder.h"
#include "graph/ops.h"
#include "machine/llvm/processors.h"

#include <gtest/gtest.h>

namespace rune::compile {
namespace {

using graph::GraphBuilder;
using graph::noValue;
using graph::Op;
using graph::ValueId;
using Sizes = std::vector<int64_t>;

machine::Target targetOf(std::string_view name) {
  return machine::parseTarget(name).value();
}

graph::Constant bytesOf(DType dtype, Sizes sizes, uint8_t value) {
  Tensor tensor = *Tensor::zeros(dtype, std::move(sizes));
  std::ranges::fill(tensor.bytes(), value);
  return graph::Constant::of(std::move(tensor));
}

/// A convolution of one tap, or the product of the same sizes.
struct Layer {
  DType x = DType::I8;
  DType weights = DType::I8;
  uint8_t weight = 1;
  std::optional<uint8_t> zero = {};
  int64_t channels = 16;
  bool isConv = true;
  std::optional<uint8_t> leftZero = {};

  graph::Graph graph() const {
    constexpr int64_t columns = 40;
    GraphBuilder builder("layer");
    ValueId in = builder.input(
        "x",
        *parseTensorType(fmt::format("{}[1, 30, {}]", dtypeName(x), channels)));
    ValueId w =
        builder.constant("w", bytesOf(weights,
                                      isConv ? Sizes{columns, channels, 1}
                                             : Sizes{channels, columns},
                                      weight));
    ValueId z =
        zero ? builder.constant("z", bytesOf(weights, {}, *zero)) : noValue;
    ValueId l =
        leftZero ? builder.constant("l", bytesOf(x, {}, *leftZero)) : noValue;
    ValueId y =
        isConv
            ? *builder.one(Op::ConvInteger, "y", {in, w, noValue, l, z},
                           {{"layout", std::string("NXC")}})
            : *builder.one(Op::MatMulInteger, "y", {in, w, noValue, l, z}, {});
    builder.output(y, "y");
    return *std::move(builder).finish();
  }
};

Group groupOf(const graph::Graph &graph, std::string_view target) {
  const std::set<std::string> library = {
      kernelName(Op::ConvInteger), kernelName(Op::MatMulInteger),
      "rune_fast_ConvI16_64",      "rune_fast_MatMulI16_64",
      "rune_fast_ConvDotsU8_64",   "rune_fast_MatMulDotsU8_64"};
  return findGroups(graph, library, targetOf(target)).all.at(0);
}
Anchor anchorOf(const Layer &layer, std::string_view target) {
  return groupOf(layer.graph(), target).kind;
}

TEST(Dots, AreTakenWhereWeightsAreSignedBytes) {
  constexpr auto vnni = "x86_64-linux-v4-vnni";
  EXPECT_EQ(anchorOf({}, vnni), Anchor::ConvDots);
  EXPECT_EQ(anchorOf({.isConv = false}, vnni), Anchor::MatMulDots);
  EXPECT_EQ(anchorOf({.x = DType::U8}, vnni), Anchor::ConvDots);
  EXPECT_EQ(anchorOf({.weights = DType::U8, .weight = 255, .zero = 128}, vnni),
            Anchor::ConvDots);
  EXPECT_EQ(anchorOf({.weight = 0x80, .zero = 0}, vnni), Anchor::ConvDots);
  // 255, -129: no bytes
  EXPECT_EQ(anchorOf({.weights = DType::U8, .weight = 255}, vnni),
            Anchor::ConvInteger);
  EXPECT_EQ(anchorOf({.weight = 0x80, .zero = 1, .isConv = false}, vnni),
            Anchor::MatMulInteger);
  EXPECT_EQ(anchorOf({.x = DType::I16}, vnni), Anchor::ConvInteger);
  EXPECT_EQ(anchorOf({.channels = 2}, vnni), Anchor::ConvInteger);
  EXPECT_EQ(anchorOf({}, "x86_64-linux-v4"), Anchor::ConvInteger);
}

TEST(Dots, HaveWeightsOfHalfTheSize) {
  auto packedBytes = [](std::string_view target) {
    graph::Graph graph = Layer().graph();
    return packWeights(graph, groupOf(graph, target), targetOf(target)).size();
  };
  // two panels of 32: the bias, then pairs or fours of 16 channels
  EXPECT_EQ(packedBytes("x86_64-linux-v4"), 2u * 32 * 4 * (1 + 8));
  EXPECT_EQ(packedBytes("x86_64-linux-v4-vnni"), 2u * 32 * 4 * (1 + 4));
}

// Of 16 weights -1, less the zero point 3 of x and the 128 that turn it:
// 16·131.
TEST(Dots, HaveWhatZeroPointsAddInTheirBias) {
  Layer layer{.weight = 0xff};
  layer.leftZero = 3;
  graph::Graph graph = layer.graph();
  auto firstBias = [&](std::string_view target) {
    Bytes packed = packWeights(graph, groupOf(graph, target), targetOf(target));
    int32_t bias;
    std::memcpy(&bias, packed.data(), sizeof bias);
    return bias;
  };
  EXPECT_EQ(firstBias("x86_64-linux-v4-vnni"), 16 * 131);
  EXPECT_EQ(firstBias("x86_64-linux-v4"), 0);
}

std::string assemblyOf(graph::Graph graph, std::string_view target) {
  AheadOptions options;
  options.target = targetOf(target);
  Bytes text = compileAhead(std::move(graph), options, Emit::Assembly).value();
  return {text.begin(), text.end()};
}

TEST(Dots, AreInstructionsOfTheTarget) {
  struct Expected {
    const char *target, *has;
    std::vector<const char *> hasNot;
  };
  for (const Expected &expected : std::initializer_list<Expected>{
           {"x86_64-linux", "pmaddwd", {"vpdpbusd", "%ymm", "%zmm"}},
           {"x86_64-linux-v3", "vpmaddwd", {"vpdpbusd", "%zmm"}},
           {"x86_64-linux-v3-vnni", "{vex}\tvpdpbusd", {"%zmm"}},
           {"x86_64-linux-v4", "vpmaddwd", {"vpdpbusd"}},
           {"x86_64-linux-v4-vnni", "vpdpbusd", {"{vex}"}},
           {"aarch64-linux", "smlal", {"sdot"}},
           {"aarch64-linux-dotprod", "sdot", {}}}) {
    SCOPED_TRACE(expected.target);
    std::string text = assemblyOf(Layer().graph(), expected.target);
    EXPECT_NE(text.find(expected.has), text.npos) << expected.has;
    for (const char *other : expected.hasNot)
      EXPECT_EQ(text.find(other), text.npos) << other;
  }
}

TEST(Dots, OfAvx512FillItsVectors) {
  std::string text = assemblyOf(Layer().graph(), "x86_64-linux-v4-vnni");
  size_t wide = 0;
  for (size_t at = 0; (at = text.find("vpdpbusd", at)) != text.npos; ++at)
    wide += text.substr(at, text.find('\n', at) - at).find("%zmm") !=
                    std::string::npos
                ? 1
                : 0;
  // the tile of 12 rows by two vectors
  EXPECT_GE(wide, 24u);
}

TEST(Dots, BelongToProcessors) {
  auto targetFor = [](std::string_view family, std::string_view processor) {
    return machine::targetFor(targetOf(family), processor).value().str();
  };
  for (const auto &[processor, target] : std::map<std::string, std::string>{
           {"haswell", "x86_64-linux-v3"},
           {"alderlake", "x86_64-linux-v3-vnni"},
           {"skylake-avx512", "x86_64-linux-v4"},
           {"icelake-client", "x86_64-linux-v4-vnni"},
           {"sapphirerapids", "x86_64-linux-v4-vnni"},
           {"znver4", "x86_64-linux-v4-vnni"},
           {"znver5", "x86_64-linux-v4-vnni"}})
    EXPECT_EQ(targetFor("x86_64-linux", processor), target) << processor;
  EXPECT_EQ(targetFor("aarch64-linux", "cortex-a72"), "aarch64-linux");
  EXPECT_EQ(targetFor("aarch64-linux", "neoverse-n1"), "aarch64-linux-dotprod");
}

TEST(Dots, RunWhereTheirEncodingIsKnown) {
  auto runsOn = [](std::string_view code, std::string_view machine) {
    return machine::runsOn(targetOf(code), targetOf(machine));
  };
  EXPECT_TRUE(runsOn("x86_64-linux-v4-vnni", "x86_64-linux-v4-vnni"));
  EXPECT_TRUE(runsOn("x86_64-linux-v4", "x86_64-linux-v4-vnni"));
  EXPECT_TRUE(runsOn("x86_64-linux-v3", "x86_64-linux-v3-vnni"));
  EXPECT_TRUE(runsOn("aarch64-linux", "aarch64-linux-dotprod"));
  EXPECT_FALSE(runsOn("x86_64-linux-v4-vnni", "x86_64-linux-v4"));
  EXPECT_FALSE(runsOn("x86_64-linux-v3-vnni", "x86_64-linux-v3"));
  EXPECT_FALSE(runsOn("x86_64-linux-v3-vnni", "x86_64-linux-v4-vnni"));
  EXPECT_FALSE(runsOn("x86_64-linux-v4", "x86_64-linux-v3-vnni"));
  EXPECT_FALSE(runsOn("aarch64-linux-dotprod", "aarch64-linux"));
}

} // namespace
} // namespace rune::compile
