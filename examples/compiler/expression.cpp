// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A function of tensors as a C++ expression, compiled when it is called.
#include "rune/jit.hpp"

#include <cstdio>

int main() {
  using rune::expr::Tensor;
  auto layer =
      rune::jit([](Tensor x, Tensor w) { return relu(matmul(x, w) - 1.0); });
  std::vector<float> x = {1, 2, 3, 4}, w = {1, 0, 0, -1};
  auto y = layer(rune::TensorRef::of(std::span(x), {2, 2}),
                 rune::TensorRef::of(std::span(w), {2, 2}));
  for (float number : (*y)[0].as<float>())
    std::printf("%g\n", static_cast<double>(number)); // 0 0 2 0
}
