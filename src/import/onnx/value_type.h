// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a file says of a value, in our terms.
//
// source  ONNX IR specification, "Types"
#pragma once

#include "graph/graph.h"

namespace rune::onnx {
class TypeProto;
class ValueInfoProto;
} // namespace rune::onnx

namespace rune::import {

/// Names of dimensions of a sequence's tensors say nothing: each tensor has its
/// own.
///
/// errors  `import.malformed`: no type · `import.unsupported`: maps, sparse and
///         opaque values, sequences of anything but tensors, element types
///         `import.limit`: too many dimensions or elements
Result<graph::ValueType> valueTypeOf(const onnx::TypeProto &type);
/// The same, with the name of the value in the message.
Result<graph::ValueType> valueTypeOf(const onnx::ValueInfoProto &info);

} // namespace rune::import
