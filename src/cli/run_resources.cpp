// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/run_resources.h"

#include "base/did_you_mean.h"
#include "container/encodings.h"

#include <algorithm>
#include <set>

namespace rune::cli {

namespace {

constexpr uint64_t maxGivenBytes = uint64_t{1} << 30;

/// The resource that a model stage is read from.
std::optional<uint32_t> modelResource(const container::Stage &stage) {
  if (stage.kind != container::StageKind::Model)
    return std::nullopt;
  for (const container::Argument &argument : stage.arguments)
    if (argument.name == container::modelArgument)
      if (auto *to = std::get_if<container::ResourceReference>(&argument.value))
        return to->resource;
  return std::nullopt;
}

class Giver {
public:
  Giver(container::RuneFile &file, Report &report)
      : file_(file), report_(report) {}

  Result<GivenResources> run(const ResourceFlags &flags) {
    for (const std::string &flag : flags.texts) {
      auto [name, text] = RUNE_TRY(split(flag, "--string-resource"));
      if (!isText(name))
        return error("usage.bad-resource",
                     "the resource `{}` is a model, not a text", name)
            .withHelp(fmt::format("give it as a file: `--file-resource "
                                  "{}=FILE`",
                                  name));
      given_.byName[name] = asBytes(given_.texts.emplace_back(text));
    }
    for (const std::string &flag : flags.files) {
      auto [name, path] = RUNE_TRY(split(flag, "--file-resource"));
      RUNE_TRY(giveFile(name, path));
    }
    return std::move(given_);
  }

private:
  struct Named {
    std::string name;
    std::string value;
  };

  Result<Named> split(const std::string &flag, std::string_view option) {
    size_t at = flag.find('=');
    if (at == flag.npos || at == 0)
      return error("usage.bad-resource", "`{} {}` names no resource", option,
                   flag)
          .withHelp(fmt::format("write `{} NAME={}`", option,
                                option == "--file-resource" ? "FILE" : "TEXT"));
    Named named{flag.substr(0, at), flag.substr(at + 1)};
    auto found = std::ranges::find(file_.resources, named.name,
                                   &container::Resource::name);
    if (found == file_.resources.end())
      return unknown(named.name);
    if (!seen_.insert(named.name).second)
      return error("usage.bad-resource", "the resource `{}` is given twice",
                   named.name);
    return named;
  }

  Diagnostic unknown(const std::string &name) const {
    std::vector<std::string> known;
    for (const container::Resource &resource : file_.resources)
      known.push_back(resource.name);
    Diagnostic why =
        error("usage.no-such-resource", "this Rune has no resource `{}`", name);
    if (auto near = didYouMean(name, known))
      return why.withHelp(fmt::format("did you mean `{}`?", *near));
    return why.withHelp(
        known.empty() ? "it has no resources"
                      : fmt::format("it has `{}`", fmt::join(known, "`, `")));
  }

  /// A file is the data, the model, or both.
  Result<> giveFile(const std::string &name, const std::string &path) {
    if (isModel(name))
      RUNE_TRY(replaceModels(name, path));
    if (isText(name)) {
      FileBytes &file = given_.files.emplace_back(
          RUNE_TRY(FileBytes::open(path, maxGivenBytes)));
      given_.byName[name] = file.bytes();
    }
    return {};
  }

  bool isModel(const std::string &name) const {
    return std::ranges::any_of(file_.stages, [&](const auto &stage) {
      auto resource = modelResource(stage);
      return resource && file_.resources[*resource].name == name;
    });
  }
  /// Whether its data is wanted as such: by a block, or by nobody.
  bool isText(const std::string &name) const {
    if (!isModel(name))
      return true;
    return std::ranges::any_of(file_.stages, [&](const auto &stage) {
      return stage.kind != container::StageKind::Model &&
             std::ranges::any_of(stage.arguments, [&](const auto &argument) {
               auto *to =
                   std::get_if<container::ResourceReference>(&argument.value);
               return to && file_.resources[to->resource].name == name;
             });
    });
  }

  Result<> replaceModels(const std::string &name, const std::string &path) {
    ModelFile &model = given_.models.emplace_back(
        RUNE_TRY(readModelFile({path, path}, "tensorflow-lite", report_)));
    container::Model entry{model.name,
                           model.encoding(""),
                           sha256(model.stored.table),
                           model.stored.table,
                           {}};
    for (ByteSpan weight : model.stored.weights)
      entry.weights.push_back({sha256(weight), weight});
    auto index = static_cast<uint32_t>(file_.models.size());
    file_.models.push_back(std::move(entry));
    for (container::Stage &stage : file_.stages)
      if (auto from = modelResource(stage);
          from && file_.resources[*from].name == name)
        stage.artifact = index;
    return {};
  }

  container::RuneFile &file_;
  Report &report_;
  GivenResources given_;
  std::set<std::string> seen_;
};

} // namespace

Result<GivenResources> giveResources(const ResourceFlags &flags,
                                     container::RuneFile &file,
                                     Report &report) {
  return Giver(file, report).run(flags);
}

std::string missingResources(const container::RuneFile &file,
                             const GivenResources &given) {
  std::set<uint32_t> models, texts;
  for (const container::Stage &stage : file.stages) {
    if (auto resource = modelResource(stage)) {
      const container::Model &model = file.models[stage.artifact];
      if (model.encoding == container::resourceEncoding)
        models.insert(*resource);
      continue;
    }
    for (const container::Argument &argument : stage.arguments)
      if (auto *to = std::get_if<container::ResourceReference>(&argument.value);
          to && !file.resources[to->resource].data &&
          !given.byName.contains(file.resources[to->resource].name))
        texts.insert(to->resource);
  }
  std::string flags;
  for (uint32_t index : models)
    flags +=
        fmt::format(" --file-resource {}=FILE", file.resources[index].name);
  for (uint32_t index : texts)
    flags +=
        fmt::format(" --string-resource {}=TEXT", file.resources[index].name);
  return flags;
}

} // namespace rune::cli
