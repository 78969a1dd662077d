// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "check/checking.h"

namespace rune::check {

/// The arguments of a capability as numbers. Pixel formats are 0 (RGB), 1 (BGR)
/// and 2 (GrayScale). Unknown arguments are warned of and kept.
///
/// source  the first system's capabilities
void readCapabilityArguments(Checking &checking, size_t stage);

} // namespace rune::check
