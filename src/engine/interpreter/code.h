// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the interpreter runs instead of wasm bytes: each operand's place is
// known before the run, so instructions name slots of the frame and the operand
// stack disappears. A frame is [parameters, locals, operands]; a callee's frame
// begins where its arguments lie in the caller's, and its results come to lie
// there too.
#pragma once

#include "engine/engine.h"

namespace rune::engine {

enum class Op : uint32_t {
#define RUNE_OP(name) name,
#include "engine/interpreter/ops.def"
};

/// A function's code and what a call of it needs.
struct Code {
  std::vector<uint32_t> words;
  /// Slots of the whole frame, results included.
  uint32_t frameSlots = 0;
  uint32_t parameters = 0;
  /// Declared locals, which start as zero.
  uint32_t locals = 0;
};

/// The code of a defined function of a validated module.
Code translate(const wasm::Module &module, uint32_t function);

} // namespace rune::engine
