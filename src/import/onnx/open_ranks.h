// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layers whose import depends on a number of dimensions that only the run
// knows: ONNX has `If` give tensors of different ranks, and what follows takes
// axes from the end or is composed per dimension. Such a layer is imported once
// for each rank that it takes, and branches on the rank choose in the run.
#pragma once

#include "import/onnx/bodies.h"

#include <string>

namespace rune::import {

/// Ranks that are tried; of more dimensions no value may be in the run.
constexpr size_t mostOpenRank = 8;

/// The layer in the frame of `bodies` and `builder`, from these inputs.
using ImportLayer = std::function<Result<Bodies::Values>(
    Bodies &bodies, graph::GraphBuilder &builder, Bodies::Values inputs)>;

/// Imports a layer by the rank of `inputs[open]`, which is not known yet.
///
/// result  as that of `layer`; noValue where it gives none
/// errors  where no rank fits: what the layer says of the greatest rank
Result<Bodies::Values> importByRank(Bodies &bodies,
                                    graph::GraphBuilder &builder,
                                    const std::string &name,
                                    const Bodies::Values &inputs, size_t open,
                                    const ImportLayer &layer);

} // namespace rune::import
