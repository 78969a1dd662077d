// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions that a program calls whose model was compiled ahead of time:
//
//   int NAME_run(const void *const *inputs, void *const *outputs, void *arena)
//   void NAME_reset(void *arena)
//
// The first fills the table of the regions and calls them one by one; the
// second, of models with state only, puts the state back to what it is at
// first. State lies in the arena behind the values.
#pragma once

#include "compile/module.h"

namespace rune::compile {

/// What NAME_run returns: 0, or one of them.
constexpr int32_t runMisaligned = -1;
constexpr int32_t runRefused = -2;

/// Where the state of each variable lies in the arena, and the bytes of both.
struct ArenaLayout {
  std::vector<uint64_t> states;
  uint64_t bytes = 0;
};
ArenaLayout arenaLayoutOf(const Program &program);

/// Adds them to a module whose nodes are all compiled, and makes its regions
/// parts of them.
///
/// errors  `compile.has-state`: state that becomes what other state was
Result<> addRunFunction(ProgramModule &made, const std::string &name);

} // namespace rune::compile
