// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Processors by the names that compilers give them.
#pragma once

#include "machine/target.h"

namespace rune::machine {

/// The target for a processor: the family as it is, the level that the
/// processor reaches. "native" is this one.
///
/// errors  `machine.unknown-processor`, with the nearest name
Result<Target> targetFor(Target family, std::string_view processor);

} // namespace rune::machine
