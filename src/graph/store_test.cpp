// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the stored form promises: equal graphs give equal bytes, and whatever
// happens to the bytes, nothing invalid is loaded.
#include "graph/ops.h"
#include "graph/store.h"

#include "graph/evaluate.h"
#include "graph/one_node.h"
#include "graph/table.h"
#include "graph/text.h"
#include "graph/verify.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rune::graph {
namespace {

using test::List;

/// A bit of everything the table can hold.
Graph sample() {
  GraphBuilder builder("sample");
  ValueId x = builder.input("x", {DType::F32, {Dim::named("N"), 2, 6}});
  ValueId open = builder.input("open", {DType::F32, {Dim::unknown(), 1}});
  ValueId w = builder.constant(
      "w", test::constantOf({DType::F32, {2, 2, 3}}, "1 2 3 4 5 6 7 8 9"));
  ValueId same = builder.constant(
      "same", test::constantOf({DType::F32, {2, 2, 3}}, "1 2 3 4 5 6 7 8 9"));
  ValueId y = *builder.one(Op::Conv, "conv", {x, w}, {{"pads", List{1, 1}}});
  ValueId z =
      *builder.one(Op::Conv, "conv2", {y, same}, {{"pads", List{1, 1}}});
  auto pool = *builder.node(Op::MaxPool, "pool", {z}, {{"kernel", List{2}}}, 2);
  ValueId clamped = *builder.one(
      Op::Clamp, "clamp",
      {pool[0], noValue,
       builder.constant("high", test::constantOf({DType::F32, {}}, "6"))});
  builder.output(clamped, "y");
  builder.output(pool[1], "indices");
  builder.output(*builder.one(Op::Relu, "relu", {open}), "opened");
  return *std::move(builder).finish();
}

Result<Graph> loadStored(const StoredGraph &stored) {
  return load(stored.table, stored.weights);
}

void expectCode(ByteSpan table, std::span<const ByteSpan> weights,
                std::string_view code) {
  auto graph = load(table, weights);
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, code) << graph.error().message;
}

TEST(Store, GivesBackTheSameGraph) {
  Graph graph = sample();
  auto stored = store(graph);
  ASSERT_TRUE(stored.ok());
  auto loaded = loadStored(*stored);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(renderText(*loaded), renderText(graph));
  EXPECT_EQ(store(*loaded)->table, stored->table);
}

TEST(Store, KeepsVariables) {
  GraphBuilder builder("counter");
  ValueId x = builder.input("x", {DType::I32, {1}});
  ValueId state = builder.variable("state", {DType::I32, {1}});
  ValueId other = builder.variable("other", {DType::I32, {1}},
                                   test::constantOf({DType::I32, {1}}, "4"));
  builder.update(state, *builder.one(Op::Add, "sum", {x, state}));
  builder.output(other, "y");
  Graph graph = *std::move(builder).finish();
  auto stored = store(graph);
  ASSERT_TRUE(stored.ok());
  auto loaded = loadStored(*stored);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(renderText(*loaded), renderText(graph));
  EXPECT_EQ(store(*loaded)->table, stored->table);
  for (size_t size = 0; size < stored->table.size(); ++size)
    expectCode(ByteSpan(stored->table).first(size), stored->weights,
               "graph.malformed");
}

TEST(Store, EqualGraphsGiveEqualBytes) {
  EXPECT_EQ(store(sample())->table, store(sample())->table);
}

TEST(Store, EqualWeightsAreStoredOnce) {
  Graph graph = sample();
  auto stored = store(graph);
  EXPECT_EQ(graph.constants.size(), 3u);
  EXPECT_EQ(stored->weights.size(), 2u);
}

TEST(Store, RefusesWhatDoesNotVerify) {
  Graph graph = sample();
  graph.outputs.push_back(9999);
  auto stored = store(graph);
  ASSERT_FALSE(stored.ok());
  EXPECT_EQ(stored.error().code, "graph.invalid");
}

TEST(Load, RefusesEveryTruncation) {
  Graph graph = sample();
  auto stored = store(graph);
  for (size_t size = 0; size < stored->table.size(); ++size)
    expectCode(ByteSpan(stored->table).first(size), stored->weights,
               "graph.malformed");
}

TEST(Load, EveryFlippedBitIsRefusedOrGivesAValidGraph) {
  Graph graph = sample();
  auto stored = store(graph);
  size_t refused = 0;
  for (size_t bit = 0; bit < stored->table.size() * 8; ++bit) {
    Bytes table = stored->table;
    table[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    auto loaded = load(table, stored->weights);
    refused += !loaded.ok();
    if (loaded) {
      EXPECT_TRUE(verify(*loaded).ok());
      EXPECT_TRUE(store(*loaded).ok());
    }
  }
  EXPECT_GT(refused, stored->table.size());
}

TEST(Load, RefusesTrailingBytesAndWrongWeights) {
  Graph graph = sample();
  auto stored = store(graph);
  Bytes longer = stored->table;
  longer.push_back(0);
  expectCode(longer, stored->weights, "graph.malformed");
  expectCode(stored->table, std::span(stored->weights).first(1),
             "graph.malformed");
  std::vector<ByteSpan> cut = stored->weights;
  cut[0] = cut[0].first(4);
  expectCode(stored->table, cut, "graph.malformed");
}

TEST(Load, NamesTheVersionItCannotRead) {
  Graph graph = sample();
  auto stored = store(graph);
  for (uint8_t version : {0, 4}) {
    stored->table[4] = version;
    auto loaded = loadStored(*stored);
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().code, "graph.unsupported-version");
    EXPECT_NE(loaded.error().message.find(fmt::format("version {}", version)),
              std::string::npos);
  }
}

/// relu(x), as versions 1 and 2 stored it: types without a form, nodes and
/// graphs without bodies, in version 1 no variables.
Bytes oldTable(uint16_t version) {
  ByteWriter out;
  out.u32(tableMagic);
  out.u16(version);
  out.u16(0);
  out.u32(4);
  for (const char *name : {"old", "x", "y", "relu"})
    out.text(name);
  out.u32(0); // weights
  out.u32(1); // operators
  out.u32(3);
  out.u16(1);
  out.u32(0); // name of the graph
  out.u32(0); // constants
  out.u32(2); // values
  for (uint32_t name : {1, 2}) {
    out.u32(name);
    out.u32(noIndex);
    out.u8(static_cast<uint8_t>(DType::F32));
    out.u8(1);
    out.u8(static_cast<uint8_t>(DimTag::Fixed));
    out.u64(3);
  }
  out.u32(1); // nodes
  out.u32(0);
  out.u32(3);
  for (uint32_t end : {0, 1}) {
    out.u32(1);
    out.u32(end);
  }
  out.u32(0); // attributes
  for (uint32_t end : {0, 1}) {
    out.u32(1);
    out.u32(end);
  }
  if (version >= 2)
    out.u32(0);
  return out.take();
}

TEST(Load, ReadsTheVersionsBefore) {
  for (uint16_t version : {1, 2}) {
    auto loaded = load(oldTable(version), {});
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    EXPECT_EQ(renderText(*loaded), "graph \"old\" (%x : f32[3]) {\n"
                                   "  %y : f32[3] = relu(%x) \"relu\"\n"
                                   "  return %y\n"
                                   "}\n");
    Bytes longer = oldTable(version);
    longer.push_back(0);
    expectCode(longer, {}, "graph.malformed");
  }
}

TEST(Load, LimitsVariablesAndBodiesBeforeItAllocates) {
  Graph graph = sample();
  auto stored = store(graph);
  // the last four bytes count the bodies, those before the variables
  for (size_t end : {0, 4}) {
    Bytes table = stored->table;
    for (size_t i = 1; i <= 4; ++i)
      table[table.size() - end - i] = 0xff;
    expectCode(table, stored->weights, "graph.limit");
    table = stored->table;
    table[table.size() - end - 4] = 9; // nine, without their bytes
    expectCode(table, stored->weights, "graph.malformed");
  }
}

/// A table that says there are bodies in bodies in bodies.
TEST(Load, LimitsTheDepthOfBodies) {
  ByteWriter out;
  out.u32(tableMagic);
  out.u16(tableVersion);
  out.u16(0);
  out.u32(1);
  out.text("deep");
  out.u32(0); // weights
  out.u32(0); // operators
  for (size_t i = 0; i < maxBodyDepth + 2; ++i) {
    for (int field = 0; field < 7; ++field)
      out.u32(0);
    out.u32(1);
  }
  out.raw(Bytes(64));
  expectCode(out.bytes(), {}, "graph.limit");
}

TEST(Load, ListsAllUnknownOperators) {
  Graph graph = sample();
  auto stored = store(graph);
  auto rename = [&](std::string_view from, std::string_view to) {
    auto at = std::ranges::search(stored->table, asBytes(from)).begin();
    std::ranges::copy(asBytes(to), at);
  };
  rename("max_pool", "min_pool");
  rename("relu", "selu"); // the node's name, and with it the operator's
  auto loaded = loadStored(*stored);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, "graph.unknown-operator");
  EXPECT_NE(loaded.error().message.find("`min_pool` 1, `selu` 1"),
            std::string::npos)
      << loaded.error().message;
}

/// A table that begins like ours and then states absurd numbers.
ByteWriter header() {
  ByteWriter out;
  out.u32(tableMagic);
  out.u16(tableVersion);
  out.u16(0);
  return out;
}

TEST(Load, LimitsCountsBeforeItAllocates) {
  ByteWriter names = header();
  names.u32(UINT32_MAX);
  expectCode(names.bytes(), {}, "graph.limit");
  ByteWriter fewBytes = header();
  fewBytes.u32(1 << 20);
  expectCode(fewBytes.bytes(), {}, "graph.malformed");
  ByteWriter longName = header();
  longName.u32(1);
  longName.text(std::string(maxTextBytes + 1, 'x'));
  expectCode(longName.bytes(), {}, "graph.limit");
  ByteWriter weights = header();
  weights.u32(0);
  weights.u32(UINT32_MAX);
  expectCode(weights.bytes(), {}, "graph.limit");
}

TEST(Load, OneLongNameUsedOftenIsLimited) {
  ByteWriter out = header();
  out.u32(1);
  out.text(std::string(maxTextBytes, 'x'));
  out.u32(0); // weights
  out.u32(0); // operators
  out.u32(0); // name of the graph
  out.u32(0); // constants
  constexpr uint32_t values = 1 << 17;
  out.u32(values);
  for (uint32_t i = 0; i < values; ++i) {
    out.u32(0);
    out.u32(noIndex);
    out.u8(0);
    out.u16(0); // f32[]
  }
  expectCode(out.bytes(), {}, "graph.limit");
}

} // namespace
} // namespace rune::graph
