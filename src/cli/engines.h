// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The engines that this `rune` has, by the names of `--engine`. A small one is
// built without the compiling tier and has the interpreter alone, which is
// joined by machine code that was made ahead of time (`--code`).
#pragma once

#include "cli/console.h"
#include "engine/engine.h"
#include "engine/native/compile_worker.h"

#include <CLI/App.hpp>

#include <memory>
#include <string>
#include <vector>

namespace rune::cli {

/// "interpreter", and "llvm" and "auto" where there is a compiler.
std::vector<std::string> engineNames();

/// Where machine code is made: in a process of its own, which is limited and
/// may fail, or in this one.
struct CompileFlags {
  std::string where = "child";
};
void addCompileFlags(CLI::App &app, CompileFlags &flags);

struct EngineFlags {
  /// Empty: what `--code` gives as machine code and all else interpreted, or
  /// the default.
  std::string engine;
  CompileFlags compile;
  std::vector<std::string> codeFiles;
  std::string keyFile;
  std::vector<std::string> debuggers;
};
void addEngineFlags(CLI::App &app, EngineFlags &flags);

/// The engine that the flags ask for. What a cache could not keep becomes a
/// note.
///
/// errors  `usage.no-engine` `--code` beside `--engine interpreter` · of code
///         files: `file.…`, `engine.untrusted-code`, `engine.stale-code`,
///         `engine.foreign-code`, `engine.bad-code`, `engine.bad-key`
Result<std::unique_ptr<engine::Engine>> makeEngine(const EngineFlags &flags,
                                                   Console &console);

/// Null in a `rune` without the compiling tier. Says so where code must be made
/// in this process, because the system does not say what program it runs.
std::shared_ptr<engine::native::Compiler>
makeCompiler(const CompileFlags &flags, Console &console,
             engine::native::WorkerLimits limits = {});

/// What this program does when it is started with `workerArgument` alone.
int runCompileWorker();
constexpr const char *workerArgument = "--compile-worker";

} // namespace rune::cli
