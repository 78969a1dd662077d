// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions of angles and of hyperbolas, and their inverses; outside of
// their domain NaN.
//
// source  ONNX Tan-22, Asin-22, Acos-22, Atan-22, Sinh-22, Cosh-22, Asinh-22,
//         Acosh-22, Atanh-22
#include "graph/ops/unary.h"

#include <cmath>

namespace rune::graph {

/// One operator, one function of <cmath>.
#define RUNE_FUNCTION(Name, function)                                          \
  static Result<Tensors> evaluate##Name(const EvalContext &context) {          \
    return evaluateFloats(context, [](auto x) { return std::function(x); });   \
  }                                                                            \
  OpDefinition define##Name() {                                                \
    return {{1, 1}, {1, 1}, {}, inferFloats, evaluate##Name};                  \
  }

RUNE_FUNCTION(Tan, tan)
RUNE_FUNCTION(Asin, asin)
RUNE_FUNCTION(Acos, acos)
RUNE_FUNCTION(Atan, atan)
RUNE_FUNCTION(Sinh, sinh)
RUNE_FUNCTION(Cosh, cosh)
RUNE_FUNCTION(Asinh, asinh)
RUNE_FUNCTION(Acosh, acosh)
RUNE_FUNCTION(Atanh, atanh)
// erf(x) = 2/√π ∫ e^-t² from 0 to x (ONNX Erf-13)
RUNE_FUNCTION(Erf, erf)

#undef RUNE_FUNCTION

} // namespace rune::graph
