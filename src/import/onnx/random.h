// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where random numbers of a model come from. A layer with a `seed` gives the
// same numbers in each run. One without takes its seed from its name, and
// counts its runs in a variable: the first run of a model is the same
// everywhere, the next ones differ.
#pragma once

#include "import/onnx/compose.h"

namespace rune::import {

/// The attribute `seed`, a float but for Dropout, by its bits; nothing without.
Result<std::optional<int64_t>> seedOf(OnnxNode &node);

/// Numbers of a float type, uniform in [0, 1) or normal: of the
/// sizes that `shape` lists, or with `like` has.
Result<ValueId> randomNumbers(Composer &make, std::string_view distribution,
                              ValueId shape, bool like, DType dtype,
                              std::optional<int64_t> seed);

/// The element type that the attribute `dtype` names; `otherwise` without one.
Result<DType> statedType(OnnxNode &node, std::string_view attribute,
                         DType otherwise);

} // namespace rune::import
