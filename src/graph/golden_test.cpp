// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every operator against values that numpy and plain Python computed
// (testdata/make_golden.py, make_golden_integers.py, make_golden_recurrent.py,
// …), with all inputs given at run time, with all of them as constants, and
// once more after the graph has been stored and loaded.
#include "graph/evaluate.h"
#include "graph/fuzz_seed.h"
#include "graph/golden_cases.h"
#include "graph/store.h"

#include <cstdlib>
#include <set>

namespace rune::graph {
namespace {

using namespace test;

void runAll(bool constants) {
  for (const Json &json : golden()) {
    SCOPED_TRACE(nameOf(json));
    Case test(json);
    auto graph = test.graph(constants);
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    auto results =
        evaluate(*graph, constants ? std::vector<TensorView>() : test.views());
    ASSERT_TRUE(results.ok()) << results.error().message;
    test.check(*results);
  }
}

TEST(Golden, EveryOperatorAgreesWithNumpy) { runAll(false); }
TEST(Golden, SoDoConstants) { runAll(true); }

TEST(Golden, EveryOperatorHasCases) {
  std::set<std::string> seen;
  for (const Json &json : golden())
    seen.insert(json["op"].get<std::string>());
  // those of the plan have theirs in plan_test.cpp
  for (size_t i = 0; i < opCount; ++i)
    EXPECT_TRUE(!definitionOf(static_cast<Op>(i)).evaluate ||
                seen.contains(std::string(opName(static_cast<Op>(i)))))
        << opName(static_cast<Op>(i));
}

TEST(Golden, StoredGraphsLoadEqualAndComputeTheSame) {
  for (const Json &json : golden())
    for (bool constants : {false, true}) {
      SCOPED_TRACE(nameOf(json));
      Case test(json);
      auto graph = test.graph(constants);
      ASSERT_TRUE(graph.ok());
      auto stored = store(*graph);
      ASSERT_TRUE(stored.ok()) << stored.error().message;
      auto loaded = load(stored->table, stored->weights);
      ASSERT_TRUE(loaded.ok()) << loaded.error().message;
      auto again = store(*loaded);
      ASSERT_TRUE(again.ok());
      EXPECT_EQ(again->table, stored->table);
      auto results = evaluate(*loaded, constants ? std::vector<TensorView>()
                                                 : test.views());
      ASSERT_TRUE(results.ok()) << results.error().message;
      test.check(*results);
    }
}

/// Weights in a file may stand anywhere.
TEST(Golden, UnalignedInputsComputeTheSame) {
  for (const Json &json : golden()) {
    SCOPED_TRACE(nameOf(json));
    Case test(json);
    std::vector<Bytes> shifted;
    std::vector<TensorView> views = test.views();
    for (TensorView &view : views) {
      Bytes bytes(1);
      bytes.insert(bytes.end(), view.data.begin(), view.data.end());
      shifted.push_back(std::move(bytes));
      view.data = ByteSpan(shifted.back()).subspan(1);
    }
    auto results = evaluate(*test.graph(false), views);
    ASSERT_TRUE(results.ok()) << results.error().message;
    test.check(*results);
  }
}

/// The seeds of the fuzzer are the first cases of each operator.
TEST(Golden, FuzzSeedsAreStoredGraphsOfToday) {
  std::set<std::string> seen;
  for (const Json &json : golden()) {
    std::string op = json["op"].get<std::string>();
    if (!seen.insert(op).second)
      continue;
    SCOPED_TRACE(op);
    Case test(json);
    // the shape rules of these read their inputs
    const std::set<std::string> byValue = {
        "reshape",        "pad",          "slice", "expand", "tile",
        "resize_nearest", "resize_linear"};
    Graph graph = *test.graph(byValue.contains(op));
    test::expectSeed(op, graph);
  }
}

} // namespace
} // namespace rune::graph
