// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A product of one row takes as long as its weights take to be read. Models
// state them in 16, 8 or 4 bits and turn them into f32 in the graph; once that
// is computed, what they were is to be seen in the numbers themselves. So
// whatever way they came, they are packed in as few bits as hold them without
// loss.
#pragma once

#include "compile/groups.h"

namespace rune::compile {

/// The narrowest kernel that reads the constant weights of a product of one row
/// of f32: RowI4, RowBF16, RowF16; None where f32 it is, or where there are
/// few.
Anchor narrowRow(const graph::Graph &graph, const graph::Node &node);

/// True for a product of one row of 8-bit integers by many constant weights.
/// The zero point of the row may be one that the run knows.
bool isByteRow(const graph::Graph &graph, const graph::Node &node);

/// The panels of such a kernel (library::Panels, library::NibblePanels,
/// library::BytePanels), with the bias.
Bytes packNarrowRow(const graph::Graph &graph, const graph::Node &node,
                    Anchor kind, size_t width);

/// Bytes of a worker's scratch.
int64_t narrowRowScratch(Anchor kind, int64_t inner);

} // namespace rune::compile
