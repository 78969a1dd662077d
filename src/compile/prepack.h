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

/// The weights of the group's anchor, 64-byte aligned panels with zeros where
/// the last one is not full:
///
///   conv       [groups][panels][taps][channels][columns of a tile]
///   depthwise  [panels][taps][columns]
///   matmul     [panels][inner][columns]
Bytes packWeights(const graph::Graph &graph, const Group &group,
                  machine::Target target);

} // namespace rune::compile
