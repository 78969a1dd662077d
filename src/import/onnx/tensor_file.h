// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/tensor.h"

#include <string>

namespace rune::import {

/// A tensor from a file, with the name it was stored under (often empty).
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// Reads one TensorProto, the form of `input_0.pb` and `output_0.pb` in ONNX's
/// test data.
///
/// errors  `file.*` · as decodeTensor and parseModel
Result<NamedTensor> readTensorFile(const std::string &path);

} // namespace rune::import
