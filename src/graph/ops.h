// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The enumerators of the closed list. Apart from graph.h, so that a new
// operator makes only those compile again who name operators.
#pragma once

#include "graph/graph.h"

namespace rune::graph {

enum class Op : uint16_t {
#define RUNE_OP(enumerator, name, version) enumerator,
#include "graph/ops.def"
#undef RUNE_OP
};

} // namespace rune::graph
