// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Samples of sound as numbers from -1 to 1: each divided by
// `i16_max_as_float`, and cut off at both ends.
//
// With the usual 32767 the lowest sample, -32768, becomes -1 by being cut off,
// as in the first system. That one declared the argument and divided by 32767
// whatever it said; here it counts.
#include "block_kit.h"

using namespace ::rune::kit;

namespace {
float loudest = 32767;
}

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {.name = "audio_float_conversion",
          .version = "0.1.0",
          .docs = "Turns 16-bit samples of sound into numbers from -1 to 1.",
          .arguments = listOf<ArgumentInfo>(
              {{.name = "i16_max_as_float",
                .docs = "What becomes 1; larger samples do as well.",
                .kind = ValueKind::Number,
                .defaultValue = Value{Value::Number{32767}}}}),
          .inputs = listOf<Port>({{.name = "samples",
                                   .docs = "Sound, of any shape.",
                                   .dtypes = dtypeNames(TypeList<int16_t>{}),
                                   .dims = {}}}),
          .outputs = listOf<Port>({{.name = "normalized",
                                    .docs = "Of the input's shape, -1 to 1.",
                                    .dtypes = dtypeNames(TypeList<float>{}),
                                    .dims = {}}})};
}

Done create(std::span<const Argument> given) {
  Arguments arguments =
      BLOCK_TRY(Arguments::check(given, metadata().arguments));
  constexpr double least = 1e-30;
  loudest = static_cast<float>(
      BLOCK_TRY(arguments.number("i16_max_as_float", least, mostFloat)));
  return {};
}

Types graph(std::span<const TensorType> inputs) {
  BLOCK_TRY(expectInputs(inputs.size(), 1));
  BLOCK_TRY(expectDtype(inputs[0], "samples", dtypeNames(TypeList<int16_t>{})));
  return listOf<TensorType>({{dtypeName<float>, inputs[0].dims}});
}

Tensors compute(std::span<const Tensor> inputs) {
  BLOCK_TRY(graph(typesOf(inputs)));
  auto in = BLOCK_TRY(elements<int16_t>(inputs[0], "samples"));
  auto out = BLOCK_TRY(output<float>(in.size(), "normalized"));
  for (size_t i = 0; i < in.size(); ++i) {
    float value = static_cast<float>(in[i]) / loudest;
    out[i] = value > 1 ? 1 : value < -1 ? -1 : value;
  }
  return listOf<Tensor>({tensorOf(out, inputs[0].dims)});
}

} // namespace exports::rune::block::block
