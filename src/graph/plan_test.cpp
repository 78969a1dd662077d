// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What branches, loops, sequences and optional values promise. Expected values
// are worked out by hand from ONNX's texts.
#include "graph/fuzz_seed.h"
#include "graph/plan_test_support.h"
#include "graph/store.h"
#include "graph/text.h"
#include "graph/verify.h"

#include <gtest/gtest.h>

namespace rune::graph {
namespace {

using namespace test;

/// x + x, and x · x · x; on f32[N].
std::vector<Graph> branches() {
  ValueType type = typeNamed("f32[N]");
  return graphs(graphOf({type},
                        [](GraphBuilder &b, auto &x) {
                          return std::vector{
                              *b.one(Op::Add, "twice", {x[0], x[0]})};
                        }),
                graphOf({type}, [](GraphBuilder &b, auto &x) {
                  ValueId square = *b.one(Op::Mul, "square", {x[0], x[0]});
                  return std::vector{*b.one(Op::Mul, "cube", {square, x[0]})};
                }));
}

Result<Graph> choice() {
  return planNode(Op::If, {typeNamed("bool[]"), typeNamed("f32[N]")}, {}, 1,
                  branches());
}

TEST(If, RunsOneOfItsBodies) {
  EXPECT_EQ(
      run(choice(), items(itemOf("bool[]", "1"), itemOf("f32[2]", "2 3"))),
      "f32[2] = 4 6");
  EXPECT_EQ(
      run(choice(), items(itemOf("bool[]", "0"), itemOf("f32[2]", "2 3"))),
      "f32[2] = 8 27");
  EXPECT_EQ(choice()->values.back().type.str(), "f32[N]");
}

TEST(If, ResultsThatDifferInSizeOrRankAreLessKnown) {
  auto of = [](std::string_view a, std::string_view b) {
    auto body = [](std::string_view text) {
      return graphOf({}, [&](GraphBuilder &builder, auto &) {
        return std::vector{
            builder.constant("c", constantOf(*parseTensorType(text), "7 8"))};
      });
    };
    return planNode(Op::If, {typeNamed("bool[]")}, {}, 1,
                    graphs(body(a), body(b)));
  };
  EXPECT_EQ(of("f32[2, 1]", "f32[1, 1]")->values.back().type.str(),
            "f32[?, 1]");
  EXPECT_EQ(of("f32[2]", "f32[]")->values.back().type.str(), "f32[...]");
  EXPECT_EQ(run(of("f32[2]", "f32[]"), items(itemOf("bool[]", "1"))),
            "f32[2] = 7 8");
  EXPECT_EQ(run(of("f32[2]", "f32[]"), items(itemOf("bool[]", "0"))),
            "f32[] = 7");
}

/// carried + turn, stacked too; goes on while the sum is below the captured.
Graph summing(bool limited) {
  return graphOf({typeNamed("i64[]"), typeNamed("bool[]"), typeNamed("i64[]"),
                  typeNamed("i64[]")},
                 [&](GraphBuilder &b, auto &x) {
                   ValueId sum = *b.one(Op::Add, "sum", {x[2], x[0]});
                   ValueId less = *b.one(Op::Less, "less", {sum, x[3]});
                   return std::vector{limited ? less : x[1], sum, sum};
                 });
}

Result<Graph> loop(bool limited) {
  return planNode(Op::Loop,
                  {typeNamed("i64[]"), typeNamed("bool[]"), typeNamed("i64[]"),
                   typeNamed("i64[]")},
                  {{"carried", int64_t{1}}}, 2, graphs(summing(limited)));
}

Items loopInputs(std::string_view trips, std::string_view condition = "1",
                 std::string_view most = "0") {
  return items(itemOf("i64[]", trips), itemOf("bool[]", condition),
               itemOf("i64[]", "10"), itemOf("i64[]", most));
}

TEST(Loop, CarriesValuesAndStacksOthers) {
  EXPECT_EQ(run(loop(false), loopInputs("4")),
            "i64[] = 16, i64[4] = 10 11 13 16");
}

TEST(Loop, EndsByItsConditionToo) {
  EXPECT_EQ(run(loop(true), loopInputs("100", "1", "13")),
            "i64[] = 13, i64[3] = 10 11 13");
}

TEST(Loop, WithoutATurnGivesWhatCameIn) {
  for (auto &&none : {loopInputs("0"), loopInputs("-3"), loopInputs("5", "0")})
    EXPECT_EQ(run(loop(false), none), "i64[] = 10, i64[0] =");
}

TEST(Loop, HostileTripCountsMeetALimit) {
  constexpr std::string_view most = "4611686018427387904";
  EXPECT_EQ(run(loop(false), loopInputs(most), {}, 1000),
            "evaluate.iteration-limit: loops made 1000 turns, more need a "
            "deadline");
  EvaluateLimits late;
  late.deadline = std::chrono::steady_clock::now();
  EXPECT_EQ(run(loop(false), loopInputs(most), late),
            "evaluate.deadline: the deadline passed");
  EvaluateLimits small;
  small.memoryBytes = 1 << 16;
  EXPECT_TRUE(run(loop(false), loopInputs(most), small)
                  .starts_with("evaluate.memory-limit: "));
}

/// Appends to a carried vector: its size changes from turn to turn.
TEST(Loop, CarriedSizesMayChange) {
  Graph body = graphOf(
      {typeNamed("i64[]"), typeNamed("bool[]"), typeNamed("i64[?]")},
      [](GraphBuilder &b, auto &x) {
        ValueId one = b.constant("one", constantOf({DType::I64, {1}}, "1"));
        ValueId turn = *b.one(Op::Reshape, "turn", {x[0], one});
        return std::vector{x[1], *b.one(Op::Concat, "more", {x[2], turn},
                                        {{"axis", int64_t{0}}})};
      });
  auto graph = planNode(
      Op::Loop, {typeNamed("i64[]"), typeNamed("bool[]"), typeNamed("i64[1]")},
      {{"carried", int64_t{1}}}, 1, graphs(std::move(body)));
  EXPECT_EQ(run(graph, items(itemOf("i64[]", "3"), itemOf("bool[]", "1"),
                             itemOf("i64[1]", "9"))),
            "i64[4] = 9 0 1 2");
}

/// ONNX's own example: running sums, from either end, along either axis.
Result<Graph> scan(std::vector<int64_t> inAxis, std::vector<int64_t> inReverse,
                   std::vector<int64_t> outAxis,
                   std::vector<int64_t> outReverse) {
  ValueType slice = typeNamed("f32[2]");
  Graph body = graphOf({slice, slice}, [](GraphBuilder &b, auto &x) {
    ValueId sum = *b.one(Op::Add, "sum", {x[0], x[1]});
    return std::vector{sum, sum};
  });
  return planNode(
      Op::Scan, {slice, typeNamed(inAxis[0] == 0 ? "f32[3, 2]" : "f32[2, 3]")},
      {{"carried", int64_t{1}},
       {"input_axes", inAxis},
       {"input_reverse", inReverse},
       {"output_axes", outAxis},
       {"output_reverse", outReverse}},
      2, graphs(std::move(body)));
}

TEST(Scan, RunsAlongAnAxisInEitherDirection) {
  auto rows = [] {
    return items(itemOf("f32[2]", "0 0"), itemOf("f32[3, 2]", "1 2 3 4 5 6"));
  };
  auto columns = [] {
    return items(itemOf("f32[2]", "0 0"), itemOf("f32[2, 3]", "1 3 5 2 4 6"));
  };
  EXPECT_EQ(run(scan({0}, {0}, {0}, {0}), rows()),
            "f32[2] = 9 12, f32[3, 2] = 1 2 4 6 9 12");
  EXPECT_EQ(run(scan({0}, {1}, {0}, {0}), rows()),
            "f32[2] = 9 12, f32[3, 2] = 5 6 8 10 9 12");
  EXPECT_EQ(run(scan({0}, {0}, {0}, {1}), rows()),
            "f32[2] = 9 12, f32[3, 2] = 9 12 4 6 1 2");
  EXPECT_EQ(run(scan({1}, {0}, {1}, {0}), columns()),
            "f32[2] = 9 12, f32[2, 3] = 1 4 9 2 6 12");
  EXPECT_EQ(scan({0}, {0}, {1}, {0})->values.back().type.str(), "f32[2, 3]");
}

TEST(Sequence, GrowsAndShrinks) {
  ValueType type = sequenceNamed("f32[?]");
  auto two = [] {
    std::vector<Tensor> tensors;
    tensors.push_back(tensorOf("f32[1]", "1"));
    tensors.push_back(tensorOf("f32[2]", "2 3"));
    return Item::sequence(DType::F32, std::move(tensors));
  };
  auto insert = planNode(Op::SequenceInsert,
                         {type, typeNamed("f32[1]"), typeNamed("i64[]")});
  EXPECT_EQ(
      run(insert, items(two(), itemOf("f32[1]", "9"), itemOf("i64[]", "0"))),
      "(f32[1] = 9; f32[1] = 1; f32[2] = 2 3)");
  EXPECT_EQ(
      run(insert, items(two(), itemOf("f32[1]", "9"), itemOf("i64[]", "-1"))),
      "(f32[1] = 1; f32[1] = 9; f32[2] = 2 3)");
  EXPECT_EQ(run(planNode(Op::SequenceInsert, {type, typeNamed("f32[1]")}),
                items(two(), itemOf("f32[1]", "9"))),
            "(f32[1] = 1; f32[2] = 2 3; f32[1] = 9)");
  EXPECT_EQ(run(planNode(Op::SequenceErase, {type}), items(two())),
            "(f32[1] = 1)");
  EXPECT_EQ(run(planNode(Op::SequenceErase, {type, typeNamed("i32[]")}),
                items(two(), itemOf("i32[]", "0"))),
            "(f32[2] = 2 3)");
  EXPECT_EQ(run(planNode(Op::SequenceAt, {type, typeNamed("i64[]")}),
                items(two(), itemOf("i64[]", "-1"))),
            "f32[2] = 2 3");
  EXPECT_EQ(run(planNode(Op::SequenceLength, {type}), items(two())),
            "i64[] = 2");
  EXPECT_EQ(run(planNode(Op::Sequence, {}, {{"dtype", "f32"}}), {}), "()");
  EXPECT_EQ(
      run(planNode(Op::Sequence, {typeNamed("f32[2]"), typeNamed("f32[]")}),
          items(itemOf("f32[2]", "1 2"), itemOf("f32[]", "3"))),
      "(f32[2] = 1 2; f32[] = 3)");
  EXPECT_EQ(run(planNode(Op::Identity, {type}), items(two())),
            "(f32[1] = 1; f32[2] = 2 3)");
}

TEST(Sequence, IsCutAndJoined) {
  auto x = [] { return itemOf("f32[3, 2]", "1 2 3 4 5 6"); };
  ValueType type = typeNamed("f32[3, 2]");
  EXPECT_EQ(run(planNode(Op::SequenceSplit, {type}), items(x())),
            "(f32[1, 2] = 1 2; f32[1, 2] = 3 4; f32[1, 2] = 5 6)");
  EXPECT_EQ(run(planNode(Op::SequenceSplit, {type},
                         {{"axis", int64_t{1}}, {"keep_dims", int64_t{0}}}),
                items(x())),
            "(f32[3] = 1 3 5; f32[3] = 2 4 6)");
  EXPECT_EQ(run(planNode(Op::SequenceSplit, {type, typeNamed("i64[]")}),
                items(x(), itemOf("i64[]", "2"))),
            "(f32[2, 2] = 1 2 3 4; f32[1, 2] = 5 6)");
  EXPECT_EQ(run(planNode(Op::SequenceSplit, {type, typeNamed("i32[2]")}),
                items(x(), itemOf("i32[2]", "1 2"))),
            "(f32[1, 2] = 1 2; f32[2, 2] = 3 4 5 6)");
  auto pieces = [](const char *a, const char *b, const char *of) {
    std::vector<Tensor> tensors;
    tensors.push_back(tensorOf(a, "1 2 3 4"));
    tensors.push_back(tensorOf(b, of));
    return Item::sequence(DType::I8, std::move(tensors));
  };
  ValueType bytes = sequenceNamed("i8[?, ?]");
  EXPECT_EQ(run(planNode(Op::SequenceConcat, {bytes}, {{"axis", int64_t{-1}}}),
                items(pieces("i8[2, 2]", "i8[2, 1]", "5 6"))),
            "i8[2, 3] = 1 2 5 3 4 6");
  EXPECT_EQ(run(planNode(Op::SequenceConcat, {bytes},
                         {{"axis", int64_t{1}}, {"new_axis", int64_t{1}}}),
                items(pieces("i8[2, 2]", "i8[2, 2]", "5 6 7 8"))),
            "i8[2, 2, 2] = 1 2 5 6 3 4 7 8");
}

TEST(Optional, HoldsSomethingOrNothing) {
  auto empty = [] { return Item::empty(Form::Optional, DType::F32); };
  ValueType type = unranked(DType::F32, Form::Optional);
  EXPECT_EQ(run(planNode(Op::OptionalHasElement, {type}), items(empty())),
            "bool[] = 0");
  EXPECT_EQ(run(planNode(Op::OptionalHasElement, {}), {}), "bool[] = 0");
  EXPECT_EQ(run(planNode(Op::OptionalHasElement, {typeNamed("f32[1]")}),
                items(itemOf("f32[1]", "4"))),
            "bool[] = 1");
  EXPECT_EQ(run(planNode(Op::Optional, {},
                         {{"dtype", "f32"}, {"sequence", int64_t{0}}}),
                {}),
            "none");
  GraphBuilder builder("wrapped");
  ValueId x = builder.input("x", typeNamed("f32[2]"));
  ValueId wrapped = *builder.one(Op::Optional, "wrap", {x});
  EXPECT_EQ(builder.type(wrapped).str(), "optional(f32[2])");
  builder.output(*builder.one(Op::OptionalGetElement, "get", {wrapped}), "y");
  EXPECT_EQ(run(std::move(builder).finish(), items(itemOf("f32[2]", "1 2"))),
            "f32[2] = 1 2");
}

TEST(Unranked, OperatorsOfTensorsTakeAnyRankThatFits) {
  GraphBuilder builder("open");
  ValueId x = builder.input("x", unranked(DType::F32));
  ValueId y = builder.input("y", typeNamed("f32[2]"));
  ValueId relu = *builder.one(Op::Relu, "relu", {x});
  EXPECT_EQ(builder.type(relu).str(), "f32[...]");
  EXPECT_EQ(builder.type(*builder.one(Op::Add, "add", {x, y})).str(),
            "f32[...]");
  ValueId flat = *builder.one(Op::Flatten, "flat", {x}, {{"axis", int64_t{1}}});
  EXPECT_EQ(builder.type(flat).str(), "f32[?, ?]");
  builder.output(relu, "r");
  builder.output(flat, "f");
  auto graph = std::move(builder).finish();
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(
      run(graph, items(itemOf("f32[1, 2]", "-1 2"), itemOf("f32[2]", "0 0"))),
      "f32[1, 2] = 0 2, f32[1, 2] = -1 2");
}

TEST(Interface, OnlyTensorsGoThroughTheOtherOne) {
  auto graph = planNode(Op::SequenceLength, {sequenceNamed("f32[2]")});
  auto interface = checkInterface(*graph);
  ASSERT_FALSE(interface.ok());
  EXPECT_EQ(interface.error().message,
            "input `x0` of the model is sequence(f32[2]), only tensors of a "
            "known number of dimensions can be passed");
  auto x = tensorOf("f32[2]", "1 2");
  std::vector<TensorView> views = {x.view()};
  EXPECT_EQ(evaluate(*graph, views).error().code, "evaluate.input-mismatch");
}

TEST(Plan, IsStoredAndLoadedAgain) {
  for (const Result<Graph> &graph :
       {choice(), loop(true), scan({0}, {0}, {1}, {1}),
        planNode(Op::SequenceAt, {sequenceNamed("f32[?]"), typeNamed("i64[]")}),
        planNode(Op::OptionalHasElement,
                 {unranked(DType::F32, Form::OptionalSequence)})}) {
    auto stored = store(*graph);
    ASSERT_TRUE(stored.ok()) << stored.error().message;
    auto loaded = load(stored->table, stored->weights);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    EXPECT_EQ(renderText(*loaded), renderText(*graph));
    EXPECT_EQ(store(*loaded)->table, stored->table);
    for (size_t size = 0; size < stored->table.size(); size += 3)
      EXPECT_EQ(load(ByteSpan(stored->table).first(size), stored->weights)
                    .error()
                    .code,
                "graph.malformed");
  }
}

TEST(Plan, EveryFlippedBitOfABodyIsRefusedOrGivesAValidGraph) {
  auto stored = store(*choice());
  size_t refused = 0, flips = stored->table.size() * 8;
  for (size_t bit = 0; bit < flips; bit += 5) {
    Bytes table = stored->table;
    table[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    auto loaded = load(table, stored->weights);
    refused += !loaded.ok();
    if (loaded) {
      EXPECT_TRUE(verify(*loaded).ok());
    }
  }
  EXPECT_GT(refused, flips / 5 / 8);
}

TEST(Plan, IsPrintedWithItsBodiesBelow) {
  EXPECT_EQ(renderText(*choice()),
            "graph \"test\" (%x0 : bool[], %x1 : f32[N]) {\n"
            "  %y0 : f32[N] = if(%x0, %x1) \"node\"\n"
            "    graph \"body\" (%x0 : f32[N]) {\n"
            "      %y1 : f32[N] = add(%x0, %x0) \"twice\"\n"
            "      return %y1\n"
            "    }\n"
            "    graph \"body\" (%x0 : f32[N]) {\n"
            "      %square : f32[N] = mul(%x0, %x0) \"square\"\n"
            "      %y2 : f32[N] = mul(%square, %x0) \"cube\"\n"
            "      return %y2\n"
            "    }\n"
            "  return %y0\n"
            "}\n");
}

/// Graphs with bodies, sequences and values of any rank, for the fuzzer.
TEST(Plan, FuzzSeedsAreStoredGraphsOfToday) {
  expectSeed("if", *choice());
  expectSeed("loop", *loop(true));
  expectSeed("scan", *scan({0}, {1}, {1}, {0}));
  ValueType type = sequenceNamed("f32[?]");
  expectSeed("sequence_insert",
             *planNode(Op::SequenceInsert,
                       {type, typeNamed("f32[1]"), typeNamed("i64[]")}));
  expectSeed("sequence_at",
             *planNode(Op::SequenceAt, {type, typeNamed("i64[]")}));
  expectSeed("sequence_split",
             *planNode(Op::SequenceSplit,
                       {typeNamed("f32[3, 2]"), typeNamed("i64[]")}));
  expectSeed("sequence_concat",
             *planNode(Op::SequenceConcat, {type}, {{"axis", int64_t{0}}}));
  expectSeed("optional", *planNode(Op::OptionalGetElement,
                                   {unranked(DType::F32, Form::Optional)}));
  GraphBuilder builder("open");
  ValueId x = builder.input("x", unranked(DType::F32));
  ValueId sizes =
      *builder.one(Op::Shape, "sizes", {x}, {{"start", int64_t{-2}}});
  builder.output(
      *builder.one(Op::Softmax, "soft", {x}, {{"axes", test::List{-1}}}),
      "soft");
  builder.output(*builder.one(Op::Expand, "ones", {x, sizes}), "y");
  expectSeed("open_rank", *std::move(builder).finish());
}

} // namespace
} // namespace rune::graph
