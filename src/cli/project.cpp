// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/project.h"

#include "base/files.h"
#include "check/check.h"
#include "cli/version.h"
#include "container/encodings.h"
#include "link/link.h"
#include "runefile/runefile.h"

#include <algorithm>
#include <filesystem>

namespace rune::cli {

namespace {

struct Place {
  std::string folder;
  std::string name;
};

Place placeOf(const std::string &path) {
  std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code fault;
  std::filesystem::path whole =
      std::filesystem::weakly_canonical(folder.empty() ? "." : folder, fault);
  std::string name = whole.filename().string();
  return {folder.empty() ? "." : folder.string(), name.empty() ? "rune" : name};
}

/// By stage: names of inputs and signatures may have a `:` too, so only a
/// stage's name counts.
Artifacts::Shapes byStage(const runefile::Runefile &tree,
                          const std::vector<std::string> &choices) {
  Artifacts::Shapes sorted;
  for (const std::string &choice : choices) {
    size_t end = choice.find(':');
    std::string name = end == choice.npos ? "" : choice.substr(0, end);
    bool isStage = !name.empty() &&
                   std::ranges::any_of(tree.stages, [&](const auto &stage) {
                     return stage.name.text == name;
                   });
    sorted[isStage ? name : ""].push_back(isStage ? choice.substr(end + 1)
                                                  : choice);
  }
  return sorted;
}

/// The last of several for one stage counts.
Artifacts::Signatures signaturesOf(const runefile::Runefile &tree,
                                   const std::vector<std::string> &choices) {
  Artifacts::Signatures last;
  for (const auto &[stage, names] : byStage(tree, choices))
    last[stage] = names.back();
  return last;
}

} // namespace

Result<Project> openProject(const std::string &path, bool strict,
                            Report &report, const ModelChoices &choices) {
  FileBytes bytes = RUNE_TRY(FileBytes::open(path, runefile::maxRunefileBytes));
  SourcePtr source = Source::text(path, std::string(asText(bytes.bytes())));
  runefile::Runefile tree = RUNE_TRY(runefile::parseRunefile(source, report));
  // From here on nobody reads text: every node carries its span.
  Place place = placeOf(path);
  auto artifacts = std::make_unique<Artifacts>(
      place.folder, report, byStage(tree, choices.shapes),
      signaturesOf(tree, choices.signatures));
  check::Pipeline pipeline =
      RUNE_TRY(check::check(tree, *artifacts, {.strict = strict}, report));
  // From here on every edge has one type and every capability a grant's name.
  return Project{place.folder, place.name, std::move(pipeline),
                 std::move(artifacts)};
}

namespace {

/// Resources that only models are read from: the Rune holds those models.
std::vector<bool> onlyModels(const check::Pipeline &pipeline) {
  std::vector<bool> only(pipeline.resources.size(), false);
  for (const check::Stage &stage : pipeline.stages)
    if (stage.modelResource)
      only[*stage.modelResource] = true;
  for (const check::Stage &stage : pipeline.stages)
    for (const check::Argument &argument : stage.arguments)
      if (auto *to = std::get_if<check::ResourceReference>(&argument.value))
        only[to->resource] = false;
  return only;
}

/// The data of each resource; reports what cannot be read.
std::vector<std::optional<ByteSpan>> readResources(Project &project,
                                                   Report &report) {
  std::vector<std::optional<ByteSpan>> spans;
  std::vector<bool> only = onlyModels(project.pipeline);
  for (size_t i = 0; i < only.size(); ++i) {
    spans.emplace_back();
    if (only[i])
      continue;
    if (auto data = project.artifacts->dataOf(project.pipeline.resources[i]))
      spans.back() = *data;
    else
      report.add(std::move(data).error());
  }
  return spans;
}

link::Artifact modelArtifactOf(const check::Stage &stage, Project &project,
                               Report &report) {
  auto model = project.artifacts->modelOf(stage, project.pipeline.resources);
  if (!model) {
    report.add(std::move(model).error()).at(stage.where);
    return {};
  }
  const ModelFile *file = *model;
  if (!file)
    return link::ModelArtifact{
        stage.what, std::string(container::resourceEncoding), {}, {}};
  return link::ModelArtifact{file->name, file->encoding(stage.format),
                             file->stored.table, file->stored.weights};
}

/// The block or model of one stage; what cannot be read is reported at the
/// stage.
link::Artifact artifactOf(const check::Stage &stage, Project &project,
                          Report &report) {
  if (stage.kind == check::StageKind::ProcBlock) {
    if (auto block = project.artifacts->blockOf(stage))
      return link::BlockArtifact{(*block)->name, (*block)->wasm};
    else
      report.add(std::move(block).error()).at(stage.where);
  }
  if (stage.kind == check::StageKind::Model)
    return modelArtifactOf(stage, project, report);
  return {};
}

} // namespace

Result<Bytes> buildRune(Project &project, Report &report) {
  link::LinkRequest request{
      project.pipeline, project.name, std::string("rune ") + version(), {}, {}};
  for (const check::Stage &stage : project.pipeline.stages)
    request.artifacts.push_back(artifactOf(stage, project, report));
  request.resources = readResources(project, report);
  if (report.failed())
    return report.failure();
  // From here on the files of the project are not touched again.
  return link::link(request, report);
}

} // namespace rune::cli
