// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pow(a, b) = a^b. Integers wrap; to a negative power they are divided towards
// zero, and 0 is refused.
//
// source  ONNX Pow-15
#include "graph/ops/arithmetic.h"

#include <cmath>

namespace rune::graph {

/// Nothing for a negative power of 0.
template <class T> static std::optional<T> power(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if constexpr (std::is_signed_v<T>)
      if (b < 0) {
        if (a == 0)
          return std::nullopt;
        bool odd = (static_cast<uint64_t>(b) & 1) != 0;
        return a == 1 ? T(1) : a == -1 ? T(odd ? -1 : 1) : T(0);
      }
    T result = 1;
    for (auto left = static_cast<uint64_t>(b); left != 0; left >>= 1) {
      if (left & 1)
        result = mulWrapping(result, a);
      a = mulWrapping(a, a);
    }
    return result;
  } else {
    return std::pow(a, b);
  }
}

static Result<Tensors> evaluate(const EvalContext &context) {
  bool refused = false;
  Tensors results =
      RUNE_TRY(evaluateArithmetic(context, [&]<class T>(T a, T b) -> T {
        auto result = power(a, b);
        refused |= !result;
        return result.value_or(T(0));
      }));
  // pow.3: no integer 0 has a negative power
  if (refused)
    return context.fail(3, "a negative power of 0");
  return results;
}

OpDefinition definePow() {
  return {{2, 2}, {1, 1}, {}, inferBroadcast, evaluate};
}

} // namespace rune::graph
