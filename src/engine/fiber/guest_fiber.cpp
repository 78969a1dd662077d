// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/fiber/guest_fiber.h"

#include <algorithm>

namespace rune::engine {

/// Below what guests may use: the largest frame, and host functions that run on
/// the guest's stack. The stack limit of machine code keeps it free.
static constexpr uint64_t reservedBytes = uint64_t{512} << 10;

Result<> FiberSet::admits(const Occupancy &occupancy) const {
  if (!occupancy.isFree())
    return error("engine.busy", "the instance is in use");
  if (alive_.size() >= most_)
    return error("engine.limit", "more than {} fibers", most_);
  return {};
}

Result<Stack> FiberSet::takeStack() const {
  constexpr uint64_t most = uint64_t{1} << 40;
  RUNE_TRY(fibersWork(hasShadowStack()));
  return stacks_->take(std::min(stackBytes_, most) + reservedBytes);
}

void FiberSet::endAll() {
  RUNE_CHECK(!running_, "a store is destroyed by a guest of its own");
  while (!alive_.empty())
    alive_.back()->cancel("its store ends");
}

Trap Occupancy::busy() {
  return {TrapKind::Host, "the instance is in use: a call of it waits", {}};
}

GuestFiber::GuestFiber(FiberSet &set, Stack stack, Occupancy &occupancy,
                       std::span<const Value> arguments, size_t results)
    : set_(&set), occupancy_(&occupancy),
      arguments_(arguments.begin(), arguments.end()), results_(results) {
  switch_.emplace(
      stack,
      [](void *raw) {
        auto *self = static_cast<GuestFiber *>(raw);
        self->trap_ = self->run(self->arguments_, self->results_);
      },
      this);
  occupancy.enter(*this);
  set.alive_.push_back(this);
}

void GuestFiber::endBeforeDestruction() {
  RUNE_CHECK(state_ != State::Running, "a fiber is destroyed while it runs");
  if (state_ != State::Done)
    cancel("its fiber is destroyed");
}

[[gnu::always_inline]] inline void GuestFiber::goOn() {
  answer_ = {};
  state_ = State::Running;
  GuestFiber *outer = std::exchange(set_->running_, this);
  if (std::optional<Trap> why = swapIn(); why && !ending_)
    ending_ = std::move(why);
  switch_->enter();
  swapOut();
  set_->running_ = outer;
  state_ = State::Suspended;
  if (switch_->ended())
    end();
}

Fiber::State GuestFiber::resume(std::span<const Value> answer) {
  RUNE_CHECK(state_ == State::Ready || state_ == State::Suspended,
             "only what has not begun or waits can be resumed");
  RUNE_CHECK(answer.size() == answer_.size(),
             "the answer does not fit the function that waits");
  std::copy(answer.begin(), answer.end(), answer_.begin());
  goOn();
  return state_;
}

void GuestFiber::cancel(std::string why) {
  RUNE_CHECK(state_ != State::Running, "a fiber cannot cancel itself");
  if (state_ == State::Done)
    return;
  Trap cancelled{TrapKind::Cancelled, std::move(why), {}};
  if (state_ == State::Ready) {
    trap_ = std::move(cancelled);
    end();
    return;
  }
  ending_ = std::move(cancelled);
  // A leaf function may try to wait again; it gets the same answer at once.
  goOn();
  RUNE_CHECK(state_ == State::Done, "a cancelled fiber ends");
}

void GuestFiber::end() {
  state_ = State::Done;
  set_->stacks_->give(switch_->stack());
  switch_.reset();
  occupancy_->leave(nullptr);
  std::erase(set_->alive_, this);
  hasEnded();
}

bool GuestFiber::HostCall::run(void *raw) {
  auto &call = *static_cast<HostCall *>(raw);
  GuestFiber &fiber = call.fiber;
  fiber.waits_ = false;
  fiber.onOwnStack_ = false;
  fiber.hostResults_ = call.results;
  if (auto trap = call.function(call.caller, call.arguments, call.results))
    call.trap = std::move(trap);
  fiber.hostResults_ = {};
  fiber.onOwnStack_ = true;
  if (!fiber.waits_ || call.trap)
    return true;
  fiber.answer_ = call.results;
  return false;
}

std::optional<Trap> GuestFiber::callHere(const HostFunction &function,
                                         Instance &caller,
                                         std::span<const Value> arguments,
                                         std::span<Value> results) {
  uint32_t nests = onOwnStack_ ? 0 : 1;
  nested_ += nests;
  std::optional<Trap> trap = function(caller, arguments, results);
  nested_ -= nests;
  if (ending_)
    return ending_;
  return trap;
}

std::optional<Trap> GuestFiber::suspend(std::span<Value> answer) {
  if (ending_)
    return ending_;
  if (onOwnStack_) {
    answer_ = answer;
    switch_->leave();
    return ending_;
  }
  if (nested_ > 0 || answer.data() != hostResults_.data() ||
      answer.size() != hostResults_.size())
    return Trap{TrapKind::Host,
                "cannot wait: a function on the host's stack waits for its own "
                "results, and nothing that it called does",
                {}};
  waits_ = true;
  return {};
}

} // namespace rune::engine
