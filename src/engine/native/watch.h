// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ends guests at their deadline: one thread that sleeps until the next one and
// then sets a flag which machine code reads at loops and function entries.
// Arming costs a store and a load unless the new deadline is the earliest.
#pragma once

#include "engine/engine.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace rune::engine::native {

/// The deadline of one store, as the watch sees it.
class Alarm {
public:
  explicit Alarm(uint32_t &flag) : flag_(flag) {}

private:
  friend class Watch;
  /// Nanoseconds of Clock; `never`; or what the watch does about it.
  std::atomic<int64_t> when_ = never;
  uint32_t &flag_;

  static constexpr int64_t never = INT64_MAX;
  /// The watch is about to set the flag, and has set it.
  static constexpr int64_t firing = -1;
  static constexpr int64_t fired = -2;
};

class Watch {
public:
  Watch() = default;
  ~Watch();

  void add(Alarm &alarm);
  void remove(Alarm &alarm);

  /// From now on the flag is set once the deadline has passed, and not before.
  void arm(Alarm &alarm, Deadline deadline);
  /// The flag is 0 behind this, and stays so.
  void disarm(Alarm &alarm);

private:
  void run();
  int64_t ringAndFindNext(int64_t now);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Alarm *> alarms_;
  std::thread thread_;
  /// When the thread looks next.
  std::atomic<int64_t> next_ = Alarm::never;
  bool ends_ = false;
};

} // namespace rune::engine::native
