// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A Runefile on disk and everything it names: what `build`, `check` and `graph`
// share.
#pragma once

#include "check/pipeline.h"
#include "cli/artifacts.h"

#include <memory>
#include <string>

namespace rune::cli {

/// A checked Runefile. The artifacts hold the blocks and models that checking
/// it has read already.
struct Project {
  /// The folder of the Runefile; relative paths in it start here.
  std::string folder;
  /// The name of that folder, which the Rune takes.
  std::string name;
  check::Pipeline pipeline;
  std::unique_ptr<Artifacts> artifacts;
};

/// What the user chooses of models, for all of them or, behind `stage:`, for
/// that of one stage.
struct ModelChoices {
  /// Sizes that they leave open, `name=8`.
  std::vector<std::string> shapes;
  /// Which of their signatures.
  std::vector<std::string> signatures;
};

/// Reads and checks.
///
/// errors  `file.*`; into `report`, all that `runefile` and `check` find
Result<Project> openProject(const std::string &path, bool strict,
                            Report &report, const ModelChoices &choices = {});

/// The bytes of the Rune.
///
/// errors  what reading resources and linking say
Result<Bytes> buildRune(Project &project, Report &report);

} // namespace rune::cli
