// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/console.h"

#include <cstdio>

namespace rune::cli {

void Console::say(const std::string &line) {
  if (!json())
    fmt::print(stderr, "{}\n", line);
}

void Console::print(const std::string &text) {
  if (!json())
    fmt::print("{}", text);
}

/// Where a pipe's reader has gone, or the disk is full, the result is lost:
/// that is the machine's fault and must not look like success.
static bool flushed() {
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

static void printFailure(const Diagnostic &why) {
  if (why.where) {
    fmt::print(stderr, "{}", renderText(why));
    return;
  }
  Diagnostic body = why;
  std::string head = "Error: " + why.message;
  if (!isReported(why))
    head += fmt::format(" [{}]", why.code);
  fmt::print(stderr, "{}\n", head);
  for (const Diagnostic &note : body.notes)
    fmt::print(stderr, "{}", renderText(note));
  if (!body.help.empty())
    fmt::print(stderr, "help: {}\n", body.help);
}

int Console::finish(const Result<> &outcome) {
  if (json()) {
    Json all = {{"ok", outcome.ok()}};
    all.update(fields_);
    all["diagnostics"] = Json::array();
    for (const Diagnostic &diagnostic : report_.diagnostics())
      all["diagnostics"].push_back(Json::parse(renderJson(diagnostic)));
    if (!outcome && !isReported(outcome.error()))
      all["diagnostics"].push_back(Json::parse(renderJson(outcome.error())));
    fmt::print("{}\n",
               all.dump(-1, ' ', false, Json::error_handler_t::replace));
  } else {
    // What the command printed comes before what went wrong after it.
    (void)std::fflush(stdout);
    for (const Diagnostic &diagnostic : report_.diagnostics())
      fmt::print(stderr, "{}", renderText(diagnostic));
    if (!outcome)
      printFailure(outcome.error());
  }
  ExitCode code = outcome ? ExitCode::Success : exitCodeOf(outcome.error());
  if (!flushed()) {
    fmt::print(stderr,
               "Error: unable to write the result to standard output\n");
    code = ExitCode::Machine;
  }
  return static_cast<int>(code);
}

} // namespace rune::cli
