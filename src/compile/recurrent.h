// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Recurrent layers that have a fast kernel: their weights are constants, packed
// for what the inputs of many steps give and for what one step gives the next.
#pragma once

#include "compile/library/fast/blocking.h"
#include "graph/graph.h"

namespace rune::compile {

/// True for a layer of f32 with the usual functions and constant weights,
/// without limits, peepholes and lengths.
bool isFastLstm(const graph::Graph &graph, const graph::Node &node);

library::LstmShape lstmShape(const graph::Graph &graph, const graph::Node &node,
                             int vectorBytes);

} // namespace rune::compile
