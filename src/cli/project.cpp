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

constexpr uint64_t maxRunefileBytes = 1 << 20;

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

Result<Project> openProject(const std::string &path, bool strict, Report &report) {
  FileBytes bytes = RUNE_TRY(FileBytes::open(path, maxRunefileBytes));
  SourcePtr source = Source::text(path, std::string(asText(bytes.bytes())));
  runefile::Runefile tree = RUNE_TRY(runefile::parseRunefile(source, report));
  // From here on nobody reads text: every node carries its span.
  Place place = placeOf(path);
  auto artifacts = std::make_unique<Artifacts>(place.folder, report);
  check::Pipeline pipeline =
      RUNE_TRY(check::check(tree, *artifacts, {.strict = strict}, report));
  // From here on every edge has one type and every capability a grant's name.
  return Project{place.folder, place.name, std::move(pipeline), std::move(artifacts)};
}

} // namespace rune::cli
