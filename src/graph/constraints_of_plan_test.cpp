// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One refusal for each numbered constraint of the plan's operators and of
// bodies.
#include "graph/plan_test_support.h"
#include "graph/verify.h"

#include <gtest/gtest.h>

namespace rune::graph {
namespace {

using namespace test;

/// A body that gives its first `outputs` inputs back.
Graph passing(const std::vector<std::string> &inputs, size_t outputs) {
  std::vector<ValueType> types;
  for (const std::string &input : inputs)
    types.push_back(typeNamed(input));
  return graphOf(types, [&](GraphBuilder &, auto &x) {
    return std::vector<ValueId>(
        x.begin(), x.begin() + static_cast<std::ptrdiff_t>(outputs));
  });
}

void expectRule(const Result<Graph> &graph, std::string_view rule) {
  ASSERT_FALSE(graph.ok()) << rule;
  EXPECT_EQ(graph.error().code, "graph.invalid");
  EXPECT_TRUE(graph.error().message.ends_with(fmt::format("({})", rule)))
      << graph.error().message;
}

template <class... T>
void expectFailure(std::string_view rule, const Result<Graph> &graph,
                   T... inputs) {
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  Items items;
  (items.push_back(std::move(inputs)), ...);
  auto results = evaluateItems(*graph, std::move(items));
  ASSERT_FALSE(results.ok()) << rule;
  EXPECT_EQ(results.error().code, "evaluate.failed");
  EXPECT_TRUE(results.error().message.ends_with(fmt::format("({})", rule)))
      << results.error().message;
}

const ValueType one = typeNamed("bool[]"), count = typeNamed("i64[]"),
                x2 = typeNamed("f32[2]"), floats = sequenceNamed("f32[?]");

TEST(PlanConstraints, OfBranches) {
  auto of = [](ValueType condition, Graph yes, Graph no, size_t outputs = 1) {
    return planNode(Op::If, {condition, x2}, {}, outputs,
                    graphs(std::move(yes), std::move(no)));
  };
  Graph same = passing({"f32[2]"}, 1);
  ASSERT_TRUE(of(one, same, same).ok());
  expectRule(of(count, same, same), "if.1");
  expectRule(of(typeNamed("bool[2]"), same, same), "if.1");
  expectRule(of(one, same, passing({"f32[3]"}, 1)), "if.2");
  expectRule(of(one, same, passing({"f32[2]", "f32[2]"}, 1)), "if.2");
  expectRule(of(one, same, same, 2), "if.3");
  Graph whole = graphOf({x2}, [](GraphBuilder &b, auto &x) {
    return std::vector{*b.one(Op::Cast, "cast", {x[0]}, {{"dtype", "i32"}})};
  });
  expectRule(of(one, same, whole), "if.3");
}

TEST(PlanConstraints, OfLoops) {
  auto of = [](std::vector<ValueType> inputs, int64_t carried, Graph body,
               size_t outputs = 1) {
    return planNode(Op::Loop, inputs, {{"carried", carried}}, outputs,
                    graphs(std::move(body)));
  };
  auto body = [](const std::vector<std::string> &outs) {
    return graphOf({count, one, x2}, [&](GraphBuilder &b, auto &x) {
      std::vector<ValueId> ids;
      for (const std::string &out : outs)
        ids.push_back(
            out == "condition" ? x[1]
            : out == "x"
                ? x[2]
                : b.constant("c", constantOf(*parseTensorType(out), "1")));
      return ids;
    });
  };
  Graph plain = body({"condition", "x"});
  ASSERT_TRUE(of({count, one, x2}, 1, plain).ok());
  expectRule(of({one, one, x2}, 1, plain), "loop.1");
  expectRule(of({count, count, x2}, 1, plain), "loop.2");
  expectRule(of({count, one, x2}, 2, plain), "loop.3");
  expectRule(of({count, one, x2}, -1, plain), "loop.3");
  expectRule(of({count}, 0, plain), "loop.3");
  expectRule(of({count, one, typeNamed("f32[3]")}, 1, plain), "loop.4");
  expectRule(of({count, one, x2, x2}, 1, plain), "loop.4");
  expectRule(of({count, one, x2}, 1, body({"x", "x"})), "loop.5");
  expectRule(of({count, one, x2}, 1, body({"condition", "f32[1]"})), "loop.5");
  expectRule(of({count, one, x2}, 1, plain, 2), "loop.5");
  auto item = [](const char *type, const char *of) { return itemOf(type, of); };
  // a condition of a size that is open until the run
  Graph open =
      graphOf({count, one, typeNamed("bool[?]")},
              [](GraphBuilder &, auto &x) { return std::vector{x[2], x[2]}; });
  expectFailure(
      "loop.6", of({count, one, typeNamed("bool[?]")}, 1, std::move(open)),
      item("i64[]", "2"), item("bool[]", "1"), item("bool[2]", "1 1"));
  // what is stacked grows
  Graph growing =
      graphOf({count, one, typeNamed("f32[?]")}, [](GraphBuilder &b, auto &x) {
        ValueId twice =
            *b.one(Op::Concat, "twice", {x[2], x[2]}, {{"axis", int64_t{0}}});
        return std::vector{x[1], twice, twice};
      });
  expectFailure("loop.7",
                of({count, one, typeNamed("f32[?]")}, 1, std::move(growing), 2),
                item("i64[]", "2"), item("bool[]", "1"), item("f32[1]", "1"));
}

TEST(PlanConstraints, OfScans) {
  struct Lists {
    List axes = {0}, reverse = {0}, outAxes = {0}, outReverse = {0};
  };
  auto of = [](int64_t carried, std::vector<ValueType> inputs, Lists lists,
               Graph body) {
    return planNode(Op::Scan, inputs,
                    {{"carried", carried},
                     {"input_axes", lists.axes},
                     {"input_reverse", lists.reverse},
                     {"output_axes", lists.outAxes},
                     {"output_reverse", lists.outReverse}},
                    2, graphs(std::move(body)));
  };
  ValueType rows = typeNamed("f32[3, 2]");
  Graph body = passing({"f32[2]", "f32[2]"}, 2);
  ASSERT_TRUE(of(1, {x2, rows}, {}, body).ok());
  expectRule(of(2, {x2, rows}, {}, body), "scan.1");
  expectRule(of(1, {x2, rows}, {.axes = {}}, body), "scan.1");
  expectRule(of(1, {x2, rows}, {.reverse = {2}}, body), "scan.2");
  expectRule(of(1, {x2, rows}, {.outAxes = {}}, body), "scan.2");
  expectRule(of(1, {x2, rows}, {.axes = {2}}, body), "scan.3");
  expectRule(of(0, {x2, rows}, {{0, 0}, {0, 0}, {0, 0}, {0, 0}},
                passing({"f32[]", "f32[2]"}, 2)),
             "scan.4");
  expectRule(of(1, {x2, rows}, {.axes = {1}}, body), "scan.5");
  expectRule(of(1, {x2, rows}, {.outAxes = {2}}, body), "scan.6");
  expectRule(of(1, {typeNamed("f32[]"), rows}, {},
                graphOf({typeNamed("f32[]"), x2},
                        [](GraphBuilder &, auto &x) {
                          return std::vector{x[1], x[0]};
                        })),
             "scan.6");
  Graph growing =
      graphOf({typeNamed("f32[?]"), x2}, [](GraphBuilder &b, auto &x) {
        ValueId more =
            *b.one(Op::Concat, "more", {x[0], x[1]}, {{"axis", int64_t{0}}});
        return std::vector{more, more};
      });
  expectFailure("scan.7",
                of(1, {typeNamed("f32[?]"), rows}, {}, std::move(growing)),
                itemOf("f32[1]", "1"), itemOf("f32[3, 2]", "1 2 3 4 5 6"));
}

TEST(PlanConstraints, OfSequences) {
  auto list = [](std::vector<const char *> types) {
    std::vector<Tensor> tensors;
    for (const char *type : types)
      tensors.push_back(tensorOf(type, "1 2 3 4"));
    return Item::sequence(DType::F32, std::move(tensors));
  };
  expectRule(planNode(Op::Sequence, {}, {{"dtype", "f31"}}), "sequence.1");
  expectRule(planNode(Op::Sequence, {x2, count}), "sequence.2");
  expectRule(planNode(Op::Sequence, {floats}), "sequence.2");
  expectRule(planNode(Op::SequenceAt, {x2, count}), "sequence_at.1");
  expectRule(planNode(Op::SequenceAt, {floats, x2}), "sequence_at.2");
  auto at = planNode(Op::SequenceAt, {floats, count});
  expectFailure("sequence_at.3", at, list({"f32[1]"}), itemOf("i64[]", "1"));
  expectFailure("sequence_at.3", at, list({"f32[1]"}), itemOf("i64[]", "-2"));
  expectRule(planNode(Op::SequenceInsert, {x2, x2}), "sequence_insert.1");
  expectRule(planNode(Op::SequenceInsert, {floats, count}),
             "sequence_insert.2");
  expectRule(planNode(Op::SequenceInsert, {floats, floats}),
             "sequence_insert.2");
  expectRule(planNode(Op::SequenceInsert, {floats, x2, x2}),
             "sequence_insert.3");
  expectFailure(
      "sequence_insert.4", planNode(Op::SequenceInsert, {floats, x2, count}),
      list({"f32[1]"}), itemOf("f32[2]", "1 2"), itemOf("i64[]", "2"));
  expectRule(planNode(Op::SequenceErase, {x2}), "sequence_erase.1");
  expectRule(planNode(Op::SequenceErase, {floats, x2}), "sequence_erase.2");
  expectFailure("sequence_erase.3", planNode(Op::SequenceErase, {floats}),
                list({}));
  expectRule(planNode(Op::SequenceLength, {x2}), "sequence_length.1");
  expectRule(planNode(Op::SequenceSplit, {floats}), "sequence_split.1");
  expectRule(planNode(Op::SequenceSplit, {typeNamed("f32[]")}),
             "sequence_split.2");
  expectRule(planNode(Op::SequenceSplit, {x2, x2}), "sequence_split.3");
  expectRule(
      planNode(Op::SequenceSplit, {x2, count}, {{"keep_dims", int64_t{0}}}),
      "sequence_split.4");
  expectFailure("sequence_split.5", planNode(Op::SequenceSplit, {x2, count}),
                itemOf("f32[2]", "1 2"), itemOf("i64[]", "0"));
  auto sizes = planNode(Op::SequenceSplit, {x2, typeNamed("i64[2]")});
  expectFailure("sequence_split.5", sizes, itemOf("f32[2]", "1 2"),
                itemOf("i64[2]", "-1 3"));
  expectFailure("sequence_split.6", sizes, itemOf("f32[2]", "1 2"),
                itemOf("i64[2]", "1 2"));
  expectFailure("sequence_split.6", sizes, itemOf("f32[2]", "1 2"),
                itemOf("i64[2]", "1 0"));
  auto concat = [](int64_t axis, int64_t isNew) {
    return planNode(Op::SequenceConcat, {floats},
                    {{"axis", axis}, {"new_axis", isNew}});
  };
  expectRule(planNode(Op::SequenceConcat, {x2}, {{"axis", int64_t{0}}}),
             "sequence_concat.1");
  expectRule(concat(0, 2), "sequence_concat.2");
  expectRule(concat(1, 0), "sequence_concat.3");
  expectRule(concat(-3, 1), "sequence_concat.3");
  expectFailure("sequence_concat.4", concat(0, 0), list({}));
  expectFailure("sequence_concat.5", concat(0, 1), list({"f32[1]", "f32[2]"}));
}

TEST(PlanConstraints, OfOptionalValues) {
  expectRule(planNode(Op::Optional, {}), "optional.1");
  expectRule(
      planNode(Op::Optional, {x2}, {{"dtype", "i8"}, {"sequence", int64_t{0}}}),
      "optional.2");
  expectFailure(
      "optional_get_element.1",
      planNode(Op::OptionalGetElement, {unranked(DType::F32, Form::Optional)}),
      Item::empty(Form::Optional, DType::F32));
}

TEST(PlanConstraints, OfNodes) {
  expectRule(planNode(Op::Relu, {floats}), "node.6");
  expectRule(planNode(Op::MatMul, {unranked(DType::F32), typeNamed("f32[]")}),
             "node.7");
  expectRule(planNode(Op::Relu, {x2}, {}, 1, graphs(passing({"f32[2]"}, 1))),
             "node.8");
  expectRule(planNode(Op::If, {one, x2}, {}, 1, graphs(passing({"f32[2]"}, 1))),
             "node.8");
}

TEST(PlanConstraints, OfBodies) {
  auto rule = [](const Graph &graph, std::string_view rule) {
    auto result = verify(graph);
    ASSERT_FALSE(result.ok()) << rule;
    EXPECT_TRUE(result.error().message.ends_with(fmt::format("({})", rule)))
        << result.error().message;
  };
  Graph same = passing({"f32[2]"}, 1);
  Graph good = *planNode(Op::If, {one, x2}, {}, 1, graphs(same, same));
  ASSERT_TRUE(verify(good).ok());
  Graph graph = good;
  graph.nodes[0].bodies[0] = 2;
  rule(graph, "graph.10");
  graph = good;
  graph.nodes[0].bodies[0] = 1;
  rule(graph, "graph.10");
  graph = good;
  graph.bodies.push_back(same);
  rule(graph, "graph.10");
  graph = good;
  graph.bodies[0].outputs[0] = 99;
  rule(graph, "graph.3");
  graph = good;
  graph.bodies[1].variables.push_back({0, 0, {}});
  rule(graph, "graph.12");
  Graph deep = good;
  for (size_t i = 0; i <= maxBodyDepth; ++i) {
    Graph around = good;
    around.bodies[0].bodies.push_back(std::move(deep));
    deep = std::move(around.bodies[0]);
  }
  rule(deep, "graph.11");
}

} // namespace
} // namespace rune::graph
