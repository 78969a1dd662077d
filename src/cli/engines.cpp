// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/engines.h"

#include "base/files.h"
#include "engine/native/native_engine.h"
#ifdef RUNE_HAS_LLVM
#include "engine/llvm/llvm_compiler.h"
#endif

#include <fmt/ranges.h>

#include <thread>
#include <unistd.h>

namespace rune::cli {

namespace native = engine::native;

namespace {

constexpr uint64_t maxCodeBytes = uint64_t{2} << 30;

std::shared_ptr<native::Compiler> compilerHere() {
#ifdef RUNE_HAS_LLVM
  return engine::makeLlvmCompiler();
#else
  return nullptr;
#endif
}

/// This program once more; empty where the system does not say where it is.
native::WorkerCommand worker() {
  constexpr const char *self = "/proc/self/exe";
  if (::access(self, X_OK) != 0)
    return {};
  return {self, {workerArgument}};
}

/// The files of `--code`, open as long as their artifacts are looked at.
struct GivenCode {
  std::vector<FileBytes> files;
  std::vector<ByteSpan> artifacts;
};

Result<GivenCode> readCode(const EngineFlags &flags) {
  GivenCode given;
  if (flags.codeFiles.empty())
    return given;
  native::SealKey key =
      flags.keyFile.empty()
          ? RUNE_TRY(native::SealKey::ofThisUser())
          : RUNE_TRY(native::SealKey::fromFile(flags.keyFile));
  for (const std::string &path : flags.codeFiles) {
    given.files.push_back(RUNE_TRY(FileBytes::open(path, maxCodeBytes)));
    auto artifacts = native::readCodeFile(given.files.back().bytes(), key);
    if (!artifacts)
      return std::move(artifacts).error().at({Source::binary(path), {}});
    given.artifacts.insert(given.artifacts.end(), artifacts->begin(),
                           artifacts->end());
  }
  return given;
}

native::DebugOptions debugOptions(const EngineFlags &flags) {
  native::DebugOptions debug;
  for (const std::string &each : flags.debuggers)
    (each == "perf" ? debug.perf : debug.gdb) = true;
  return debug;
}

/// Code that was given decides how all keep to memory.
Result<native::Bounds> boundsOf(const GivenCode &given) {
  return given.artifacts.empty()
             ? native::Bounds::Guard
             : RUNE_TRY(native::readArtifact(given.artifacts.front())).bounds;
}

} // namespace

int runCompileWorker() {
  auto compiler = compilerHere();
  return compiler ? native::serveCompile(*compiler) : 1;
}

std::shared_ptr<native::Compiler> makeCompiler(const CompileFlags &flags,
                                               Console &console,
                                               native::WorkerLimits limits) {
  auto here = compilerHere();
  if (!here || flags.where == "here")
    return here;
  native::WorkerCommand command = worker();
  if (command.empty()) {
    console.say("note: machine code is made in this process, without limits: "
                "/proc is not there");
    return here;
  }
  return native::makeWorkerCompiler(std::move(command), limits,
                                    std::string(here->buildId()));
}

std::vector<std::string> engineNames() {
  if (compilerHere())
    return {"interpreter", "llvm", "auto"};
  return {"interpreter"};
}

Result<std::unique_ptr<engine::Engine>> makeEngine(const EngineFlags &flags,
                                                   Console &console) {
  std::string name = flags.engine;
  if (name.empty())
    name = !flags.codeFiles.empty() ? "given" : "interpreter";
  if (name == "interpreter" && !flags.codeFiles.empty())
    return error("usage.no-engine",
                 "the interpreter does not run what `--code` gives");
  native::LibraryOptions options;
  options.cacheFolder = native::CodeCache::usualFolder();
  // Without a cache what is made beside a run is of no use to any.
  if (name == "interpreter" || (name == "auto" && options.cacheFolder.empty() &&
                                flags.codeFiles.empty()))
    return engine::makeInterpreter();
  GivenCode given = RUNE_TRY(readCode(flags));
  if (name == "given")
    options.cacheFolder.clear();
  else
    options.compiler = makeCompiler(flags.compile, console);
  if (flags.compile.where == "child")
    options.background = worker();
  options.threads = std::max(1u, std::thread::hardware_concurrency());
  options.bounds = RUNE_TRY(boundsOf(given));
  options.debug = debugOptions(flags);
  options.note = [&console](const Diagnostic &what) {
    console.say("note: " + what.message);
  };
  auto library = std::make_shared<native::CodeLibrary>(std::move(options));
  for (ByteSpan artifact : given.artifacts)
    RUNE_TRY(library->give(artifact));
  return name == "llvm" ? engine::makeNativeEngine(std::move(library))
                        : engine::makeAutoEngine(std::move(library));
}

void addCompileFlags(CLI::App &app, CompileFlags &flags) {
  if (!compilerHere())
    return;
  app.add_option("--compile-in", flags.where,
                 "where machine code is made: in a limited process of its own "
                 "(default), or in this one")
      ->check(CLI::IsMember({"child", "here"}))
      ->option_text("child|here");
}

void addEngineFlags(CLI::App &app, EngineFlags &flags) {
  app.add_option("--engine", flags.engine, "what runs the blocks")
      ->check(CLI::IsMember(engineNames()))
      ->option_text(fmt::format("{}", fmt::join(engineNames(), "|")));
  app.add_option("--code", flags.codeFiles,
                 "machine code for blocks, made by `rune compile`")
      ->option_text("FILE")
      ->allow_extra_args(false);
  app.add_option("--code-key", flags.keyFile,
                 "the key that the code was sealed with (default: this user's)")
      ->option_text("FILE");
  addCompileFlags(app, flags.compile);
  app.add_option("--debug-code", flags.debuggers,
                 "tell perf (a map in /tmp) or gdb about the machine code")
      ->check(CLI::IsMember({"perf", "gdb"}))
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("perf,gdb");
}

} // namespace rune::cli
