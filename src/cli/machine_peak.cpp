// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Twelve sums that do not wait for each other: more than the latency of a
// fused multiply-add times the units of any core of today, few enough for 16
// registers.
#include "cli/machine_peak.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace rune::cli {

namespace {

constexpr int chains = 12;
constexpr int64_t turns = 200'000;

#if defined(__x86_64__)
using Eight = float __attribute__((vector_size(32)));
using Sixteen = float __attribute__((vector_size(64)));

/// The barriers keep the sums in registers and the loop from being computed
/// beforehand.
#define RUNE_PEAK_LOOP(Vector, multiplyAdd)                                    \
  Vector sums[chains], factor;                                                 \
  for (Vector &sum : sums)                                                     \
    sum = Vector{};                                                            \
  factor = Vector{} + 0.5f;                                                    \
  for (int64_t i = 0; i < turns; ++i) {                                        \
    _Pragma("clang loop unroll(full)") for (Vector &sum : sums) {              \
      sum = multiplyAdd(sum, factor, factor);                                  \
      asm volatile("" : "+v"(sum));                                            \
    }                                                                          \
  }

__attribute__((target("avx2,fma"))) void runEight() {
  RUNE_PEAK_LOOP(Eight, __builtin_elementwise_fma)
}
__attribute__((target("avx512f"))) void runSixteen() {
  RUNE_PEAK_LOOP(Sixteen, __builtin_elementwise_fma)
}
#undef RUNE_PEAK_LOOP
#endif

double flopsOf(void (*run)(), int lanes) {
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    auto begin = std::chrono::steady_clock::now();
    run();
    std::chrono::duration<double> time =
        std::chrono::steady_clock::now() - begin;
    best = std::max(best, 2.0 * chains * turns * lanes / time.count());
  }
  return best;
}

} // namespace

double measuredPeakFlops() {
  double best = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    best = flopsOf(runEight, 8);
  if (__builtin_cpu_supports("avx512f"))
    best = std::max(best, flopsOf(runSixteen, 16));
#endif
  return best;
}

} // namespace rune::cli
