// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A few graphs that nobody thought of; `compiled_graph_fuzz` goes on.
#include "device/cpu/random_graph.h"

#include "device/cpu/run_graph.h"
#include "graph/evaluate.h"
#include "graph/text.h"

#include <gtest/gtest.h>

namespace rune::device {
namespace {

class RandomGraphs : public testing::TestWithParam<unsigned> {};

TEST_P(RandomGraphs, AreComputedAsTheEvaluatorDoes) {
  Bytes bytes;
  uint64_t state = GetParam() + 1;
  for (int i = 0; i < 96; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    bytes.push_back(static_cast<uint8_t>(state >> 56));
  }
  graph::Graph graph = RandomGraph(bytes).make();
  SCOPED_TRACE(graph::renderText(graph));
  std::vector<Tensor> inputs;
  for (graph::ValueId id : graph.inputs)
    inputs.push_back(patternOf(graph.values[id].type.dtype,
                               graph.values[id].type.sizes(), inputs.size()));
  auto views = viewsOf(inputs);
  auto judged = graph::evaluate(graph, views);
  auto results = runOnce(graph, views);
  ASSERT_EQ(results.ok(), judged.ok())
      << (results.ok() ? judged.error().message : results.error().message);
  for (size_t i = 0; judged.ok() && i < judged->size(); ++i)
    EXPECT_EQ(differenceOf((*judged)[i].view(), (*results)[i].view()), "")
        << "output " << i;
}

INSTANTIATE_TEST_SUITE_P(Some, RandomGraphs, testing::Range(0u, 24u));

} // namespace
} // namespace rune::device
