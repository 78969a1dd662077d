// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

namespace rune::runtime {

/// Random numbers that a seed fixes on every machine and in every version:
/// PCG-XSH-RR 64/32 with the stream 0xda3e39cb94b95bdb, seeded as its authors'
/// `pcg32_srandom`.
///
/// source  M. E. O'Neill, "PCG: A Family of Simple Fast Space-Efficient
///         Statistically Good Algorithms for Random Number Generation", 2014
class Pcg32 {
public:
  explicit Pcg32(uint64_t seed, uint64_t stream = 0xda3e39cb94b95bdb)
      : increment_(stream << 1 | 1) {
    next();
    state_ += seed;
    next();
  }

  uint32_t next() {
    uint64_t old = state_;
    state_ = old * 6364136223846793005u + increment_;
    auto mixed = static_cast<uint32_t>(((old >> 18) ^ old) >> 27);
    auto turn = static_cast<uint32_t>(old >> 59);
    return mixed >> turn | mixed << (-turn & 31);
  }
  uint64_t next64() {
    uint64_t low = next();
    return uint64_t{next()} << 32 | low;
  }

private:
  uint64_t state_ = 0;
  uint64_t increment_;
};

} // namespace rune::runtime
