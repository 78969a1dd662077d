// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/command.h"
#include "cli/model_file.h"

#include "graph/statistics.h"

#include <algorithm>

namespace rune::cli {

namespace {

void listPorts(const graph::Graph &graph,
               const std::vector<graph::ValueId> &ids, const char *heading,
               Console &console) {
  Json &listed = console.fields()[heading] = Json::array();
  console.print(fmt::format("{}\n", heading));
  for (graph::ValueId id : ids) {
    const graph::Value &value = graph.values[id];
    listed.push_back({{"name", value.name}, {"type", value.type.str()}});
    console.print(fmt::format("  {:24} {}\n", value.name, value.type.str()));
  }
}

void listOperators(const import::ModelInfo &info, Console &console) {
  Json &listed = console.fields()["operators"] = Json::object();
  console.print("operators\n");
  for (const auto &[name, count] : info.operators) {
    listed[name] = count;
    console.print(fmt::format("  {:24} {}\n", name, count));
  }
}

bool isSymbolic(const graph::Graph &graph) {
  return std::ranges::any_of(graph.values, [](const graph::Value &value) {
    return !value.type.isStatic();
  });
}

Result<> describe(const std::string &path, Console &console) {
  import::ImportedModel model = RUNE_TRY(readModel(path, console.report()));
  const import::ModelInfo &info = model.info;
  console.fields()["format"] = info.format;
  console.fields()["producer"] = info.producer;
  console.print(fmt::format("format   {}\n", info.format));
  if (!info.producer.empty())
    console.print(fmt::format("producer {}\n", info.producer));
  for (const auto &[domain, version] : info.opsets) {
    std::string name = domain.empty() ? "ai.onnx" : domain;
    console.fields()["opsets"][name] = version;
    console.print(fmt::format("opset    {} {}\n", name, version));
  }
  listPorts(model.graph, model.graph.inputs, "inputs", console);
  listPorts(model.graph, model.graph.outputs, "outputs", console);
  listOperators(info, console);
  graph::Statistics cost = graph::statisticsOf(model.graph);
  console.fields()["parameters"] = cost.parameters;
  console.fields()["weightBytes"] = cost.weightBytes;
  console.fields()["macs"] = cost.macs;
  console.print(
      fmt::format("parameters {}, {} bytes\nmultiply-accumulates {}{}\n",
                  cost.parameters, cost.weightBytes, cost.macs,
                  isSymbolic(model.graph)
                      ? ", with 1 for each dimension that is not a number"
                      : ""));
  return {};
}

} // namespace

Action installModelInfo(CLI::App &app) {
  auto path = std::make_shared<std::string>();
  app.add_option("model", *path, "an ONNX file")
      ->required()
      ->option_text("MODEL");
  return [path](Console &console) { return describe(*path, console); };
}

} // namespace rune::cli
