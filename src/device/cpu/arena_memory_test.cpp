// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/cpu/arena_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>

namespace rune::device {
namespace {

TEST(ArenaMemory, IsZeroAlignedAndWritableToItsEnd) {
  for (uint64_t bytes : {uint64_t{1}, uint64_t{4097}, uint64_t{2} << 20,
                         (uint64_t{5} << 20) + 3}) {
    SCOPED_TRACE(bytes);
    auto memory = ArenaMemory::of(bytes);
    ASSERT_TRUE(memory.ok());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory->data()) % 64, 0u);
    std::span all(memory->data(), bytes);
    EXPECT_TRUE(std::ranges::all_of(all, [](uint8_t b) { return b == 0; }));
    std::ranges::fill(all, 0xFF);
    EXPECT_EQ(all.back(), 0xFF);
  }
}

TEST(ArenaMemory, MovesWithItsBytes) {
  auto memory = ArenaMemory::of(100);
  ASSERT_TRUE(memory.ok());
  memory->data()[7] = 42;
  ArenaMemory other;
  other = std::move(*memory);
  EXPECT_EQ(other.data()[7], 42);
}

TEST(ArenaMemory, OfNothingIsNothing) {
  EXPECT_EQ(ArenaMemory::of(0)->data(), nullptr);
}

TEST(ArenaMemory, MoreThanThereIsIsRefused) {
  auto memory = ArenaMemory::of(uint64_t{1} << 56);
  ASSERT_FALSE(memory.ok());
  EXPECT_EQ(memory.error().code, "machine.out-of-memory");
}

} // namespace
} // namespace rune::device
