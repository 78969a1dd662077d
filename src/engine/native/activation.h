// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One entry of the host into machine code. It knows the way back, which every
// trap takes: from a helper directly, from a fault by way of the signal
// handler. Machine code has nothing to destroy, so leaving it is one jump.
// Activations are a chain, of the thread or of the fiber that it runs; the host
// may enter again from a host function.
#pragma once

#include "engine/native/code_image.h"
#include "engine/native/context.h"

#include <csetjmp>

namespace rune::engine::native {

class NativeStore;

struct Activation {
  Activation *outer = nullptr;
  NativeStore *store = nullptr;
  std::jmp_buf back;
  /// The frame that entered; frames of machine code lie below.
  const void *entryFrame = nullptr;
  /// Where its machine code called the host, if the host has entered again
  /// from there: the frame of the helper or thunk.
  const void *hostFrame = nullptr;
};

/// The innermost activation of this thread, or null.
Activation *currentActivation();
void setCurrentActivation(Activation *activation);
/// Sets it; gives the one before.
Activation *exchangeActivation(Activation *activation);

/// Calls `code` by its trampoline. False if it ended by `leave`.
bool enter(Activation &activation, const void *entry, const void *code,
           GuestContext *context, Value *slots);

/// Back to where the thread's innermost activation entered.
[[noreturn]] void leave();

/// Where machine code stands: the address it runs at, or that a call in it
/// returns to, and its frame.
struct CodePlace {
  uint64_t address;
  const void *frame;
  bool isReturn;

  /// Of the machine code that called the helper with this frame.
  static CodePlace callerOf(const void *helperFrame);
};

/// The guest's functions from `place` outwards, over all activations of the
/// store; at most 64.
std::vector<uint32_t> backtrace(const NativeStore &store,
                                const Activation &innermost, CodePlace place);

/// The least address that frames of guests may have on this stack: room for the
/// host and one frame below, and no more than `budget` bytes from here.
uint64_t stackLimitFor(uint64_t budget);

} // namespace rune::engine::native
