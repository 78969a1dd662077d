// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bytes as one text: up to the first NUL, where there is one.
//
// As in the first system. Bytes that are no UTF-8 were a panic there.
#include "block_kit.h"
#include "utf8.h"

using namespace ::rune::kit;

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {
      .name = "utf8_decode",
      .version = "0.1.0",
      .docs = "Turns bytes into a text.",
      .arguments = {},
      .inputs = listOf<Port>(
          {{.name = "bytes",
            .docs = "UTF-8, of any shape; what follows a NUL does not count.",
            .dtypes = dtypeNames(TypeList<uint8_t>{}),
            .dims = {}}}),
      .outputs =
          listOf<Port>({{.name = "string",
                         .docs = "The text.",
                         .dtypes = listOf<std::string_view>({"utf8"}),
                         .dims = listOf<Dimension>({fixedDimension(1)})}})};
}

Done create(std::span<const Argument> arguments) {
  BLOCK_TRY(Arguments::check(arguments, metadata().arguments));
  return {};
}

Types graph(std::span<const TensorType> inputs) {
  BLOCK_TRY(expectInputs(inputs.size(), 1));
  BLOCK_TRY(expectDtype(inputs[0], "bytes", dtypeNames(TypeList<uint8_t>{})));
  return listOf<TensorType>({{"utf8", listOf<Dimension>({fixedDimension(1)})}});
}

Tensors compute(std::span<const Tensor> inputs) {
  BLOCK_TRY(graph(typesOf(inputs)));
  BLOCK_TRY(expectData(inputs[0], "bytes", 1));
  std::span<const uint8_t> data = inputs[0].data;
  std::string_view text(reinterpret_cast<const char *>(data.data()),
                        data.size());
  text = text.substr(0, text.find('\0'));
  if (size_t end = utf8End(text); end < text.size())
    return fail("invalid-input", "bytes", "byte ", Digits(end),
                " of `bytes` is not UTF-8");
  auto out = BLOCK_TRY(outputBytes(uint64_t{4} + text.size(), "string"));
  appendText(out.data(), text);
  return listOf<Tensor>({{"utf8", listOf<uint32_t>({1}), out}});
}

} // namespace exports::rune::block::block
