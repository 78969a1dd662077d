// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model as an object and a C header for another program, or as one of the
// steps on the way there.
#pragma once

#include "cli/console.h"

#include <CLI/App.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace rune::cli {

struct ModelFlags {
  std::string emit;
  std::string processor;
  std::string name;
  std::vector<std::string> shapes;
  std::string signature;
  bool exact = false;
  std::string stopAfter;
  std::string onlyPass;
  std::string dumpFolder;

  /// Asks for what passes make of the graph.
  bool showsPasses() const {
    return !(stopAfter.empty() && onlyPass.empty() && dumpFolder.empty());
  }
  bool areDefault() const {
    return emit.empty() && processor.empty() && name.empty() &&
           shapes.empty() && signature.empty() && !exact && !showsPasses();
  }
};
void addModelFlags(CLI::App &app, ModelFlags &flags);

struct ModelRequest {
  std::string input;
  /// Empty for the default.
  std::string output;
  /// Empty for this machine.
  std::string target;
  /// When compiling ends with `compile.stopped`.
  std::optional<std::chrono::steady_clock::time_point> deadline;
};

/// errors  `usage.no-compiler` · `usage.compile` · `compile.needs-sizes`: a
///         dimension that is no number · of importing and compiling
Result<> compileModel(const ModelRequest &request, const ModelFlags &flags,
                      Console &console);

} // namespace rune::cli
