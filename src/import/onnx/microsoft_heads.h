// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the attention operators of com.microsoft share.
#pragma once

#include "import/onnx/compose.h"

namespace rune::import {

/// The permutation between [B, T, N, H] and [B, N, T, H].
Attribute headsTurned();

/// [B, T, N · H] as [B, N, T, H].
Result<ValueId> inHeads(Composer &c, ValueId x, int64_t heads);
/// [B, N, T, H] as [B, T, N · H], the last step of a layer.
Result<ValueId> outOfHeads(Composer &c, ValueId x);

/// The last dimension, which must be known.
Result<int64_t> widthOf(const OnnxNode &node, ValueId x, std::string_view name);

/// Row by row of a table, one for each position: [positions…, width].
Result<ValueId> rowsAt(Composer &c, ValueId table, ValueId positions);

/// The size of one dimension, i64[1].
Result<ValueId> sizeAlong(Composer &c, ValueId x, int64_t axis);

/// 0, 1, … below an i64 of one element.
Result<ValueId> countingTo(Composer &c, ValueId limit);

} // namespace rune::import
