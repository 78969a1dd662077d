// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What machine code is made for, in words that need no LLVM: a processor family
// and a level of it. Code runs only where the level is reached, which is how
// code from a cache or a file never meets an instruction it does not know.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace rune::machine {

enum class Family : uint8_t {
  X86_64 = 1,
  AArch64 = 2,
  RiscV64 = 3,
  Wasm32 = 4
};

/// Added to a level whose processors have dot products of four 8-bit integers:
/// AVX-VNNI on top of v3, AVX512-VNNI on top of v4, FEAT_DotProd of AArch64.
constexpr uint8_t withDots = 16;

struct Target {
  Family family;
  /// x86-64: 2 to 4, the psABI's levels (v2: SSE4.2; v3: AVX2; v4: AVX-512).
  /// Others: 0, the family's base with vectors where it has them; of
  /// WebAssembly 2.0 with SIMD. `withDots` may be added.
  uint8_t level = 0;

  bool operator==(const Target &) const = default;
  constexpr uint8_t base() const { return level % withDots; }
  constexpr bool hasDots() const { return level >= withDots; }
  /// "x86_64-linux-v3"
  std::string str() const;
};

/// What this process runs on.
Target hostTarget();

/// "x86_64-linux", with a level as "x86_64-linux-v3"; without one the lowest.
///
/// errors  `machine.unknown-target` names those there are
Result<Target> parseTarget(std::string_view text);

/// Whether code for `code` runs on `machine`. Dot products of v3 are other
/// instructions than those of v4: code with them runs on its very level.
bool runsOn(Target code, Target machine);

} // namespace rune::machine
