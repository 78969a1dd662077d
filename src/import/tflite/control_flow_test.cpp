// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Graphs that call graphs: values are computed by hand from what the operators
// of TensorFlow Lite say they do.
#include "graph/evaluate.h"
#include "import/tflite/test_tflite_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::import::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Bodies of one operator on the first input, and a constant.
TfliteTestModel unary(int32_t code, const std::string &type) {
  TfliteTestModel graph;
  int32_t x = graph.input({"x", type});
  int32_t y = graph.tensor({"y", type});
  graph.op(code, {x}, {y}).output(y);
  return graph;
}

TfliteTestModel withConstant(int32_t code, const std::string &type,
                             std::vector<double> values) {
  TfliteTestModel graph;
  int32_t x = graph.input({"x", type});
  int32_t c = graph.tensor({"c", type, std::move(values)});
  int32_t y = graph.tensor({"y", type});
  graph.op(code, {x, c}, {y}).output(y);
  return graph;
}

auto ifOptions(int32_t yes, int32_t no) {
  return [=](auto &fbb) { return tflite::CreateIfOptions(fbb, yes, no); };
}
auto whileOptions(int32_t cond, int32_t body) {
  return [=](auto &fbb) { return tflite::CreateWhileOptions(fbb, cond, body); };
}
auto callOptions(uint32_t graph) {
  return [=](auto &fbb) { return tflite::CreateCallOptions(fbb, graph); };
}
auto onceOptions(int32_t graph) {
  return [=](auto &fbb) { return tflite::CreateCallOnceOptions(fbb, graph); };
}
auto handleOptions(const std::string &name) {
  return [=](auto &fbb) {
    return tflite::CreateVarHandleOptions(fbb, fbb.CreateString("box"),
                                          fbb.CreateString(name));
  };
}

TestTensor handleTensor(const std::string &name) {
  return {.name = name, .type = "i32[]", .resource = true};
}

std::string refusal(const TfliteTestModel &model) {
  TfliteOutcome outcome = importOf(model);
  EXPECT_FALSE(outcome.graph.has_value());
  return outcome.messages;
}

TEST(TfliteControlFlow, aCallIsPutInPlace) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t y = model.tensor({"y", "f32[2]"});
  int32_t negate = model.subgraph(unary(BUILTIN_NEG, "f32[2]"));
  model
      .op(BUILTIN_CALL, {x}, {y}, tflite::Options_CallOptions,
          callOptions(static_cast<uint32_t>(negate)))
      .output(y);
  TfliteOutcome outcome = importOf(model);
  ASSERT_EQ(outcome.messages, "");
  EXPECT_TRUE(outcome.graph->bodies.empty());
  EXPECT_EQ(run(model, {{1, -2}}).values, (std::vector<double>{-1, 2}));
}

TfliteTestModel branching() {
  TfliteTestModel model;
  int32_t flag = model.input({"flag", "bool[]"});
  int32_t x = model.input({"x", "f32[2]"});
  int32_t y = model.tensor({"y", "f32[2]"});
  int32_t yes = model.subgraph(withConstant(BUILTIN_ADD, "f32[2]", {10, 20}));
  int32_t no = model.subgraph(unary(BUILTIN_NEG, "f32[2]"));
  model
      .op(BUILTIN_IF, {flag, x}, {y}, tflite::Options_IfOptions,
          ifOptions(yes, no))
      .output(y);
  return model;
}

TEST(TfliteControlFlow, ifTakesOneOfTwoGraphs) {
  EXPECT_EQ(run(branching(), {{1}, {1, 2}}).values,
            (std::vector<double>{11, 22}));
  EXPECT_EQ(run(branching(), {{0}, {1, 2}}).values,
            (std::vector<double>{-1, -2}));
}

TEST(TfliteControlFlow, aConditionThatIsKnownLeavesNoBranch) {
  TfliteTestModel model;
  int32_t flag = model.tensor({"flag", "bool[]", {0}});
  int32_t x = model.input({"x", "f32[2]"});
  int32_t y = model.tensor({"y", "f32[2]"});
  int32_t yes = model.subgraph(withConstant(BUILTIN_ADD, "f32[2]", {10, 20}));
  int32_t no = model.subgraph(unary(BUILTIN_NEG, "f32[2]"));
  model
      .op(BUILTIN_IF, {flag, x}, {y}, tflite::Options_IfOptions,
          ifOptions(yes, no))
      .output(y);
  TfliteOutcome outcome = importOf(model);
  ASSERT_EQ(outcome.messages, "");
  EXPECT_TRUE(outcome.graph->bodies.empty());
  EXPECT_EQ(run(model, {{1, 2}}).values, (std::vector<double>{-1, -2}));
}

TEST(TfliteControlFlow, branchesMayGiveOtherSizes) {
  TfliteTestModel model;
  int32_t flag = model.input({"flag", "bool[]"});
  int32_t x = model.input({"x", "f32[2, 2]"});
  int32_t y = model.tensor({"y", "f32[rows, 2]"});
  TfliteTestModel half;
  int32_t hx = half.input({"x", "f32[2, 2]"});
  int32_t begin = half.tensor({"begin", "i32[2]", {1, 0}});
  int32_t size = half.tensor({"size", "i32[2]", {1, 2}});
  int32_t hy = half.tensor({"y", "f32[1, 2]"});
  half.op(BUILTIN_SLICE, {hx, begin, size}, {hy}).output(hy);
  int32_t yes = model.subgraph(half);
  int32_t no = model.subgraph(unary(BUILTIN_NEG, "f32[2, 2]"));
  model
      .op(BUILTIN_IF, {flag, x}, {y}, tflite::Options_IfOptions,
          ifOptions(yes, no))
      .output(y);
  TfliteResult one = run(model, {{1}, {1, 2, 3, 4}});
  EXPECT_EQ(one.type, "f32[1, 2]");
  EXPECT_EQ(one.values, (std::vector<double>{3, 4}));
  EXPECT_EQ(run(model, {{0}, {1, 2, 3, 4}}).type, "f32[2, 2]");
}

/// (i, x) while i < most: (i + 1, x · 2)
TfliteTestModel doubling(double most) {
  TfliteTestModel model;
  int32_t i = model.tensor({"i", "i32[]", {0}});
  int32_t x = model.input({"x", "f32[2]"});
  int32_t n = model.tensor({"n", "i32[]"});
  int32_t y = model.tensor({"y", "f32[2]"});
  TfliteTestModel cond;
  int32_t ci = cond.input({"i", "i32[]"});
  cond.input({"x", "f32[2]"});
  int32_t limit = cond.tensor({"limit", "i32[]", {most}});
  int32_t more = cond.tensor({"more", "bool[]"});
  cond.op(BUILTIN_LESS, {ci, limit}, {more}).output(more);
  TfliteTestModel body;
  int32_t bi = body.input({"i", "i32[]"});
  int32_t bx = body.input({"x", "f32[2]"});
  int32_t one = body.tensor({"one", "i32[]", {1}});
  int32_t two = body.tensor({"two", "f32[]", {2}});
  int32_t next = body.tensor({"next", "i32[]"});
  int32_t twice = body.tensor({"twice", "f32[2]"});
  body.op(BUILTIN_ADD, {bi, one}, {next})
      .op(BUILTIN_MUL, {bx, two}, {twice})
      .output(next)
      .output(twice);
  int32_t condition = model.subgraph(cond);
  int32_t work = model.subgraph(body);
  model
      .op(BUILTIN_WHILE, {i, x}, {n, y}, tflite::Options_WhileOptions,
          whileOptions(condition, work))
      .output(y)
      .output(n);
  return model;
}

TEST(TfliteControlFlow, whileTurnsAsLongAsItsConditionHolds) {
  auto results = runAll(doubling(5), {{1, 3}});
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].values, (std::vector<double>{32, 96}));
  EXPECT_EQ(results[1].values, (std::vector<double>{5}));
}

TEST(TfliteControlFlow, aLoopWithoutATurnGivesWhatItGot) {
  EXPECT_EQ(run(doubling(0), {{1, 3}}).values, (std::vector<double>{1, 3}));
}

TEST(TfliteControlFlow, endlessLoopsEndByTheDeadline) {
  TfliteOutcome outcome = importOf(doubling(2e9));
  ASSERT_EQ(outcome.messages, "");
  auto x = Tensor::zeros(DType::F32, {2});
  graph::EvaluateLimits limits;
  limits.deadline = std::chrono::steady_clock::now();
  TensorView view = x->view();
  auto results = graph::evaluate(*outcome.graph, {&view, 1}, limits);
  ASSERT_FALSE(results.ok());
  EXPECT_EQ(results.error().code, "evaluate.deadline");
}

/// x while there are fewer than `most` rows: x twice, one below the other
TfliteTestModel growing() {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[1, 2]"});
  int32_t y = model.tensor({"y", "f32[rows, 2]"});
  TfliteTestModel cond;
  int32_t cx = cond.input({"x", "f32[rows, 2]"});
  int32_t shape = cond.tensor({"shape", "i32[2]"});
  int32_t zero = cond.tensor({"zero", "i32[1]", {0}});
  int32_t one = cond.tensor({"one", "i32[1]", {1}});
  int32_t rows = cond.tensor({"rows", "i32[1]"});
  int32_t most = cond.tensor({"most", "i32[1]", {4}});
  int32_t more = cond.tensor({"more", "bool[1]"});
  cond.op(BUILTIN_SHAPE, {cx}, {shape})
      .op(BUILTIN_STRIDED_SLICE, {shape, zero, one, one}, {rows})
      .op(BUILTIN_LESS, {rows, most}, {more})
      .output(more);
  TfliteTestModel body;
  int32_t bx = body.input({"x", "f32[rows, 2]"});
  int32_t both = body.tensor({"both", "f32[rows, 2]"});
  body.op(BUILTIN_CONCATENATION, {bx, bx}, {both},
          tflite::Options_ConcatenationOptions,
          [](auto &fbb) { return tflite::CreateConcatenationOptions(fbb, 0); })
      .output(both);
  int32_t condition = model.subgraph(cond);
  int32_t work = model.subgraph(body);
  model
      .op(BUILTIN_WHILE, {x}, {y}, tflite::Options_WhileOptions,
          whileOptions(condition, work))
      .output(y);
  return model;
}

TEST(TfliteControlFlow, whatALoopCarriesMayGrow) {
  TfliteResult result = run(growing(), {{1, 2}});
  EXPECT_EQ(result.type, "f32[4, 2]");
  EXPECT_EQ(result.values, (std::vector<double>{1, 2, 1, 2, 1, 2, 1, 2}));
}

TEST(TfliteControlFlow, constantsThatALoopPassesOnAreKnownInIt) {
  // the shape of a RESHAPE goes round the loop
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[4]"});
  int32_t shape = model.tensor({"shape", "i32[2]", {2, 2}});
  int32_t i = model.tensor({"i", "i32[]", {0}});
  int32_t n = model.tensor({"n", "i32[]"});
  int32_t y = model.tensor({"y", "f32[4]"});
  int32_t same = model.tensor({"same", "i32[2]"});
  TfliteTestModel cond;
  int32_t ci = cond.input({"i", "i32[]"});
  cond.input({"x", "f32[4]"});
  cond.input({"shape", "i32[2]"});
  int32_t limit = cond.tensor({"limit", "i32[]", {1}});
  int32_t more = cond.tensor({"more", "bool[]"});
  cond.op(BUILTIN_LESS, {ci, limit}, {more}).output(more);
  TfliteTestModel body;
  int32_t bi = body.input({"i", "i32[]"});
  int32_t bx = body.input({"x", "f32[4]"});
  int32_t bshape = body.input({"shape", "i32[2]"});
  int32_t one = body.tensor({"one", "i32[]", {1}});
  int32_t next = body.tensor({"next", "i32[]"});
  int32_t square = body.tensor({"square", "f32[2, 2]"});
  int32_t order = body.tensor({"order", "i32[2]", {1, 0}});
  int32_t turned = body.tensor({"turned", "f32[2, 2]"});
  int32_t four = body.tensor({"four", "i32[1]", {4}});
  int32_t flat = body.tensor({"flat", "f32[4]"});
  body.op(BUILTIN_ADD, {bi, one}, {next})
      .op(BUILTIN_RESHAPE, {bx, bshape}, {square})
      .op(BUILTIN_TRANSPOSE, {square, order}, {turned})
      .op(BUILTIN_RESHAPE, {turned, four}, {flat})
      .output(next)
      .output(flat)
      .output(bshape);
  int32_t condition = model.subgraph(cond);
  int32_t work = model.subgraph(body);
  model
      .op(BUILTIN_WHILE, {i, x, shape}, {n, y, same},
          tflite::Options_WhileOptions, whileOptions(condition, work))
      .output(y)
      .output(same);
  auto results = runAll(model, {{1, 2, 3, 4}});
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].values, (std::vector<double>{1, 3, 2, 4}));
  EXPECT_EQ(results[1].values, (std::vector<double>{2, 2}));
}

TEST(TfliteControlFlow, refusesGraphsThatCallThemselves) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t y = model.tensor({"y", "f32[2]"});
  TfliteTestModel first, second;
  for (auto [graph, next] : {std::pair{&first, 2U}, std::pair{&second, 1U}}) {
    int32_t gx = graph->input({"x", "f32[2]"});
    int32_t gy = graph->tensor({"y", "f32[2]"});
    graph
        ->op(BUILTIN_CALL, {gx}, {gy}, tflite::Options_CallOptions,
             callOptions(next))
        .output(gy);
  }
  model.subgraph(first);
  model.subgraph(second);
  model.op(BUILTIN_CALL, {x}, {y}, tflite::Options_CallOptions, callOptions(1))
      .output(y);
  EXPECT_EQ(refusal(model),
            "import.malformed: layer `y/y/y`: graph 1 calls itself\n");
}

TEST(TfliteControlFlow, refusesGraphsThatAreNotThere) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t y = model.tensor({"y", "f32[2]"});
  model.op(BUILTIN_CALL, {x}, {y}, tflite::Options_CallOptions, callOptions(7))
      .output(y);
  EXPECT_EQ(refusal(model),
            "import.malformed: layer `y`: calls graph 7, the file has 1\n");
}

TEST(TfliteControlFlow, refusesAnotherNumberOfValues) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t y = model.tensor({"y", "f32[2]"});
  uint32_t graph =
      static_cast<uint32_t>(model.subgraph(unary(BUILTIN_NEG, "f32[2]")));
  model
      .op(BUILTIN_CALL, {x, x}, {y}, tflite::Options_CallOptions,
          callOptions(graph))
      .output(y);
  EXPECT_EQ(refusal(model), "import.malformed: layer `y`: graph 1 takes 1 "
                            "values, gets 2\n");
}

TEST(TfliteControlFlow, callsCannotMultiplyWithoutEnd) {
  // each of 32 graphs calls the next one twice
  constexpr uint32_t depth = 32;
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t y = model.tensor({"y", "f32[2]"});
  for (uint32_t i = 1; i < depth; ++i) {
    TfliteTestModel graph;
    int32_t gx = graph.input({"x", "f32[2]"});
    int32_t a = graph.tensor({"a", "f32[2]"});
    int32_t b = graph.tensor({"b", "f32[2]"});
    graph
        .op(BUILTIN_CALL, {gx}, {a}, tflite::Options_CallOptions,
            callOptions(i + 1))
        .op(BUILTIN_CALL, {a}, {b}, tflite::Options_CallOptions,
            callOptions(i + 1))
        .output(b);
    model.subgraph(graph);
  }
  model.subgraph(unary(BUILTIN_NEG, "f32[2]"));
  model.op(BUILTIN_CALL, {x}, {y}, tflite::Options_CallOptions, callOptions(1))
      .output(y);
  EXPECT_THAT(refusal(model), HasSubstr("import.limit"));
}

TEST(TfliteControlFlow, namesUnsupportedLayersOfAllGraphsAtOnce) {
  TfliteTestModel model = branching();
  TfliteTestModel other = unary(BUILTIN_LSH_PROJECTION, "f32[2]");
  uint32_t graph = static_cast<uint32_t>(model.subgraph(other));
  int32_t z = model.tensor({"z", "f32[2]"});
  model
      .op(BUILTIN_CALL, {1}, {z}, tflite::Options_CallOptions,
          callOptions(graph))
      .output(z);
  EXPECT_EQ(refusal(model),
            "import.unsupported: layer `y`: operator `LSH_PROJECTION` version "
            "1 is not supported\n");
}

/// A variable of that name: what it held before the run comes out; in the run
/// it becomes so much more.
TfliteTestModel counter(const std::string &type = "f32[2]") {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t handle = model.tensor(handleTensor("handle"));
  int32_t old = model.tensor({"old", type});
  int32_t sum = model.tensor({"sum", "f32[2]"});
  model
      .op(BUILTIN_VAR_HANDLE, {}, {handle}, tflite::Options_VarHandleOptions,
          handleOptions("count"))
      .op(BUILTIN_READ_VARIABLE, {handle}, {old})
      .op(BUILTIN_ADD, {old, x}, {sum})
      .op(BUILTIN_ASSIGN_VARIABLE, {handle, sum}, {})
      .output(old);
  return model;
}

TEST(TfliteVariables, keepWhatWasAssignedForTheNextRun) {
  TfliteTestModel model = counter();
  EXPECT_THAT(
      runInTurn(model, {{{1, 2}}, {{10, 20}}, {{0, 0}}}),
      ElementsAre(ElementsAre(0, 0), ElementsAre(1, 2), ElementsAre(11, 22)));
}

TEST(TfliteVariables, areReadAsTheyWereLastAssigned) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t handle = model.tensor(handleTensor("handle"));
  int32_t again = model.tensor(handleTensor("again"));
  int32_t y = model.tensor({"y", "f32[2]"});
  model
      .op(BUILTIN_VAR_HANDLE, {}, {handle}, tflite::Options_VarHandleOptions,
          handleOptions("v"))
      .op(BUILTIN_ASSIGN_VARIABLE, {handle, x}, {})
      .op(BUILTIN_VAR_HANDLE, {}, {again}, tflite::Options_VarHandleOptions,
          handleOptions("v"))
      .op(BUILTIN_READ_VARIABLE, {again}, {y})
      .output(y);
  EXPECT_EQ(run(model, {{3, 4}}).values, (std::vector<double>{3, 4}));
}

/// CALL_ONCE of a graph that assigns a constant, then the counter.
TfliteTestModel initialised() {
  TfliteTestModel init;
  int32_t handle = init.tensor(handleTensor("handle"));
  int32_t start = init.tensor({"start", "f32[2]", {100, 200}});
  init.op(BUILTIN_VAR_HANDLE, {}, {handle}, tflite::Options_VarHandleOptions,
          handleOptions("count"))
      .op(BUILTIN_ASSIGN_VARIABLE, {handle, start}, {});
  TfliteTestModel model;
  int32_t graph = model.subgraph(init);
  model.op(BUILTIN_CALL_ONCE, {}, {}, tflite::Options_CallOnceOptions,
           onceOptions(graph));
  int32_t x = model.input({"x", "f32[2]"});
  int32_t here = model.tensor(handleTensor("handle"));
  int32_t old = model.tensor({"old", "f32[2]"});
  int32_t sum = model.tensor({"sum", "f32[2]"});
  model
      .op(BUILTIN_VAR_HANDLE, {}, {here}, tflite::Options_VarHandleOptions,
          handleOptions("count"))
      .op(BUILTIN_READ_VARIABLE, {here}, {old})
      .op(BUILTIN_ADD, {old, x}, {sum})
      .op(BUILTIN_ASSIGN_VARIABLE, {here, sum}, {})
      .output(old);
  return model;
}

TEST(TfliteVariables, callOnceSaysWhatTheyHoldAtFirst) {
  TfliteOutcome outcome = importOf(initialised());
  ASSERT_EQ(outcome.messages, "");
  ASSERT_EQ(outcome.graph->variables.size(), 1U);
  EXPECT_TRUE(outcome.graph->variables[0].initial.has_value());
  EXPECT_THAT(runInTurn(initialised(), {{{1, 2}}, {{1, 2}}}),
              ElementsAre(ElementsAre(100, 200), ElementsAre(101, 202)));
}

TEST(TfliteVariables, callOnceRunsOnceWhereItDependsOnState) {
  // the graph adds 5 to what the variable holds: only in the first run
  TfliteTestModel init;
  int32_t handle = init.tensor(handleTensor("handle"));
  int32_t old = init.tensor({"old", "f32[2]"});
  int32_t five = init.tensor({"five", "f32[]", {5}});
  int32_t sum = init.tensor({"sum", "f32[2]"});
  init.op(BUILTIN_VAR_HANDLE, {}, {handle}, tflite::Options_VarHandleOptions,
          handleOptions("v"))
      .op(BUILTIN_READ_VARIABLE, {handle}, {old})
      .op(BUILTIN_ADD, {old, five}, {sum})
      .op(BUILTIN_ASSIGN_VARIABLE, {handle, sum}, {});
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t here = model.tensor(handleTensor("handle"));
  int32_t y = model.tensor({"y", "f32[2]"});
  int32_t graph = model.subgraph(init);
  model
      .op(BUILTIN_VAR_HANDLE, {}, {here}, tflite::Options_VarHandleOptions,
          handleOptions("v"))
      .op(BUILTIN_ASSIGN_VARIABLE, {here, x}, {})
      .op(BUILTIN_CALL_ONCE, {}, {}, tflite::Options_CallOnceOptions,
          onceOptions(graph))
      .op(BUILTIN_READ_VARIABLE, {here}, {y})
      .output(y);
  EXPECT_THAT(runInTurn(model, {{{1, 2}}, {{1, 2}}}),
              ElementsAre(ElementsAre(6, 7), ElementsAre(1, 2)));
}

TEST(TfliteVariables, branchesAssignThem) {
  // where the flag is set x is added to the variable
  TfliteTestModel model;
  int32_t flag = model.input({"flag", "bool[]"});
  int32_t x = model.input({"x", "f32[2]"});
  int32_t handle = model.tensor(handleTensor("handle"));
  int32_t same = model.tensor({"same", "f32[2]"});
  int32_t y = model.tensor({"y", "f32[2]"});
  TfliteTestModel add;
  int32_t ahandle = add.input(handleTensor("handle"));
  int32_t ax = add.input({"x", "f32[2]"});
  int32_t old = add.tensor({"old", "f32[2]"});
  int32_t sum = add.tensor({"sum", "f32[2]"});
  add.op(BUILTIN_READ_VARIABLE, {ahandle}, {old})
      .op(BUILTIN_ADD, {old, ax}, {sum})
      .op(BUILTIN_ASSIGN_VARIABLE, {ahandle, sum}, {})
      .output(ax);
  TfliteTestModel skip;
  skip.input(handleTensor("handle"));
  int32_t sx = skip.input({"x", "f32[2]"});
  skip.output(sx);
  int32_t yes = model.subgraph(add);
  int32_t no = model.subgraph(skip);
  model
      .op(BUILTIN_VAR_HANDLE, {}, {handle}, tflite::Options_VarHandleOptions,
          handleOptions("v"))
      .op(BUILTIN_IF, {flag, handle, x}, {same}, tflite::Options_IfOptions,
          ifOptions(yes, no))
      .op(BUILTIN_READ_VARIABLE, {handle}, {y})
      .output(y);
  EXPECT_THAT(
      runInTurn(model, {{{1}, {1, 2}}, {{0}, {5, 5}}, {{1}, {10, 10}}}),
      ElementsAre(ElementsAre(1, 2), ElementsAre(1, 2), ElementsAre(11, 12)));
}

TEST(TfliteVariables, loopsAssignThem) {
  // four turns, each adds the number of the turn to the variable
  TfliteTestModel model;
  model.input({"x", "f32[]"});
  int32_t i = model.tensor({"i", "f32[]", {0}});
  int32_t handle = model.tensor(handleTensor("handle"));
  int32_t n = model.tensor({"n", "f32[]"});
  int32_t y = model.tensor({"y", "f32[]"});
  TfliteTestModel cond;
  int32_t ci = cond.input({"i", "f32[]"});
  int32_t limit = cond.tensor({"limit", "f32[]", {4}});
  int32_t more = cond.tensor({"more", "bool[]"});
  cond.op(BUILTIN_LESS, {ci, limit}, {more}).output(more);
  TfliteTestModel body;
  int32_t bi = body.input({"i", "f32[]"});
  int32_t bhandle = body.tensor(handleTensor("handle"));
  int32_t old = body.tensor({"old", "f32[]"});
  int32_t sum = body.tensor({"sum", "f32[]"});
  int32_t one = body.tensor({"one", "f32[]", {1}});
  int32_t next = body.tensor({"next", "f32[]"});
  body.op(BUILTIN_VAR_HANDLE, {}, {bhandle}, tflite::Options_VarHandleOptions,
          handleOptions("v"))
      .op(BUILTIN_READ_VARIABLE, {bhandle}, {old})
      .op(BUILTIN_ADD, {old, bi}, {sum})
      .op(BUILTIN_ASSIGN_VARIABLE, {bhandle, sum}, {})
      .op(BUILTIN_ADD, {bi, one}, {next})
      .output(next);
  int32_t condition = model.subgraph(cond);
  int32_t work = model.subgraph(body);
  model
      .op(BUILTIN_WHILE, {i}, {n}, tflite::Options_WhileOptions,
          whileOptions(condition, work))
      .op(BUILTIN_VAR_HANDLE, {}, {handle}, tflite::Options_VarHandleOptions,
          handleOptions("v"))
      .op(BUILTIN_READ_VARIABLE, {handle}, {y})
      .output(y);
  EXPECT_THAT(runInTurn(model, {{{0}}, {{0}}}),
              ElementsAre(ElementsAre(6), ElementsAre(12)));
}

TEST(TfliteVariables, refusesOtherTypesAndWhatIsNoVariable) {
  EXPECT_THAT(refusal(counter("f32[1]")),
              HasSubstr("variable `count` is `f32[1]` in one place, `f32[2]` "
                        "in another"));
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t y = model.tensor({"y", "f32[2]"});
  model.op(BUILTIN_READ_VARIABLE, {x}, {y}).output(y);
  EXPECT_EQ(refusal(model),
            "import.malformed: layer `y`: `READ_VARIABLE` version 1: input 0 "
            "is no variable that VAR_HANDLE names\n");
}

TEST(TfliteSignatures, nameInputsAndOutputs) {
  TfliteTestModel model = unary(BUILTIN_NEG, "f32[any, 2]");
  model.signature("serving_default", {{"sound", 0}}, {{"words", 1}});
  TfliteOutcome outcome = importOf(model);
  ASSERT_EQ(outcome.messages, "");
  const graph::Graph &graph = *outcome.graph;
  EXPECT_EQ(graph.values[graph.inputs[0]].name, "sound");
  EXPECT_EQ(graph.values[graph.outputs[0]].name, "words");
  ASSERT_EQ(outcome.info.signatures.size(), 1U);
  EXPECT_TRUE(outcome.info.signatures[0].isImported);
  EXPECT_THAT(outcome.info.signatures[0].inputs, ElementsAre("sound"));
}

TfliteTestModel twoSignatures() {
  TfliteTestModel model = unary(BUILTIN_NEG, "f32[2]");
  uint32_t other = static_cast<uint32_t>(
      model.subgraph(withConstant(BUILTIN_ADD, "f32[2]", {1, 1})));
  model.signature("negate", {{"a", 0}}, {{"b", 1}})
      .signature("add", {{"c", 0}}, {{"d", 2}}, other);
  return model;
}

TEST(TfliteSignatures, anyOfThemCanBeChosen) {
  TfliteOutcome outcome = importOf(twoSignatures(), {.signature = "add"});
  ASSERT_EQ(outcome.messages, "");
  const graph::Graph &graph = *outcome.graph;
  EXPECT_EQ(graph.values[graph.inputs[0]].name, "c");
  EXPECT_EQ(graph.values[graph.outputs[0]].name, "d");
  EXPECT_EQ(outcome.info.operators.front().first, "ADD");
  EXPECT_TRUE(outcome.info.signatures[1].isImported);
}

TEST(TfliteSignatures, whatIsTakenWithoutAChoiceIsSaid) {
  TfliteOutcome outcome = importOf(twoSignatures());
  ASSERT_TRUE(outcome.graph.has_value());
  EXPECT_EQ(outcome.messages,
            "import.several-signatures: the model has 2 signatures, `negate`, "
            "`add`; `negate` is taken\n");
}

TEST(TfliteSignatures, oneThatIsNotThereIsRefused) {
  TfliteOutcome outcome = importOf(twoSignatures(), {.signature = "divide"});
  EXPECT_FALSE(outcome.graph.has_value());
  EXPECT_EQ(outcome.messages, "import.unknown-signature: the model has no "
                              "signature `divide`\n");
}

TEST(TfliteSignatures, refusesTensorsThatAreNotThere) {
  TfliteTestModel model = unary(BUILTIN_NEG, "f32[2]");
  model.signature("s", {{"a", 9}}, {});
  EXPECT_EQ(refusal(model), "import.malformed: signature `s`: `a` is tensor 9, "
                            "graph 0 has 2\n");
}

TEST(TfliteShapes, canBeGivenForOpenSizes) {
  auto shapes = GivenShapes::parse({"batch=3"});
  ASSERT_TRUE(shapes.ok());
  TfliteOutcome outcome =
      importOf(unary(BUILTIN_NEG, "f32[batch, 2]"), {.shapes = *shapes});
  ASSERT_EQ(outcome.messages, "");
  EXPECT_EQ(outcome.graph->values[outcome.graph->outputs[0]].type.str(),
            "f32[3, 2]");
}

} // namespace
} // namespace rune::import::testing
