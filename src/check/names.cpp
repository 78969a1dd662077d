// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names to indices. The texts are the first system's.
#include "check/checking.h"

#include "base/did_you_mean.h"
#include "runefile/words.h"

namespace rune::check {

/// A hint costs a comparison with every name: only where it will be read, and
/// not among thousands.
template <class NamesOf>
static void suggest(const Checking &checking, Diagnostic &diagnostic,
                    const std::string &word, const NamesOf &names,
                    const std::string &otherwise) {
  constexpr size_t most = 500;
  const runefile::Runefile &tree = checking.tree;
  std::optional<std::string> near;
  if (checking.report.errors() <= Report::maxKept &&
      tree.stages.size() + tree.resources.size() <= most)
    near = didYouMean(word, names());
  diagnostic.withHelp(near ? fmt::format("did you mean `{}`?", *near)
                           : otherwise);
}

std::optional<size_t> findResource(Checking &checking, const std::string &name,
                                   const Location &asked) {
  if (auto found = checking.resourceNamed.find(name);
      found != checking.resourceNamed.end())
    return found->second;
  if (auto stage = checking.stageNamed.find(name);
      stage != checking.stageNamed.end()) {
    checking.report
        .error("check.not-a-resource", asked, "\"${}\" is not a resource", name)
        .note(checking.written(stage->second).name.where,
              fmt::format("`{}` is a stage", name));
    return std::nullopt;
  }
  auto names = [&] {
    std::vector<std::string> names;
    for (const runefile::Resource &resource : checking.tree.resources)
      names.push_back("$" + resource.name.text);
    return names;
  };
  suggest(checking,
          checking.report.error("check.no-such-resource", asked,
                                "No definition for \"${}\"", name),
          "$" + name, names,
          fmt::format("add `{}:` below `resources:`, with a `path`", name));
  return std::nullopt;
}

static Stage plainStage(const runefile::Stage &written) {
  Stage stage;
  stage.name = written.name.text;
  stage.kind = static_cast<StageKind>(written.kind);
  stage.what = written.what.text;
  stage.where = written.name.where;
  for (const runefile::Output &output : written.outputs)
    stage.outputs.push_back(output.type);
  return stage;
}

static_assert(static_cast<int>(StageKind::Out) ==
                  static_cast<int>(runefile::StageKind::Out) &&
              static_cast<int>(StageKind::Model) ==
                  static_cast<int>(runefile::StageKind::Model) &&
              static_cast<int>(StageKind::ProcBlock) ==
                  static_cast<int>(runefile::StageKind::ProcBlock));

static void resolveInput(Checking &checking, Stage &stage,
                         const runefile::Reference &input) {
  auto found = checking.stageNamed.find(input.stage);
  if (found == checking.stageNamed.end()) {
    auto names = [&] {
      std::vector<std::string> names;
      for (const runefile::Stage &other : checking.tree.stages)
        if (other.kind != runefile::StageKind::Out &&
            other.name.text != stage.name)
          names.push_back(other.name.text);
      return names;
    };
    suggest(checking,
            checking.report.error(
                "check.no-such-stage", input.where,
                "Unable to find \"{}\" to use as an input for \"{}\"",
                input.stage, stage.name),
            input.stage, names,
            "an input is the name of a stage of this pipeline");
    return;
  }
  const runefile::Stage &from = checking.written(found->second);
  if (from.kind == runefile::StageKind::Out) {
    checking.report
        .error("check.not-an-input", input.where,
               "The \"{}\" in {}'s \"{}\" input has no inputs", input.stage,
               stage.name, input.stage)
        .note(from.name.where,
              fmt::format("`{}` is an out: it gives nothing on", input.stage));
    return;
  }
  stage.inputs.push_back({found->second, input.port, input.where});
}

static void resolveModel(Checking &checking, Stage &stage,
                         const runefile::Stage &written) {
  auto name = runefile::resourceName(written.what.text);
  if (!name)
    return;
  auto resource =
      findResource(checking, std::string(*name), written.what.where);
  if (!resource)
    return;
  stage.modelResource = resource;
  const runefile::Resource &found = checking.tree.resources[*resource];
  if (found.isText)
    checking.report
        .error("check.not-binary", written.what.where,
               "\"${}\" should be a binary resource", *name)
        .note(found.name.where, fmt::format("`{}` is a string", *name))
        .withHelp(fmt::format("add `type: binary` to `{}`", *name));
}

void findBlockResources(Checking &checking) {
  for (const runefile::Stage &written : checking.tree.stages)
    if (written.kind == runefile::StageKind::ProcBlock)
      for (const runefile::Argument &argument : written.arguments)
        if (argument.kind == runefile::Argument::Kind::Resource)
          (void)findResource(checking, argument.text, argument.where);
}

void resolveNames(Checking &checking) {
  Pipeline &pipeline = checking.pipeline;
  pipeline.image = checking.tree.image.text;
  pipeline.runefileVersion = checking.tree.version;
  for (const runefile::Resource &written : checking.tree.resources) {
    Resource &resource = pipeline.resources.emplace_back();
    resource.name = written.name.text;
    resource.isText = written.isText;
    resource.where = written.name.where;
    if (written.inlineText)
      resource.inlineText = written.inlineText->text;
    if (written.path)
      resource.path = written.path->text;
  }
  for (size_t i = 0; i < checking.tree.resources.size(); ++i)
    checking.resourceNamed.emplace(checking.tree.resources[i].name.text, i);
  for (size_t i = 0; i < checking.tree.stages.size(); ++i)
    checking.stageNamed.emplace(checking.written(i).name.text, i);
  for (const runefile::Stage &written : checking.tree.stages) {
    Stage stage = plainStage(written);
    for (const runefile::Reference &input : written.inputs)
      resolveInput(checking, stage, input);
    if (written.kind == runefile::StageKind::Model)
      resolveModel(checking, stage, written);
    pipeline.stages.push_back(std::move(stage));
  }
}

} // namespace rune::check
