// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stored graphs of strangers: whatever the bytes, `load` refuses them or gives
// a graph that verifies, prints, is stored and loaded again, and runs under
// tight limits without harm.
//
// input   u16 n, then n bytes of weights cut into pieces of as many bytes as
// the
//         u16 before each says, then the table
#include "graph/evaluate.h"
#include "graph/statistics.h"
#include "graph/store.h"
#include "graph/text.h"

#include <cstdlib>

namespace rune::graph {
namespace {

struct Input {
  std::vector<ByteSpan> weights;
  ByteSpan table;
};

Input split(ByteSpan bytes) {
  Input input;
  ByteReader reader(bytes);
  auto pieces = reader.u16();
  for (unsigned i = 0; pieces && i < *pieces && i < 64; ++i) {
    auto size = reader.u16();
    auto weight = size ? reader.take(*size) : Result<ByteSpan>(ByteSpan());
    if (!size || !weight)
      break;
    input.weights.push_back(*weight);
  }
  input.table = bytes.subspan(bytes.size() - reader.remaining());
  return input;
}

/// The self-test's bug: it needs a graph that loads and whose node has another
/// name than those of the seeds.
void planted(const Graph &graph) {
  if (!std::getenv("RUNE_FUZZ_PLANTED"))
    return;
  for (const Node &node : graph.nodes)
    if (!node.name.empty() && node.name != "node" && node.name.size() < 5)
      __builtin_trap();
}

constexpr int64_t openSize = 2;
constexpr uint64_t mostBytes = 1 << 16;

/// Zeros for every input; dimensions that are open get a small number.
void evaluateWithZeros(const Graph &graph) {
  std::vector<Tensor> tensors;
  std::vector<TensorView> views;
  for (ValueId id : graph.inputs) {
    const TensorType &type = graph.values[id].type;
    std::vector<int64_t> sizes;
    for (const Dim &dim : type.dims)
      sizes.push_back(dim.isFixed() ? dim.size() : openSize);
    if (type.dtype == DType::Utf8) {
      auto count = elementCount(sizes);
      if (!count || *count > mostBytes)
        return;
      tensors.push_back(
          Tensor::ofText(sizes, std::vector<std::string>(*count)));
      continue;
    }
    auto tensor = Tensor::zeros(type.dtype, sizes, mostBytes);
    if (!tensor)
      return;
    tensors.push_back(std::move(*tensor));
  }
  for (const Tensor &tensor : tensors)
    views.push_back(tensor.view());
  EvaluateLimits limits;
  limits.memoryBytes = mostBytes;
  limits.deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  // twice: the second run meets the state of the first
  State state;
  if (evaluate(graph, views, limits, &state))
    (void)evaluate(graph, views, limits, &state).ok();
}

} // namespace
} // namespace rune::graph

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace rune;
  using namespace rune::graph;
  Input input = split({data, size});
  auto graph = load(input.table, input.weights);
  if (!graph)
    return 0;
  planted(*graph);
  (void)renderText(*graph);
  (void)statisticsOf(*graph);
  auto stored = store(*graph);
  RUNE_CHECK(stored.ok(), "what was loaded can be stored");
  auto again = load(stored->table, stored->weights);
  RUNE_CHECK(again.ok(), "what was stored can be loaded");
  RUNE_CHECK(store(*again)->table == stored->table, "equal bytes again");
  evaluateWithZeros(*graph);
  return 0;
}
