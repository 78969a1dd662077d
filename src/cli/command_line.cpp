// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/command.h"

#include "cli/version.h"

#include <cstdio>
#include <new>

namespace rune::cli {

std::span<const Command> commands() {
  static constexpr Command all[] = {
#define RUNE_COMMAND(function, name, summary) {function, name, summary},
#include "cli/commands.def"
#undef RUNE_COMMAND
  };
  return all;
}

namespace {

/// CLI11 reports help and mistakes by throwing; this is the one place that
/// catches.
int parse(CLI::App &app, int argc, const char *const *argv) {
  try {
    app.parse(argc, argv);
    return -1;
  } catch (const CLI::ParseError &stop) {
    bool asked =
        stop.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);
    app.exit(stop);
    return static_cast<int>(asked ? ExitCode::Success : ExitCode::Usage);
  }
}

} // namespace

int runCommandLine(int argc, const char *const *argv) {
  CLI::App app("Rune: containers for machine-learning pipelines", "rune");
  app.require_subcommand(1);
  app.set_version_flag("-V,--version", std::string("rune ") + version());
  Format format = Format::Text;
  Action action;
  for (const Command &command : commands()) {
    CLI::App *verb = app.add_subcommand(command.name, command.summary);
    verb->add_option("--format", format, "text for people, json for programs")
        ->transform(CLI::CheckedTransformer(std::map<std::string, Format>{
            {"text", Format::Text}, {"json", Format::Json}}))
        ->option_text("text|json");
    Action run = command.install(*verb);
    verb->callback([&action, run] { action = run; });
  }
  if (argc < 2) {
    fmt::print("{}", app.help());
    return static_cast<int>(ExitCode::Success);
  }
  if (int code = parse(app, argc, argv); code >= 0)
    return code;
  Console console(format);
  return console.finish(action(console));
}

} // namespace rune::cli
