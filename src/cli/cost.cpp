// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/cost.h"

#include "cli/table.h"
#include "graph/ops.h"

namespace rune::cli {

namespace {

/// Of names that are paths the end says most. Cuts between characters.
std::string shortened(const std::string &name) {
  constexpr size_t most = 36;
  size_t drop = widthOf(name) > most ? widthOf(name) - most + 1 : 0, at = 0;
  if (drop == 0)
    return name;
  auto continues = [&] {
    return at < name.size() && (static_cast<uint8_t>(name[at]) & 0xC0) == 0x80;
  };
  for (; drop > 0 || continues(); ++at)
    if (!continues())
      --drop;
  return "…" + name.substr(at);
}

/// Nothing instead of 0: what is there stands out.
std::string count(uint64_t number) {
  return number == 0 ? std::string() : std::to_string(number);
}

struct Sums {
  uint64_t macs = 0, operations = 0, weights = 0;
};

} // namespace

std::string costText(const PreparedGraph &prepared) {
  const graph::Graph &graph = prepared.graph();
  Table table({"<layer", "MACs", "operations", "weights", "arena", "code",
               "<operators"});
  Sums sums;
  for (const Layer &layer : prepared.layers()) {
    uint64_t macs = macsOf(graph, layer),
             operations = operationsOf(graph, layer);
    table.row(
        {shortened(nameOf(graph, layer)), count(macs), count(operations),
         count(layer.weightBytes), count(layer.arenaBytes),
         count(layer.codeBytes),
         fmt::format("{} → {}", textOf(graph, layer), resultOf(graph, layer))});
    sums.macs += macs;
    sums.operations += operations;
    sums.weights += layer.weightBytes;
  }
  table.rule();
  table.row({"all", count(sums.macs), count(sums.operations),
             count(sums.weights), count(prepared.arenaBytes()),
             count(prepared.codeBytes()), "bytes of weights, arena, code"});
  return table.str();
}

Json costJson(const PreparedGraph &prepared) {
  const graph::Graph &graph = prepared.graph();
  Json layers = Json::array();
  Sums sums;
  for (const Layer &layer : prepared.layers()) {
    Json nodes = Json::array();
    for (uint32_t i : layer.nodes)
      nodes.push_back(
          {{"name", graph.nodes[i].name},
           {"operator", std::string(graph::opName(graph.nodes[i].op))}});
    uint64_t macs = macsOf(graph, layer),
             operations = operationsOf(graph, layer);
    layers.push_back({{"name", nameOf(graph, layer)},
                      {"what", textOf(graph, layer)},
                      {"result", resultOf(graph, layer)},
                      {"nodes", std::move(nodes)},
                      {"macs", macs},
                      {"operations", operations},
                      {"weight_bytes", layer.weightBytes},
                      {"arena_bytes", layer.arenaBytes},
                      {"code_bytes", layer.codeBytes}});
    sums.macs += macs;
    sums.operations += operations;
    sums.weights += layer.weightBytes;
  }
  return {{"layers", std::move(layers)},
          {"macs", sums.macs},
          {"operations", sums.operations},
          {"weight_bytes", sums.weights},
          {"arena_bytes", prepared.arenaBytes()},
          {"code_bytes", prepared.codeBytes()}};
}

} // namespace rune::cli
