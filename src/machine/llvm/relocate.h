// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The relocations that our code models leave in an object file, by processor
// (the psABI supplements of x86-64, AArch64 and RISC-V).
#pragma once

#include "machine/target.h"

#include <functional>

namespace rune::machine {

/// One relocation, with all places counted from the start of the blob.
struct Relocation {
  /// The bytes to change.
  uint8_t *at;
  uint64_t place;
  /// Symbol and addend.
  uint64_t target;
  uint64_t type;
};

/// Resolves one.
///
/// in      `highPart`: RISC-V only, from the place of an `auipc` to the target
///         of its relocation
/// errors  `machine.internal`: of a kind that needs an address, or out
///         of range
Result<> relocate(Family family, const Relocation &relocation,
                  const std::function<uint64_t(uint64_t)> &highPart);

} // namespace rune::machine
