// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/command.h"
#include "cli/model_file.h"

#include "graph/statistics.h"

#include <algorithm>
#include <map>
#include <set>

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

/// The names that the sizes of the inputs wait for.
void listDimensions(const graph::Graph &graph, Console &console) {
  std::set<std::string> names;
  for (graph::ValueId id : graph.inputs)
    for (const Dim &dim : graph.values[id].type.dims)
      if (dim.isNamed())
        names.insert(dim.name());
  console.fields()["dimensions"] = names;
  if (!names.empty())
    console.print(fmt::format("dimensions\n  {}\n", fmt::join(names, " ")));
}

/// In which element types the parameters are kept: a quantised model shows
/// here.
void listParameters(const graph::Graph &graph, Console &console) {
  std::map<std::string, uint64_t> counts;
  for (const graph::Constant &constant : graph.constants)
    if (auto count = elementCount(constant.sizes))
      counts[std::string(dtypeName(constant.dtype))] += *count;
  console.fields()["parametersByType"] = counts;
  for (const auto &[dtype, count] : counts)
    console.print(fmt::format("  {:24} {}\n", dtype, count));
}

struct Options {
  std::string path;
  std::vector<std::string> shapes;
};

Result<> describe(const Options &options, Console &console) {
  auto shapes = RUNE_TRY(import::GivenShapes::parse(options.shapes));
  import::ImportedModel model =
      RUNE_TRY(readModel(options.path, console.report(), shapes));
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
  listDimensions(model.graph, console);
  listOperators(info, console);
  graph::Statistics cost = graph::statisticsOf(model.graph);
  console.fields()["parameters"] = cost.parameters;
  console.fields()["weightBytes"] = cost.weightBytes;
  console.fields()["macs"] = cost.macs;
  console.print(fmt::format("parameters {}, {} bytes\n", cost.parameters,
                            cost.weightBytes));
  listParameters(model.graph, console);
  console.print(
      fmt::format("multiply-accumulates {}{}\n", cost.macs,
                  isSymbolic(model.graph)
                      ? ", with 1 for each dimension that is not a number"
                      : ""));
  return {};
}

} // namespace

Action installModelInfo(CLI::App &app) {
  auto options = std::make_shared<Options>();
  app.add_option("model", options->path, "a model, of ONNX or TensorFlow Lite")
      ->required()
      ->option_text("MODEL");
  app.add_option("--shape", options->shapes,
                 "the size of a dimension, `batch=8`, or of an input, "
                 "`x=1x3x224x224`")
      ->option_text("NAME=SIZES")
      ->allow_extra_args(false);
  return [options](Console &console) { return describe(*options, console); };
}

} // namespace rune::cli
