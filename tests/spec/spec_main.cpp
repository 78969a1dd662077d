// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// rune_spec [--engine NAME] [--core 2|3] FILE-OR-FOLDER...: official scripts,
// run directly. Those of version 2.0 claim that later features are refused.
// Prints each failure with its place and last
// `N passed, N failed, N skipped (reason: N, …)`.
#include "runner.h"

#include "base/files.h"
#include "engines.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

namespace {

using namespace rune;

constexpr uint64_t maxScriptBytes = 64 << 20;

/// The scripts under a path, in order of their names.
std::vector<std::string> scriptsUnder(const std::string &path) {
  namespace fs = std::filesystem;
  std::error_code code;
  if (!fs::is_directory(path, code))
    return {path};
  std::vector<std::string> found;
  for (fs::recursive_directory_iterator at(path, code), end; !code && at != end;
       at.increment(code))
    if (at->path().extension() == ".wast")
      found.push_back(at->path().string());
  std::ranges::sort(found);
  return found;
}

void print(const spec::Failure &failure) {
  Diagnostic line = error("spec.failed", "{}", failure.why).at(failure.where);
  fmt::print("{}", renderText(line));
}

std::string summary(const spec::Score &score) {
  std::string reasons;
  for (const auto &[reason, count] : score.reasons)
    reasons +=
        fmt::format("{}{}: {}", reasons.empty() ? " (" : ", ", reason, count);
  if (!reasons.empty())
    reasons += ")";
  return fmt::format("{} passed, {} failed, {} skipped{}", score.passed,
                     score.failures.size(), score.skipped, reasons);
}

Result<spec::Score> runFile(engine::Engine &engine, const std::string &path,
                            const wasm::Features &features) {
  FileBytes file = RUNE_TRY(FileBytes::open(path, maxScriptBytes));
  return spec::runScript(
      engine, Source::text(path, std::string(asText(file.bytes()))), features);
}

} // namespace

int main(int argc, char **argv) {
  std::vector<std::string> paths;
  std::string name = "interpreter";
  wasm::Features features;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--engine" && i + 1 < argc)
      name = argv[++i];
    else if (std::string_view(argv[i]) == "--core" && i + 1 < argc)
      features = std::string_view(argv[++i]) == "2" ? wasm::Features::core2()
                                                    : wasm::Features();
    else
      paths.emplace_back(argv[i]);
  }
  std::unique_ptr<engine::Engine> engine = spec::makeEngine(name);
  if (paths.empty() || engine == nullptr) {
    fmt::print(
        stderr,
        "usage: rune_spec [--engine {}] [--core 2|3] FILE-OR-FOLDER...\n",
        fmt::join(spec::engineNames(), "|"));
    return 2;
  }
  spec::Score all;
  for (const std::string &path : paths)
    for (const std::string &file : scriptsUnder(path)) {
      auto score = runFile(*engine, file, features);
      if (!score) {
        all.failures.push_back({{}, {}});
        fmt::print("{}", renderText(score.error()));
        continue;
      }
      std::ranges::for_each(score->failures, print);
      fmt::print("{}: {}\n", file, summary(*score));
      all.add(*score);
    }
  fmt::print("{}\n", summary(all));
  return all.failures.empty() ? 0 : 1;
}
