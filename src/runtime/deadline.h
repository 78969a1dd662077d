// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "engine/engine.h"

namespace rune::runtime {

/// The end of something that begins now and may take `time`. A time so long
/// that the clock would overflow is no limit.
inline engine::Deadline
deadlineIn(std::optional<std::chrono::nanoseconds> time) {
  auto now = engine::Clock::now();
  if (!time || *time > engine::Clock::time_point::max() - now)
    return {};
  return now + *time;
}

} // namespace rune::runtime
