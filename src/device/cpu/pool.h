// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The threads that share the tasks of a kernel. Whoever shares works as well,
// and takes whatever nobody else has taken: threads that come late, because a
// core is busy with something else, cost nothing. They look for the next job
// for some tens of microseconds before they sleep: waking one takes as long,
// and the kernels of one run follow each other closer than that.
//
// Who was given a task is waited for. A thread that loses its core in the
// middle of one is late by what the system gives others at a time,
// milliseconds: then the next jobs are done alone, twice as many each time that
// happens again, and none once a thread was in time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace rune::device {

class Pool {
public:
  using Task = void (*)(void *context, int64_t index, int64_t worker);

  /// in      `workers`: with the caller; 1 makes no threads
  explicit Pool(uint32_t workers);
  ~Pool();
  Pool(const Pool &) = delete;
  Pool &operator=(const Pool &) = delete;

  uint32_t workers() const {
    return static_cast<uint32_t>(threads_.size()) + 1;
  }

  /// Calls `task(context, i, worker)` for each i below `tasks`, the worker of
  /// the caller being 0; back when all are done. While another caller shares,
  /// this one does all of its own.
  void share(int64_t tasks, Task task, void *context);

  /// How often a thread that had a task was late, by more than tasks differ.
  uint64_t waits() const { return waits_; }
  /// Jobs that were done alone because of that.
  uint64_t alone() const { return alone_; }

private:
  void serve(int64_t worker);
  /// Takes tasks of the job `job` until there are none; how many it did.
  int64_t work(uint64_t job, int64_t worker);
  void awaitJob(uint32_t seen);
  void awaitOthers(int64_t tasks, std::chrono::nanoseconds task);

  /// The job's number and its next task, which are taken together: a thread
  /// that comes late takes nothing of a later job.
  struct alignas(64) Ticket {
    std::atomic<uint64_t> next{0};
  };
  static constexpr uint64_t indexBits = 40;
  static constexpr uint64_t indexMask = (uint64_t{1} << indexBits) - 1;

  Ticket ticket_;
  alignas(64) std::atomic<int64_t> done_{0};
  alignas(64) std::atomic<Task> task_{nullptr};
  std::atomic<void *> context_{nullptr};
  std::atomic<int64_t> tasks_{0};
  /// Counts jobs; threads sleep on it.
  alignas(64) std::atomic<uint32_t> jobs_{0};
  std::atomic<uint32_t> sleeping_{0};
  std::atomic<bool> ends_{false};
  std::mutex sharing_;
  // of whoever shares
  std::atomic<uint64_t> waits_{0}, alone_{0};
  uint32_t aloneNext_ = 0, aloneAtOnce_ = 0;
  std::vector<std::thread> threads_;
};

} // namespace rune::device
