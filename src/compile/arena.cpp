// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/arena.h"

#include "base/bytes.h"

#include <algorithm>
#include <numeric>

namespace rune::compile {

namespace {

bool meet(const Lifetime &a, const Lifetime &b) {
  return a.first <= b.last && b.first <= a.last;
}

} // namespace

ArenaPlan planArena(std::span<const Lifetime> lifetimes) {
  ArenaPlan plan;
  plan.offsets.resize(lifetimes.size(), 0);
  std::vector<size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](size_t a, size_t b) {
    return std::pair(lifetimes[b].bytes, a) < std::pair(lifetimes[a].bytes, b);
  });
  std::vector<size_t> placed; // ascending by offset
  for (size_t i : order) {
    uint64_t at = 0, size = alignTo(lifetimes[i].bytes, arenaAlignment);
    for (size_t other : placed) {
      if (!meet(lifetimes[i], lifetimes[other]))
        continue;
      if (plan.offsets[other] >= at + size)
        break;
      at = std::max(at, plan.offsets[other] +
                            alignTo(lifetimes[other].bytes, arenaAlignment));
    }
    plan.offsets[i] = at;
    plan.bytes = std::max(plan.bytes, at + size);
    placed.insert(
        std::ranges::upper_bound(
            placed, at, {}, [&](size_t other) { return plan.offsets[other]; }),
        i);
  }
  return plan;
}

} // namespace rune::compile
