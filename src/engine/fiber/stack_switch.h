// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A stack of its own for one piece of work, and the way there and back
// (Boost.Context). The thread that enters lends its own stack to host functions
// in the meantime. Whoever entered waits in `enter`, so the work may go on on
// another thread the next time. The sanitizers are told of each switch.
#pragma once

#include "engine/fiber/stack_pool.h"

namespace rune::engine {

class StackSwitch {
public:
  using Work = void (*)(void *argument);
  /// On the host's stack. False: whoever entered goes on, and the work waits.
  using HostWork = bool (*)(void *argument);

  /// `body(argument)` begins when the stack is entered first.
  StackSwitch(Stack stack, Work body, void *argument);
  StackSwitch(const StackSwitch &) = delete;

  // From the host.

  /// Goes on with the work until it leaves or ends.
  void enter();
  bool ended() const { return ended_; }

  // From the work.

  void leave();
  /// Runs on the stack of the thread that entered.
  void onHostStack(HostWork work, void *argument);

  const Stack &stack() const { return stack_; }
  /// Whose stack this thread runs on; null on its own.
  static StackSwitch *current();
  bool isCurrent() const { return current() == this; }

private:
  struct Entry;

  void toHost(bool forEver);

  Stack stack_;
  Work body_;
  void *argument_;
  /// Where each side goes on.
  void *work_ = nullptr;
  void *host_ = nullptr;
  /// What the host is to run before it comes back.
  HostWork asked_ = nullptr;
  void *askedArgument_ = nullptr;
  bool ended_ = false;
  // For AddressSanitizer: what it keeps of the work, and the host's stack.
  void *fakeStack_ = nullptr;
  const void *hostBase_ = nullptr;
  size_t hostBytes_ = 0;
};

/// The least address of the stack that this thread runs on now.
uint64_t stackBottom();

} // namespace rune::engine
