// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// softmax(x)[i] = exp(x[i] - max) / Σ exp(x[j] - max), over all elements of the
// tensor, whatever its shape.
//
// The first system's block added up exp(x[i]) itself, which overflows f32 from
// x = 89 on; with the maximum taken off the result is the same where that one
// had a finite one. Exponentials and sum are f64. A NaN, a +inf, or nothing but
// -inf makes every element NaN, as IEEE arithmetic has it.
#include "block_kit.h"

#include <cmath>

using namespace ::rune::kit;

namespace {
using Allowed = TypeList<float, double>;

template <class T> void softmax(const Elements<T> &in, std::span<T> out) {
  double highest = -__builtin_inf();
  for (size_t i = 0; i < in.size(); ++i)
    if (in[i] > highest)
      highest = in[i];
  double sum = 0;
  for (size_t i = 0; i < in.size(); ++i) {
    double power = std::exp(static_cast<double>(in[i]) - highest);
    sum += power;
    out[i] = static_cast<T>(power);
  }
  for (T &value : out)
    value = static_cast<T>(value / sum);
}
} // namespace

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {
      .name = "softmax",
      .version = "0.1.0",
      .docs = "Turns scores into probabilities: each element's exponential, "
              "divided by the sum of all.",
      .arguments = {},
      .inputs = listOf<Port>({{.name = "input",
                               .docs = "Scores, of any shape.",
                               .dtypes = dtypeNames(Allowed{}),
                               .dims = {}}}),
      .outputs =
          listOf<Port>({{.name = "probabilities",
                         .docs = "Of the input's type and shape; the sum is 1.",
                         .dtypes = dtypeNames(Allowed{}),
                         .dims = {}}})};
}

Done create(std::span<const Argument> arguments) {
  BLOCK_TRY(Arguments::check(arguments, metadata().arguments));
  return {};
}

Types graph(std::span<const TensorType> inputs) {
  BLOCK_TRY(expectInputs(inputs.size(), 1));
  BLOCK_TRY(expectDtype(inputs[0], "input", dtypeNames(Allowed{})));
  return inputs;
}

template <class T> static Tensors run(const Tensor &input) {
  Elements<T> in = BLOCK_TRY(elements<T>(input, "input"));
  std::span<T> out = BLOCK_TRY(output<T>(in.size(), "probabilities"));
  softmax(in, out);
  return listOf<Tensor>({tensorOf(out, input.dims)});
}

Tensors compute(std::span<const Tensor> inputs) {
  BLOCK_TRY(graph(typesOf(inputs)));
  return computeAs(Allowed{}, inputs[0].dtype,
                   [&]<class T>(As<T>) { return run<T>(inputs[0]); });
}

} // namespace exports::rune::block::block
