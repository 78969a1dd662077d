// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/command.h"
#include "cli/rune_on_disk.h"
#include "container/encodings.h"

#include <set>

namespace rune::cli {

namespace {

std::string_view kindName(container::StageKind kind) {
  constexpr std::string_view names[] = {"capability", "proc-block", "model",
                                        "out"};
  return names[static_cast<size_t>(kind)];
}

/// An argument as a person would write it.
struct ValuePrinter {
  const container::RuneFile &file;

  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const {
    return fmt::format("{}", value);
  }
  std::string operator()(const std::string &text) const {
    return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  std::string operator()(const container::ResourceReference &to) const {
    return "$" + file.resources[to.resource].name;
  }
  template <class T>
  std::string operator()(const std::vector<T> &values) const {
    std::string text;
    for (const T &value : values)
      text += (text.empty() ? "" : ", ") + (*this)(value);
    return "[" + text + "]";
  }
};

Json stageJson(const container::Stage &stage, const container::RuneFile &file) {
  Json json = {{"name", stage.name}, {"kind", kindName(stage.kind)}};
  if (stage.kind == container::StageKind::ProcBlock)
    json["block"] = file.blocks[stage.artifact].name;
  else if (stage.kind == container::StageKind::Model)
    json["model"] = file.models[stage.artifact].name;
  else
    json["what"] = stage.capability;
  json["arguments"] = Json::object();
  for (const container::Argument &argument : stage.arguments)
    json["arguments"][argument.name] =
        std::visit(ValuePrinter{file}, argument.value);
  json["inputs"] = Json::array();
  for (const container::Edge &edge : stage.inputs)
    json["inputs"].push_back(
        fmt::format("{}.{}", file.stages[edge.stage].name, edge.port));
  json["outputs"] = Json::array();
  for (const TensorType &type : stage.outputs)
    json["outputs"].push_back(type.str());
  return json;
}

uint64_t weightBytes(const container::Model &model) {
  uint64_t bytes = 0;
  for (const container::Weight &weight : model.weights)
    bytes += weight.data.size();
  return bytes;
}

/// Whether a model that the Rune holds was read from this resource.
bool isInAModel(const container::RuneFile &file, size_t resource) {
  for (const container::Stage &stage : file.stages)
    if (stage.kind == container::StageKind::Model &&
        file.models[stage.artifact].encoding != container::resourceEncoding)
      for (const container::Argument &argument : stage.arguments)
        if (auto *to =
                std::get_if<container::ResourceReference>(&argument.value);
            to && to->resource == resource)
          return true;
  return false;
}

/// Everything, as JSON; the text form is made from it.
Json describe(const container::RuneFile &file, uint64_t bytes) {
  Json json = {{"name", file.name},
               {"image", file.image},
               {"producer", file.producer},
               {"format", container::formatVersion},
               {"bytes", bytes}};
  json["grants"] = Json::array();
  std::set<std::string> grants;
  for (const container::Stage &stage : file.stages)
    if (stage.kind == container::StageKind::Capability &&
        grants.insert(stage.capability).second)
      json["grants"].push_back(stage.capability);
  json["stages"] = Json::array();
  for (const container::Stage &stage : file.stages)
    json["stages"].push_back(stageJson(stage, file));
  json["blocks"] = Json::array();
  for (const container::Block &block : file.blocks)
    json["blocks"].push_back({{"name", block.name},
                              {"bytes", block.wasm.size()},
                              {"sha256", block.hash.hex()}});
  json["models"] = Json::array();
  for (const container::Model &model : file.models)
    json["models"].push_back({{"name", model.name},
                              {"encoding", model.encoding},
                              {"weights", model.weights.size()},
                              {"weightBytes", weightBytes(model)},
                              {"sha256", model.hash.hex()}});
  json["resources"] = Json::array();
  for (size_t i = 0; i < file.resources.size(); ++i) {
    const container::Resource &resource = file.resources[i];
    Json entry = {{"name", resource.name},
                  {"type", resource.isText ? "string" : "binary"}};
    if (resource.data)
      entry["bytes"] = resource.data->size();
    if (isInAModel(file, i))
      entry["model"] = true;
    json["resources"].push_back(std::move(entry));
  }
  return json;
}

/// The texts of a JSON list, joined.
std::string joined(const Json &list) {
  std::string text;
  for (const Json &item : list)
    text += (text.empty() ? "" : ", ") + item.get<std::string>();
  return text;
}

std::string stageLines(const Json &stage) {
  std::string made = stage.contains("block")   ? stage["block"]
                     : stage.contains("model") ? stage["model"]
                                               : stage["what"];
  std::string text =
      fmt::format("  {:16} {:11} {}\n", stage["name"].get<std::string>(),
                  stage["kind"].get<std::string>(), made);
  if (!stage["inputs"].empty())
    text += fmt::format("  {:16}   from {}\n", "", joined(stage["inputs"]));
  if (!stage["outputs"].empty())
    text += fmt::format("  {:16}   gives {}\n", "", joined(stage["outputs"]));
  for (const auto &[name, value] : stage["arguments"].items()) {
    std::string shown = value.get<std::string>();
    if (shown.size() > 60)
      shown = shown.substr(0, 57) + "...";
    text += fmt::format("  {:16}   {} = {}\n", "", name, shown);
  }
  return text;
}

std::string textOf(const Json &json) {
  auto field = [](const Json &from, const char *name) {
    return from[name].get<std::string>();
  };
  std::string text = fmt::format(
      "{}: {} bytes, format {}, made by {} for {}\nneeds    {}\nstages\n",
      field(json, "name"), json["bytes"].get<uint64_t>(),
      json["format"].get<uint32_t>(), field(json, "producer"),
      field(json, "image"), joined(json["grants"]));
  for (const Json &stage : json["stages"])
    text += stageLines(stage);
  for (const Json &block : json["blocks"])
    text += fmt::format("block    {:24} {:>8} bytes  sha256 {}\n",
                        field(block, "name"), block["bytes"].get<uint64_t>(),
                        field(block, "sha256"));
  for (const Json &model : json["models"])
    text +=
        fmt::format("model    {:24} {:>8} bytes of weights  sha256 {}\n",
                    field(model, "name"), model["weightBytes"].get<uint64_t>(),
                    field(model, "sha256"));
  for (const Json &resource : json["resources"])
    text += fmt::format(
        "resource {:24} {}\n", field(resource, "name"),
        resource.contains("bytes")
            ? fmt::format("{:>8} bytes", resource["bytes"].get<uint64_t>())
        : resource.contains("model") ? "held as a model"
                                     : "given at run time");
  return text;
}

} // namespace

Action installInspect(CLI::App &app) {
  auto path = std::make_shared<std::string>();
  app.add_option("rune", *path, "a Rune")->required()->option_text("FILE.rune");
  return [path](Console &console) -> Result<> {
    RuneOnDisk rune = RUNE_TRY(openRune(*path));
    Json json = describe(rune.file, rune.bytes.bytes().size());
    console.print(textOf(json));
    console.fields() = std::move(json);
    return {};
  };
}

} // namespace rune::cli
