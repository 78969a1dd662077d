// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// (v - lowest) / (highest - lowest), where lowest and highest are those of the
// whole tensor. A tensor of equal elements stays as it is.
//
// As in the first system everything is computed in f32. A range that f32 cannot
// hold, from -3e38 to 3e38, gave zeros there; here both ends are halved first.
// That one stopped at a tensor without elements. A NaN stays one, and does not
// count for the range.
#include "block_kit.h"

using namespace ::rune::kit;

namespace {
struct Range {
  float lowest, highest;
};

template <class T> Range rangeOf(const Elements<T> &in) {
  Range range{__builtin_inff(), -__builtin_inff()};
  for (size_t i = 0; i < in.size(); ++i) {
    auto value = static_cast<float>(in[i]);
    if (value < range.lowest)
      range.lowest = value;
    if (value > range.highest)
      range.highest = value;
  }
  return range;
}

template <class T> void normalize(const Elements<T> &in, std::span<float> out) {
  auto [lowest, highest] = rangeOf(in);
  bool tooWide = highest - lowest > static_cast<float>(mostFloat) &&
                 highest <= static_cast<float>(mostFloat) &&
                 lowest >= -static_cast<float>(mostFloat);
  float scale = tooWide ? 0.5F : 1;
  float least = lowest * scale, width = highest * scale - least;
  for (size_t i = 0; i < out.size(); ++i) {
    auto value = static_cast<float>(in[i]);
    out[i] = highest > lowest ? (value * scale - least) / width : value;
  }
}
} // namespace

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {.name = "normalize",
          .version = "0.1.0",
          .docs = "Maps the numbers of a tensor to 0..1: its lowest to 0 and "
                  "its highest to 1.",
          .arguments = {},
          .inputs = listOf<Port>({{.name = "input",
                                   .docs = "Numbers, of any shape.",
                                   .dtypes = dtypeNames(AllNumbers{}),
                                   .dims = {}}}),
          .outputs = listOf<Port>(
              {{.name = "normalized",
                .docs = "Of the input's shape, 0 to 1; the input itself where "
                        "all elements are equal.",
                .dtypes = dtypeNames(TypeList<float>{}),
                .dims = {}}})};
}

Done create(std::span<const Argument> arguments) {
  BLOCK_TRY(Arguments::check(arguments, metadata().arguments));
  return {};
}

Types graph(std::span<const TensorType> inputs) {
  BLOCK_TRY(expectInputs(inputs.size(), 1));
  BLOCK_TRY(expectDtype(inputs[0], "input", dtypeNames(AllNumbers{})));
  return listOf<TensorType>({{dtypeName<float>, inputs[0].dims}});
}

template <class T> static Tensors run(const Tensor &input) {
  Elements<T> in = BLOCK_TRY(elements<T>(input, "input"));
  std::span<float> out = BLOCK_TRY(output<float>(in.size(), "normalized"));
  normalize(in, out);
  return listOf<Tensor>({tensorOf(out, input.dims)});
}

Tensors compute(std::span<const Tensor> inputs) {
  BLOCK_TRY(graph(typesOf(inputs)));
  return computeAs(AllNumbers{}, inputs[0].dtype,
                   [&]<class T>(As<T>) { return run<T>(inputs[0]); });
}

} // namespace exports::rune::block::block
