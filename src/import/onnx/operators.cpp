// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/operators.h"

#include <algorithm>

namespace rune::import {

#define RUNE_ONNX_OPERATOR(name, outputs, ...)                                 \
  Imported import##name(OnnxNode &);
#include "import/onnx/operators.def"
#undef RUNE_ONNX_OPERATOR

namespace {

#define RUNE_ONNX_OPERATOR(name, outputs, ...)                                 \
  constexpr int64_t since##name[] = {__VA_ARGS__};
#include "import/onnx/operators.def"
#undef RUNE_ONNX_OPERATOR

constexpr OnnxOperator operators[] = {
#define RUNE_ONNX_OPERATOR(name, outputs, ...)                                 \
  {#name, outputs, since##name, import##name},
#include "import/onnx/operators.def"
#undef RUNE_ONNX_OPERATOR
};

} // namespace

std::span<const OnnxOperator> onnxOperators() { return operators; }

const OnnxOperator *findOperator(std::string_view name) {
  auto found =
      std::ranges::lower_bound(operators, name, {}, &OnnxOperator::name);
  return found != std::end(operators) && found->name == name ? found : nullptr;
}

} // namespace rune::import
