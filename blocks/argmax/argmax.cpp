// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The index of the largest element, counted through the whole tensor in
// row-major order; the first one where several are equal.
//
// The first system's block took f32 only and started from (0, 0.0), so that an
// input without a positive element gave 0. NaN is never the largest; where
// there is nothing else, the answer is 0.
#include "order.h"

using namespace ::rune::kit;

namespace {
uint32_t argmax(const Ordered &in) {
  uint32_t best = 0;
  uint64_t highest = in[0];
  for (uint32_t i = 1; i < in.size; ++i)
    if (uint64_t order = in[i]; order > highest) {
      highest = order;
      best = i;
    }
  return best;
}

Error emptyInput() {
  return fail("unsupported-shape", "input",
              "`input` has no elements, needed at least one");
}
} // namespace

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {
      .name = "argmax",
      .version = "0.1.0",
      .docs = "Finds the index of the largest element.",
      .arguments = {},
      .inputs = listOf<Port>({{.name = "input",
                               .docs = "Numbers, of any shape.",
                               .dtypes = dtypeNames(AllNumbers{}),
                               .dims = {}}}),
      .outputs = listOf<Port>(
          {{.name = "index",
            .docs = "Where the first of the largest elements stands, counted "
                    "through all dimensions, the last one fastest.",
            .dtypes = dtypeNames(TypeList<uint32_t>{}),
            .dims = listOf<Dimension>({fixedDimension(1)})}})};
}

Done create(std::span<const Argument> arguments) {
  BLOCK_TRY(Arguments::check(arguments, metadata().arguments));
  return {};
}

Types graph(std::span<const TensorType> inputs) {
  BLOCK_TRY(expectInputs(inputs.size(), 1));
  BLOCK_TRY(expectDtype(inputs[0], "input", dtypeNames(AllNumbers{})));
  for (const Dimension &dimension : inputs[0].dims)
    if (fixed(dimension) == 0u)
      return emptyInput();
  return listOf<TensorType>(
      {{dtypeName<uint32_t>, listOf<Dimension>({fixedDimension(1)})}});
}

Tensors compute(std::span<const Tensor> inputs) {
  BLOCK_TRY(graph(typesOf(inputs)));
  Ordered in = BLOCK_TRY(ordered(inputs[0], "input"));
  std::span<uint32_t> out = BLOCK_TRY(output<uint32_t>(1, "index"));
  out[0] = argmax(in);
  return listOf<Tensor>({tensorOf(out, listOf<uint32_t>({1}))});
}

} // namespace exports::rune::block::block
