// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/cpu/pool.h"

#include <algorithm>

namespace rune::device {

namespace {

/// How long a thread looks before it sleeps, and looks between two glances at
/// the clock.
constexpr std::chrono::microseconds patience(80);
constexpr int looksAtOnce = 64;

/// How much longer than two tasks of the caller one of others may take before
/// that is no matter of sizes any more.
constexpr std::chrono::microseconds tolerance(500);

/// Jobs done alone after several threads were late one after the other.
constexpr uint32_t mostAlone = 64;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

using Clock = std::chrono::steady_clock;

/// Looks until there is what was looked for; false if patience ends before.
template <class F> bool look(const F &isThere) {
  auto end = Clock::now() + patience;
  do {
    for (int i = 0; i < looksAtOnce; ++i) {
      if (isThere())
        return true;
      pause();
    }
  } while (Clock::now() < end);
  return isThere();
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
  bool isAlone =
      !lock || threads_.empty() || tasks > static_cast<int64_t>(indexMask);
  if (!isAlone && aloneNext_ > 0) {
    --aloneNext_;
    alone_.fetch_add(1, std::memory_order_relaxed);
    isAlone = true;
  }
  if (isAlone) {
    for (int64_t i = 0; i < tasks; ++i)
      task(context, i, 0);
    return;
  }
  uint64_t job =
      (ticket_.next.load(std::memory_order_relaxed) >> indexBits) + 1;
  // Who still holds a ticket of the last job must not take it for one of this
  // job, which may have more tasks: from here on there is none, until all that
  // a task needs is there.
  ticket_.next.store(job << indexBits | indexMask, std::memory_order_release);
  task_.store(task, std::memory_order_release);
  context_.store(context, std::memory_order_release);
  tasks_.store(tasks, std::memory_order_release);
  done_.store(0, std::memory_order_relaxed);
  ticket_.next.store(job << indexBits, std::memory_order_release);
  jobs_.fetch_add(1, std::memory_order_seq_cst);
  if (sleeping_.load(std::memory_order_seq_cst) > 0)
    jobs_.notify_all();
  auto begin = Clock::now();
  int64_t own = work(job, 0);
  if (own < tasks)
    awaitOthers(tasks, (Clock::now() - begin) / std::max<int64_t>(own, 1));
}

/// What is left is in the hands of others.
void Pool::awaitOthers(int64_t tasks, std::chrono::nanoseconds task) {
  auto isDone = [&] { return done_.load(std::memory_order_acquire) == tasks; };
  auto begin = Clock::now();
  if (!look(isDone))
    for (int64_t done; (done = done_.load(std::memory_order_acquire)) != tasks;)
      done_.wait(done, std::memory_order_acquire);
  if (Clock::now() - begin < tolerance + 2 * task) {
    aloneAtOnce_ = 0;
    return;
  }
  waits_.fetch_add(1, std::memory_order_relaxed);
  aloneAtOnce_ = std::clamp(2 * aloneAtOnce_, 4u, mostAlone);
  aloneNext_ = aloneAtOnce_;
}

int64_t Pool::work(uint64_t job, int64_t worker) {
  int64_t own = 0;
  uint64_t next = ticket_.next.load(std::memory_order_acquire);
  for (;;) {
    auto index = static_cast<int64_t>(next & indexMask);
    int64_t tasks = tasks_.load(std::memory_order_acquire);
    if (next >> indexBits != (job & (UINT64_MAX >> indexBits)) ||
        index >= tasks)
      return own;
    // good if the ticket is: the job cannot end before this task
    Task task = task_.load(std::memory_order_acquire);
    void *context = context_.load(std::memory_order_acquire);
    if (!ticket_.next.compare_exchange_weak(next, next + 1,
                                            std::memory_order_acq_rel,
                                            std::memory_order_acquire))
      continue;
    task(context, index, worker);
    ++own;
    if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == tasks)
      done_.notify_all();
    next = ticket_.next.load(std::memory_order_acquire);
  }
}

void Pool::awaitJob(uint32_t seen) {
  if (look([&] { return jobs_.load(std::memory_order_acquire) != seen; }))
    return;
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
