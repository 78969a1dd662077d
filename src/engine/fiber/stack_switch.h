// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A stack of its own for one piece of work, and the way there and back. The
// thread that enters lends its own stack to host functions in the meantime.
// Whoever entered waits in `enter`, so the work may go on on another thread the
// next time. The sanitizers are told of each switch.
//
// All of a switch is inline: whatever returns behind one is a return that the
// processor guesses wrong, because it has seen the calls of the other stack.
#pragma once

#include "engine/fiber/stack_pool.h"
#include "engine/fiber/switch_stacks.h"

#include <utility>

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
#define RUNE_TELLS_SANITIZER 1
#else
#define RUNE_TELLS_SANITIZER 0
#endif

namespace rune::engine {

class StackSwitch {
public:
  using Work = void (*)(void *argument);
  /// On the host's stack. False: whoever entered goes on, and the work waits.
  using HostWork = bool (*)(void *argument);

  /// `body(argument)` begins when the stack is entered first.
  StackSwitch(Stack stack, Work body, void *argument,
              SwitchKind kind = switchKind());
  StackSwitch(const StackSwitch &) = delete;

  // From the host.

  /// Goes on with the work until it leaves or ends.
  void enter();
  bool ended() const { return ended_; }

  // From the work.

  void leave() { toHost(&fakeStack_); }
  /// Runs on the stack of the thread that entered.
  void onHostStack(HostWork work, void *argument) {
    asked_ = work;
    askedArgument_ = argument;
    toHost(&fakeStack_);
  }

  const Stack &stack() const { return stack_; }
  bool holds(uint64_t address) const {
    auto base = reinterpret_cast<uint64_t>(stack_.base);
    return address >= base && address < base + stack_.bytes;
  }
  /// On whose stack it was entered; null: on a thread's own.
  const StackSwitch *outer() const { return outer_; }

private:
  struct Entry;

  /// `keep` is null if the work never comes back.
  void toHost(void **keep);

  Stack stack_;
  Work body_;
  void *argument_;
  /// Where each side goes on.
  Place work_;
  Place host_;
  SwitchKind kind_;
  const StackSwitch *outer_ = nullptr;
  /// What the host is to run before it comes back.
  HostWork asked_ = nullptr;
  void *askedArgument_ = nullptr;
  bool ended_ = false;
  // For AddressSanitizer: what it keeps of the work, and the host's stack.
  [[maybe_unused]] void *fakeStack_ = nullptr;
  [[maybe_unused]] const void *hostBase_ = nullptr;
  [[maybe_unused]] size_t hostBytes_ = 0;
};

/// Says which work this thread has entered last, null for none; gives the one
/// before. The work may have asked for the host's stack meanwhile.
/// Not inlined: a function that switches may go on on another thread, and must
/// not remember where the variable lies.
const StackSwitch *exchangeCurrentStack(const StackSwitch *which);

/// The least address of the stack that this thread runs on now.
uint64_t stackBottom();

[[gnu::always_inline]] inline void StackSwitch::enter() {
  outer_ = exchangeCurrentStack(this);
  do {
    [[maybe_unused]] void *fakeStack = nullptr;
#if RUNE_TELLS_SANITIZER
    __sanitizer_start_switch_fiber(&fakeStack, stack_.base, stack_.bytes);
#endif
    switchStacks(kind_, host_, work_, this);
#if RUNE_TELLS_SANITIZER
    __sanitizer_finish_switch_fiber(fakeStack, nullptr, nullptr);
#endif
  } while (asked_ && std::exchange(asked_, nullptr)(askedArgument_));
  exchangeCurrentStack(outer_);
}

[[gnu::always_inline]] inline void
StackSwitch::toHost([[maybe_unused]] void **keep) {
#if RUNE_TELLS_SANITIZER
  __sanitizer_start_switch_fiber(keep, hostBase_, hostBytes_);
#endif
  switchStacks(kind_, work_, host_, this);
#if RUNE_TELLS_SANITIZER
  __sanitizer_finish_switch_fiber(fakeStack_, &hostBase_, &hostBytes_);
#endif
}

} // namespace rune::engine
