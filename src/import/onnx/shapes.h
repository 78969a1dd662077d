// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small changes of shape that several importers need.
#pragma once

#include "import/onnx/node.h"

namespace rune::import {

/// `x` in the sizes `shape`, as Reshape reads them: 0 copies, one -1 is what is
/// left over.
Result<ValueId> reshaped(OnnxNode &node, ValueId x, const Integers &shape,
                         std::string_view part);

/// `x` with a dimension of 1 before `axis`.
Result<ValueId> unsqueezed(OnnxNode &node, ValueId x, int64_t axis,
                           std::string_view part);

/// Element `index` along `axis`, without that dimension.
Result<ValueId> elementAt(OnnxNode &node, ValueId x, int64_t axis,
                          int64_t index, std::string_view part);

/// [begin, end) along `axis`; both may be negative or too large, as Slice's.
Result<ValueId> sliced(OnnxNode &node, ValueId x, int64_t axis, int64_t begin,
                       int64_t end, std::string_view part);

/// [B, T, heads · D] as [B, T, heads, D].
///
/// errors  the last dimension does not divide
Result<ValueId> splitHeads(OnnxNode &node, ValueId x, int64_t heads,
                           std::string_view part);
/// [B, T, H, D] as [B, T, H · D].
Result<ValueId> mergeHeads(OnnxNode &node, ValueId x, std::string_view part);

/// `x` as `dtype`; itself where it is that already.
Result<ValueId> casted(OnnxNode &node, ValueId x, DType dtype,
                       std::string_view part);

} // namespace rune::import
