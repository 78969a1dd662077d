// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Single numbers of any element type, for the constants importers add.
#pragma once

#include "base/tensor.h"

namespace rune::import {

/// A scalar of a float or integer type; floats are rounded to nearest, ties to
/// even. For integers `value` must be one of the type.
Tensor scalarOf(DType dtype, double value);

/// True if `value` is exactly a number of the type; always, for floats; never,
/// for text and the small kinds.
bool isNumberOf(DType dtype, double value);

/// The largest finite number of a float type.
double largestOf(DType dtype);

/// The only element, as a double; nothing for text, the small kinds and
/// for other counts.
std::optional<double> scalarIn(const TensorView &tensor);

} // namespace rune::import
