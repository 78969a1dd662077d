// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Resources that are given when a Rune runs, in place of what it holds:
// `--file-resource NAME=FILE`, `--string-resource NAME=TEXT`. A model that was
// read from a resource is replaced as well.
#pragma once

#include "cli/model_file.h"
#include "container/rune_file.h"

#include <deque>
#include <map>

namespace rune::cli {

/// What the user gave, as it stands on the command line: `NAME=VALUE`.
struct ResourceFlags {
  std::vector<std::string> files;
  std::vector<std::string> texts;
};

/// Keeps the data of the resources as long as the Rune runs.
struct GivenResources {
  std::map<std::string, ByteSpan, std::less<>> byName;
  std::deque<FileBytes> files;
  std::deque<std::string> texts;
  std::deque<ModelFile> models;
};

/// Reads what was given, and puts models in their places in `file`.
///
/// errors  `usage.bad-resource` no `NAME=`, or a name given twice ·
///         `usage.no-such-resource` the Rune has none of that name ·
///         `file.…`; what importing a model says, in `report`
Result<GivenResources> giveResources(const ResourceFlags &flags,
                                     container::RuneFile &file, Report &report);

/// The flags that would give all resources that the Rune needs and does not
/// hold: " --file-resource MODEL=FILE".
std::string missingResources(const container::RuneFile &file,
                             const GivenResources &given);

} // namespace rune::cli
