// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What runs guests: the call stack that all instances of a store share (each
// fiber has a machine of its own), and what is left of time and fuel. Guest
// calls do not use the C++ stack: frames lie in an array of fixed size, so
// depth is a limit that traps. Nothing is allocated per call; a function is
// translated when it is first called.
#pragma once

#include "engine/fiber/guest_fiber.h"
#include "engine/interpreter/objects.h"

namespace rune::engine {

/// Where a function goes on when the one it called returns.
struct Frame {
  InterpreterFunction *function;
  const uint32_t *next;
  Value *slots;
  InterpreterInstance *instance;
};

using MaybeTrap = std::optional<TrapKind>;

/// What the machines of a store share.
struct MachineParts {
  const Limits &limits;
  std::shared_ptr<ReservationPool> memories;
  FiberSet fibers;
  /// The trap that ended all instances.
  std::optional<Trap> dead;
};

class Machine {
public:
  explicit Machine(MachineParts &parts);
  /// errors  `engine.out-of-memory`
  Result<> makeStack();

  /// Calls `function`, in the name of `caller` if it is the host's.
  std::optional<Trap> call(InterpreterFunction &function,
                           InterpreterInstance &caller,
                           std::span<const Value> arguments,
                           std::span<Value> results, Deadline deadline);

  /// The other's guests go on: fuel is the store's.
  void takeTurnAfter(Machine &other) {
    fueled = other.fueled;
    fuel = other.fuel;
  }
  /// Why none of its guests may run, if none may.
  std::optional<Trap> refuses() const;

  // For the handlers.

  /// A function of the host: arguments lie at `base`, results come to lie
  /// there. False: the guest ends, `pending` says why.
  bool callHost(InterpreterFunction &function, Value *base);
  // Instructions on whole stretches of memory, which is of bytes, or a table,
  // of references (bulk.cpp). False: the guest ends, `pending` says why.
  template <class T>
  bool fill(std::span<T> to, uint64_t at, T value, uint64_t count,
            int64_t &budget);
  template <class T>
  bool copy(std::span<T> to, std::span<const T> from, uint64_t toAt,
            uint64_t fromAt, uint64_t count, int64_t &budget);
  /// What work on `count` bytes or elements costs.
  bool charge(int64_t &budget, uint64_t count);

  /// Takes from time and fuel what a handler may use up before it asks again;
  /// `owed` was used already.
  ///
  /// returns  what may be used, or -1: the guest ends, `pending` says why
  int64_t takeBudget(int64_t owed);
  void returnBudget(int64_t budget) {
    if (fueled && budget > 0)
      fuel += static_cast<uint64_t>(budget);
  }
  bool trap(TrapKind kind) {
    pending = kind;
    return false;
  }

  /// The function and the instance whose code runs; apart, so that no compiler
  /// reads both at once just after one was written, which stalls.
  InterpreterFunction *function = nullptr;
  Frame *top = nullptr;
  Frame *framesEnd = nullptr;
  Value *slotsEnd = nullptr;
  InterpreterInstance *instance = nullptr;
  /// Fuel is counted, else words of code.
  bool fueled = false;
  bool keepAfterTrap;
  uint64_t fuel = 0;
  MaybeTrap pending;

private:
  bool run(InterpreterFunction &function, Value *base);
  template <class Step> bool inChunks(uint64_t count, Step step);
  bool deadlinePassed() const {
    return deadline_ && Clock::now() >= *deadline_;
  }
  Trap takeTrap();

  MachineParts &parts_;
  std::unique_ptr<Frame[]> frames_;
  LinearMemory stack_;
  /// The first slot that no activation uses.
  Value *free_ = nullptr;
  uint32_t activations_ = 0;
  Deadline deadline_;
  /// What a function of the host said.
  std::string detail_;
  /// Code that ends `run`.
  uint32_t exit_[2];
};

} // namespace rune::engine
