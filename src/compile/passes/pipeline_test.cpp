// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All passes, on every case that numpy computed: what comes out is still what
// numpy says.
#include "compile/passes/pipeline.h"

#include "graph/evaluate.h"
#include "graph/golden_cases.h"

#include <set>

namespace rune::compile {
namespace {

using graph::test::Case;
using graph::test::golden;
using graph::test::Json;

/// All cases of one operator, so that a failure names it.
class PassedOperator : public testing::TestWithParam<std::string> {};

TEST_P(PassedOperator, AgreesWithNumpy) {
  for (const Json &json : golden()) {
    if (json["op"].get<std::string>() != GetParam())
      continue;
    SCOPED_TRACE(graph::test::nameOf(json));
    Case test(json);
    for (bool constants : {false, true}) {
      auto graph = test.graph(constants);
      if (!graph)
        continue; // refused with constants already, which other tests look at
      auto passed = runPasses(*graph);
      ASSERT_TRUE(passed.ok()) << passed.error().message;
      std::vector<TensorView> inputs;
      if (!constants)
        inputs = test.views();
      auto results = graph::evaluate(*passed, inputs);
      ASSERT_TRUE(results.ok()) << results.error().message;
      test.check(*results);
    }
  }
}

std::vector<std::string> operators() {
  std::set<std::string> names;
  for (const Json &json : golden())
    names.insert(json["op"].get<std::string>());
  return {names.begin(), names.end()};
}

INSTANTIATE_TEST_SUITE_P(All, PassedOperator, testing::ValuesIn(operators()),
                         [](const auto &info) { return info.param; });

} // namespace
} // namespace rune::compile
