// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// (v - lowest) / (highest - lowest), where lowest and highest are those of the
// element type, not of the picture: u8 0..255 becomes 0..1.
//
// As in the first system the input has four dimensions, the last one the
// channels. That one refused pictures of 1 channel while its message allowed
// them; here they pass. 8 and 16 bits divide in f32, which is exact but for the
// one rounding; 32 bits divide in f64.
#include "block_kit.h"

#include <limits>

using namespace ::rune::kit;

namespace {
using Allowed = TypeList<uint8_t, int8_t, uint16_t, int16_t, uint32_t, int32_t>;

template <class T> void normalize(const Elements<T> &in, std::span<float> out) {
  using Real = std::conditional_t<sizeof(T) <= 2, float, double>;
  constexpr Real lowest = std::numeric_limits<T>::min();
  constexpr Real range = std::numeric_limits<T>::max() - lowest;
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<float>((static_cast<Real>(in[i]) - lowest) / range);
}

Error wrongShape(const TensorType &type) {
  return fail("unsupported-shape", "image", "`image` is `", typeText(type),
              "`, needed four dimensions with 1 or 3 in the last");
}

std::span<const Dimension> pictures() {
  return listOf<Dimension>({namedDimension("pictures"), namedDimension("rows"),
                            namedDimension("columns"),
                            namedDimension("channels")});
}
} // namespace

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {.name = "image-normalization",
          .version = "0.1.0",
          .docs =
              "Maps the whole range of an integer type to 0..1: of u8, 0 to "
              "0 and 255 to 1.",
          .arguments = {},
          .inputs = listOf<Port>({{.name = "image",
                                   .docs = "Pictures; 1 or 3 channels.",
                                   .dtypes = dtypeNames(Allowed{}),
                                   .dims = pictures()}}),
          .outputs = listOf<Port>({{.name = "normalized",
                                    .docs = "Of the input's shape, 0 to 1.",
                                    .dtypes = dtypeNames(TypeList<float>{}),
                                    .dims = pictures()}})};
}

Done create(std::span<const Argument> arguments) {
  BLOCK_TRY(Arguments::check(arguments, metadata().arguments));
  return {};
}

Types graph(std::span<const TensorType> inputs) {
  BLOCK_TRY(expectInputs(inputs.size(), 1));
  const TensorType &image = inputs[0];
  BLOCK_TRY(expectDtype(image, "image", dtypeNames(Allowed{})));
  if (image.dims.size() != 4)
    return wrongShape(image);
  std::optional<uint32_t> channels = fixed(image.dims[3]);
  if (channels && *channels != 1 && *channels != 3)
    return wrongShape(image);
  return listOf<TensorType>({{dtypeName<float>, image.dims}});
}

template <class T> static Tensors run(const Tensor &image) {
  Elements<T> in = BLOCK_TRY(elements<T>(image, "image"));
  std::span<float> out = BLOCK_TRY(output<float>(in.size(), "normalized"));
  normalize(in, out);
  return listOf<Tensor>({tensorOf(out, image.dims)});
}

Tensors compute(std::span<const Tensor> inputs) {
  BLOCK_TRY(graph(typesOf(inputs)));
  return computeAs(Allowed{}, inputs[0].dtype,
                   [&]<class T>(As<T>) { return run<T>(inputs[0]); });
}

} // namespace exports::rune::block::block
