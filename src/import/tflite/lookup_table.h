// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of quantised numbers as tables, made here so that every device that
// runs the model reads the same numbers.
#pragma once

#include "import/tflite/requantize.h"

#include <functional>

namespace rune::import {

/// How numbers of a table's argument and result stand for real ones.
struct TableScales {
  double scale = 1;
  int32_t zeroPoint = 0;
  double resultScale = 1;
  int32_t resultZeroPoint = 0;
};

/// 513 samples of a function over all 16-bit numbers, for interpolation; each
/// is moved by half the error that the line to the next has in its middle.
///
/// source  TensorFlow Lite's lookup tables for int16
Result<ValueId>
interpolationTable(const TfliteNode &node, std::string_view part,
                   const TableScales &scales,
                   const std::function<double(double)> &function);

/// The result of `function` for each number of an 8-bit type, in order; its
/// argument and result are numbers of that type.
Result<ValueId> byteTable(const TfliteNode &node, std::string_view part,
                          DType dtype,
                          const std::function<int64_t(int64_t)> &function);
/// The same for 16 bits.
Result<ValueId> wordTable(const TfliteNode &node, std::string_view part,
                          const std::function<int64_t(int64_t)> &function);

} // namespace rune::import
