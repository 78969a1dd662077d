// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "import/tflite/node.h"

namespace rune::import {

/// Pieces of one tensor.
constexpr size_t maxSplits = 4096;

struct TfliteOperator {
  int32_t code;
  /// As the format writes it, `CONV_2D`.
  std::string_view name;
  /// The newest version whose changes are known here.
  int32_t newest;
  size_t outputs;
  /// What is imported of it: f32 i8 u8 i16 hybrid ….
  std::string_view kinds;
  Imported (*import)(TfliteNode &);

  /// True for those that run other graphs of the file: what these read and give
  /// is for them to say.
  bool callsGraphs() const;
};

/// All of operators.def, by name.
std::span<const TfliteOperator> tfliteOperators();
/// Null if Rune does not import it.
const TfliteOperator *findOperator(const TfliteOperatorCode &code);

} // namespace rune::import
