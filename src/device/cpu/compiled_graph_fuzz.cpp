// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled graphs against the evaluator, the graph made of the fuzzer's bytes.
#include "device/cpu/random_graph.h"

#include "device/cpu/cpu_run.h"
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
  std::vector<TensorView> views;
  graph::Items items;
  for (graph::ValueId id : graph.inputs)
    inputs.push_back(patternOf(graph.values[id].type.dtype,
                               graph.values[id].type.sizes(), inputs.size()));
  for (const Tensor &input : inputs) {
    views.push_back(input.view());
    items.push_back(graph::Item::borrowed(input.view()));
  }
  auto judged = graph::evaluate(graph, views);
  auto run = CpuRun::prepare(graph);
  RUNE_CHECK(run.ok(), "what is sound can be compiled");
  graph::State none;
  auto results = (*run)->run(std::move(items), {}, none);
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
