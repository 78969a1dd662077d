// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/command.h"
#include "cli/cost.h"
#include "cli/model_file.h"

#include "graph/numeric.h"
#include "graph/ops.h"
#include "graph/small_types.h"
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

/// The ways to call a model, if it names any; which one is shown below.
void listSignatures(const import::ModelInfo &info, Console &console) {
  if (info.signatures.empty())
    return;
  Json &listed = console.fields()["signatures"] = Json::array();
  console.print("signatures\n");
  for (const import::ModelSignature &signature : info.signatures) {
    listed.push_back({{"name", signature.name},
                      {"inputs", signature.inputs},
                      {"outputs", signature.outputs},
                      {"imported", signature.isImported}});
    console.print(fmt::format("  {:24} {} -> {}{}\n", signature.name,
                              fmt::join(signature.inputs, ", "),
                              fmt::join(signature.outputs, ", "),
                              signature.isImported ? " (shown)" : ""));
  }
}

void listWords(const import::ModelDescription &about, Console &console) {
  Json &fields = console.fields()["description"] = Json::object();
  const std::pair<const char *, const std::string *> words[] = {
      {"name", &about.name},
      {"text", &about.text},
      {"version", &about.version},
      {"author", &about.author},
      {"licence", &about.licence}};
  for (const auto &[what, text] : words)
    if (!text->empty()) {
      fields[what] = *text;
      console.print(fmt::format("  {:24} {}\n", what, *text));
    }
  fields["tensors"] = Json::array();
  for (const import::DescribedTensor &tensor : about.tensors) {
    std::string place =
        fmt::format("{} {}", tensor.isInput ? "input" : "output", tensor.index);
    fields["tensors"].push_back({{"input", tensor.isInput},
                                 {"index", tensor.index},
                                 {"name", tensor.name},
                                 {"text", tensor.text}});
    console.print(fmt::format("  {:24} {}{}{}\n", place, tensor.name,
                              tensor.text.empty() ? "" : ": ", tensor.text));
  }
}

/// Files that lie in the model, with how many labels they hold, and the first.
void listFiles(const import::ModelDescription &about, Console &console) {
  constexpr size_t mostShown = 3;
  Json &listed = console.fields()["files"] = Json::array();
  if (!about.files.empty())
    console.print("files\n");
  for (const import::AttachedFile &file : about.files) {
    listed.push_back({{"name", file.name},
                      {"kind", file.kind},
                      {"of", file.of},
                      {"text", file.text},
                      {"bytes", file.bytes.value_or(0)},
                      {"found", file.bytes.has_value()},
                      {"lines", file.lines}});
    std::string size = !file.bytes ? "is not in the model"
                       : file.lines.empty()
                           ? fmt::format("{} bytes", *file.bytes)
                           : fmt::format("{} lines", file.lines.size());
    std::vector<std::string> first(
        file.lines.begin(),
        file.lines.begin() + static_cast<std::ptrdiff_t>(
                                 std::min(file.lines.size(), mostShown)));
    console.print(fmt::format("  {:24} {}{}{}, {}{}{}\n", file.name, file.kind,
                              file.of.empty() ? "" : " of ", file.of, size,
                              first.empty() ? "" : ": ",
                              fmt::join(first, ", ")));
  }
}

/// What its makers say of it, if they do.
void listDescription(const import::ModelInfo &info, Console &console) {
  if (info.description.isEmpty())
    return;
  console.print("description\n");
  listWords(info.description, console);
  listFiles(info.description, console);
}

/// The numbers of a constant of a graph, where it is one.
std::vector<double> numbersOf(const graph::Graph &graph, graph::ValueId id) {
  std::vector<double> numbers;
  if (id == graph::noValue || !graph.values[id].constant)
    return numbers;
  const graph::Constant &constant = graph.constants[*graph.values[id].constant];
  auto count = elementCount(constant.sizes);
  if (!count || constant.dtype == DType::Utf8)
    return numbers;
  graph::withElements(constant.dtype, constant.data,
                      [&](auto, const auto &elements) {
                        for (uint64_t i = 0; i < *count; ++i)
                          numbers.push_back(static_cast<double>(
                              graph::widen(elements[static_cast<int64_t>(i)])));
                      });
  return numbers;
}

/// `0.5`, or `64 from 0.001 to 0.25`.
std::string rangeOf(const std::vector<double> &numbers) {
  if (numbers.size() == 1)
    return fmt::format("{:.9g}", numbers[0]);
  auto [low, high] = std::ranges::minmax(numbers);
  return fmt::format("{} from {:.9g} to {:.9g}", numbers.size(), low, high);
}

/// Where real numbers become integers and back: by which scales and zero
/// points, as far as the model states them.
void listQuantisation(const graph::Graph &graph, Console &console) {
  Json &listed = console.fields()["quantisation"];
  for (const graph::Node &node : graph.nodes) {
    bool quantises = node.op == graph::Op::Quantize;
    if (!quantises && node.op != graph::Op::Dequantize)
      continue;
    auto scales = numbersOf(graph, node.inputs[1]);
    auto zeros = numbersOf(graph, node.inputs.size() > 2 ? node.inputs[2]
                                                         : graph::noValue);
    if (scales.empty())
      continue;
    if (zeros.empty())
      zeros = {0};
    const graph::ValueType &type =
        graph.values[quantises ? node.outputs[0] : node.inputs[0]].type;
    if (listed.is_null())
      console.print("quantisation\n");
    listed.push_back({{"name", node.name},
                      {"type", std::string(dtypeName(type.dtype))},
                      {"scales", scales},
                      {"zeroPoints", zeros}});
    console.print(fmt::format("  {:24} {} scale {}, zero point {}\n", node.name,
                              dtypeName(type.dtype), rangeOf(scales),
                              rangeOf(zeros)));
  }
  if (listed.is_null())
    listed = Json::array();
}

/// What the numbers of inputs and outputs stand for.
void listPortQuantisation(const import::ModelInfo &info, Console &console) {
  Json &listed = console.fields()["portQuantisation"] = Json::object();
  if (!info.quantization.empty())
    console.print("numbers of inputs and outputs\n");
  for (const auto &[name, how] : info.quantization) {
    std::vector<double> zeros(how.zeroPoints.begin(), how.zeroPoints.end());
    listed[name] = {{"scales", how.scales}, {"zeroPoints", how.zeroPoints}};
    bool perAxis = how.scales.size() > 1;
    if (perAxis)
      listed[name]["axis"] = how.axis;
    console.print(fmt::format(
        "  {:24} scale {}, zero point {}{}\n", name, rangeOf(how.scales),
        rangeOf(zeros),
        perAxis ? fmt::format(", along dimension {}", how.axis) : ""));
  }
}

struct Options {
  std::string path;
  std::vector<std::string> shapes;
  std::string signature;
  bool cost = false;
  DeviceChoice device{deviceNames().back()};
};

/// What runs on a device, layer by layer.
Result<> listCost(const graph::Graph &graph, const Options &options,
                  Console &console) {
  auto note = [&](const Diagnostic &what) {
    console.say("note: " + what.message);
  };
  auto sizes = sizesOf(graph, "`" + options.path + "`", note);
  auto prepared =
      RUNE_TRY(prepareGraph(graph, sizes, {.device = options.device}, note));
  Json &cost = console.fields()["cost"] = costJson(*prepared);
  cost["device"] = options.device.name;
  console.print(fmt::format("cost on `{}`, {}\n{}", options.device.name,
                            describeDevice(options.device.name),
                            costText(*prepared)));
  return {};
}

Result<> describe(const Options &options, Console &console) {
  auto shapes = RUNE_TRY(import::GivenShapes::parse(options.shapes));
  import::ImportedModel model = RUNE_TRY(
      readModel(options.path, console.report(), shapes, options.signature));
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
  listSignatures(info, console);
  listPorts(model.graph, model.graph.inputs, "inputs", console);
  listPorts(model.graph, model.graph.outputs, "outputs", console);
  listDimensions(model.graph, console);
  listPortQuantisation(info, console);
  listOperators(info, console);
  listQuantisation(model.graph, console);
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
  listDescription(info, console);
  return options.cost ? listCost(model.graph, options, console) : Result<>();
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
  app.add_option("--signature", options->signature,
                 "which of the model's signatures, if it has several")
      ->option_text("NAME");
  app.add_flag("--cost", options->cost,
               "compile it, and say of each layer what it computes and takes");
  addDeviceFlags(app, options->device,
                 "what would run the model, for `--cost`");
  return [options](Console &console) { return describe(*options, console); };
}

} // namespace rune::cli
