// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/fiber/stack_switch.h"

#include "base/result.h"

#include <boost/context/detail/fcontext.hpp>

#include <pthread.h>

#include <utility>

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define RUNE_ASAN 1
#endif

namespace rune::engine {

using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

namespace {

constinit thread_local StackSwitch *current = nullptr;

// A function that switches may go on on another thread, so its view of
// thread-local variables must not outlive a call: nothing of these is inlined.
[[gnu::noinline]] void setCurrent(StackSwitch *which) {
  current = which;
  asm volatile("" ::: "memory");
}

[[gnu::noinline]] uint64_t threadBottom() {
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

/// Before a switch to [base, base + bytes); `keep` is null if the stack that is
/// left is left for ever.
void willSwitch([[maybe_unused]] void **keep, [[maybe_unused]] const void *base,
                [[maybe_unused]] size_t bytes) {
#ifdef RUNE_ASAN
  __sanitizer_start_switch_fiber(keep, base, bytes);
#endif
}
/// Behind it, on the other stack; says what was left.
void hasSwitched([[maybe_unused]] void *kept,
                 [[maybe_unused]] const void **base,
                 [[maybe_unused]] size_t *bytes) {
#ifdef RUNE_ASAN
  __sanitizer_finish_switch_fiber(kept, base, bytes);
#endif
}

} // namespace

/// The first function on a stack.
struct StackSwitch::Entry {
  static void begin(transfer_t from) {
    auto *self = static_cast<StackSwitch *>(from.data);
    hasSwitched(nullptr, &self->hostBase_, &self->hostBytes_);
    self->host_ = from.fctx;
    self->body_(self->argument_);
    self->ended_ = true;
    self->toHost(/*forEver=*/true);
    RUNE_CHECK(false, "a stack that ended was entered again");
  }
};

StackSwitch *StackSwitch::current() {
  asm volatile("");
  return engine::current;
}

StackSwitch::StackSwitch(Stack stack, Work body, void *argument)
    : stack_(stack), body_(body), argument_(argument) {
#ifdef RUNE_ASAN
  // Frames that a trap jumped over may have left their marks.
  __asan_unpoison_memory_region(stack.base, stack.bytes);
#endif
  work_ = make_fcontext(stack.top(), stack.bytes, &Entry::begin);
}

void StackSwitch::enter() {
  StackSwitch *outer = current();
  do {
    void *fakeStack = nullptr;
    setCurrent(this);
    willSwitch(&fakeStack, stack_.base, stack_.bytes);
    work_ = jump_fcontext(work_, this).fctx;
    hasSwitched(fakeStack, nullptr, nullptr);
    setCurrent(outer);
  } while (asked_ && std::exchange(asked_, nullptr)(askedArgument_));
}

void StackSwitch::toHost(bool forEver) {
  willSwitch(forEver ? nullptr : &fakeStack_, hostBase_, hostBytes_);
  host_ = jump_fcontext(host_, nullptr).fctx;
  hasSwitched(fakeStack_, &hostBase_, &hostBytes_);
}

void StackSwitch::leave() { toHost(/*forEver=*/false); }

void StackSwitch::onHostStack(HostWork work, void *argument) {
  asked_ = work;
  askedArgument_ = argument;
  toHost(/*forEver=*/false);
}

uint64_t stackBottom() {
  StackSwitch *on = StackSwitch::current();
  return on ? reinterpret_cast<uint64_t>(on->stack().base) : threadBottom();
}

} // namespace rune::engine
