// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and FULLY_CONNECTED share: a
// sum of products in floats, or in integers that are brought to the scale of
// the result.
#pragma once

#include "import/tflite/requantize.h"
#include "import/tflite/window.h"

namespace rune::import {

/// What the element types of a layer make of it.
enum class SumKind : uint8_t {
  Float,
  /// Floats by quantised weights.
  Hybrid,
  Integer
};

/// errors  `import.unsupported`: other pairs of types
Result<SumKind> sumKindOf(const TfliteNode &node, ValueId x, ValueId weights);

/// A layer of products: conv and matmul, on floats or integers.
struct Products {
  Op op;
  Op integerOp;
  /// Which inputs of the layer.
  size_t input = 0;
  size_t weights = 1;
  size_t bias = 2;
  /// x and the weights as `op` takes them.
  ValueId x = noValue;
  ValueId kernel = noValue;
  /// Which dimension of `kernel` counts the output channels.
  int64_t kernelChannel = 0;
  /// Which dimension of the result does.
  int64_t channel = 0;
  std::vector<Attribute> attributes;
  Activation activation = Activation::None;
};

/// The products, plus bias, activated; in integers requantised.
///
/// errors  `import.malformed`: scales and types that do not fit together
/// source  TensorFlow Lite's quantisation specification: int8 with a scale for
///         each channel, uint8 with one, int16 by int8 in 64-bit sums
Result<ValueId> importProducts(const TfliteNode &node, Products products);

} // namespace rune::import
