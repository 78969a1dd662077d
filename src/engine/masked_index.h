// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Indices that a guest chooses, behind their check. A processor may guess that
// the check passed and read ahead with an index that did not; what it then
// touches shows in its caches (Spectre, variant 1). A masked index is 0 there.
#pragma once

#include <cstdint>

namespace rune::engine {

/// `index` if it is below `size`, else 0, without a branch to guess at.
///
/// in  `size` below 2^63
inline uint64_t masked(uint64_t index, uint64_t size) {
  // The compiler knows the outcome of the check, and must not use it.
  asm("" : "+r"(index));
  // All ones if the difference is negative, and not because `index` is huge.
  auto below = static_cast<int64_t>((index - size) & ~index) >> 63;
  return index & static_cast<uint64_t>(below);
}

} // namespace rune::engine
