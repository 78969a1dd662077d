// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/activation.h"

#include "engine/fiber/stack_switch.h"
#include "engine/native/instance.h"
#include "engine/native/store.h"

#include <algorithm>
#include <utility>

namespace rune::engine::native {

namespace {

constinit thread_local Activation *current = nullptr;

/// Below the limit: the largest frame (compiler.h), and what the host needs for
/// its functions, signal handlers included.
constexpr uint64_t hostReserve = uint64_t{512} << 10;

/// What a frame keeps: the frame of its caller, and where it returns to. The
/// places are those of the psABIs when frame pointers are kept.
struct FrameLinks {
  const void *caller;
  uint64_t returnAddress;
};
FrameLinks linksOf(const void *frame) {
#if defined(__riscv)
  auto *words = static_cast<const uint64_t *>(frame) - 2;
#else
  auto *words = static_cast<const uint64_t *>(frame);
#endif
  return {reinterpret_cast<const void *>(words[0]), words[1]};
}

} // namespace

// A fiber may go on on another thread, so nobody may remember where the
// variable of this one lies: neither is inlined.
[[gnu::noinline]] Activation *currentActivation() {
  asm volatile("" ::: "memory");
  return current;
}
[[gnu::noinline]] void setCurrentActivation(Activation *activation) {
  current = activation;
  asm volatile("" ::: "memory");
}

[[gnu::noinline]] Activation *exchangeActivation(Activation *activation) {
  Activation *before = std::exchange(current, activation);
  asm volatile("" ::: "memory");
  return before;
}

// What is called was not made by the compiler that would check it.
__attribute__((noinline, no_sanitize("function"))) bool
enter(Activation &activation, const void *entry, const void *code,
      GuestContext *context, Value *slots) {
  using Entry = void (*)(const void *, GuestContext *, Value *);
  activation.entryFrame = __builtin_frame_address(0);
  if (_setjmp(activation.back) != 0)
    return false;
  reinterpret_cast<Entry>(const_cast<void *>(entry))(code, context, slots);
  return true;
}

void leave() { std::longjmp(currentActivation()->back, 1); }

CodePlace CodePlace::callerOf(const void *helperFrame) {
  FrameLinks links = linksOf(helperFrame);
  return {links.returnAddress, links.caller, true};
}

std::vector<uint32_t> backtrace(const NativeStore &store,
                                const Activation &innermost, CodePlace place) {
  constexpr size_t most = 64;
  std::vector<uint32_t> functions;
  const Activation *activation = &innermost;
  while (functions.size() < most) {
    uint64_t at = place.address - (place.isReturn ? 1 : 0);
    if (auto function = store.functionAt(at))
      functions.push_back(*function);
    FrameLinks links = linksOf(place.frame);
    bool ascends = links.caller > place.frame;
    place = {links.returnAddress, links.caller, true};
    if (ascends && place.frame < activation->entryFrame)
      continue;
    // Frames of the host lie between; go on where it was called.
    do
      activation = activation->outer;
    while (activation &&
           (activation->store != &store || !activation->hostFrame));
    if (!activation)
      break;
    place = CodePlace::callerOf(activation->hostFrame);
  }
  return functions;
}

uint64_t stackLimitFor(uint64_t budget) {
  auto here = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
  uint64_t byBudget = here > budget ? here - budget : 0;
  return std::max(stackBottom() + hostReserve, byBudget);
}

} // namespace rune::engine::native
