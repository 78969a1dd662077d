// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cutting tensors into pieces and joining them, for the operators of the plan:
// blocks of elements that stand side by side move at once, whatever their type.
#pragma once

#include "graph/budget.h"

#include <functional>

namespace rune::graph {

/// `count` elements from place `from` of tensor `source` to place `to`.
using CopyBlock =
    std::function<void(size_t source, int64_t from, int64_t to, int64_t count)>;

/// A new tensor, paid, which `move` fills by copying blocks.
///
/// errors  `evaluate.memory-limit`; what `move` says
Result<Tensor>
moveBlocks(Budget &budget, DType dtype, std::vector<int64_t> sizes,
           std::span<const TensorView> sources,
           const std::function<Result<>(const CopyBlock &)> &move);

/// The pieces one behind the other along `axis`; all other sizes are equal.
Result<Tensor> joinPieces(Budget &budget, std::span<const TensorView> pieces,
                          size_t axis);
/// The pieces, all of `sizes`, along a new `axis`. None give a size of 0.
Result<Tensor> stackPieces(Budget &budget, DType dtype,
                           std::vector<int64_t> sizes,
                           std::span<const TensorView> pieces, size_t axis);
/// Positions [begin, begin + count) along `axis`; the axis goes if not `keep`,
/// count being 1.
Result<Tensor> cutPiece(Budget &budget, const TensorView &from, size_t axis,
                        int64_t begin, int64_t count, bool keep);

} // namespace rune::graph
