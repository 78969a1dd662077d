// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stored programs, of code that nobody runs; device/cpu/program_cache_test.cpp
// runs what it loads. The seeds of artifact_fuzz are programs of today:
// `RUNE_UPDATE=1` writes them anew.
#include "compile/artifact.h"
#include "compile/artifact_seed.h"

#include "compile/arena.h"
#include "compile/regions.h"
#include "graph/builder.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace rune::compile {
namespace {

class StoredProgram : public testing::Test {
protected:
  /// Places for all that has sizes; a region, then what the plan runs.
  Program programOf(graph::Graph graph, uint32_t compiledNodes) {
    Program program;
    program.target = {machine::Family::X86_64, 3};
    program.code = {0xC3};
    uint64_t at = 0;
    program.places.resize(graph.values.size());
    for (size_t i = 0; i < graph.values.size(); ++i) {
      const graph::Value &value = graph.values[i];
      if (value.constant) {
        program.places[i] = {Place::Constant, *value.constant};
      } else if (value.type.isStatic()) {
        program.places[i] = {Place::Arena, at};
        at += alignTo(valueBytes(value), arenaAlignment);
      }
    }
    for (size_t i = 0; i < graph.inputs.size(); ++i)
      program.places[graph.inputs[i]] = {Place::Input, i};
    for (size_t i = 0; i < graph.variables.size(); ++i)
      program.places[graph.variables[i].input] = {Place::State, i};
    program.scratchAt = at;
    program.arenaBytes = at + arenaAlignment;
    program.steps = {{0, compiledNodes, 0}};
    if (auto all = static_cast<uint32_t>(graph.nodes.size());
        all > compiledNodes)
      program.steps.push_back({compiledNodes, all, {}});
    program.graph = std::move(graph);
    return program;
  }

  graph::ValueId weights(graph::GraphBuilder &builder, size_t which,
                         const char *type) {
    TensorType known = *parseTensorType(type);
    return builder.constant("w", {known.dtype,
                                  {known.dims[0].size(), known.dims[1].size()},
                                  model.constants()[which],
                                  nullptr});
  }

  /// Weights of the model, state, and a step that is interpreted.
  Program mixed() {
    graph::GraphBuilder builder("mixed");
    graph::ValueId x = builder.input("x", *parseTensorType("f32[2, 4]"));
    graph::ValueId state = builder.variable("s", *parseTensorType("f32[2, 3]"));
    graph::ValueId product = *builder.one(
        graph::Op::MatMul, "m", {x, weights(builder, 0, "f32[4, 3]")});
    graph::ValueId sum = *builder.one(graph::Op::Add, "a", {product, state});
    builder.update(state, sum);
    builder.output(sum, "y");
    builder.output(*builder.one(graph::Op::NonZero, "n", {sum}), "places");
    return programOf(*std::move(builder).finish(), 2);
  }

  /// Weights that the code reads packed and nobody as they were.
  Program packed() {
    graph::GraphBuilder builder("packed");
    graph::ValueId x = builder.input("x", *parseTensorType("f32[1, 64]"));
    graph::ValueId w = weights(builder, 1, "f32[64, 32]");
    builder.output(*builder.one(graph::Op::MatMul, "m", {x, w}), "y");
    Program program = programOf(*std::move(builder).finish(), 1);
    program.places[w] = {};
    program.packed = {Packed::of(model.constants()[0])};
    return program;
  }

  Artifact stored(const Program &program) {
    auto artifact = store(program, model.constants());
    EXPECT_TRUE(artifact.ok()) << artifact.error().message;
    return *std::move(artifact);
  }

  Result<Program> loaded(ByteSpan head, ByteSpan data) {
    held = Packed::of(data);
    return load(head, held.data, held.owner, model.constants());
  }

  void expectSeed(const std::string &name, const Artifact &artifact) {
    Bytes seed = test::seedOf(artifact);
    std::string path =
        RUNE_SOURCE_DIR "/src/compile/fuzz_seeds/artifact_fuzz/" + name;
    if (std::getenv("RUNE_UPDATE"))
      std::ofstream(path, std::ios::binary) << asText(seed);
    std::ifstream file(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(file), {}};
    EXPECT_TRUE(std::ranges::equal(asBytes(bytes), seed)) << path;
    test::Seed read = test::readSeed(seed);
    EXPECT_TRUE(std::ranges::equal(read.head, artifact.head));
    EXPECT_TRUE(std::ranges::equal(read.data.data, artifact.data));
  }

  test::Model model;
  Packed held;
};

TEST_F(StoredProgram, IsTheSameWhenItIsLoaded) {
  for (const Program &program : {mixed(), packed()}) {
    Artifact artifact = stored(program);
    auto again = loaded(artifact.head, artifact.data);
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(again->target, program.target);
    EXPECT_EQ(again->code, program.code);
    EXPECT_EQ(again->arenaBytes, program.arenaBytes);
    EXPECT_EQ(again->scratchAt, program.scratchAt);
    ASSERT_EQ(again->steps.size(), program.steps.size());
    for (size_t i = 0; i < program.steps.size(); ++i)
      EXPECT_EQ(again->steps[i].entry, program.steps[i].entry);
    ASSERT_EQ(again->places.size(), program.places.size());
    for (size_t i = 0; i < program.places.size(); ++i) {
      EXPECT_EQ(again->places[i].kind, program.places[i].kind) << i;
      EXPECT_EQ(again->places[i].at, program.places[i].at) << i;
    }
    ASSERT_EQ(again->packed.size(), program.packed.size());
    for (size_t i = 0; i < program.packed.size(); ++i)
      EXPECT_TRUE(
          std::ranges::equal(again->packed[i].data, program.packed[i].data));
  }
}

TEST_F(StoredProgram, OfEverySeedIsOfToday) {
  expectSeed("mixed", stored(mixed()));
  expectSeed("packed", stored(packed()));
}

TEST_F(StoredProgram, CutAnywhereIsRefused) {
  Artifact artifact = stored(mixed());
  for (size_t size = 0; size < artifact.head.size(); ++size)
    EXPECT_FALSE(
        loaded(ByteSpan(artifact.head).first(size), artifact.data).ok())
        << size;
  artifact.data.push_back(0);
  EXPECT_EQ(loaded(artifact.head, artifact.data).error().message,
            "no stored program: its data has another size");
}

TEST_F(StoredProgram, WithTablesThatDoNotFitIsRefused) {
  auto refused = [&](Program program, std::string_view why) {
    Artifact artifact = stored(program);
    auto made = loaded(artifact.head, artifact.data);
    ASSERT_FALSE(made.ok()) << why;
    EXPECT_EQ(made.error().message, fmt::format("no stored program: {}", why));
  };
  auto changed = [&](auto change) {
    Program program = mixed();
    change(program);
    return program;
  };
  constexpr auto room = "a value has no room where it is said to be";
  refused(changed([](Program &p) { p.steps[0].entry = 7; }),
          "its steps are not in order");
  refused(changed([](Program &p) { p.steps.pop_back(); }),
          "its steps are not those of its graph");
  refused(changed([](Program &p) { p.places[0].at = 1; }), room);
  refused(changed([](Program &p) {
            p.places[p.graph.outputs[0]].at = p.arenaBytes;
          }),
          room);
  refused(changed([](Program &p) { p.places[p.graph.outputs[0]].at += 4; }),
          room);
  refused(changed([](Program &p) {
            p.places[p.graph.outputs[1]] = {Place::Arena, 0};
          }),
          room);
  refused(changed([](Program &p) { p.arenaBytes = uint64_t{1} << 50; }),
          "its arena is too large");
}

} // namespace
} // namespace rune::compile
