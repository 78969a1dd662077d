// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "graph/plan.h"

#include <string>

namespace rune::import {

/// A value from a file, with the name it was stored under (often empty).
struct NamedItem {
  std::string name;
  graph::Item item;
};

/// Reads a TensorProto, SequenceProto or OptionalProto, as `type` says: the
/// form of `input_0.pb` and `output_0.pb` in ONNX's test data.
///
/// errors  `file.*` · as decodeTensor and parseModel · `import.unsupported`:
///         sequences and optional values of anything but tensors and sequences
///         of them
Result<NamedItem> readItemFile(const std::string &path,
                               const graph::ValueType &type);

} // namespace rune::import
