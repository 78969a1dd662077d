// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Depthwise convolutions that work on panels of channels
// (library/fast/chain.h), and which of them take in the convolution in front,
// so that the wide image between never meets memory.
#pragma once

#include "compile/groups.h"
#include "compile/library/fast/chain.h"

namespace rune::compile {

/// How a depthwise convolution is cut, over images of two dimensions.
///
/// in      `feeder`: the convolution in front; null where it stands alone
library::ChainShape chainShape(const graph::Graph &graph,
                               const graph::Node *feeder,
                               const graph::Node &depthwise,
                               machine::Target target);

/// True if the group of a depthwise convolution can work on panels.
bool fitsPanels(const graph::Graph &graph, const Group &depthwise,
                machine::Target target);

/// True if such a group should take in the one that makes
/// its input, and what bands make twice costs less than the way through memory.
bool isWorthChaining(const graph::Graph &graph, const Group &feeder,
                     const Group &depthwise, machine::Target target);

/// The same group, as a chain.
Group chained(Group feeder, Group depthwise);

} // namespace rune::compile
