// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Branches, loops, functions and sequences of ONNX: names across graphs, what
// is put in place and what stays a body, and what is refused. Expected values
// are worked out by hand from ONNX's texts.
#include "graph/evaluate.h"
#include "graph/ops.h"
#include "graph/text.h"
#include "import/onnx/test_onnx_model.h"

#include <onnx_facts.pb.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace rune::import::testing {
namespace {

using ::testing::HasSubstr;

/// Gives the last node of `model` a graph.
TestModel &attach(TestModel &model, const std::string &name,
                  const TestModel &body) {
  auto *graph = model.proto().mutable_graph();
  auto *attribute =
      graph->mutable_node(graph->node_size() - 1)->add_attribute();
  attribute->set_name(name);
  attribute->set_type(5);
  *attribute->mutable_g() = const_cast<TestModel &>(body).proto().graph();
  attribute->mutable_g()->set_name(name);
  return model;
}

TestModel choice(const TestModel &yes, const TestModel &no) {
  TestModel model;
  model.input("c", "bool[]").input("x", "f32[2]").node("If", {"c"});
  attach(model, "then_branch", yes);
  attach(model, "else_branch", no);
  return model.output("y");
}

TestModel twice() {
  return TestModel().node("Add", {"x", "x"}, {}, {"r"}, "add").output("r");
}
TestModel square() {
  return TestModel().node("Mul", {"x", "x"}, {}, {"s"}, "mul").output("s");
}

size_t count(const graph::Graph &graph, graph::Op op) {
  return static_cast<size_t>(
      std::ranges::count(graph.nodes, op, &graph::Node::op));
}

TEST(OnnxIf, RunsTheBranchThatTheConditionSays) {
  TestModel model = choice(twice(), square());
  EXPECT_EQ(evaluated(model, {{1}, {3, 4}}).values,
            (std::vector<double>{6, 8}));
  EXPECT_EQ(evaluated(model, {{0}, {3, 4}}).values,
            (std::vector<double>{9, 16}));
  Outcome outcome = importOf(model);
  EXPECT_EQ(outcome.graph->bodies.size(), 2u);
  EXPECT_THAT(graph::renderText(*outcome.graph), HasSubstr("then_branch/add"));
}

TEST(OnnxIf, IsPutInPlaceWhereTheConditionIsKnown) {
  TestModel model;
  model.input("x", "f32[2]").initializer("c", "bool[]", {0}).node("If", {"c"});
  attach(model, "then_branch", twice());
  attach(model, "else_branch", square()).output("y");
  Outcome outcome = importOf(model);
  ASSERT_TRUE(outcome.graph) << outcome.messages;
  EXPECT_EQ(count(*outcome.graph, graph::Op::If), 0u);
  EXPECT_TRUE(outcome.graph->bodies.empty());
  EXPECT_EQ(evaluated(model, {{3, 4}}).values, (std::vector<double>{9, 16}));
}

TEST(OnnxIf, BranchesSeeTheNamesOfAllGraphsAroundThem) {
  TestModel inner;
  inner.node("If", {"c"}, {}, {"z"}, "inner");
  attach(inner, "then_branch",
         TestModel()
             .initializer("two", "f32[]", {2})
             .node("Mul", {"x", "two"}, {}, {"t"}, "m")
             .node("Add", {"t", "h"}, {}, {"u"}, "a")
             .output("u"));
  attach(inner, "else_branch", square());
  inner.output("z");
  TestModel model;
  model.input("c", "bool[]")
      .input("x", "f32[2]")
      .initializer("h", "f32[]", {100})
      .node("If", {"c"}, {}, {"y"}, "outer");
  attach(model, "then_branch", inner);
  attach(model, "else_branch", twice()).output("y");
  EXPECT_EQ(evaluated(model, {{1}, {3, 4}}).values,
            (std::vector<double>{106, 108}));
  EXPECT_EQ(evaluated(model, {{0}, {3, 4}}).values,
            (std::vector<double>{6, 8}));
}

TEST(OnnxIf, EveryLayerInsideThatIsNotSupportedIsNamedWithItsPath) {
  EXPECT_EQ(
      refusal(
          choice(TestModel().node("Foo", {"x"}, {}, {"r"}, "foo").output("r"),
                 TestModel().node("Bar", {"x"}, {}, {"s"}, "bar").output("s"))),
      "import.unsupported: layer `layer/then_branch/foo`: operator `Foo` of "
      "opset 13 is not supported\n"
      "import.unsupported: layer `layer/else_branch/bar`: operator `Bar` of "
      "opset 13 is not supported");
}

TEST(OnnxIf, BothBranchesSayWhatIsWrong) {
  EXPECT_EQ(
      refusal(choice(
          TestModel().node("Relu", {"nowhere"}, {}, {"r"}, "one").output("r"),
          TestModel().node("Relu", {"x"}, {}, {"s"}, "two").output("other"))),
      "import.malformed: layer `layer/then_branch/one` reads `nowhere`, which "
      "nothing makes\n"
      "import.malformed: `layer`: nothing makes the output `other`");
}

TEST(OnnxIf, BranchesMustGiveTheSame) {
  EXPECT_THAT(refusal(choice(twice(), square().output("x"))),
              HasSubstr("`then_branch` has 1 outputs, `else_branch` 2"));
  EXPECT_THAT(
      refusal(choice(
          twice(), TestModel().initializer("i", "i32[2]", {1, 2}).output("i"))),
      HasSubstr("(if.3)"));
  EXPECT_THAT(refusal(choice(twice().input("z", "f32[2]"), square())),
              HasSubstr("takes 1 inputs, gets 0"));
}

/// sum += k · turn, with k from outside; each sum stacked.
TestModel looping(const std::string &trips, const std::string &condition) {
  TestModel body;
  body.input("i", "f32[]")
      .input("go", "bool[]")
      .input("sum", "f32[1]")
      .node("Identity", {"go"}, {}, {"on"}, "id")
      .node("Add", {"sum", "k"}, {}, {"next"}, "add")
      .node("Identity", {"next"}, {}, {"seen"}, "see")
      .output("on")
      .output("next")
      .output("seen");
  TestModel model;
  model.input("n", "i64[]").input("k", "f32[1]").input("s", "f32[1]");
  model.node("Loop", {trips, condition, "s"}, {}, {"last", "all"}, "loop");
  attach(model, "body", body);
  return model.output("last").output("all");
}

TEST(OnnxLoop, CarriesAndStacks) {
  auto results = evaluateAll(looping("n", ""), {{3}, {2}, {10}});
  ASSERT_EQ(results.size(), 2u) << results[0].type;
  EXPECT_EQ(results[0].values, (std::vector<double>{16}));
  EXPECT_EQ(results[1].values, (std::vector<double>{12, 14, 16}));
  EXPECT_EQ(results[1].type, "f32[3, 1]");
  results = evaluateAll(looping("n", ""), {{0}, {2}, {10}});
  EXPECT_EQ(results[0].values, (std::vector<double>{10}));
  EXPECT_EQ(results[1].type, "f32[0, 1]");
}

TEST(OnnxLoop, WithoutEndMeetsItsDeadline) {
  Outcome outcome = importOf(looping("", ""));
  ASSERT_TRUE(outcome.graph) << outcome.messages;
  auto number = Tensor::zeros(DType::F32, {1}).value();
  auto trips = Tensor::zeros(DType::I64, {}).value();
  graph::EvaluateLimits limits;
  limits.deadline = std::chrono::steady_clock::now();
  std::vector<TensorView> views = {trips.view(), number.view(), number.view()};
  EXPECT_EQ(graph::evaluate(*outcome.graph, views, limits).error().code,
            "evaluate.deadline");
}

TEST(OnnxLoop, CarriedSizesThatChangeAreLeftOpen) {
  TestModel body;
  body.input("i", "i64[]")
      .input("go", "bool[]")
      .input("v", "f32[1]")
      .node("Concat", {"v", "v"}, {{"axis", int64_t{0}}}, {"w"}, "cat")
      .output("go")
      .output("w");
  TestModel model;
  model.input("n", "i64[]").input("s", "f32[1]");
  model.node("Loop", {"n", "", "s"}, {}, {"y"}, "loop");
  attach(model, "body", body).output("y");
  Evaluated result = evaluated(model, {{3}, {7}});
  EXPECT_EQ(result.type, "f32[8]");
  EXPECT_EQ(importOf(model).graph->nodes[0].outputs.size(), 1u);
}

TEST(OnnxLoop, RefusesBodiesThatDoNotFit) {
  TestModel model;
  model.input("n", "i64[]").input("x", "f32[1]");
  model.node("Loop", {"n", "", "x"}, {}, {"y"}, "loop");
  attach(model, "body", TestModel().input("i", "i64[]").output("i"));
  EXPECT_EQ(refusal(model.output("y")),
            "import.malformed: layer `loop`: `Loop` of opset 13: the body "
            "takes 1 and gives 1 values, 1 are carried");
  TestModel none;
  none.input("n", "i64[]").node("Loop", {"n", ""}, {}, {"y"}, "loop");
  EXPECT_EQ(refusal(none.output("y")),
            "import.malformed: layer `loop`: `Loop` of opset 13: attribute "
            "`body` is missing");
}

/// Running sums.
TestModel sums() {
  return TestModel()
      .input("sum", "f32[2]")
      .input("next", "f32[2]")
      .node("Add", {"sum", "next"}, {}, {"out"}, "add")
      .node("Identity", {"out"}, {}, {"seen"}, "see")
      .output("out")
      .output("seen");
}

TEST(OnnxScan, RunsAlongAxesAndBackwards) {
  TestModel model(11);
  model.input("s", "f32[2]").input("x", "f32[2, 3]");
  model.node("Scan", {"s", "x"},
             {{"num_scan_inputs", int64_t{1}},
              {"scan_input_axes", std::vector<int64_t>{-1}},
              {"scan_input_directions", std::vector<int64_t>{1}},
              {"scan_output_axes", std::vector<int64_t>{-1}},
              {"scan_output_directions", std::vector<int64_t>{1}}},
             {"y", "z"});
  attach(model, "body", sums()).output("y").output("z");
  auto results = evaluateAll(model, {{0, 0}, {1, 3, 5, 2, 4, 6}});
  ASSERT_EQ(results.size(), 2u) << results[0].type;
  EXPECT_EQ(results[0].values, (std::vector<double>{9, 12}));
  EXPECT_EQ(results[1].values, (std::vector<double>{9, 8, 5, 12, 10, 6}));
}

TEST(OnnxScan, HadBatchesAndLengthsAtFirst) {
  auto of = [](bool lengths, int64_t direction) {
    TestModel model(8);
    if (lengths)
      model.input("l", "i64[2]");
    model.input("s", "f32[2, 2]").input("x", "f32[2, 3, 2]");
    model.node("Scan", {lengths ? "l" : "", "s", "x"},
               {{"num_scan_inputs", int64_t{1}},
                {"directions", std::vector<int64_t>{direction}}},
               {"y", "z"});
    return attach(model, "body", sums()).output("y").output("z");
  };
  std::vector<double> zeros(4), x = counting(12, 1);
  auto all = evaluateAll(of(false, 0), {zeros, x});
  ASSERT_EQ(all.size(), 2u) << all[0].type;
  EXPECT_EQ(all[0].values, (std::vector<double>{9, 12, 27, 30}));
  EXPECT_EQ(all[1].values,
            (std::vector<double>{1, 2, 4, 6, 9, 12, 7, 8, 16, 18, 27, 30}));
  auto some = evaluateAll(of(true, 1), {{1, 3}, zeros, x});
  ASSERT_EQ(some.size(), 2u) << some[0].type;
  EXPECT_EQ(some[0].values, (std::vector<double>{1, 2, 27, 30}));
  EXPECT_EQ(some[1].values,
            (std::vector<double>{1, 2, 0, 0, 0, 0, 11, 12, 20, 22, 27, 30}));
}

TEST(OnnxScan, RefusesAxesOutsideOfWhatIsScanned) {
  TestModel model(11);
  model.input("s", "f32[2]").input("x", "f32[2, 3]");
  model.node("Scan", {"s", "x"},
             {{"num_scan_inputs", int64_t{1}},
              {"scan_input_axes", std::vector<int64_t>{2}}},
             {"y", "z"});
  attach(model, "body", sums()).output("y").output("z");
  EXPECT_THAT(refusal(model), HasSubstr("axis 2 outside [-2, 2)"));
}

TEST(OnnxSequence, PassesThroughALoop) {
  TestModel body;
  body.input("i", "i64[]")
      .input("go", "bool[]")
      .input("s", "f32[]")
      .node("SequenceInsert", {"s", "x"}, {}, {"t"}, "insert")
      .output("go")
      .output("t");
  TestModel model;
  model.input("n", "i64[]").input("x", "f32[2]");
  model.node("SequenceEmpty", {}, {}, {"e"}, "empty")
      .node("Loop", {"n", "", "e"}, {}, {"q"}, "loop");
  attach(model, "body", body);
  model.node("ConcatFromSequence", {"q"}, {{"axis", int64_t{0}}}, {"y"}, "cat")
      .output("y");
  Evaluated result = evaluated(model, {{2}, {3, 4}});
  EXPECT_EQ(result.type, "f32[4]");
  EXPECT_EQ(result.values, (std::vector<double>{3, 4, 3, 4}));
}

/// Goes in as an optional value that is empty, comes out as a tensor.
TEST(OnnxLoop, WhatIsOptionalAtFirstMayBeThereAfterwards) {
  TestModel model(18);
  model.input("n", "i64[]").input("x", "f32[2]");
  model.node("Optional", {}, {}, {"o"}, "nothing");
  auto *attribute =
      model.proto().mutable_graph()->mutable_node(0)->add_attribute();
  attribute->set_name("type");
  attribute->set_type(13);
  attribute->mutable_tp()->mutable_tensor_type()->set_elem_type(1);
  model.node("Loop", {"n", "", "o"}, {}, {"y"}, "loop");
  attach(model, "body",
         TestModel(18)
             .input("i", "i64[]")
             .input("go", "bool[]")
             .input("v", "f32[2]")
             .node("Add", {"x", "x"}, {}, {"w"}, "add")
             .output("go")
             .output("w"));
  model.output("y");
  EXPECT_EQ(evaluated(model, {{1}, {3, 4}}).values,
            (std::vector<double>{6, 8}));
  EXPECT_THAT(evaluated(model, {{0}, {3, 4}}).type,
              HasSubstr("there is no element"));
}

TEST(OnnxSequence, MapRunsItsBodyForEachTensor) {
  TestModel model(17);
  model.input("x", "f32[4]").input("k", "f32[2]");
  model.node("SplitToSequence", {"x", "size"}, {}, {"s"}, "split")
      .initializer("size", "i64[]", {2})
      .node("SequenceMap", {"s", "k"}, {}, {"m"}, "map");
  attach(model, "body",
         TestModel()
             .input("a", "f32[2]")
             .input("b", "f32[2]")
             .node("Add", {"a", "b"}, {}, {"c"}, "add")
             .output("c"));
  model.node("ConcatFromSequence", {"m"}, {{"axis", int64_t{0}}}, {"y"}, "cat")
      .output("y");
  EXPECT_EQ(evaluated(model, {{1, 2, 3, 4}, {10, 20}}).values,
            (std::vector<double>{11, 22, 13, 24}));
}

TEST(OnnxSequence, WhatIsNoTensorIsRefusedByTensors) {
  TestModel model;
  model.input("x", "f32[2]")
      .node("SequenceConstruct", {"x", "x"}, {}, {"s"}, "make")
      .node("Relu", {"s"}, {}, {"y"}, "relu")
      .output("y");
  EXPECT_THAT(refusal(model), HasSubstr("(node.6)"));
}

/// A function `f.Name` of one input `a` and one output `b`.
onnx::FunctionProto &function(TestModel &model, const std::string &name) {
  auto *function = model.proto().add_functions();
  function->set_name(name);
  function->set_domain("f");
  function->add_input("a");
  function->add_output("b");
  auto *opset = function->add_opset_import();
  opset->set_version(13);
  if (model.proto().opset_import_size() < 2) {
    auto *domain = model.proto().add_opset_import();
    domain->set_domain("f");
    domain->set_version(1);
  }
  return *function;
}
onnx::NodeProto &add(onnx::FunctionProto &function, const std::string &op,
                     const std::vector<std::string> &inputs,
                     const std::string &output,
                     const std::string &domain = {}) {
  auto *node = function.add_node();
  node->set_op_type(op);
  node->set_domain(domain);
  for (const std::string &input : inputs)
    node->add_input(input);
  node->add_output(output);
  return *node;
}
TestModel calling(const std::string &name,
                  const std::vector<TestAttribute> &attributes = {}) {
  TestModel model;
  model.input("x", "f32[1, 4]")
      .node(name, {"x"}, attributes, {"y"}, "call")
      .output("y");
  model.proto().mutable_graph()->mutable_node(0)->set_domain("f");
  return model;
}

TEST(OnnxFunction, IsPutInPlaceWithItsOwnNames) {
  TestModel model = calling("Outer");
  auto &outer = function(model, "Outer");
  add(outer, "Inner", {"a"}, "x", "f"); // no name of the caller's
  add(outer, "Add", {"x", "a"}, "b");
  auto &inner = function(model, "Inner");
  add(inner, "Mul", {"a", "a"}, "b").set_name("product");
  EXPECT_EQ(evaluated(model, {{1, 2, 3, 4}}).values,
            (std::vector<double>{2, 6, 12, 20}));
  EXPECT_THAT(graph::renderText(*importOf(model).graph),
              HasSubstr("\"call/x/product\""));
}

TEST(OnnxFunction, TakesAttributesFromItsCallOrItsDefaults) {
  auto model = [](const std::vector<TestAttribute> &attributes) {
    TestModel model = calling("Cat", attributes);
    auto &cat = function(model, "Cat");
    cat.add_attribute("axis");
    auto *fallback = cat.add_attribute_proto();
    fallback->set_name("along");
    fallback->set_type(2);
    fallback->set_i(1);
    for (const char *name : {"axis", "along"}) {
      bool first = name[1] == 'x';
      auto &node = add(cat, "Concat", {first ? "a" : "m", first ? "a" : "m"},
                       first ? "m" : "b");
      auto *attribute = node.add_attribute();
      attribute->set_name("axis");
      attribute->set_type(2);
      attribute->set_ref_attr_name(name);
    }
    return model;
  };
  EXPECT_EQ(evaluated(model({{"axis", int64_t{0}}}), {{1, 2, 3, 4}}).type,
            "f32[2, 8]");
  EXPECT_EQ(evaluated(model({{"axis", int64_t{1}}, {"along", int64_t{0}}}),
                      {{1, 2, 3, 4}})
                .type,
            "f32[2, 8]");
  EXPECT_THAT(refusal(model({})), HasSubstr("layer `call/m`: `Concat`"));
}

TEST(OnnxFunction, InputsMayBeLeftOut) {
  TestModel model = calling("Clip");
  auto &clip = function(model, "Clip");
  clip.add_input("low");
  add(clip, "Clip", {"a", "low"}, "b");
  EXPECT_EQ(evaluated(model, {{-1, 2, -3, 4}}).values,
            (std::vector<double>{-1, 2, -3, 4}));
}

TEST(OnnxFunction, ThatCallsItselfIsRefused) {
  TestModel model = calling("A");
  add(function(model, "A"), "B", {"a"}, "b", "f");
  add(function(model, "B"), "A", {"a"}, "b", "f");
  EXPECT_EQ(refusal(model), "import.malformed: layer `call/b/b`: function `A` "
                            "calls itself");
}

/// Each calls the next twice: 2^40 nodes in 40 lines.
TEST(OnnxFunction, ThatGrowsWithoutBoundIsRefused) {
  TestModel model = calling("F0");
  for (int i = 0; i < 40; ++i) {
    auto &next = function(model, fmt::format("F{}", i));
    add(next, fmt::format("F{}", i + 1), {"a"}, "m", "f");
    add(next, fmt::format("F{}", i + 1), {"m"}, "b", "f");
  }
  add(function(model, "F40"), "Relu", {"a"}, "b");
  EXPECT_THAT(refusal(model), HasSubstr("import.limit: functions, branches and "
                                        "loops make more than"));
}

TEST(OnnxFunction, CallsAreLimitedInDepth) {
  TestModel model = calling("F0");
  for (int i = 0; i < 70; ++i)
    add(function(model, fmt::format("F{}", i)), fmt::format("F{}", i + 1),
        {"a"}, "b", "f");
  add(function(model, "F70"), "Relu", {"a"}, "b");
  EXPECT_THAT(refusal(model),
              HasSubstr("functions and graphs more than 64 deep"));
}

TEST(OnnxFunction, WhatItCannotDoIsNamedWithItsPath) {
  TestModel model = calling("A");
  auto &a = function(model, "A");
  add(a, "Foo", {"a"}, "b").set_name("inside");
  EXPECT_EQ(refusal(model), "import.unsupported: layer `call/inside`: operator "
                            "`Foo` of opset 13 is not supported");
}

} // namespace
} // namespace rune::import::testing
