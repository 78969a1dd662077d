// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/fiber/stack_switch.h"

#include "base/result.h"

#include <pthread.h>

#if RUNE_TELLS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace rune::engine {

static constinit thread_local const StackSwitch *current = nullptr;

[[gnu::noinline]] const StackSwitch *currentStack() {
  asm volatile("" ::: "memory");
  return current;
}

[[gnu::noinline]] void setCurrentStack(const StackSwitch *which) {
  current = which;
  asm volatile("" ::: "memory");
}

/// The first function on a stack.
struct StackSwitch::Entry {
  static void begin(boost::context::detail::transfer_t from) {
    auto *self = static_cast<StackSwitch *>(from.data);
#if RUNE_TELLS_SANITIZER
    __sanitizer_finish_switch_fiber(nullptr, &self->hostBase_,
                                    &self->hostBytes_);
#endif
    self->host_ = from.fctx;
    self->body_(self->argument_);
    self->ended_ = true;
    self->toHost(nullptr);
    RUNE_CHECK(false, "a stack that ended was entered again");
  }
};

StackSwitch::StackSwitch(Stack stack, Work body, void *argument)
    : stack_(stack), body_(body), argument_(argument) {
#if RUNE_TELLS_SANITIZER
  // Frames that a trap jumped over may have left their marks.
  __asan_unpoison_memory_region(stack.base, stack.bytes);
#endif
  work_ = boost::context::detail::make_fcontext(stack.top(), stack.bytes,
                                                &Entry::begin);
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
  const StackSwitch *on = currentStack();
  return on ? reinterpret_cast<uint64_t>(on->stack().base) : threadBottom();
}

} // namespace rune::engine
