// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element types and tensors of ONNX in our terms.
//
// source  ONNX IR specification, "Tensor Definition" and "Tensor Element Types"
#pragma once

#include "graph/graph.h"
#include "import/onnx/outside_data.h"

namespace rune::onnx {
class TensorProto;
} // namespace rune::onnx

namespace rune::import {

/// The name ONNX gives an element type number, or `element type 99`.
std::string elementTypeName(int32_t number);

/// The number of an element type by its name, `float` or `FLOAT`.
std::optional<int32_t> elementTypeNumber(std::string_view name);

/// errors  `import.unsupported`: complex numbers · `import.malformed`: no such
///         number
Result<DType> elementType(int32_t number);

/// The elements of a tensor. They are not copied where their form in the
/// message is ours: raw data, and the typed fields of full-width numbers.
///
/// in      `owner` keeps `proto` alive
///         `outside`: the raw elements, where they do not stand in the message
/// errors  `import.malformed`: a negative dimension, a count that differs from
///         the dimensions, a value outside its type, both forms at once
///         `import.unsupported`: external data, segments, element types
Result<graph::Constant> decodeTensor(const onnx::TensorProto &proto,
                                     std::shared_ptr<const void> owner,
                                     const OutsideData *outside = nullptr);

} // namespace rune::import
