// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled graphs against the evaluator, the graph made of the fuzzer's bytes.
#include "device/cpu/random_graph.h"

#include "device/cpu/run_graph.h"
#include "graph/evaluate.h"

#include <cstdlib>

namespace rune::device {
namespace {

/// The self-test's bug: a graph of some size computes something else.
bool isPlanted(const graph::Graph &graph) {
  constexpr size_t nodes = 3;
  return std::getenv("RUNE_FUZZ_PLANTED") && graph.nodes.size() > nodes;
}

void compare(const graph::Graph &graph) {
  std::vector<Tensor> inputs;
  for (graph::ValueId id : graph.inputs)
    inputs.push_back(patternOf(graph.values[id].type.dtype,
                               graph.values[id].type.sizes(), inputs.size()));
  auto views = viewsOf(inputs);
  auto judged = graph::evaluate(graph, views);
  auto results = runOnce(graph, views);
  RUNE_CHECK(results.ok() || results.error().code.starts_with("evaluate."),
             "what is sound can be compiled");
  RUNE_CHECK(results.ok() == judged.ok(), "both refuse, or none");
  for (size_t i = 0; judged.ok() && i < judged->size(); ++i)
    RUNE_CHECK(
        differenceOf((*judged)[i].view(), (*results)[i].view()).empty() &&
            !isPlanted(graph),
        "both compute the same");
}

} // namespace
} // namespace rune::device

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace rune::device;
  compare(RandomGraph({data, size}).make());
  return 0;
}
