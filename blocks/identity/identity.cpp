// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gives its inputs back: any number of tensors of any type, unchanged and not
// copied. For wiring, tests, and measuring what a stage costs.
#include "rune_block.h"

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {.name = "identity",
          .version = "0.1.0",
          .docs = "Gives its inputs back unchanged: any number of tensors of "
                  "any type and shape.",
          .arguments = {},
          .inputs = {},
          .outputs = {}};
}

::rune::wit::Result<void, Error> create(std::span<const Argument>) {
  return {};
}

::rune::wit::Result<std::span<const TensorType>, Error>
graph(std::span<const TensorType> inputs) {
  return inputs;
}

::rune::wit::Result<std::span<const Tensor>, Error>
compute(std::span<const Tensor> inputs) {
  return inputs;
}

} // namespace exports::rune::block::block
