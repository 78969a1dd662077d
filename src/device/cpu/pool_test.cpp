// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/cpu/pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <csignal>
#include <latch>
#include <semaphore>

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

/// A signal that keeps the thread it meets until it is let go.
struct Held {
  static inline std::binary_semaphore isHeld{0}, go{0};
  static void hold(int) {
    isHeld.release();
    go.acquire();
  }
  struct sigaction before = {};
  Held() {
    struct sigaction action = {};
    action.sa_handler = hold;
    sigaction(SIGUSR1, &action, &before);
  }
  ~Held() { sigaction(SIGUSR1, &before, nullptr); }
};

/// As with a thread whose core the system gave to others.
TEST(Pool, DoesNotWaitForAThreadThatGotNoTime) {
  Pool pool(2);
  struct Other {
    std::barrier<> meeting{2};
    std::atomic<pthread_t> thread{};
  } other;
  pool.share(
      2,
      [](void *context, int64_t, int64_t worker) {
        auto *own = static_cast<Other *>(context);
        if (worker == 1)
          own->thread.store(pthread_self());
        own->meeting.arrive_and_wait();
      },
      &other);
  Held held;
  pthread_kill(other.thread.load(), SIGUSR1);
  Held::isHeld.acquire();
  for (size_t tasks : {1u, 2u, 100u}) {
    Counts counts(tasks);
    pool.share(static_cast<int64_t>(tasks), Counts::count, &counts);
    EXPECT_TRUE(counts.isEachOnce());
    EXPECT_EQ(counts.mostWorker.load(), 0);
  }
  Held::go.release();
  Counts counts(100);
  pool.share(100, Counts::count, &counts);
  EXPECT_TRUE(counts.isEachOnce());
}

TEST(Pool, WorksAloneForAWhileAfterAThreadWasLate) {
  Pool pool(2);
  using Clock = std::chrono::steady_clock;
  struct Late {
    std::barrier<> meeting{2};
    Clock::time_point begin = Clock::now(), end;
    std::atomic<bool> isDone{false};
    /// Much longer than the caller needed for its task.
    bool isOver() const {
      return isDone.load() && Clock::now() > end +
                                                 std::chrono::milliseconds(20) +
                                                 4 * (end - begin);
    }
  };
  auto lateJob = [&] {
    Late late;
    pool.share(
        2,
        [](void *context, int64_t, int64_t worker) {
          auto *own = static_cast<Late *>(context);
          own->meeting.arrive_and_wait();
          if (worker == 0) {
            own->end = Clock::now();
            own->isDone.store(true);
          }
          while (worker == 1 && !own->isOver())
            std::this_thread::yield();
        },
        &late);
  };
  auto jobsAlone = [&] {
    uint64_t before = pool.alone();
    for (;;) {
      uint64_t now = pool.alone();
      Counts counts(3);
      pool.share(3, Counts::count, &counts);
      EXPECT_TRUE(counts.isEachOnce());
      if (pool.alone() == now)
        return pool.alone() - before;
    }
  };
  lateJob();
  EXPECT_EQ(pool.waits(), 1u);
  EXPECT_EQ(jobsAlone(), 4u);
}

} // namespace
} // namespace rune::device
