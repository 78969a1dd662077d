// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One look over every function before LLVM sees any: what it calls, and whether
// it stays within the compiler's limits. LLVM is more than linear in the size
// of a function, and a file of a few kilobytes can ask for much.
#pragma once

#include "engine/native/compiler.h"
#include "wasm/instruction.h"

namespace rune::engine::llvm_tier {

struct FunctionSurvey {
  /// Calls anything that is wasm: it may recurse.
  bool calls = false;
  bool loops = false;
};

struct ModuleSurvey {
  /// Of the defined functions.
  std::vector<FunctionSurvey> functions;
  /// Some function calls in tail position.
  bool tailCalls = false;
  /// By table: something may change its size or where it lies.
  std::vector<bool> tableMoves;
};

/// errors  `engine.compile-limit`
Result<ModuleSurvey> survey(const wasm::Module &module,
                            const native::CompileLimits &limits);

} // namespace rune::engine::llvm_tier
