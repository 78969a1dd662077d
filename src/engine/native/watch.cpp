// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/watch.h"

#include <algorithm>

namespace rune::engine::native {

static int64_t nanoseconds(Clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             time.time_since_epoch())
      .count();
}

Watch::~Watch() {
  {
    std::lock_guard lock(mutex_);
    ends_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable())
    thread_.join();
}

void Watch::add(Alarm &alarm) {
  std::lock_guard lock(mutex_);
  alarms_.push_back(&alarm);
}

void Watch::remove(Alarm &alarm) {
  std::lock_guard lock(mutex_);
  std::erase(alarms_, &alarm);
}

void Watch::arm(Alarm &alarm, Deadline deadline) {
  if (!deadline)
    return;
  int64_t when = std::max<int64_t>(nanoseconds(*deadline), 0);
  alarm.when_.store(when);
  // Either the thread, which looks after it has raised `next_`, sees `when`, or
  // we see the raised `next_` and wake it.
  if (when >= next_.load())
    return;
  std::lock_guard lock(mutex_);
  if (!thread_.joinable())
    thread_ = std::thread([this] { run(); });
  if (when < next_.load())
    next_.store(when);
  wake_.notify_one();
}

void Watch::disarm(Alarm &alarm) {
  int64_t was = alarm.when_.load();
  if (was == Alarm::never) // only its owner arms it
    return;
  while (was >= 0 && !alarm.when_.compare_exchange_weak(was, Alarm::never)) {
  }
  if (was >= 0)
    return;
  // It rings: once it has rung, the flag is ours again.
  while (alarm.when_.load() == Alarm::firing)
    std::this_thread::yield();
  __atomic_store_n(&alarm.flag_, 0, __ATOMIC_RELAXED);
  alarm.when_.store(Alarm::never);
}

int64_t Watch::ringAndFindNext(int64_t now) {
  int64_t next = Alarm::never;
  for (Alarm *alarm : alarms_) {
    int64_t when = alarm->when_.load();
    if (when < 0)
      continue;
    if (when > now) {
      next = std::min(next, when);
      continue;
    }
    if (!alarm->when_.compare_exchange_strong(when, Alarm::firing))
      continue;
    __atomic_store_n(&alarm->flag_, 1, __ATOMIC_RELAXED);
    alarm->when_.store(Alarm::fired);
  }
  return next;
}

void Watch::run() {
  std::unique_lock lock(mutex_);
  while (!ends_) {
    next_.store(Alarm::never);
    int64_t next = ringAndFindNext(nanoseconds(Clock::now()));
    next_.store(std::min(next, next_.load()));
    next = next_.load();
    if (next == Alarm::never)
      wake_.wait(lock);
    else
      wake_.wait_until(lock, Clock::time_point(std::chrono::nanoseconds(next)));
  }
}

} // namespace rune::engine::native
