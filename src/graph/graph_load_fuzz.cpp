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
#include "graph/plan.h"
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

std::optional<Tensor> zerosOf(const TensorType &type) {
  std::vector<int64_t> sizes;
  for (const Dim &dim : type.dims)
    sizes.push_back(dim.isFixed() ? dim.size() : openSize);
  if (type.dtype == DType::Utf8) {
    auto count = elementCount(sizes);
    if (!count || *count > mostBytes)
      return std::nullopt;
    return Tensor::ofText(sizes, std::vector<std::string>(*count));
  }
  auto tensor = Tensor::zeros(type.dtype, sizes, mostBytes);
  return tensor ? std::optional(*std::move(tensor)) : std::nullopt;
}

/// Zeros for every input, two in each sequence, nothing in optional values;
/// dimensions that are open get a small number.
std::optional<Items> zerosFor(const Graph &graph) {
  Items items;
  for (ValueId id : graph.inputs) {
    const ValueType &type = graph.values[id].type;
    if (type.form == Form::Optional || type.form == Form::OptionalSequence) {
      items.push_back(Item::empty(type.form, type.dtype));
      continue;
    }
    auto one = zerosOf(type), two = zerosOf(type);
    if (!one || !two)
      return std::nullopt;
    if (type.form == Form::Tensor) {
      items.push_back(Item::of(*std::move(one)));
      continue;
    }
    std::vector<Tensor> both;
    both.push_back(*std::move(one));
    both.push_back(*std::move(two));
    items.push_back(Item::sequence(type.dtype, std::move(both)));
  }
  return items;
}

void evaluateWithZeros(const Graph &graph) {
  EvaluateLimits limits;
  limits.memoryBytes = mostBytes;
  limits.deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  // twice: the second run meets the state of the first
  State state;
  for (int i = 0; i < 2; ++i)
    if (auto items = zerosFor(graph))
      (void)evaluateItems(graph, *std::move(items), limits, &state).ok();
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
