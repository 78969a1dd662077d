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

/// Reads and checks; `shapes` are sizes that models leave open, `name=8`, or
/// `stage:name=8` for the model of one stage.
///
/// errors  `file.*`; into `report`, all that `runefile` and `check` find
Result<Project> openProject(const std::string &path, bool strict,
                            Report &report,
                            const std::vector<std::string> &shapes = {});

/// The bytes of the Rune.
///
/// errors  what reading resources and linking say
Result<Bytes> buildRune(Project &project, Report &report);

} // namespace rune::cli
