// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One block of memory for all values of a run: values that are never alive at
// the same time may share bytes.
//
// source  Pisarchyk and Lee 2020, "Efficient Memory Management for Deep Neural
//         Net Inference", greedy by size
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rune::compile {

constexpr uint64_t arenaAlignment = 64;

/// Bytes that are needed from step `first` to step `last`, both included.
struct Lifetime {
  uint64_t bytes = 0;
  uint32_t first = 0;
  uint32_t last = 0;
};

struct ArenaPlan {
  /// One for each lifetime, multiples of `arenaAlignment`.
  std::vector<uint64_t> offsets;
  uint64_t bytes = 0;
};

/// Those with most bytes first, each at the lowest place that is free all its
/// life. Deterministic.
ArenaPlan planArena(std::span<const Lifetime> lifetimes);

} // namespace rune::compile
