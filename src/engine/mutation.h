// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where `./dev mutate wasm` changes what an operator does: between reading an
// instruction and implementing it. In every other build (no RUNE_MUTATE)
// nothing of this is left. tests/spec/mutation.cpp decides what is done
// instead.
#pragma once

#include "wasm/instruction.h"

namespace rune::engine {

/// The implementations that are changed apart from each other.
enum class Tier : uint8_t { Interpreter, Machine };

#ifdef RUNE_MUTATE
namespace mutation {
/// What is done in place of `now`, an instruction of `function`.
std::vector<wasm::Instruction> inPlaceOf(Tier tier,
                                         const wasm::Instruction &now,
                                         const wasm::Module &module,
                                         uint32_t function);
/// The same for the interpreter's own instructions (interpreter/ops.def).
uint32_t handlerInPlaceOf(uint32_t op);
} // namespace mutation
#endif

/// Calls `translate` for the instruction `now`.
template <class Translate>
void implement([[maybe_unused]] Tier tier,
               [[maybe_unused]] wasm::Instruction &now,
               [[maybe_unused]] const wasm::Module &module,
               [[maybe_unused]] uint32_t function, Translate translate) {
#ifdef RUNE_MUTATE
  for (wasm::Instruction &each :
       mutation::inPlaceOf(tier, now, module, function)) {
    now = each;
    translate();
  }
#else
  translate();
#endif
}

/// The operation that runs for `op`.
template <class Op> Op implemented(Op op) {
#ifdef RUNE_MUTATE
  return static_cast<Op>(mutation::handlerInPlaceOf(static_cast<uint32_t>(op)));
#else
  return op;
#endif
}

} // namespace rune::engine
