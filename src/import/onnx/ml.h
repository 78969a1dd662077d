// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the operators of ai.onnx.ml share: class labels, numbers out of
// attributes, and what becomes of scores at the end.
#pragma once

#include "import/onnx/compose.h"

namespace rune::import {

/// The attribute `name`; empty where it is not there.
Result<std::vector<double>> mlNumbers(OnnxNode &node, std::string_view name);
Result<Integers> mlIntegers(OnnxNode &node, std::string_view name);
/// The elements of the tensor `name` and their type; nothing where it is not
/// there.
struct MlTensor {
  DType dtype = DType::F32;
  std::vector<double> values;
};
Result<std::optional<MlTensor>> mlTensor(OnnxNode &node, std::string_view name);

/// A vector of texts.
ValueId mlTexts(Composer &make, const std::vector<std::string> &texts);

/// The class labels, integers or texts, as a vector; noValue without any.
struct MlLabels {
  ValueId values = noValue;
  size_t count = 0;
  /// The integers.
  Integers numbers;
};
Result<MlLabels> mlLabels(Composer &make, std::string_view integers,
                          std::string_view texts);

/// What `post_transform` says, of scores [N, C]: NONE, LOGISTIC, SOFTMAX,
/// SOFTMAX_ZERO or PROBIT.
///
/// errors  another word
Result<ValueId> postTransform(Composer &make, ValueId scores,
                              std::string_view transform);
Result<std::string> postTransformOf(OnnxNode &node);

/// x as f64 if it is f64 or an integer, else as f32.
Result<ValueId> mlReal(Composer &make, ValueId x);

} // namespace rune::import
