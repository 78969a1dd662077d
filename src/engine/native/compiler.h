// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Who makes machine code, as the engine sees it: the engine needs none if all
// code was made before, so a host without LLVM links without one.
#pragma once

#include "engine/engine.h"
#include "engine/native/artifact.h"

#include <atomic>
#include <map>

namespace rune::engine::native {

/// How much a module may cost to compile.
struct CompileLimits {
  /// Bytes of one function's body.
  uint32_t bodyBytes = 1 << 20;
  /// Declared locals of one function.
  uint32_t locals = 10'000;
  /// Instructions and edges that one function may become.
  uint32_t work = 4'000'000;
  /// Bytes of one function's frame.
  uint32_t frameBytes = 128 << 10;
  /// Bytes of all bodies.
  uint64_t moduleBytes = 64 << 20;
};

struct CompileOptions {
  machine::Target target = machine::hostTarget();
  Bounds bounds = Bounds::Guard;
  /// The code counts fuel (Limits::fuel).
  bool fuel = false;
  /// Threads that compile; functions are spread over them.
  unsigned threads = 1;
  /// When compiling must end.
  Deadline deadline;
  CompileLimits limits = {};
  /// The compiler checks itself between its steps; for tests.
  bool checkIr = false;
};

class Compiler {
public:
  virtual ~Compiler() = default;

  /// What made the code: changes whenever the same input may become other code.
  virtual std::string_view buildId() const = 0;

  /// The artifact (artifact.h) of a validated module.
  ///
  /// in      `stop`: once true, compiling ends early, with an error
  /// errors  `engine.compile-limit` (names the function and the limit),
  ///         `engine.compile-deadline`, `engine.compile-stopped`,
  ///         `engine.compile-target`
  virtual Result<Bytes> compile(const wasm::Module &module,
                                const CompileOptions &options,
                                const std::atomic<bool> &stop) = 0;
};

} // namespace rune::engine::native
