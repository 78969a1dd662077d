// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the interpreter runs instead of wasm bytes: each operand's place is
// known before the run, so instructions name slots of the frame and the operand
// stack disappears. A frame is [parameters, locals, operands], 16 bytes each; a
// callee's frame begins where its arguments lie in the caller's, and its
// results come to lie there too. An instruction is the address of its handler
// (two words), then its operands, a word each: a slot is its distance in bytes
// from the frame's begin.
#pragma once

#include "engine/engine.h"

namespace rune::engine {

class InterpreterInstance;

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

/// The code of a defined function of an instance's module.
Code translate(const InterpreterInstance &instance, uint32_t function);

} // namespace rune::engine
