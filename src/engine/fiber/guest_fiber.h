// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A call of a guest on a stack of its own: what both tiers do alike. A tier
// adds how the call is made, and what of its store belongs to the fiber that
// runs: deadline, stack limit, trap. While a call waits, its stack holds the
// guest's frames, those of our own code, which have nothing to destroy, and
// those of leaf functions, which end in good order when they are given a trap.
// So a fiber is never destroyed with frames on it: it is resumed, and ends.
#pragma once

#include "engine/engine.h"
#include "engine/fiber/stack_switch.h"

namespace rune::engine {

class FiberSet;
class GuestFiber;

/// Who is inside an instance: nobody, the host, or a fiber.
class Occupancy {
public:
  /// Whether calls may enter that the running fiber makes, or else the host.
  bool admits(const FiberSet &fibers) const {
    return !by_ || by_ == nameOf(fibers);
  }
  bool isFree() const { return !by_; }
  /// What it was before.
  const void *enter(const FiberSet &fibers) {
    return std::exchange(by_, nameOf(fibers));
  }
  void leave(const void *before) { by_ = before; }
  void enter(const GuestFiber &fiber) { by_ = &fiber; }

  /// The answer to a call that may not enter.
  static Trap busy();

private:
  static const void *nameOf(const FiberSet &fibers);

  const void *by_ = nullptr;
};

/// The fibers of a store, those that wait and the one that runs.
class FiberSet {
public:
  FiberSet(std::shared_ptr<StackPool> stacks, const Limits &limits)
      : stacks_(std::move(stacks)), most_(limits.fibers),
        stackBytes_(limits.fiberStackBytes) {}

  /// Whether one more may enter the instance.
  ///
  /// errors  `engine.busy`, `engine.limit`
  Result<> admits(const Occupancy &occupancy) const;
  /// For a fiber, which gives it back.
  ///
  /// errors  `engine.out-of-memory`, `engine.shadow-stack`
  Result<Stack> takeStack() const;
  /// Ends all; before anything of the store goes.
  void endAll();
  /// The one that runs, on its own stack or in a host function on the host's.
  GuestFiber *running() const { return running_; }

private:
  friend class GuestFiber;
  std::shared_ptr<StackPool> stacks_;
  uint32_t most_;
  uint64_t stackBytes_;
  std::vector<GuestFiber *> alive_;
  GuestFiber *running_ = nullptr;
};

inline const void *Occupancy::nameOf(const FiberSet &fibers) {
  GuestFiber *running = fibers.running();
  return running ? static_cast<const void *>(running) : &fibers;
}

class GuestFiber : public Fiber {
public:
  State state() const final { return state_; }
  State resume(std::span<const Value> answer) final;
  void cancel(std::string why) final;
  const std::optional<Trap> &trap() const final { return trap_; }
  std::span<const Value> results() const final { return results_; }

  // For the tier, while the fiber runs.

  /// Calls a function of the host: on this stack if it is leaf or if that is
  /// not the fiber's any more, else on the host's.
  std::optional<Trap> callHost(const HostFunction &function, Instance &caller,
                               std::span<const Value> arguments,
                               std::span<Value> results);
  /// As Instance::suspend.
  std::optional<Trap> suspend(std::span<Value> answer);
  /// Why it must end, since it was resumed only for that.
  const std::optional<Trap> &ending() const { return ending_; }
  /// Else on that of who resumed it, in a function of the host.
  bool onOwnStack() const { return onOwnStack_; }

protected:
  GuestFiber(FiberSet &set, Stack stack, Occupancy &occupancy,
             std::span<const Value> arguments, size_t results);
  /// Must be what the tier's destructor does first.
  void endBeforeDestruction();

  /// The call, on the fiber's stack.
  virtual std::optional<Trap> run(std::span<const Value> arguments,
                                  std::span<Value> results) = 0;
  /// What the store holds for who runs becomes the fiber's, and goes back.
  ///
  /// returns  why the guest must end instead
  virtual std::optional<Trap> swapIn() = 0;
  virtual void swapOut() = 0;
  /// Whatever `run` needs can go.
  virtual void hasEnded() {}

private:
  friend class FiberSet;
  struct HostCall;

  std::optional<Trap> callHere(const HostFunction &function, Instance &caller,
                               std::span<const Value> arguments,
                               std::span<Value> results);
  void goOn();
  void end();

  FiberSet *set_;
  Occupancy *occupancy_;
  std::optional<StackSwitch> switch_;
  State state_ = State::Ready;
  std::vector<Value> arguments_;
  std::vector<Value> results_;
  std::optional<Trap> trap_;
  std::optional<Trap> ending_;
  /// Where the answer goes.
  std::span<Value> answer_;
  /// Of the function that runs on the host's stack for this fiber.
  std::span<Value> hostResults_;
  /// Host functions that others on the host's stack have led to.
  uint32_t nested_ = 0;
  /// It wants to wait when it returns.
  bool waits_ = false;
  bool onOwnStack_ = true;
};

/// What crosses to the host's stack.
struct GuestFiber::HostCall {
  GuestFiber &fiber;
  const HostFunction &function;
  Instance &caller;
  std::span<const Value> arguments;
  std::span<Value> results;
  std::optional<Trap> trap;

  static bool run(void *raw);
};

[[gnu::always_inline]] inline std::optional<Trap>
GuestFiber::callHost(const HostFunction &function, Instance &caller,
                     std::span<const Value> arguments,
                     std::span<Value> results) {
  if (function.isLeaf() || !onOwnStack_)
    return callHere(function, caller, arguments, results);
  HostCall call{*this, function, caller, arguments, results, {}};
  switch_->onHostStack(&HostCall::run, &call);
  if (ending_) [[unlikely]]
    return ending_;
  return std::move(call.trap);
}

} // namespace rune::engine
