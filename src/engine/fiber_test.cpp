// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls that wait. Every promise holds for both kinds of host function: `wait`
// runs on the host's stack, `stand` is leaf and stands still on the fiber.
// Expected values are sums of what the host answers.
#include "engine/host_function.h"
#include "wasm/text/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <thread>

namespace rune::engine {
namespace {

using enum wasm::ValueType;
using State = Fiber::State;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char *guestText = R"((module
  (import "env" "wait" (func $wait (param i32) (result i32)))
  (import "env" "stand" (func $stand (param i32) (result i32)))
  (import "env" "inLeaf" (func $inLeaf (param i32) (result i32)))
  (import "env" "onHost" (func $onHost (param i32) (result i32)))
  (import "env" "pause" (func $pause))
  (memory (export "memory") 1)
  (global $passed (export "passed") (mut i32) (i32.const 0))
  (func (export "wait") (param i32) (result i32)
    (local $answer i32)
    (local.set $answer (call $wait (local.get 0)))
    (global.set $passed (i32.const 1))
    (i32.add (local.get $answer) (i32.const 1)))
  (func (export "stand") (param i32) (result i32)
    (local $answer i32)
    (local.set $answer (call $stand (local.get 0)))
    (global.set $passed (i32.const 1))
    (i32.add (local.get $answer) (i32.const 1)))
  (func (export "sum") (param $count i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum)
        (i32.add (call $wait (local.get $count))
                 (call $stand (local.get $count)))))
      (br_if $again (local.tee $count
        (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum))
  (func (export "add") (param i32) (result i32)
    (i32.add (local.get 0) (i32.const 1)))
  (func (export "inLeaf") (param i32) (result i32)
    (i32.add (call $inLeaf (local.get 0)) (i32.const 1000)))
  (func (export "onHost") (param i32) (result i32)
    (i32.add (call $onHost (local.get 0)) (i32.const 1000)))
  (func (export "pause") (result i32) (call $pause) (i32.const 5))
  (func (export "load") (param i32) (result i32)
    (i32.load (i32.add (call $wait (local.get 0)) (local.get 0))))
  (func (export "trap") (param i32) (result i32) unreachable)
  (func (export "spin") (param i32) (result i32)
    (drop (call $wait (local.get 0)))
    (loop $ever (br $ever)) (i32.const 0))
  (func $deep (export "deep") (param i32) (result i32)
    (i32.add (call $deep (i32.add (local.get 0) (i32.const 1)))
             (i32.const 1)))))";

Limits keeping() {
  Limits limits;
  limits.keepAfterTrap = true;
  return limits;
}

/// A store of guests as above.
struct World {
  std::unique_ptr<Store> store;
  std::shared_ptr<const wasm::Module> module =
      wasm::text::loadText(Source::text("guest.wat", guestText)).value();
  /// What the guests said when they asked.
  std::vector<uint32_t> asked;
  /// Which export host functions call back, and what became of that.
  std::string calledBack = "add";
  std::optional<Trap> inner;
  /// Frames of leaf functions that have ended.
  int ended = 0;

  explicit World(const Limits &limits = {})
      : store(makeInterpreter()->makeStore(limits)) {}

  Value callBack(Instance &caller, uint32_t argument) {
    Value in = Value::i32(argument), out;
    inner = caller.call(caller.exportedFunction(calledBack).value(), {&in, 1},
                        {&out, 1}, {});
    return out;
  }

  Instance *add() {
    std::vector<Import> imports = {
        {"env",
         "wait",
         {{I32}, {I32}},
         [this](Instance &caller, std::span<const Value> arguments,
                std::span<Value> results) {
           asked.push_back(arguments[0].asI32());
           return caller.suspend(results);
         },
         {}},
        leafFunction(
            "env", "stand",
            [this](Instance &caller, uint32_t number) -> Trapping<uint32_t> {
              struct Frame {
                int &ended;
                ~Frame() { ++ended; }
              } frame{ended};
              asked.push_back(number);
              Value answer;
              if (auto trap = caller.suspend({&answer, 1}))
                return *trap;
              return answer.asI32();
            }),
        leafFunction("env", "inLeaf",
                     [this](Instance &caller, uint32_t number) {
                       return callBack(caller, number).asI32() + 100;
                     }),
        hostFunction("env", "onHost",
                     [this](Instance &caller, uint32_t number) {
                       return callBack(caller, number).asI32() + 100;
                     }),
        {"env",
         "pause",
         {},
         [](Instance &caller, std::span<const Value>,
            std::span<Value> results) { return caller.suspend(results); },
         {}}};
    auto made = store->instantiate(module, imports, {});
    EXPECT_TRUE(made.ok()) << made.error().message;
    return *made;
  }

  static std::unique_ptr<Fiber> fiber(Instance *guest, std::string_view name,
                                      std::vector<Value> arguments,
                                      Deadline deadline = {}) {
    auto made = guest->makeFiber(guest->exportedFunction(name).value(),
                                 arguments, deadline);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return std::move(made).value();
  }
  static std::optional<Trap> call(Instance *guest, std::string_view name,
                                  uint32_t argument, uint32_t *result) {
    Value in = Value::i32(argument), out;
    auto trap = guest->call(guest->exportedFunction(name).value(), {&in, 1},
                            {&out, 1}, {});
    *result = out.asI32();
    return trap;
  }
};

std::vector<Value> i32(uint32_t value) { return {Value::i32(value)}; }

TEST(Fiber, WaitsAndGoesOnWithTheAnswer) {
  for (const char *how : {"wait", "stand"}) {
    World world;
    Instance *guest = world.add();
    auto fiber = World::fiber(guest, how, i32(7));
    EXPECT_EQ(fiber->state(), State::Ready);
    EXPECT_EQ(fiber->resume(), State::Suspended) << how;
    EXPECT_THAT(world.asked, ElementsAre(7u));
    EXPECT_EQ(guest->exportedGlobal("passed")->asI32(), 0u);
    EXPECT_EQ(fiber->resume(i32(41)), State::Done);
    EXPECT_FALSE(fiber->trap().has_value());
    EXPECT_EQ(fiber->results()[0].asI32(), 42u);
  }
}

TEST(Fiber, ACallThatNeverWaitsEndsAtOnce) {
  World world;
  Instance *guest = world.add();
  auto fiber = World::fiber(guest, "add", i32(1));
  EXPECT_EQ(fiber->resume(), State::Done);
  EXPECT_EQ(fiber->results()[0].asI32(), 2u);
  auto trapping = World::fiber(guest, "trap", i32(1));
  EXPECT_EQ(trapping->resume(), State::Done);
  ASSERT_TRUE(trapping->trap().has_value());
  EXPECT_EQ(trapping->trap()->kind, TrapKind::Unreachable);
  EXPECT_EQ(trapping->trap()->backtrace.size(), 1u);
}

TEST(Fiber, WaitsManyTimes) {
  World world;
  auto fiber = World::fiber(world.add(), "sum", i32(500));
  uint32_t given = 0, sum = 0;
  fiber->resume();
  while (fiber->state() == State::Suspended) {
    sum += ++given;
    fiber->resume(i32(given));
  }
  EXPECT_EQ(given, 1000u);
  EXPECT_EQ(fiber->results()[0].asI32(), sum);
  EXPECT_EQ(world.asked.size(), 1000u);
}

TEST(Fiber, MayWaitForNothingButTime) {
  World world;
  auto fiber = World::fiber(world.add(), "pause", {});
  EXPECT_EQ(fiber->resume(), State::Suspended);
  EXPECT_EQ(fiber->resume(), State::Done);
  EXPECT_EQ(fiber->results()[0].asI32(), 5u);
}

TEST(Fiber, ACallOnNoneCannotWait) {
  World world;
  uint32_t result;
  auto trap = World::call(world.add(), "wait", 1, &result);
  ASSERT_TRUE(trap.has_value());
  EXPECT_EQ(trap->kind, TrapKind::Host);
  EXPECT_THAT(trap->detail, HasSubstr("runs on no fiber"));
}

TEST(Fiber, WaitsInsideOfNestedCalls) {
  World world;
  world.calledBack = "stand";
  Instance *guest = world.add();
  auto fiber = World::fiber(guest, "inLeaf", i32(7));
  // host → guest → leaf → guest → leaf, which waits
  EXPECT_EQ(fiber->resume(), State::Suspended);
  EXPECT_EQ(fiber->resume(i32(5)), State::Done);
  EXPECT_FALSE(fiber->trap().has_value());
  EXPECT_EQ(fiber->results()[0].asI32(), 5u + 1 + 100 + 1000);
  world.calledBack = "wait";
  auto another = World::fiber(guest, "inLeaf", i32(7));
  EXPECT_EQ(another->resume(), State::Suspended);
  EXPECT_EQ(another->resume(i32(6)), State::Done);
  EXPECT_EQ(another->results()[0].asI32(), 6u + 1 + 100 + 1000);
}

TEST(Fiber, FramesOfTheHostsStackCannotWait) {
  for (const char *how : {"wait", "stand"}) {
    World world(keeping());
    world.calledBack = how;
    auto fiber = World::fiber(world.add(), "onHost", i32(7));
    EXPECT_EQ(fiber->resume(), State::Done);
    ASSERT_TRUE(world.inner.has_value());
    EXPECT_EQ(world.inner->kind, TrapKind::Host);
    EXPECT_THAT(world.inner->detail, HasSubstr("cannot wait"));
    // The inner call died; the outer goes on with its 0.
    EXPECT_EQ(fiber->results()[0].asI32(), 0u + 100 + 1000);
  }
}

TEST(Fiber, HostFunctionsCallBackFromEitherStack) {
  for (const char *how : {"inLeaf", "onHost"}) {
    World world;
    auto fiber = World::fiber(world.add(), how, i32(7));
    EXPECT_EQ(fiber->resume(), State::Done);
    EXPECT_EQ(fiber->results()[0].asI32(), 7u + 1 + 100 + 1000) << how;
  }
}

TEST(Fiber, ATrapInANestedCallEndsAll) {
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

TEST(Fiber, ATrapBehindAWaitIsTheFibersOwn) {
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

TEST(Fiber, CancellingEndsWhatWaits) {
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

TEST(Fiber, CancellingLetsNestedHostFunctionsEnd) {
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

TEST(Fiber, WhatWasCancelledCannotWaitAgain) {
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

TEST(Fiber, WhatNeverBeganNeverRuns) {
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

TEST(Fiber, TheDeadlineGoesOnWhileItWaits) {
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

TEST(Fiber, TheDeadlineEndsALoopBehindAWait) {
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

TEST(Fiber, HasAStackThatEndsInATrap) {
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

TEST(Fiber, OneCallIsInAnInstance) {
  World world;
  Instance *guest = world.add();
  auto fiber = World::fiber(guest, "wait", i32(7));
  auto second = guest->makeFiber(0, i32(1), {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, "engine.busy");
  fiber->resume();
  uint32_t result;
  auto trap = World::call(guest, "add", 1, &result);
  ASSERT_TRUE(trap.has_value());
  EXPECT_THAT(trap->detail, HasSubstr("in use"));
  // Nobody was hurt.
  EXPECT_EQ(fiber->resume(i32(1)), State::Done);
  EXPECT_FALSE(fiber->trap().has_value());
  EXPECT_FALSE(World::call(guest, "add", 1, &result).has_value());
}

TEST(Fiber, TakesTurnsWithOthers) {
  World world;
  std::vector<Instance *> guests;
  std::vector<std::unique_ptr<Fiber>> fibers;
  for (int i = 0; i < 8; ++i) {
    guests.push_back(world.add());
    fibers.push_back(World::fiber(guests.back(), "sum", i32(50)));
  }
  std::vector<uint32_t> sums(fibers.size());
  std::mt19937 random(4);
  for (size_t left = fibers.size(); left > 0;) {
    size_t i = random() % fibers.size();
    if (fibers[i]->state() == State::Done)
      continue;
    std::vector<Value> answer;
    if (fibers[i]->state() == State::Suspended)
      answer = i32(random() % 1000);
    sums[i] += answer.empty() ? 0 : answer[0].asI32();
    left -= fibers[i]->resume(answer) == State::Done;
  }
  for (size_t i = 0; i < fibers.size(); ++i) {
    EXPECT_FALSE(fibers[i]->trap().has_value());
    EXPECT_EQ(fibers[i]->results()[0].asI32(), sums[i]);
  }
}

TEST(Fiber, ATrapOfOneEndsThoseThatWait) {
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

TEST(Fiber, AHostFunctionResumesAnother) {
  World world(keeping());
  Instance *waiting = world.add();
  auto inner = World::fiber(waiting, "sum", i32(2));
  auto module = wasm::text::loadText(Source::text("guest.wat", R"((module
    (import "env" "turn" (func $turn (param i32) (result i32)))
    (func (export "f") (param i32) (result i32)
      (i32.add (call $turn (local.get 0))
               (i32.add (call $turn (i32.const 20))
                        (call $turn (i32.const 30)))))))"))
                    .value();
  auto turn = [&](uint32_t number) {
    bool first = inner->state() == State::Ready;
    inner->resume(first ? std::vector<Value>() : i32(number));
    return number;
  };
  for (bool leaf : {true, false}) {
    std::vector<Import> imports = {leaf ? leafFunction("env", "turn", turn)
                                        : hostFunction("env", "turn", turn)};
    Instance *guest = *world.store->instantiate(module, imports, {});
    auto outer = World::fiber(guest, "f", i32(10));
    EXPECT_EQ(outer->resume(), State::Done);
    EXPECT_FALSE(outer->trap().has_value()) << outer->trap()->str();
    EXPECT_EQ(outer->results()[0].asI32(), 60u);
    inner->resume(i32(1));
    inner->resume(i32(2));
    EXPECT_EQ(inner->state(), State::Done);
    EXPECT_EQ(inner->results()[0].asI32(), 20u + 30 + 1 + 2);
    inner = World::fiber(waiting, "sum", i32(2));
  }
}

TEST(Fiber, TheStoreEndsThoseThatWait) {
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

TEST(Fiber, MayGoBeforeItEnds) {
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

TEST(Fiber, GoesOnOnAnotherThread) {
  for (const char *how : {"wait", "stand", "inLeaf"}) {
    World world(keeping());
    world.calledBack = "stand";
    Instance *guest = world.add();
    std::unique_ptr<Fiber> fiber;
    std::thread([&] {
      fiber = World::fiber(guest, how, i32(7));
      fiber->resume();
    }).join();
    EXPECT_EQ(fiber->state(), State::Suspended);
    std::thread([&] { fiber->resume(i32(1)); }).join();
    EXPECT_EQ(fiber->state(), State::Done);
    EXPECT_FALSE(fiber->trap().has_value());
    EXPECT_EQ(fiber->results()[0].asI32(),
              std::string_view(how) == "inLeaf" ? 1u + 1 + 100 + 1000 : 2u);
  }
}

TEST(Fiber, FaultsOnAThreadThatIsNewToIt) {
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

TEST(Fiber, ThereMayBeThousands) {
  constexpr uint32_t count = 3000;
  Limits limits;
  limits.instances = limits.fibers = count;
  limits.memoryBytes = uint64_t{count} * wasm::pageBytes;
  limits.stackSlots = 1 << 14;
  limits.callDepth = 100;
  limits.fiberStackBytes = 64 << 10;
  World world(limits);
  // No memories: that many guarded ones would take 24 TiB.
  auto module = wasm::text::loadText(Source::text("guest.wat", R"((module
    (import "env" "wait" (func $wait (param i32) (result i32)))
    (func (export "f") (param i32) (result i32)
      (i32.add (call $wait (local.get 0)) (local.get 0)))))"))
                    .value();
  std::vector<Import> imports = {
      {"env",
       "wait",
       {{I32}, {I32}},
       [](Instance &caller, std::span<const Value>, std::span<Value> results) {
         return caller.suspend(results);
       },
       {}}};
  std::vector<std::unique_ptr<Fiber>> fibers;
  for (uint32_t i = 0; i < count; ++i) {
    Instance *guest = *world.store->instantiate(module, imports, {});
    fibers.push_back(World::fiber(guest, "f", i32(i)));
    ASSERT_EQ(fibers.back()->resume(), State::Suspended);
  }
  for (uint32_t i = count; i-- > 0;)
    ASSERT_EQ(fibers[i]->resume(i32(i * 2)), State::Done);
  for (uint32_t i = 0; i < count; ++i)
    EXPECT_EQ(fibers[i]->results()[0].asI32(), i * 3);
}

TEST(Fiber, TheirNumberIsLimited) {
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

TEST(Fiber, SpendsTheStoresFuel) {
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

TEST(Fiber, HostFunctionsRunWhereTheySay) {
  World world;
  uint64_t address = 0;
  auto where = [&] {
    address = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
  };
  auto module = wasm::text::loadText(Source::text("guest.wat", R"((module
    (import "env" "where" (func $where))
    (func (export "f") (call $where))))"))
                    .value();
  auto here = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
  for (bool leaf : {true, false}) {
    std::vector<Import> imports = {leaf ? leafFunction("env", "where", where)
                                        : hostFunction("env", "where", where)};
    Instance *guest = *world.store->instantiate(module, imports, {});
    auto fiber = World::fiber(guest, "f", {});
    EXPECT_EQ(fiber->resume(), State::Done);
    constexpr uint64_t near = 256 << 10;
    EXPECT_EQ(here - address < near, !leaf);
  }
}

} // namespace
} // namespace rune::engine
