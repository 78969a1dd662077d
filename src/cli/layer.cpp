// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/layer.h"

#include "graph/ops.h"
#include "graph/statistics.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace rune::cli {

namespace {

using graph::Graph;
using graph::Node;
using graph::noValue;
using graph::Op;
using graph::ValueId;

/// `?` where it is not known.
std::string sizeText(const Dim &dim) {
  return dim.isFixed() ? std::to_string(dim.size()) : "?";
}

const Dims *dimsOf(const Graph &graph, ValueId id) {
  return id != noValue && graph.values[id].type.isTensor()
             ? &graph.values[id].type.dims
             : nullptr;
}

/// ` /2`, ` /2x1`; nothing for steps of 1.
std::string unlessOne(const char *word, const std::vector<int64_t> &numbers) {
  if (std::ranges::all_of(numbers, [](int64_t n) { return n == 1; }))
    return {};
  bool isSame = std::ranges::all_of(
      numbers, [&](int64_t n) { return n == numbers.front(); });
  return isSame ? fmt::format(" {}{}", word, numbers.front())
                : fmt::format(" {}{}", word, fmt::join(numbers, "x"));
}

/// weights [O, I/groups, k…]; of transposed ones [I, O/groups, k…].
std::string convolutionText(const Graph &graph, const Node &node) {
  const Dims *weights = dimsOf(graph, node.inputs[1]);
  bool isTransposed =
      node.op == Op::ConvTranspose || node.op == Op::ConvTransposeInteger;
  int64_t groups = node.integer("groups");
  std::string name(graph::opName(node.op));
  if (!weights || weights->size() < 3 || !(*weights)[0].isFixed() ||
      !(*weights)[1].isFixed())
    return name;
  int64_t from = (*weights)[1].size() * groups, to = (*weights)[0].size();
  if (isTransposed)
    std::swap(from, to);
  std::vector<std::string> kernel;
  for (size_t i = 2; i < weights->size(); ++i)
    kernel.push_back(sizeText((*weights)[i]));
  bool isDepthwise = groups > 1 && groups == from && from == to;
  return fmt::format(
      "{}{} {} {}{}{}{}", isDepthwise ? "depthwise " : "", name,
      fmt::join(kernel, "x"),
      from == to ? std::to_string(from) : fmt::format("{}→{}", from, to),
      unlessOne("/", node.integers("strides")),
      unlessOne("dilated ", node.integers("dilations")),
      groups > 1 && !isDepthwise ? fmt::format(" in {} groups", groups) : "");
}

/// `matmul 8 of 128x64·64x128`
std::string productText(const Graph &graph, const Node &node) {
  const Dims *a = dimsOf(graph, node.inputs[0]);
  const Dims *result = dimsOf(graph, node.outputs[0]);
  std::string name(graph::opName(node.op));
  if (!a || !result || a->size() < 2 || result->size() < 2)
    return name;
  size_t back = node.integer("transpose_a") != 0 ? 2 : 1;
  std::string rows = sizeText((*result)[result->size() - 2]),
              sum = sizeText((*a)[a->size() - back]),
              columns = sizeText((*result)[result->size() - 1]);
  std::vector<std::string> batch;
  for (size_t i = 0; i + 2 < result->size(); ++i)
    if (std::string size = sizeText((*result)[i]); size != "1")
      batch.push_back(size);
  return fmt::format("{} {}{}{}x{}·{}x{}", name, fmt::join(batch, "x"),
                     batch.empty() ? "" : " of ", rows, sum, sum, columns);
}

/// weights [G·H, I], recurrent [G·H, H]
std::string recurrentText(const Graph &graph, const Node &node) {
  const Dims *weights = dimsOf(graph, node.inputs[1]);
  const Dims *recurrent = dimsOf(graph, node.inputs[2]);
  std::string name(graph::opName(node.op));
  if (!weights || !recurrent || weights->size() != 2 || recurrent->size() != 2)
    return name;
  return fmt::format("{} {}→{}", name, sizeText((*weights)[1]),
                     sizeText((*recurrent)[1]));
}

std::string poolText(const Node &node) {
  return fmt::format("{} {}{}", graph::opName(node.op),
                     fmt::join(node.integers("kernel"), "x"),
                     unlessOne("/", node.integers("strides")));
}

std::string nodeText(const Graph &graph, const Node &node) {
  switch (node.op) {
  case Op::Conv:
  case Op::ConvInteger:
  case Op::ConvTranspose:
  case Op::ConvTransposeInteger:
    return convolutionText(graph, node);
  case Op::MatMul:
  case Op::MatMulInteger:
    return productText(graph, node);
  case Op::Lstm:
  case Op::Gru:
  case Op::Rnn:
    return recurrentText(graph, node);
  case Op::MaxPool:
  case Op::AveragePool:
  case Op::LpPool:
    return poolText(node);
  default:
    return std::string(graph::opName(node.op));
  }
}

/// What the layer takes from elsewhere, each once.
std::set<ValueId> inputsOf(const Graph &graph, const Layer &layer) {
  std::set<ValueId> inside, inputs;
  for (uint32_t i : layer.nodes)
    inside.insert(graph.nodes[i].outputs.begin(), graph.nodes[i].outputs.end());
  for (uint32_t i : layer.nodes)
    for (ValueId id : graph.nodes[i].inputs)
      if (id != noValue && !inside.contains(id))
        inputs.insert(id);
  return inputs;
}

uint64_t bytesOf(const graph::Value &value) {
  if (!value.type.isTensor() || !value.type.isStatic() ||
      value.type.dtype == DType::Utf8)
    return 0;
  auto bytes = tensorBytes(value.type.dtype, value.type.sizes());
  return bytes ? *bytes : 0;
}

template <class Count>
uint64_t sumOf(const Graph &graph, const Layer &layer, const Count &count) {
  uint64_t sum = 0;
  for (uint32_t i : layer.nodes)
    if (__builtin_add_overflow(sum, count(graph, graph.nodes[i]), &sum))
      return UINT64_MAX;
  return sum;
}

} // namespace

std::string textOf(const Graph &graph, const Layer &layer) {
  constexpr size_t mostNamed = 6;
  // (text, how often in a row)
  std::vector<std::pair<std::string, int>> parts;
  for (uint32_t i : layer.nodes) {
    const Node &node = graph.nodes[i];
    std::string text = nodeText(graph, node);
    if (!parts.empty() && parts.back().first == text)
      ++parts.back().second;
    else
      parts.emplace_back(std::move(text), 1);
  }
  std::vector<std::string> words;
  for (const auto &[text, count] : parts)
    words.push_back(count > 1 ? fmt::format("{} ×{}", text, count) : text);
  if (words.size() > mostNamed) {
    size_t more = words.size() - mostNamed;
    words.resize(mostNamed);
    words.push_back(fmt::format("{} more", more));
  }
  std::string text = fmt::format("{}", fmt::join(words, " + "));
  return layer.how.empty() ? text : fmt::format("{} ({})", text, layer.how);
}

const std::string &nameOf(const Graph &graph, const Layer &layer) {
  return graph.nodes[layer.anchor].name;
}

std::string resultOf(const Graph &graph, const Layer &layer) {
  const Node &node = graph.nodes[layer.nodes.back()];
  for (ValueId id : node.outputs)
    if (id != noValue)
      return graph.values[id].type.str();
  return {};
}

uint64_t macsOf(const Graph &graph, const Layer &layer) {
  return sumOf(graph, layer, [](const Graph &all, const Node &node) {
    return graph::macs(all, node);
  });
}

uint64_t operationsOf(const Graph &graph, const Layer &layer) {
  return sumOf(graph, layer, graph::operations);
}

uint64_t trafficOf(const Graph &graph, const Layer &layer) {
  uint64_t bytes = 0;
  for (ValueId id : inputsOf(graph, layer))
    bytes += bytesOf(graph.values[id]);
  for (ValueId id : graph.nodes[layer.nodes.back()].outputs)
    if (id != noValue)
      bytes += bytesOf(graph.values[id]);
  return bytes;
}

} // namespace rune::cli
