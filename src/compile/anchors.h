// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that have a fast kernel without weights to pack: products of two
// operands that only the run knows, and what works row by row. All on f32; what
// is not described here calls its plain kernel.
#pragma once

#include "compile/groups.h"

namespace rune::compile {

/// The kind of such a node; None for all others.
Anchor unpackedAnchor(const graph::Graph &graph, const graph::Node &node);

/// Bytes of scratch of one worker.
int64_t unpackedScratch(const graph::Graph &graph, const graph::Node &node,
                        Anchor kind, int vectorBytes);

} // namespace rune::compile
