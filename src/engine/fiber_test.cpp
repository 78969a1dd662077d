// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls that wait. Every promise holds for both kinds of host function: `wait`
// runs on the host's stack, `stand` is leaf and stands still on the fiber.
// Expected values are sums of what the host answers.
#include "engine/test_fiber_world.h"

#include <random>
#include <thread>

namespace rune::engine {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

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
