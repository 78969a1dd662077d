// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the importers of shape operators share: lists that are attributes in old
// versions and inputs since, and shapes put together from sizes of a tensor.
#pragma once

#include "import/onnx/node.h"

namespace rune::import {

/// An i32 or i64 input as i64.
///
/// errors  `import.malformed`: another element type
Result<ValueId> asInt64(OnnxNode &node, ValueId value, std::string_view name);
/// The same for a list: a vector whose length is known; a scalar becomes one.
Result<ValueId> asList(OnnxNode &node, ValueId value, std::string_view name);

/// The list `name`: an attribute before version `since`, then input
/// `index`; noValue if it is not given.
Result<ValueId> listOf(OnnxNode &node, std::string_view name, size_t index,
                       int64_t since);

/// The sizes of `x` from dimension `start` to before `end`; a constant
/// where they are known.
Result<ValueId> sizesOf(OnnxNode &node, ValueId x, int64_t start, int64_t end,
                        std::string_view part);
/// The same of one dimension, as a scalar.
Result<ValueId> sizeOf(OnnxNode &node, ValueId x, int64_t axis,
                       std::string_view part);

/// A size made of a dimension of `x`, times a factor, divided by a divisor. A
/// name stays where both are 1.
struct NewSize {
  /// A dimension of x, or -1: then `times` is the size.
  int64_t of = -1;
  int64_t times = 1;
  int64_t by = 1;
};
/// The list of such sizes.
Result<ValueId> shapeOf(OnnxNode &node, ValueId x,
                        const std::vector<NewSize> &sizes,
                        std::string_view part);
/// `x` under other sizes.
Result<ValueId> reshaped(OnnxNode &node, ValueId x,
                         const std::vector<NewSize> &sizes,
                         std::string_view part);

} // namespace rune::import
