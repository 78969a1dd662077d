// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "import/onnx/node.h"

namespace rune::import {

/// The window that a convolution or a pool moves over the spatial dimensions,
/// with all pads as numbers.
struct Window {
  Integers strides;
  Integers dilations;
  /// All begins, then all ends.
  Integers pads;
  /// SAME_* and VALID fix the size of the result, whatever `ceil_mode` says.
  bool automatic = false;
};

/// Reads strides, pads, auto_pad and, where `dilated`, dilations.
///
/// in      `x` [N, C, D1, …]; one size of the kernel for each D
/// result  SAME_UPPER and SAME_LOWER as pads: ⌈D/stride⌉ places, the odd pad at
///         the end or at the beginning; VALID as none
/// errors  lists of the wrong length, numbers out of range, explicit pads
/// beside
///         auto_pad · unsupported: SAME_* with stride over a dimension that is
///         not known
/// source  ONNX operators, Conv and MaxPool, "auto_pad"
Result<Window> readWindow(OnnxNode &node, ValueId x, const Integers &kernel,
                          bool dilated);

/// `kernel_shape`, checked against the rank of `x`; nothing where it is not
/// given.
///
/// errors  fewer than three dimensions · the wrong length · sizes below 1
Result<std::optional<Integers>> readKernel(OnnxNode &node, ValueId x);

/// The attributes of ours for a convolution of `x` [N, C, D1, …] with `weights`
/// [M, C/group, k1, …]: window and groups.
///
/// errors  readWindow · `kernel_shape` other than that of the weights ·
///         unsupported: weights of sizes that nobody states
Result<std::vector<Attribute>> readConvolution(OnnxNode &node, ValueId x,
                                               ValueId weights);

} // namespace rune::import
