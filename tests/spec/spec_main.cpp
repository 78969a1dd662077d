// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// rune_spec [--engine NAME] [--core 2|3] FILE-OR-FOLDER...: official scripts,
// run directly. Those of version 2.0 claim that later features are refused; a
// suite is of 2.0 if it holds the scripts of 2.0 and none of a later feature.
// Prints each failure with its place and last
// `N passed, N failed, N skipped (reason: N, …)`.
#include "runner.h"

#include "base/files.h"
#include "engines.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <set>

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

/// The official suite of version 2.0, by the files that it has and lacks.
///
/// in  a folder of scripts, or a script in such a folder
bool isCore2Suite(const std::string &path) {
  namespace fs = std::filesystem;
  constexpr std::string_view needed[] = {"binary", "table_copy", "imports"};
  constexpr std::string_view later[] = {
      "annotations",  "return_call", "try_table",          "throw",
      "instance",     "memory64",    "extended-const",     "call_ref",
      "type-rec",     "i31",         "relaxed_madd_nmadd", "id",
      "table_copy64", "tag",         "ref_as_non_null",    "address64"};
  std::error_code code;
  fs::path folder = fs::absolute(path, code);
  if (!fs::is_directory(folder, code))
    folder = folder.parent_path();
  if (folder.filename() == "simd")
    folder = folder.parent_path();
  std::set<std::string> names;
  for (fs::recursive_directory_iterator at(folder, code), end;
       !code && at != end; at.increment(code))
    if (at->path().extension() == ".wast")
      names.insert(at->path().stem().string());
  auto has = [&](std::string_view name) {
    return names.contains(std::string(name));
  };
  return std::ranges::all_of(needed, has) && std::ranges::none_of(later, has);
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
                            const spec::RunOptions &options) {
  FileBytes file = RUNE_TRY(FileBytes::open(path, maxScriptBytes));
  return spec::runScript(
      engine, Source::text(path, std::string(asText(file.bytes()))), options);
}

} // namespace

int main(int argc, char **argv) {
  std::vector<std::string> paths;
  std::string name = "interpreter";
  std::optional<wasm::Features> core;
  spec::RunOptions options;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--engine" && i + 1 < argc)
      name = argv[++i];
    else if (std::string_view(argv[i]) == "--core" && i + 1 < argc)
      core = std::string_view(argv[++i]) == "2" ? wasm::Features::core2()
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
  for (const std::string &path : paths) {
    bool isOld = !core && isCore2Suite(path);
    options.features =
        isOld ? wasm::Features::core2() : core.value_or(wasm::Features());
    if (isOld)
      fmt::print("{}: taken for the suite of version 2.0\n", path);
    for (const std::string &file : scriptsUnder(path)) {
      auto score = runFile(*engine, file, options);
      if (!score) {
        all.failures.push_back({{}, {}});
        fmt::print("{}", renderText(score.error()));
        continue;
      }
      std::ranges::for_each(score->failures, print);
      fmt::print("{}: {}\n", file, summary(*score));
      all.add(*score);
    }
  }
  fmt::print("{}\n", summary(all));
  return all.failures.empty() ? 0 : 1;
}
