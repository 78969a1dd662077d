// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random numbers by counting: block `n` of the stream that a key names is a
// function of both, so that any element can be computed alone, in any order,
// and is the same on every machine.
//
// source  Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3",
//         Philox4x32 with 10 rounds
#pragma once

#include <array>
#include <cstdint>

namespace rune::graph {

using PhiloxBlock = std::array<uint32_t, 4>;

inline PhiloxBlock philox(PhiloxBlock counter, uint64_t key) {
  auto low = static_cast<uint32_t>(key),
       high = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    uint64_t a = uint64_t{0xD2511F53} * counter[0];
    uint64_t b = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(b >> 32) ^ counter[1] ^ low,
               static_cast<uint32_t>(b),
               static_cast<uint32_t>(a >> 32) ^ counter[3] ^ high,
               static_cast<uint32_t>(a)};
    low += 0x9E3779B9;
    high += 0xBB67AE85;
  }
  return counter;
}

} // namespace rune::graph
