// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the operators of TensorFlow Lite Micro's signal library share: a frame
// of whole numbers of one type, shifts by multiplication.
#pragma once

#include "import/tflite/flex_options.h"

namespace rune::import {

/// Input `index`, of that element type and with that many dimensions (any for
/// -1).
///
/// errors  `import.malformed`
Result<ValueId> signalInput(const TfliteNode &node, size_t index,
                            std::string_view what, DType dtype,
                            int64_t rank = 1);

/// The size of dimension `axis`.
///
/// errors  `import.unsupported`: it is open
Result<int64_t> knownSize(const TfliteNode &node, ValueId value, size_t axis);

/// A vector of whole numbers that fit.
Result<ValueId> numbers(const TfliteNode &node, std::string_view part,
                        DType dtype, const Integers &values);
/// 2^bits of an integer type; it fits.
Result<ValueId> powerOfTwo(const TfliteNode &node, std::string_view part,
                           DType dtype, int64_t bits);
/// 2^0, 2^1 … 2^(count - 1).
Result<ValueId> powersOfTwo(const TfliteNode &node, std::string_view part,
                            DType dtype, int64_t count);
Result<ValueId> castTo(const TfliteNode &node, ValueId value, DType dtype,
                       std::string_view part);

} // namespace rune::import
