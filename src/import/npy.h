// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors in files of other kinds than ONNX's: numpy's .npy, and bare bytes.
#pragma once

#include "base/tensor.h"

namespace rune::import {

/// One array in C order, little endian.
///
/// errors  `verify.bad-file`: damaged, Fortran order, big endian, an element
///         type without counterpart, more or fewer bytes than the shape needs
/// source  numpy.lib.format, versions 1 to 3
Result<Tensor> parseNpy(ByteSpan file);

/// The bytes of a tensor of that type and nothing else. One size may be open:
/// it follows from their number.
///
/// errors  `verify.bad-file`: a number of bytes that the type cannot have
Result<Tensor> tensorOfBytes(const TensorType &type, ByteSpan bytes);

} // namespace rune::import
