// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory for packed weights: those of many megabytes lie in huge pages where
// the system has them. A product of large matrices walks through panels that
// stand a page or more apart; addresses in small pages cost it some percent.
#pragma once

#include "base/bytes.h"

#include <cstddef>

namespace rune::compile {

/// No bytes, with room for so many: what is appended up to there stays where it
/// is.
Bytes roomForWeights(size_t bytes);

} // namespace rune::compile
