// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How calls on fibers end other than by returning: traps, cancelling,
// deadlines, limits, and the end of what they belong to.
#include "engine/test_fiber_world.h"

#include <thread>

namespace rune::engine {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(FiberEnd, ATrapInANestedCallEndsAll) {
  for (const char *how : {"inLeaf", "onHost"}) {
    World world;
    world.calledBack = "trap";
    Instance *guest = world.add();
    auto fiber = World::fiber(guest, how, i32(7));
    EXPECT_EQ(fiber->resume(), State::Done);
    ASSERT_TRUE(fiber->trap().has_value()) << how;
    EXPECT_EQ(fiber->trap()->kind, TrapKind::Unreachable);
    // Innermost first: "trap", and who led to it.
    EXPECT_EQ(fiber->trap()->backtrace,
              (std::vector<uint32_t>{guest->exportedFunction("trap").value(),
                                     guest->exportedFunction(how).value()}));
    uint32_t result;
    EXPECT_TRUE(World::call(guest, "add", 1, &result).has_value());
  }
}

TEST(FiberEnd, ATrapBehindAWaitIsTheFibersOwn) {
  World world(keeping());
  Instance *guest = world.add();
  auto fiber = World::fiber(guest, "load", i32(65536));
  EXPECT_EQ(fiber->resume(), State::Suspended);
  EXPECT_EQ(fiber->resume(i32(0)), State::Done);
  ASSERT_TRUE(fiber->trap().has_value());
  EXPECT_EQ(fiber->trap()->kind, TrapKind::OutOfBoundsMemory);
  auto fine = World::fiber(guest, "load", i32(65532));
  fine->resume();
  EXPECT_EQ(fine->resume(i32(0)), State::Done);
  EXPECT_FALSE(fine->trap().has_value());
}

TEST(FiberEnd, CancellingEndsWhatWaits) {
  for (const char *how : {"wait", "stand"}) {
    World world;
    Instance *guest = world.add();
    auto fiber = World::fiber(guest, how, i32(7));
    fiber->resume();
    fiber->cancel("enough");
    EXPECT_EQ(fiber->state(), State::Done);
    ASSERT_TRUE(fiber->trap().has_value());
    EXPECT_EQ(fiber->trap()->kind, TrapKind::Cancelled);
    EXPECT_EQ(fiber->trap()->detail, "enough");
    EXPECT_THAT(fiber->trap()->backtrace,
                ElementsAre(guest->exportedFunction(how).value()));
    EXPECT_EQ(guest->exportedGlobal("passed")->asI32(), 0u);
    uint32_t result;
    EXPECT_EQ(World::call(guest, "add", 1, &result)->kind, TrapKind::Cancelled);
  }
}

TEST(FiberEnd, CancellingLetsNestedHostFunctionsEnd) {
  World world(keeping());
  world.calledBack = "stand";
  Instance *guest = world.add();
  auto fiber = World::fiber(guest, "inLeaf", i32(7));
  fiber->resume();
  EXPECT_EQ(world.ended, 0);
  fiber->cancel();
  EXPECT_EQ(world.ended, 1);
  // The inner call ended with it; the outer leaf function said nothing of it,
  // and its guest ended all the same.
  EXPECT_EQ(world.inner->kind, TrapKind::Cancelled);
  EXPECT_EQ(fiber->trap()->kind, TrapKind::Cancelled);
  // Others of the store go on, as they were told to.
  uint32_t result = 0;
  EXPECT_FALSE(World::call(guest, "add", 1, &result).has_value());
  EXPECT_EQ(result, 2u);
}

TEST(FiberEnd, WhatWasCancelledCannotWaitAgain) {
  World world(keeping());
  int tries = 0;
  auto module = wasm::text::loadText(Source::text("guest.wat", R"((module
    (import "env" "stubborn" (func $stubborn (result i32)))
    (func (export "f") (result i32) (call $stubborn))))"))
                    .value();
  std::vector<Import> imports = {
      leafFunction("env", "stubborn", [&](Instance &caller) -> uint32_t {
        Value answer;
        while (caller.suspend({&answer, 1}) && ++tries < 3)
          ;
        return 9;
      })};
  Instance *guest = *world.store->instantiate(module, imports, {});
  auto fiber = World::fiber(guest, "f", {});
  fiber->resume();
  fiber->cancel();
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(fiber->state(), State::Done);
  EXPECT_EQ(fiber->trap()->kind, TrapKind::Cancelled);
}

TEST(FiberEnd, WhatNeverBeganNeverRuns) {
  World world;
  Instance *guest = world.add();
  auto fiber = World::fiber(guest, "wait", i32(7));
  fiber->cancel();
  EXPECT_EQ(fiber->state(), State::Done);
  EXPECT_EQ(fiber->trap()->kind, TrapKind::Cancelled);
  EXPECT_TRUE(world.asked.empty());
  uint32_t result = 0;
  EXPECT_FALSE(World::call(guest, "add", 1, &result).has_value());
}

TEST(FiberEnd, TheDeadlineGoesOnWhileItWaits) {
  for (const char *how : {"wait", "stand"}) {
    World world;
    Instance *guest = world.add();
    Clock::time_point end = Clock::now() + std::chrono::milliseconds(2);
    auto fiber = World::fiber(guest, how, i32(7), end);
    State state = fiber->resume();
    while (Clock::now() < end) {
    }
    if (state == State::Suspended) // else the machine was slow to begin
      state = fiber->resume(i32(1));
    EXPECT_EQ(state, State::Done);
    EXPECT_EQ(fiber->trap()->kind, TrapKind::DeadlineExceeded);
    EXPECT_EQ(guest->exportedGlobal("passed")->asI32(), 0u);
  }
}

TEST(FiberEnd, TheDeadlineEndsALoopBehindAWait) {
  World world(keeping());
  Instance *guest = world.add(), *other = world.add();
  auto fiber = World::fiber(guest, "spin", i32(7),
                            Clock::now() + std::chrono::milliseconds(20));
  // The deadline of one is not another's.
  auto patient = World::fiber(other, "wait", i32(7));
  patient->resume();
  if (fiber->resume() == State::Suspended)
    fiber->resume(i32(1));
  EXPECT_EQ(fiber->state(), State::Done);
  EXPECT_EQ(fiber->trap()->kind, TrapKind::DeadlineExceeded);
  EXPECT_EQ(patient->resume(i32(1)), State::Done);
  EXPECT_FALSE(patient->trap().has_value());
}

TEST(FiberEnd, HasAStackThatEndsInATrap) {
  Limits limits = keeping();
  limits.callDepth = 100'000;
  limits.fiberStackBytes = 64 << 10;
  World world(limits);
  Instance *guest = world.add();
  for (int i = 0; i < 3; ++i) {
    auto fiber = World::fiber(guest, "deep", i32(0));
    EXPECT_EQ(fiber->resume(), State::Done);
    ASSERT_TRUE(fiber->trap().has_value());
    EXPECT_EQ(fiber->trap()->kind, TrapKind::CallStackExhausted);
    EXPECT_EQ(fiber->trap()->backtrace.size(), 64u);
  }
  // Where the host's own stack is used, its limit counts.
  world.calledBack = "deep";
  for (const char *how : {"inLeaf", "onHost"}) {
    auto fiber = World::fiber(guest, how, i32(0));
    EXPECT_EQ(fiber->resume(), State::Done);
    EXPECT_EQ(world.inner->kind, TrapKind::CallStackExhausted);
  }
}

TEST(FiberEnd, ATrapOfOneEndsThoseThatWait) {
  World world;
  Instance *waiting = world.add(), *trapping = world.add();
  auto first = World::fiber(waiting, "stand", i32(7));
  first->resume();
  auto second = World::fiber(trapping, "trap", i32(7));
  EXPECT_EQ(second->resume(), State::Done);
  EXPECT_EQ(first->resume(i32(1)), State::Done);
  ASSERT_TRUE(first->trap().has_value());
  EXPECT_EQ(first->trap()->kind, TrapKind::Unreachable);
  EXPECT_EQ(waiting->exportedGlobal("passed")->asI32(), 0u);
}

TEST(FiberEnd, TheStoreEndsThoseThatWait) {
  std::unique_ptr<Fiber> first, second, third;
  int ended = 0;
  {
    World world;
    world.calledBack = "stand";
    first = World::fiber(world.add(), "wait", i32(1));
    second = World::fiber(world.add(), "inLeaf", i32(1));
    third = World::fiber(world.add(), "wait", i32(1));
    first->resume();
    second->resume();
    world.store.reset();
    ended = world.ended;
  }
  EXPECT_EQ(ended, 1);
  for (Fiber *each : {first.get(), second.get(), third.get()}) {
    EXPECT_EQ(each->state(), State::Done);
    EXPECT_EQ(each->trap()->kind, TrapKind::Cancelled);
  }
}

TEST(FiberEnd, MayGoBeforeItEnds) {
  World world(keeping());
  Instance *guest = world.add();
  for (const char *how : {"wait", "stand"}) {
    auto fiber = World::fiber(guest, how, i32(1));
    fiber->resume();
    fiber.reset();
    uint32_t result = 0;
    EXPECT_FALSE(World::call(guest, "add", 1, &result).has_value());
    EXPECT_EQ(result, 2u);
  }
  EXPECT_EQ(world.ended, 1);
}

TEST(FiberEnd, FaultsOnAThreadThatIsNewToIt) {
  World world(keeping());
  Instance *guest = world.add();
  auto fiber = World::fiber(guest, "load", i32(65536));
  fiber->resume();
  std::thread([&] { fiber->resume(i32(4096)); }).join();
  EXPECT_EQ(fiber->state(), State::Done);
  EXPECT_EQ(fiber->trap()->kind, TrapKind::OutOfBoundsMemory);
  auto again = World::fiber(guest, "stand", i32(1));
  again->resume();
  std::thread([&] { again->cancel(); }).join();
  EXPECT_EQ(again->trap()->kind, TrapKind::Cancelled);
}

TEST(FiberEnd, TheirNumberIsLimited) {
  Limits limits = keeping();
  limits.fibers = 2;
  World world(limits);
  Instance *a = world.add(), *b = world.add(), *c = world.add();
  auto first = World::fiber(a, "wait", i32(1));
  auto second = World::fiber(b, "wait", i32(1));
  auto third = c->makeFiber(c->exportedFunction("wait").value(), i32(1), {});
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.error().code, "engine.limit");
  first.reset();
  EXPECT_TRUE(
      c->makeFiber(c->exportedFunction("wait").value(), i32(1), {}).ok());
}

TEST(FiberEnd, SpendsTheStoresFuel) {
  Limits limits;
  limits.fuel = 1'000'000;
  World world(limits);
  Instance *guest = world.add(), *other = world.add();
  auto spent = [&, before = world.store->fuel().value()]() mutable {
    uint64_t now = world.store->fuel().value();
    return std::exchange(before, now) - now;
  };
  uint32_t result;
  ASSERT_FALSE(World::call(guest, "add", 1, &result).has_value());
  uint64_t ofAdd = spent();
  auto fiber = World::fiber(guest, "wait", i32(1));
  fiber->resume();
  spent();
  // What another spends meanwhile is gone for all.
  ASSERT_FALSE(World::call(other, "add", 1, &result).has_value());
  EXPECT_EQ(spent(), ofAdd);
  world.store->setFuel(0);
  EXPECT_EQ(fiber->resume(i32(1)), State::Done);
}

} // namespace
} // namespace rune::engine
