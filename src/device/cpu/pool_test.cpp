// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/cpu/pool.h"

#include <gtest/gtest.h>

#include <barrier>

namespace rune::device {
namespace {

struct Counts {
  std::vector<std::atomic<int>> of;
  std::atomic<int64_t> mostWorker{0};
  explicit Counts(size_t tasks) : of(tasks) {}
  static void count(void *context, int64_t index, int64_t worker) {
    auto *own = static_cast<Counts *>(context);
    own->of[static_cast<size_t>(index)].fetch_add(1);
    int64_t most = own->mostWorker.load();
    while (worker > most &&
           !own->mostWorker.compare_exchange_weak(most, worker))
      ;
  }
  bool isEachOnce() const {
    return std::ranges::all_of(of, [](const auto &n) { return n.load() == 1; });
  }
};

TEST(Pool, DoesEachTaskOnce) {
  for (uint32_t workers : {1u, 2u, 5u}) {
    Pool pool(workers);
    for (size_t round = 0; round < 300; ++round)
      for (size_t tasks :
           {size_t{0}, size_t{1}, size_t{2}, size_t{7}, size_t{100}}) {
        Counts counts(tasks);
        pool.share(static_cast<int64_t>(tasks), Counts::count, &counts);
        ASSERT_TRUE(counts.isEachOnce()) << tasks << " tasks, round " << round;
        ASSERT_LT(counts.mostWorker.load(), workers);
      }
  }
}

/// All have to be there at once for anyone to get on.
TEST(Pool, WorksAtTheSameTime) {
  Pool pool(3);
  std::barrier<> meeting(3);
  pool.share(
      3,
      [](void *context, int64_t, int64_t) {
        static_cast<std::barrier<> *>(context)->arrive_and_wait();
      },
      &meeting);
}

TEST(Pool, ServesSeveralCallers) {
  Pool pool(3);
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        Counts counts(13);
        pool.share(13, Counts::count, &counts);
        wrong += counts.isEachOnce() ? 0 : 1;
      }
    });
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_EQ(wrong.load(), 0);
}

} // namespace
} // namespace rune::device
