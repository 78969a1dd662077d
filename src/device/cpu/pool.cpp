// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/cpu/pool.h"

namespace rune::device {

namespace {

/// How often a thread looks before it sleeps: some ten microseconds.
constexpr int looks = 400;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

} // namespace

Pool::Pool(uint32_t workers) {
  for (uint32_t worker = 1; worker < workers; ++worker)
    threads_.emplace_back([this, worker] { serve(worker); });
}

Pool::~Pool() {
  ends_.store(true, std::memory_order_release);
  jobs_.fetch_add(1, std::memory_order_release);
  jobs_.notify_all();
  for (std::thread &thread : threads_)
    thread.join();
}

void Pool::share(int64_t tasks, Task task, void *context) {
  std::unique_lock lock(sharing_, std::try_to_lock);
  if (!lock || threads_.empty() || tasks > int64_t(indexMask)) {
    for (int64_t i = 0; i < tasks; ++i)
      task(context, i, 0);
    return;
  }
  task_.store(task, std::memory_order_relaxed);
  context_.store(context, std::memory_order_relaxed);
  tasks_.store(tasks, std::memory_order_relaxed);
  done_.store(0, std::memory_order_relaxed);
  uint64_t job =
      (ticket_.next.load(std::memory_order_relaxed) >> indexBits) + 1;
  ticket_.next.store(job << indexBits, std::memory_order_release);
  jobs_.fetch_add(1, std::memory_order_seq_cst);
  if (sleeping_.load(std::memory_order_seq_cst) > 0)
    jobs_.notify_all();
  work(job, 0);
  // what is left is in the hands of others
  for (int look = 0; look < looks; ++look) {
    if (done_.load(std::memory_order_acquire) == tasks)
      return;
    pause();
  }
  for (int64_t done; (done = done_.load(std::memory_order_acquire)) != tasks;)
    done_.wait(done, std::memory_order_acquire);
}

void Pool::work(uint64_t job, int64_t worker) {
  uint64_t next = ticket_.next.load(std::memory_order_acquire);
  for (;;) {
    auto index = static_cast<int64_t>(next & indexMask);
    int64_t tasks = tasks_.load(std::memory_order_relaxed);
    if (next >> indexBits != (job & (UINT64_MAX >> indexBits)) ||
        index >= tasks)
      return;
    // good if the ticket is: the job cannot end before this task
    Task task = task_.load(std::memory_order_relaxed);
    void *context = context_.load(std::memory_order_relaxed);
    if (!ticket_.next.compare_exchange_weak(next, next + 1,
                                            std::memory_order_acq_rel,
                                            std::memory_order_acquire))
      continue;
    task(context, index, worker);
    if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == tasks)
      done_.notify_all();
    next = ticket_.next.load(std::memory_order_acquire);
  }
}

void Pool::awaitJob(uint32_t seen) {
  for (int look = 0; look < looks; ++look) {
    if (jobs_.load(std::memory_order_acquire) != seen)
      return;
    pause();
  }
  sleeping_.fetch_add(1, std::memory_order_seq_cst);
  jobs_.wait(seen, std::memory_order_seq_cst);
  sleeping_.fetch_sub(1, std::memory_order_seq_cst);
}

void Pool::serve(int64_t worker) {
  uint32_t seen = 0;
  for (;;) {
    awaitJob(seen);
    seen = jobs_.load(std::memory_order_acquire);
    if (ends_.load(std::memory_order_acquire))
      return;
    work(ticket_.next.load(std::memory_order_acquire) >> indexBits, worker);
  }
}

} // namespace rune::device
