// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

namespace rune::device {

/// Sets a flag once the deadline has passed: in the form that compiled code
/// polls, and in that of the compiler.
class Alarm {
public:
  explicit Alarm(
      std::optional<std::chrono::steady_clock::time_point> deadline) {
    if (!deadline)
      return;
    thread_ = std::jthread([this, at = *deadline](std::stop_token stop) {
      std::unique_lock lock(mutex_);
      if (!changed_.wait_until(lock, stop, at, [] { return false; }) &&
          !stop.stop_requested()) {
        __atomic_store_n(&rang_, 1, __ATOMIC_RELAXED);
        stop_.store(true, std::memory_order_relaxed);
      }
    });
  }
  const int32_t *flag() const { return &rang_; }
  const std::atomic<bool> *stop() const { return &stop_; }

private:
  int32_t rang_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::jthread thread_; // the last: it uses all of the above
};

} // namespace rune::device
