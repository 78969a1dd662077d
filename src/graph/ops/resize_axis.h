// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What resize_nearest and resize_linear share: which axes get which sizes, and
// where an index of the result stands in x.
//
// source  ONNX Resize-19 (and tf_half_pixel_for_nn of Resize-11)
#pragma once

#include "graph/ops/common.h"

namespace rune::graph {

/// Constraints 2 and 3, and of `sizes` 1. The dimensions of the result.
Result<Dims> inferResize(const InferContext &context, int64_t largest);
/// The axes without any given are all of them; for `complete`.
void completeResize(const InferContext &context,
                    std::vector<Attribute> &attributes);

/// One axis while it is resized.
struct ResizeAxis {
  int64_t size = 1;
  int64_t newSize = 1;
  std::string_view mode;

  bool aligned() const { return mode == "align_corners" && newSize > 1; }
  /// Where index `at` of the result stands in x, in float as the runtimes do.
  float place(int64_t at) const;
};

} // namespace rune::graph
