// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/fiber/stack_switch.h"

#include "base/result.h"

#include <pthread.h>

#include <utility>

#if RUNE_TELLS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace rune::engine {

static constinit thread_local const StackSwitch *current = nullptr;

[[gnu::noinline]] static const StackSwitch *currentStack() {
  asm volatile("" ::: "memory");
  return current;
}

[[gnu::noinline]] const StackSwitch *
exchangeCurrentStack(const StackSwitch *which) {
  const StackSwitch *before = std::exchange(current, which);
  asm volatile("" ::: "memory");
  return before;
}

/// The first function on a stack.
struct StackSwitch::Entry {
  static void begin(void *carried) {
    auto *self = static_cast<StackSwitch *>(carried);
#if RUNE_TELLS_SANITIZER
    __sanitizer_finish_switch_fiber(nullptr, &self->hostBase_,
                                    &self->hostBytes_);
#endif
    self->body_(self->argument_);
    self->ended_ = true;
    self->toHost(nullptr);
    RUNE_CHECK(false, "a stack that ended was entered again");
  }

  static void beginByBoost(boost::context::detail::transfer_t from) {
    static_cast<StackSwitch *>(from.data)->host_.stack = from.fctx;
    begin(from.data);
  }

  static Place place(SwitchKind kind, Stack stack) {
#if RUNE_OWN_SWITCH
    if (kind == SwitchKind::Own)
      return placeOnNewStack(stack.top(), &begin);
#endif
    RUNE_CHECK(kind == SwitchKind::Boost, "there is no switch of our own");
    return {.stack = boost::context::detail::make_fcontext(
                stack.top(), stack.bytes, &beginByBoost)};
  }
};

StackSwitch::StackSwitch(Stack stack, Work body, void *argument,
                         SwitchKind kind)
    : stack_(stack), body_(body), argument_(argument),
      work_(Entry::place(kind, stack)), kind_(kind) {
#if RUNE_TELLS_SANITIZER
  // Frames that a trap jumped over may have left their marks.
  __asan_unpoison_memory_region(stack.base, stack.bytes);
#endif
}

/// Of the stack that the thread was given.
[[gnu::noinline]] static uint64_t threadBottom() {
  thread_local uint64_t bottom = [] {
    pthread_attr_t attributes;
    void *base = nullptr;
    size_t bytes = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
      pthread_attr_getstack(&attributes, &base, &bytes);
      pthread_attr_destroy(&attributes);
    }
    return reinterpret_cast<uint64_t>(base);
  }();
  return bottom;
}

uint64_t stackBottom() {
  auto here = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
  for (const StackSwitch *each = currentStack(); each; each = each->outer())
    if (each->holds(here))
      return reinterpret_cast<uint64_t>(each->stack().base);
  return threadBottom();
}

} // namespace rune::engine
