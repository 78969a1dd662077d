// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// div(a, b) = a / b with numpy's broadcasting. Integers are divided towards
// zero; the smallest one by -1 wraps to itself.
//
// source  ONNX Div-14
#include "graph/known_elements.h"
#include "graph/ops/arithmetic.h"

namespace rune::graph {

template <class T> static T divide(T a, T b) {
  if constexpr (std::is_signed_v<T> && std::is_integral_v<T>)
    if (b == -1)
      return subWrapping<T>(0, a);
  return static_cast<T>(a / b);
}

static Result<Tensors> evaluate(const EvalContext &context) {
  bool byZero = false;
  auto result = evaluateArithmetic(context, [&]<class T>(T a, T b) -> T {
    if (std::is_integral_v<T> && b == 0)
      return byZero = true, T(0);
    return divide(a, b);
  });
  // div.3: no integer is divided by zero
  if (byZero)
    return context.fail(3, "an integer is divided by zero");
  return result;
}

/// Of sizes.
static std::optional<Dims> elements(const InferContext &context) {
  return pairElements(context, [](const Dim &a, const Dim &b) -> Dim {
    if (b == Dim(1))
      return a;
    bool fixed = a.isFixed() && b.isFixed() && b.size() > 0;
    return fixed ? Dim(a.size() / b.size()) : Dim::unknown();
  });
}

OpDefinition defineDiv() {
  return {{2, 2},   {1, 1},  {},    inferBroadcast,
          evaluate, nullptr, false, elements};
}

} // namespace rune::graph
