// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/console.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <functional>
#include <span>
#include <string_view>

namespace rune::cli {

/// What a verb does once its options are parsed.
using Action = std::function<Result<>(Console &)>;

/// A verb: `install` adds its options to `app` and returns its action, which
/// refers to the parsed values.
struct Command {
  Action (*install)(CLI::App &app);
  const char *name;
  const char *summary;
};

/// All verbs, in the order of `rune --help`.
std::span<const Command> commands();

#define RUNE_COMMAND(function, name, summary) Action function(CLI::App &app);
#include "cli/commands.def"
#undef RUNE_COMMAND

/// Parses the arguments and runs the verb.
///
/// result  the exit code of the process
int runCommandLine(int argc, const char *const *argv);

} // namespace rune::cli
