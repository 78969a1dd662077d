// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Recurrent layers that have a fast kernel: their weights are constants, packed
// for what the inputs of many steps give and for what one step gives the next.
#pragma once

#include "compile/library/fast/blocking.h"
#include "graph/graph.h"

namespace rune::compile {

/// True for lstm, gru or rnn of f32 with the usual functions (of rnn tanh,
/// sigmoid or relu) and constant weights, without limits, peepholes and
/// lengths.
bool isFastRecurrent(const graph::Graph &graph, const graph::Node &node);

library::RecurrentShape recurrentShape(const graph::Graph &graph,
                                       const graph::Node &node,
                                       int vectorBytes);

/// Bytes of a worker's scratch.
int64_t recurrentScratch(const graph::Graph &graph, const graph::Node &node,
                         int vectorBytes);

} // namespace rune::compile
