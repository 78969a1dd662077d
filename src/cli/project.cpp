// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/project.h"

#include "base/files.h"
#include "check/check.h"
#include "cli/version.h"
#include "link/link.h"
#include "runefile/runefile.h"

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

} // namespace

Result<Project> openProject(const std::string &path, bool strict,
                            Report &report) {
  FileBytes bytes = RUNE_TRY(FileBytes::open(path, runefile::maxRunefileBytes));
  SourcePtr source = Source::text(path, std::string(asText(bytes.bytes())));
  runefile::Runefile tree = RUNE_TRY(runefile::parseRunefile(source, report));
  // From here on nobody reads text: every node carries its span.
  Place place = placeOf(path);
  auto artifacts = std::make_unique<Artifacts>(place.folder, report);
  check::Pipeline pipeline =
      RUNE_TRY(check::check(tree, *artifacts, {.strict = strict}, report));
  // From here on every edge has one type and every capability a grant's name.
  return Project{place.folder, place.name, std::move(pipeline),
                 std::move(artifacts)};
}

namespace {

/// Bytes of resources, kept until the Rune is written.
struct ResourceBytes {
  std::vector<std::unique_ptr<FileBytes>> files;
  std::vector<std::optional<ByteSpan>> spans;
};

Result<ResourceBytes> readResources(const Project &project, Report &report) {
  ResourceBytes bytes;
  for (const check::Resource &resource : project.pipeline.resources) {
    bytes.spans.emplace_back();
    if (resource.inlineText)
      bytes.spans.back() = asBytes(*resource.inlineText);
    if (!resource.path)
      continue;
    auto file = FileBytes::open(project.artifacts->resolve(*resource.path),
                                maxResourceBytes);
    if (!file) {
      report.add(std::move(file).error()).at(resource.where);
      continue;
    }
    bytes.files.push_back(std::make_unique<FileBytes>(std::move(*file)));
    bytes.spans.back() = bytes.files.back()->bytes();
  }
  if (report.failed())
    return report.failure();
  return bytes;
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
  if (stage.kind == check::StageKind::Model) {
    if (auto model =
            project.artifacts->modelOf(stage, project.pipeline.resources))
      return link::ModelArtifact{(*model)->name, "rune-graph",
                                 (*model)->stored.table,
                                 (*model)->stored.weights};
    else if (!isReported(model.error()))
      report.add(std::move(model).error()).at(stage.where);
  }
  return {};
}

} // namespace

Result<Bytes> buildRune(Project &project, Report &report) {
  link::LinkRequest request{
      project.pipeline, project.name, std::string("rune ") + version(), {}, {}};
  for (const check::Stage &stage : project.pipeline.stages)
    request.artifacts.push_back(artifactOf(stage, project, report));
  ResourceBytes resources = RUNE_TRY(readResources(project, report));
  request.resources = resources.spans;
  // From here on the files of the project are not touched again.
  return link::link(request, report);
}

} // namespace rune::cli
