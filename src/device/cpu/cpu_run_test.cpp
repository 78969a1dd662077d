// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled graphs against the evaluator and against what numpy computed.
#include "device/cpu/cpu_run.h"

#include "graph/evaluate.h"
#include "graph/golden_cases.h"

#include <set>

namespace rune::device {
namespace {

using graph::test::golden;
using graph::test::Json;

/// All cases of one operator, so that a failure names it.
class CompiledOperator : public testing::TestWithParam<std::string> {};

/// In one graph: compiling is what takes time.
TEST_P(CompiledOperator, AgreesWithNumpy) {
  graph::GraphBuilder builder("golden");
  std::vector<graph::test::Case> cases;
  for (const Json &json : golden())
    if (json["op"].get<std::string>() == GetParam())
      cases.emplace_back(json);
  graph::Items inputs;
  for (size_t i = 0; i < cases.size(); ++i) {
    ASSERT_TRUE(cases[i].addTo(builder, false, fmt::format("_{}", i)).ok());
    for (const TensorView &view : cases[i].views())
      inputs.push_back(graph::Item::borrowed(view));
  }
  auto run = CpuRun::prepare(*std::move(builder).finish());
  ASSERT_TRUE(run.ok()) << run.error().message;
  graph::State state;
  auto results = (*run)->run(std::move(inputs), {}, state);
  ASSERT_TRUE(results.ok()) << results.error().message;
  size_t at = 0;
  for (const graph::test::Case &test : cases) {
    SCOPED_TRACE(graph::test::nameOf(test.json));
    size_t count = test.json["outputs"].size();
    std::vector<Tensor> outputs;
    for (size_t i = 0; i < count; ++i)
      outputs.push_back(*Tensor::copyOf((*results)[at + i].view()));
    test.check(outputs);
    at += count;
  }
}

std::vector<std::string> operators() {
  std::set<std::string> names;
  for (const Json &json : golden())
    names.insert(json["op"].get<std::string>());
  return {names.begin(), names.end()};
}

INSTANTIATE_TEST_SUITE_P(All, CompiledOperator, testing::ValuesIn(operators()),
                         [](const auto &info) { return info.param; });

} // namespace
} // namespace rune::device
