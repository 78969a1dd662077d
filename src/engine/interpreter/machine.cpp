// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The border between host and guest: calls in, calls out, and death.
#include "engine/interpreter/machine.h"

#include "engine/interpreter/handlers.h"
#include "engine/interpreter/instance.h"

#include <algorithm>

namespace rune::engine {

/// Words of code between two looks at the clock; some 0.1 to 1 ms.
static constexpr int64_t budgetWords = int64_t{1} << 18;
/// Fuel between two looks at the clock.
static constexpr uint64_t budgetFuel = uint64_t{1} << 13;

Machine::Machine(MachineParts &parts)
    : keepAfterTrap(parts.limits.keepAfterTrap), parts_(parts),
      frames_(new Frame[parts.limits.callDepth + 1]) {
  const Limits &limits = parts.limits;
  top = frames_.get();
  framesEnd = top + limits.callDepth + 1;
  fueled = limits.fuel.has_value();
  fuel = limits.fuel.value_or(0);
  HandlerAddress address = addressOf(Op::Exit);
  std::copy(address.begin(), address.end(), exit_);
}

/// Slots are written before they are read (validation), so neither they nor the
/// frames are cleared.
Result<> Machine::makeStack() {
  uint64_t slots = parts_.limits.stackSlots;
  uint64_t bytes = slots * sizeof(Value);
  stack_ = RUNE_TRY(LinearMemory::reserve(bytes, bytes, parts_.memories));
  free_ = reinterpret_cast<Value *>(stack_.base());
  slotsEnd = free_ + slots;
  return {};
}

static Deadline earlier(Deadline a, Deadline b) {
  if (!a || !b)
    return a ? a : b;
  return std::min(*a, *b);
}

/// Only a v128 has an upper half; slots keep what was there.
static void clean(std::span<Value> values,
                  const std::vector<wasm::ValueType> &types) {
  for (size_t i = 0; i < values.size(); ++i)
    if (types[i] != wasm::ValueType::V128)
      values[i].high = 0;
}

std::optional<Trap> Machine::call(InterpreterFunction &callee,
                                  InterpreterInstance &caller,
                                  std::span<const Value> arguments,
                                  std::span<Value> results, Deadline deadline) {
  if (parts_.dead)
    return parts_.dead;
  if (GuestFiber *fiber = parts_.fibers.running(); fiber && fiber->ending())
    return fiber->ending();
  Value *base = free_;
  Deadline outerDeadline = deadline_;
  InterpreterFunction *outerFunction = function;
  InterpreterInstance *outerInstance = instance;
  Frame *outerTop = top;
  deadline_ = earlier(deadline_, deadline);
  ++activations_;
  size_t needed = std::max(arguments.size(), results.size());
  bool finished = false;
  if (activations_ > parts_.limits.hostReentry + 1 ||
      needed > static_cast<size_t>(slotsEnd - base)) {
    finished = trap(TrapKind::CallStackExhausted);
  } else {
    std::copy(arguments.begin(), arguments.end(), base);
    if (!callee.instance)
      instance = &caller;
    finished = callee.instance ? run(callee, base) : callHost(callee, base);
  }
  std::optional<Trap> ended;
  if (!finished)
    ended = takeTrap();
  --activations_;
  deadline_ = outerDeadline;
  function = outerFunction;
  instance = outerInstance;
  top = outerTop;
  free_ = base;
  if (finished) {
    std::copy_n(base, results.size(), results.begin());
    clean(results, callee.signature->results);
  }
  return ended;
}

/// Until the frame pushed here is left, or a trap.
bool Machine::run(InterpreterFunction &callee, Value *base) {
  pending.reset();
  int64_t budget = takeBudget(0);
  if (budget < 0)
    return false;
  if (top == framesEnd)
    return trap(TrapKind::CallStackExhausted);
  *top++ = {function, exit_, free_, instance};
  enter(*this, callee, base, budget);
  return !pending;
}

/// Results are written behind the arguments, then moved to where those lie.
/// What the host calls in its turn begins behind both.
bool Machine::callHost(InterpreterFunction &callee, Value *base) {
  size_t taken = callee.signature->parameters.size();
  size_t given = callee.signature->results.size();
  if (taken + given > static_cast<size_t>(slotsEnd - base))
    return trap(TrapKind::CallStackExhausted);
  Value *results = base + taken;
  clean({base, taken}, callee.signature->parameters);
  std::fill_n(results, given, Value{});
  Value *outer = free_;
  free_ = results + given;
  std::span<const Value> arguments{base, taken};
  std::span<Value> answer{results, given};
  GuestFiber *fiber = parts_.fibers.running();
  std::optional<Trap> why =
      fiber ? fiber->callHost(callee.host, *instance, arguments, answer)
            : callee.host(*instance, arguments, answer);
  free_ = outer;
  if (parts_.dead)
    return trap(parts_.dead->kind);
  if (why) {
    detail_ = std::move(why->detail);
    return trap(why->kind);
  }
  pending.reset();
  std::copy(results, results + given, base);
  return true;
}

int64_t Machine::takeBudget(int64_t owed) {
  if (deadlinePassed()) {
    trap(TrapKind::DeadlineExceeded);
    return -1;
  }
  if (!fueled)
    return budgetWords;
  if (static_cast<uint64_t>(owed) > fuel) {
    fuel = 0;
    trap(TrapKind::OutOfFuel);
    return -1;
  }
  fuel -= static_cast<uint64_t>(owed);
  uint64_t taken = std::min(fuel, budgetFuel);
  fuel -= taken;
  return static_cast<int64_t>(taken);
}

/// The trap that `pending` is, where it happened; unless keepAfterTrap, all
/// instances end with it.
Trap Machine::takeTrap() {
  constexpr size_t backtraceMost = 64;
  if (parts_.dead)
    return *parts_.dead;
  Trap ended{pending.value_or(TrapKind::Host), std::move(detail_), {}};
  detail_.clear();
  pending.reset();
  if (function)
    ended.backtrace.push_back(function->index);
  for (const Frame *each = top;
       each-- != frames_.get() && ended.backtrace.size() < backtraceMost;)
    if (each->function)
      ended.backtrace.push_back(each->function->index);
  if (!keepAfterTrap)
    parts_.dead = ended;
  return ended;
}

std::optional<Trap> Machine::refuses() const {
  if (parts_.dead)
    return parts_.dead;
  if (deadlinePassed())
    return Trap{TrapKind::DeadlineExceeded, {}, {}};
  return {};
}

} // namespace rune::engine
