// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the windows of a convolution over a small image begin, found while
// compiling: what library/fast/row_blocks.h reads.
#pragma once

#include "base/bytes.h"
#include "graph/graph.h"

namespace rune::compile {

/// Numbers of elements of x in 32 bits, tap by tap for all places of the
/// result; empty where the image is not small (library/fast/blocking.h).
///
/// in      `node`: a channels-last conv or conv_integer; `pitch`: elements from
///         one place of x to the next, as the kernel has it
Bytes windowTable(const graph::Graph &graph, const graph::Node &node,
                  int64_t pitch);

} // namespace rune::compile
