// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// 1 if the first element is larger than `threshold`, 0 otherwise.
//
// The first system's block looked at no element but the first, and models with
// one score rely on it. A NaN is larger than nothing, and gives 0.
#include "block_kit.h"

using namespace ::rune::kit;

namespace {
float threshold = 0.5F;

Error emptyInput() {
  return fail("unsupported-shape", "scores",
              "`scores` has no elements, needed at least one");
}
} // namespace

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {.name = "binary_classification",
          .version = "0.1.0",
          .docs = "Says whether the first element is larger than a threshold.",
          .arguments = listOf<ArgumentInfo>(
              {{.name = "threshold",
                .docs = "What the score has to be larger than.",
                .kind = ValueKind::Number,
                .defaultValue = Value{Value::Number{0.5}}}}),
          .inputs = listOf<Port>(
              {{.name = "scores",
                .docs = "Of any shape; only the first element counts.",
                .dtypes = dtypeNames(TypeList<float>{}),
                .dims = {}}}),
          .outputs = listOf<Port>(
              {{.name = "class",
                .docs = "1 if the score is larger than the threshold, else 0.",
                .dtypes = dtypeNames(TypeList<uint32_t>{}),
                .dims = listOf<Dimension>({fixedDimension(1)})}})};
}

Done create(std::span<const Argument> given) {
  Arguments arguments =
      BLOCK_TRY(Arguments::check(given, metadata().arguments));
  threshold = static_cast<float>(
      BLOCK_TRY(arguments.number("threshold", -mostFloat, mostFloat)));
  return {};
}

Types graph(std::span<const TensorType> inputs) {
  BLOCK_TRY(expectInputs(inputs.size(), 1));
  BLOCK_TRY(expectDtype(inputs[0], "scores", dtypeNames(TypeList<float>{})));
  for (const Dimension &dimension : inputs[0].dims)
    if (fixed(dimension) == 0U)
      return emptyInput();
  return listOf<TensorType>(
      {{dtypeName<uint32_t>, listOf<Dimension>({fixedDimension(1)})}});
}

Tensors compute(std::span<const Tensor> inputs) {
  BLOCK_TRY(graph(typesOf(inputs)));
  auto in = BLOCK_TRY(elements<float>(inputs[0], "scores"));
  auto out = BLOCK_TRY(output<uint32_t>(1, "class"));
  out[0] = in[0] > threshold;
  return listOf<Tensor>({tensorOf(out, listOf<uint32_t>({1}))});
}

} // namespace exports::rune::block::block
