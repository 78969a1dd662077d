// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constant weights in the order in which fast kernels read them, made while
// compiling: the originals are not touched in a run.
#pragma once

#include "compile/groups.h"

namespace rune::compile {

/// f32, channels last, with constant finite weights.
bool canPackConv(const graph::Graph &graph, const graph::Node &node);
/// The same with one input and one output channel in each group.
bool canPackDepthwise(const graph::Graph &graph, const graph::Node &node);
/// f32, the right side a constant matrix, the left side not transposed.
bool canPackMatMul(const graph::Graph &graph, const graph::Node &node);

/// The bias of the anchor if it is packed with the weights; one that is not
/// constant is added as any other operand.
const graph::Constant *packedBias(const graph::Graph &graph,
                                  const graph::Node &node);

/// The weights of the group's anchor, panels with zeros where the last one is
/// not full; the first row of a panel is the bias:
///
///   conv       [groups][panels][1 + taps · channels][columns of a tile]
///   depthwise  [panels][1 + taps][columns]
///   matmul     [panels][1 + inner][columns]
Bytes packWeights(const graph::Graph &graph, const Group &group,
                  machine::Target target);

} // namespace rune::compile
