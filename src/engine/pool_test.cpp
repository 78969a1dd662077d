// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is used again must look new: zero, and no larger than it was asked to
// be. And what long instructions and caps promise.
#include "engine/engine.h"
#include "engine/fiber/stack_pool.h"
#include "engine/masked_index.h"
#include "engine/native/guest_memory.h"
#include "engine/reservation_pool.h"
#include "engine/test_engine.h"
#include "wasm/text/text.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <random>

namespace rune::engine {
namespace {

using test::makeTestedEngine;
/// Whether the kernel can read a byte there; it does not fault.
bool isOpen(const uint8_t *at) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  bool open = write(ends[1], at, 1) == 1;
  close(ends[0]);
  close(ends[1]);
  return open;
}

constexpr uint64_t large = uint64_t{1} << 30;

TEST(ReservationPool, GivesZerosAgain) {
  ReservationPool pool(4);
  Reservation first = pool.take(large, 1 << 16).value();
  std::fill_n(first.base, first.open, 0xAB);
  uint8_t *base = first.base;
  pool.give(first);
  EXPECT_EQ(pool.kept(), 1u);
  Reservation second = pool.take(large, 1 << 16).value();
  EXPECT_EQ(second.base, base);
  EXPECT_EQ(pool.kept(), 0u);
  EXPECT_EQ(std::count(second.base, second.base + second.open, 0), 1 << 16);
  pool.give(second);
}

TEST(ReservationPool, ClosesWhatTheLastOneHadMore) {
  ReservationPool pool(4);
  Reservation first = pool.take(large, 1 << 16).value();
  ASSERT_TRUE(ReservationPool::open(first, 3 << 16));
  std::fill_n(first.base, first.open, 0xAB);
  pool.give(first);
  Reservation second = pool.take(large, 2 << 16).value();
  EXPECT_TRUE(isOpen(second.base + (2 << 16) - 1));
  EXPECT_FALSE(isOpen(second.base + (2 << 16)));
  ASSERT_TRUE(ReservationPool::open(second, 2 << 16));
  EXPECT_EQ(std::count(second.base, second.base + second.open, 0), 4 << 16);
  pool.give(second);
  Reservation third = pool.take(large, 8 << 16).value();
  EXPECT_EQ(third.base, second.base);
  EXPECT_EQ(std::count(third.base, third.base + third.open, 0), 8 << 16);
  pool.give(third);
}

TEST(ReservationPool, KeepsNoMoreThanItMay) {
  ReservationPool pool(3);
  std::vector<Reservation> taken;
  for (int i = 0; i < 10; ++i)
    taken.push_back(pool.take(large, 4096).value());
  for (Reservation each : taken)
    pool.give(each);
  EXPECT_EQ(pool.kept(), 3u);
  // Of another size: not one of them.
  Reservation other = pool.take(large / 2, 4096).value();
  EXPECT_EQ(pool.kept(), 3u);
  pool.give(other);
  EXPECT_EQ(pool.kept(), 3u);
  ReservationPool none(0);
  none.give(none.take(large, large).value());
  EXPECT_EQ(none.kept(), 0u);
}

TEST(ReservationPool, SaysWhenThereIsNoRoom) {
  ReservationPool pool;
  auto huge = pool.take(uint64_t{1} << 62, 0);
  ASSERT_FALSE(huge.ok());
  EXPECT_EQ(huge.error().code, "engine.out-of-memory");
}

constexpr uint64_t slabBytes = uint64_t{1} << 24;

TEST(MemorySlab, ServesNeighboursThatNeverMeet) {
  ReservationPool pool(4, slabBytes);
  std::vector<Reservation> taken;
  std::mt19937 random(7);
  for (uint32_t step = 0; step < 2000; ++step) {
    if (!taken.empty() && random() % 5 < 2) {
      size_t which = random() % taken.size();
      pool.give(taken[which]);
      taken[which] = taken.back();
      taken.pop_back();
      continue;
    }
    uint64_t bytes = 1 + random() % (300 << 10);
    Reservation made = pool.takePacked(bytes).value();
    ASSERT_NE(made.slab, nullptr);
    for (const Reservation &each : taken)
      ASSERT_TRUE(made.base >= each.base + each.bytes ||
                  each.base >= made.base + made.bytes);
    // Its ends are new, whoever had them before.
    ASSERT_EQ(made.base[0], 0);
    ASSERT_EQ(made.base[bytes - 1], 0);
    made.base[0] = made.base[bytes - 1] = 0xAB;
    taken.push_back(made);
  }
  EXPECT_GT(pool.slabs(), 1u);
  for (const Reservation &each : taken)
    pool.give(each);
  EXPECT_EQ(pool.slabs(), 1u);
  // The gaps have become one again.
  std::vector<Reservation> quarters;
  for (int i = 0; i < 4; ++i)
    quarters.push_back(pool.takePacked(slabBytes / 4 - 4096).value());
  EXPECT_EQ(pool.slabs(), 1u);
  for (const Reservation &each : quarters)
    pool.give(each);
}

TEST(MemorySlab, GivesZerosAgain) {
  ReservationPool pool(4, slabBytes);
  Reservation before = pool.takePacked(10'000).value();
  Reservation neighbour = pool.takePacked(10'000).value();
  std::fill_n(before.base, before.bytes, 0xAB);
  std::fill_n(neighbour.base, neighbour.bytes, 0xCD);
  pool.give(before);
  Reservation again = pool.takePacked(10'000).value();
  EXPECT_EQ(again.base, before.base);
  EXPECT_EQ(std::count(again.base, again.base + again.bytes, 0), 10'000);
  EXPECT_EQ(std::count(neighbour.base, neighbour.base + neighbour.bytes, 0xCD),
            10'000);
  pool.give(again);
  pool.give(neighbour);
}

TEST(MemorySlab, IsForSmallOnes) {
  ReservationPool pool(4, slabBytes);
  Reservation own = pool.takePacked(slabBytes / 4).value();
  EXPECT_EQ(own.slab, nullptr);
  EXPECT_EQ(pool.slabs(), 0u);
  pool.give(own);
  EXPECT_EQ(pool.kept(), 1u);
  // Where the machine has no room for a slab, each is a mapping.
  ReservationPool without(4, uint64_t{1} << 62);
  Reservation alone = without.takePacked(4096).value();
  EXPECT_EQ(alone.slab, nullptr);
  EXPECT_EQ(alone.base[4095], 0);
  without.give(alone);
}

TEST(MemorySlab, HoldsAThousandDenseMemories) {
  using native::Bounds;
  using native::NativeMemory;
  auto pool = std::make_shared<ReservationPool>();
  wasm::MemoryType type;
  type.pages = {1, 2};
  std::vector<std::unique_ptr<NativeMemory>> memories;
  for (int i = 0; i < 1000; ++i) {
    memories.push_back(
        NativeMemory::make(type, Bounds::Dense, large, pool).value());
    ASSERT_TRUE(memories.back()->grow(wasm::pageBytes));
    ASSERT_EQ(memories.back()->bytes().size(), 2 * wasm::pageBytes);
    memories.back()->bytes().back() = 1;
  }
  EXPECT_EQ(pool->slabs(), 1u);
  // A guarded one needs pages that cannot be touched.
  auto guarded = NativeMemory::make(type, Bounds::Guard, large, pool).value();
  EXPECT_FALSE(isOpen(guarded->base() + wasm::pageBytes));
}

TEST(StackPool, GuardsEachStackAndKeepsSome) {
  StackPool pool(2);
  std::vector<Stack> taken;
  for (int i = 0; i < 4; ++i) {
    taken.push_back(pool.take(100'000).value());
    Stack stack = taken.back();
    EXPECT_GE(stack.bytes, 100'000u);
    EXPECT_TRUE(isOpen(stack.base));
    EXPECT_TRUE(isOpen(stack.top() - 1));
    EXPECT_FALSE(isOpen(stack.base - 1));
  }
  for (Stack each : taken)
    pool.give(each);
  EXPECT_EQ(pool.kept(), 2u);
  Stack other = pool.take(200'000).value();
  EXPECT_EQ(pool.kept(), 2u);
  pool.give(other);
  EXPECT_EQ(pool.take(200'000)->base, other.base);
}

TEST(MaskedIndex, IsTheIndexOrZero) {
  for (uint64_t size : {uint64_t{0}, uint64_t{1}, uint64_t{7},
                        uint64_t{UINT32_MAX}, uint64_t{1} << 40})
    for (uint64_t index : {uint64_t{0}, uint64_t{1}, uint64_t{6}, uint64_t{7},
                           uint64_t{UINT32_MAX}, uint64_t{1} << 62,
                           uint64_t{1} << 63, UINT64_MAX})
      EXPECT_EQ(masked(index, size), index < size ? index : 0)
          << index << " of " << size;
}

// The same, seen from guests.

constexpr const char *guestText = R"((module
  (memory (export "memory") 1 1024)
  (table $t 4 65536 funcref)
  (elem declare func $f)
  (data $d "data")
  (func $f)
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "far") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "fill") (param i32) (result i32)
    (memory.fill (i32.const 0) (local.get 0)
                 (i32.shl (memory.size) (i32.const 16)))
    (i32.const 0))
  (func (export "copy") (param i32) (result i32)
    (i32.store8 (i32.const 0) (local.get 0))
    (memory.copy (i32.const 1) (i32.const 0)
                 (i32.sub (i32.shl (memory.size) (i32.const 16))
                          (i32.const 1)))
    (i32.const 0))
  (func (export "tables") (param i32) (result i32)
    (drop (table.grow $t (ref.func $f) (i32.const 60000)))
    (table.fill $t (i32.const 0) (ref.func $f) (table.size $t))
    (table.copy $t $t (i32.const 1) (i32.const 0)
                (i32.sub (table.size $t) (i32.const 1)))
    (i32.const 0))))";

struct Guests {
  std::shared_ptr<const wasm::Module> module =
      wasm::text::loadText(Source::text("guest.wat", guestText)).value();
  std::unique_ptr<Engine> engine = makeTestedEngine();
  Limits limits;

  std::shared_ptr<Instance> make() {
    return engine->instantiate(module, {}, limits, {}).value();
  }
  static std::optional<Trap> run(Instance &guest, std::string_view name,
                                 uint32_t argument, Deadline deadline = {}) {
    Value in = Value::i32(argument), out;
    return guest.call(guest.exportedFunction(name).value(), {&in, 1}, {&out, 1},
                      deadline);
  }
};

TEST(PooledMemory, IsNewToEachGuest) {
  Guests guests;
  for (int i = 0; i < 5; ++i) {
    auto guest = guests.make();
    EXPECT_EQ(guest->memory().size(), wasm::pageBytes);
    EXPECT_EQ(std::count(guest->memory().begin(), guest->memory().end(), 0),
              ptrdiff_t{wasm::pageBytes});
    // Growing finds zeros, too.
    EXPECT_FALSE(Guests::run(*guest, "grow", 3).has_value());
    EXPECT_EQ(std::count(guest->memory().begin(), guest->memory().end(), 0),
              ptrdiff_t{4 * wasm::pageBytes});
    std::fill(guest->memory().begin(), guest->memory().end(), 0xEE);
    EXPECT_FALSE(
        Guests::run(*guest, "far", 4 * wasm::pageBytes - 4).has_value());
  }
  auto guest = guests.make();
  auto trap = Guests::run(*guest, "far", 2 * wasm::pageBytes);
  ASSERT_TRUE(trap.has_value());
  EXPECT_EQ(trap->kind, TrapKind::OutOfBoundsMemory);
}

TEST(PooledMemory, ServesManyAtOnce) {
  Guests guests;
  std::vector<std::shared_ptr<Instance>> alive;
  for (int round = 0; round < 3; ++round) {
    for (uint8_t i = 0; i < 40; ++i) {
      alive.push_back(guests.make());
      ASSERT_EQ(alive.back()->memory()[0], 0);
      alive.back()->memory()[0] = i;
    }
    for (uint8_t i = 0; i < 40; ++i)
      EXPECT_EQ(alive[i]->memory()[0], i);
    alive.clear();
  }
}

TEST(LongInstructions, EndWithTheirFuel) {
  Guests guests;
  guests.limits.keepAfterTrap = true;
  guests.limits.fuel = 2000; // a page costs 64
  auto guest = guests.make();
  EXPECT_FALSE(Guests::run(*guest, "grow", 1023).has_value());
  for (const char *name : {"fill", "copy"}) {
    auto trap = Guests::run(*guest, name, 1);
    ASSERT_TRUE(trap.has_value()) << name;
    EXPECT_EQ(trap->kind, TrapKind::OutOfFuel);
    EXPECT_EQ(guest->memory().back(), 0);
  }
}

TEST(LongInstructions, EndAtTheirDeadline) {
  Guests guests;
  guests.limits.keepAfterTrap = true;
  auto guest = guests.make();
  EXPECT_FALSE(Guests::run(*guest, "grow", 1023).has_value());
  // 64 MiB take much longer than a millisecond, but a busy machine may look at
  // the clock late: once in a while it must end in the middle.
  bool ended = false;
  for (uint32_t i = 1; i < 100 && !ended; ++i) {
    auto trap = Guests::run(*guest, i % 2 ? "fill" : "copy", i,
                            Clock::now() + std::chrono::milliseconds(1));
    if (!trap)
      continue;
    EXPECT_EQ(trap->kind, TrapKind::DeadlineExceeded);
    ended = guest->memory().front() == i && guest->memory().back() != i;
  }
  EXPECT_TRUE(ended);
}

TEST(Fuel, IsNeverForgotten) {
  Guests guests;
  auto store = guests.engine->makeStore(guests.limits);
  Instance *guest = *store->instantiate(guests.module, {}, {});
  // The store was made without: either its code counts all the same, or it does
  // not run.
  store->setFuel(0);
  auto trap = Guests::run(*guest, "far", 0);
  ASSERT_TRUE(trap.has_value());
  EXPECT_EQ(trap->kind, TrapKind::OutOfFuel);
}

TEST(LongInstructions, OnTablesCostFuelByLength) {
  Guests guests;
  guests.limits.fuel = 1'000'000;
  auto store = guests.engine->makeStore(guests.limits);
  Instance *guest = *store->instantiate(guests.module, {}, {});
  ASSERT_FALSE(Guests::run(*guest, "tables", 0).has_value());
  uint64_t spent = 1'000'000 - store->fuel().value();
  // Once entered; grown by 60000, filled 60004, copied 60003.
  EXPECT_EQ(spent, 1u + 60000 / 1024 + 60004 / 1024 + 60003 / 1024);
}

} // namespace
} // namespace rune::engine
