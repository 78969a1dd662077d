// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constant weights in the order in which fast kernels read them, made while
// compiling: the originals are not touched in a run.
#pragma once

#include "compile/groups.h"
#include "compile/library/fast/window_shape.h"

namespace rune::compile {

/// The kind of anchor whose kernel can do the node's work: f32 or integers
/// summed in i32, images with their channels last, weights and their zero
/// points constant and finite. Otherwise None.
Anchor packableAs(const graph::Graph &graph, const graph::Node &node);

/// The windows of an anchor whose kernel works on bands.
library::WindowShape windowShapeOf(const graph::Graph &graph,
                                   const graph::Node &node);

/// True for weights, bias and the weights' zero points of packed anchors: their
/// kernels know only the sizes of the originals.
bool isReadPacked(Anchor kind, size_t input);

/// The bias of the anchor if it is packed with the weights; one that is not
/// constant is added as any other operand.
const graph::Constant *packedBias(const graph::Graph &graph,
                                  const graph::Node &node);

/// The weights of the group's anchor in panels of as many columns as a tile
/// has, with zeros where the last one is not full. Elements have 32 bits; the
/// first row of a panel is the bias:
///
///   conv       [groups][panels][1 + taps · channels][columns]
///   depthwise  [blocks][1 + taps][channels of the block]
///   matmul     [panels][1 + inner][columns]
///   thin conv  [panels][1 + rows of the window · (places · channels)][columns]
///   in panels  those of the feeder, then [panels][1 + taps][columns]
///
/// Integers less their zero point in 16 bits, two in an element: neighbouring
/// channels, or taps of a depthwise convolution.
Bytes packWeights(const graph::Graph &graph, const Group &group,
                  machine::Target target);

} // namespace rune::compile
