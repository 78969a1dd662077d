// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiling in another process, so that a fault of the compiler, or a module
// that makes it take long or much, ends that process and nothing else. A worker
// is a program that calls `serveCompile`: it takes one request on standard
// input, answers on standard output, and ends. It sets its own limits before it
// looks at the module.
//
//   request  "RuneAsk1" · limits and options (compile_worker.cpp) · text folder
//            (or empty) · 32 bytes key · u64 n, n bytes: the module
//   answer   u8 1, artifact · or u8 0, texts: code, message, help
//
// Of a request with a folder the code goes there, under the key, and nobody
// waits for an answer.
#pragma once

#include "engine/native/compiler.h"

namespace rune::engine::native {

/// How a worker is started. Empty: there is none.
struct WorkerCommand {
  std::string path;
  std::vector<std::string> arguments;

  bool empty() const { return path.empty(); }
};

struct WorkerLimits {
  /// Of address space. (A worker with AddressSanitizer has no such limit.)
  uint64_t memoryBytes = uint64_t{3} << 30;
};

/// Answers one request. For the main function of a worker.
///
/// result  the exit code of the process
int serveCompile(Compiler &compiler);

/// A compiler whose work is done by workers, one for each module. It ends them
/// at the deadline, when stopped, and when this process ends.
///
/// in      `maker`: what its `buildId` says; a worker of another one is refused
/// errors  of `compile`, besides those of the worker's compiler:
///         `engine.compile-crashed` (with how it ended),
///         `engine.compile-deadline`, `engine.no-worker` it could not be
///         started
std::shared_ptr<Compiler> makeWorkerCompiler(WorkerCommand command,
                                             WorkerLimits limits,
                                             std::string maker);

/// Starts a worker that outlives this process, to put code into a cache.
///
/// in      `claim`: a file the worker keeps open until it ends
/// errors  `engine.no-worker`
Result<> compileInBackground(const WorkerCommand &command,
                             const WorkerLimits &limits,
                             const wasm::Module &module,
                             const CompileOptions &options,
                             const std::string &cacheFolder, const Sha256 &key,
                             int claim);

} // namespace rune::engine::native
