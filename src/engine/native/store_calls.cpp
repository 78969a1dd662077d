// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The border between host and machine code: calls in, calls out, and what
// changes hands when a fiber takes its turn.
#include "engine/native/instance.h"
#include "engine/native/signals.h"

#include <time.h>

#include <algorithm>

namespace rune::engine::native {

static Deadline earlier(Deadline a, Deadline b) {
  if (!a || !b)
    return a ? a : b;
  return std::min(*a, *b);
}

/// Reads the clock that is a quarter of the price first: it lags by at most one
/// tick of the kernel, 10 ms.
static bool hasPassed(Deadline deadline) {
  if (!deadline)
    return false;
  constexpr auto tick = std::chrono::milliseconds(20);
  timespec coarse;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &coarse);
  Clock::time_point least{std::chrono::seconds(coarse.tv_sec) +
                          std::chrono::nanoseconds(coarse.tv_nsec)};
  return *deadline <= least + tick && Clock::now() >= *deadline;
}

inline void NativeStore::setDeadline(Deadline next) {
  if (next == strand_.deadline)
    return;
  parts_.watch->disarm(alarm_);
  parts_.watch->arm(alarm_, next);
  strand_.deadline = next;
}

std::optional<Trap> NativeStore::refuses(Deadline deadline) const {
  if (dead_)
    return dead_;
  if (const Trap *why = ending())
    return *why;
  if (strand_.activations > limits_.hostReentry)
    return Trap{TrapKind::CallStackExhausted, {}, {}};
  if (countsFuel_ && hasUncounted_)
    return Trap{TrapKind::OutOfFuel,
                "the store was made without fuel, its code does not count it",
                {}};
  if (hasPassed(deadline))
    return Trap{TrapKind::DeadlineExceeded, {}, {}};
  return {};
}

std::optional<Trap> NativeStore::call(const FunctionRecord &function,
                                      const void *entry,
                                      const wasm::FunctionType &type,
                                      std::span<const Value> arguments,
                                      std::span<Value> results,
                                      Deadline deadline) {
  Deadline outer = strand_.deadline;
  Deadline mine = earlier(outer, deadline);
  if (std::optional<Trap> why = refuses(mine)) [[unlikely]] {
    if (!dead_ && !limits_.keepAfterTrap)
      die(why->kind, why->detail, {});
    return why;
  }

  // Values begin to live where they are copied to.
  constexpr size_t usual = 16;
  size_t count = std::max(type.parameters.size(), type.results.size());
  alignas(Value) uint8_t few[usual * sizeof(Value)];
  std::vector<Value> many(count > usual ? count : 0);
  Value *slots = count > usual ? many.data() : reinterpret_cast<Value *>(few);
  std::copy(arguments.begin(), arguments.end(), slots);

  if (bounds_ == Bounds::Guard)
    catchFaults();
  setDeadline(mine);
  uint64_t outerLimit = state_.stackLimit;
  if (outerLimit == 0) // the first on this stack
    state_.stackLimit = stackLimitFor(limits_.stackSlots * sizeof(uint64_t));
  ++strand_.activations;
  const void *calledFrom = std::exchange(state_.hostFrame, nullptr);
  Activation *within = strand_.innermost;
  if (within)
    within->hostFrame = calledFrom;

  Activation activation;
  activation.store = this;
  activation.outer = exchangeActivation(&activation);
  strand_.innermost = &activation;
  bool returned =
      enter(activation, entry, function.code, function.context, slots);
  setCurrentActivation(activation.outer);
  strand_.innermost = within;

  if (within)
    within->hostFrame = nullptr;
  state_.hostFrame = calledFrom;
  --strand_.activations;
  state_.stackLimit = outerLimit;
  setDeadline(outer);
  if (!returned) [[unlikely]] {
    state_.ended = dead_ || ending();
    return std::exchange(trap_, {});
  }
  std::copy_n(slots, results.size(), results.begin());
  return {};
}

/// Has no frame of its own: each return behind a switch is slow.
[[gnu::always_inline]] inline bool
NativeStore::callHost(NativeInstance &caller, uint32_t index, Value *slots,
                      const void *helperFrame) {
  const HostFunction &function = caller.host(index);
  const wasm::FunctionType &type = caller.functionType(index);
  state_.hostFrame = helperFrame;
  size_t taken = type.parameters.size(), given = type.results.size();
  std::fill_n(slots + taken, given, Value{});
  std::span<const Value> arguments{slots, taken};
  std::span<Value> results{slots + taken, given};
  std::optional<Trap> trap;
  if (GuestFiber *fiber = fibers_.running()) {
    // Whatever enters from there may be on the host's stack.
    uint64_t limit = state_.stackLimit;
    if (!function.isLeaf() && fiber->onOwnStack())
      state_.stackLimit = static_cast<NativeFiber *>(fiber)->hostLimit();
    trap = fiber->callHost(function, caller, arguments, results);
    state_.stackLimit = limit;
  } else {
    trap = function(caller, arguments, results);
  }
  state_.hostFrame = nullptr;
  if (dead_) [[unlikely]] // a call back has ended the guest, whatever it says
    trap_ = dead_;
  else if (trap) [[unlikely]]
    die(trap->kind, std::move(trap->detail), CodePlace::callerOf(helperFrame));
  else
    return true;
  return false;
}

void callHost(GuestContext *context, uint32_t function, Value *slots) {
  NativeInstance &guest = *context->instance;
  if (!guest.store().callHost(guest, function, slots,
                              __builtin_frame_address(0)))
    leave();
}

void NativeStore::endAfterReturn(Trap why) {
  if (!dead_)
    die(why.kind, std::move(why.detail), CodePlace::callerOf(state_.hostFrame));
  state_.ended = 1;
}

void NativeStore::endByHost(CodePlace place) {
  state_.ended = 0;
  state_.hostFrame = nullptr;
  if (dead_)
    trap_ = dead_;
  else if (const Trap *why = ending())
    die(why->kind, why->detail, place);
}

// Fibers.

std::optional<Trap> NativeStore::suspend(std::span<Value> answer) {
  GuestFiber *fiber = fibers_.running();
  if (!fiber)
    return Trap{TrapKind::Host, "cannot wait: the call runs on no fiber", {}};
  std::optional<Trap> why = fiber->suspend(answer);
  if (fiber->ending())
    state_.ended = 1;
  return why;
}

[[gnu::always_inline]] inline void NativeStore::exchange(Strand &strand) {
  Deadline next = strand.deadline;
  strand.deadline = strand_.deadline;
  setDeadline(next);
  std::swap(strand.activations, strand_.activations);
  std::swap(strand.innermost, strand_.innermost);
  strand.ofThread = exchangeActivation(strand.ofThread);
  std::swap(strand.stackLimit, state_.stackLimit);
  std::swap(strand.ended, state_.ended);
  std::swap(strand.hostFrame, state_.hostFrame);
  if (dead_)
    state_.ended = 1;
}

NativeFiber::NativeFiber(NativeInstance &instance, uint32_t function,
                         Stack stack, std::span<const Value> arguments,
                         size_t results, Deadline deadline)
    : GuestFiber(instance.store().fibers(), stack, instance.occupancy(),
                 arguments, results),
      instance_(instance), function_(function), deadline_(deadline) {}

NativeFiber::~NativeFiber() { endBeforeDestruction(); }

std::optional<Trap> NativeFiber::run(std::span<const Value> arguments,
                                     std::span<Value> results) {
  return instance_.call(function_, arguments, results, deadline_);
}

std::optional<Trap> NativeFiber::swapIn() {
  NativeStore &store = instance_.store();
  if (store.bounds() == Bounds::Guard)
    catchFaults(); // this thread may be new to it
  store.exchange(strand_);
  return store.refuses();
}

void NativeFiber::swapOut() { instance_.store().exchange(strand_); }

} // namespace rune::engine::native
