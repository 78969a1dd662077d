// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The remainder of each element divided by `modulus`, with the sign of the
// element: 7 mod 3 = 1, -7 mod 3 = -1.
//
// The first system computed every type through f32, so that i32 16777217 mod 10
// was 6. Here f32 divides as f32, as it did there; f64 and integers of up to 32
// bits divide as f64, which is exact; integers of 64 bits divide as integers by
// a whole modulus, and as f64 by another. An integer's remainder is cut towards
// zero. It let a modulus of 0 pass, and stopped at the first integer.
#include "block_kit.h"

#include <cmath>

using namespace ::rune::kit;

namespace {
double modulus = 1;

/// The size of a whole modulus that 64 bits hold; 0 for another.
template <class T> T wholeModulus() {
  double size = std::fabs(modulus);
  return std::trunc(size) == size && size < 0x1p63 ? static_cast<T>(size)
                                                   : T{0};
}

template <class T> void modulo(const Elements<T> &in, std::span<T> out) {
  if constexpr (std::is_same_v<T, float>) {
    for (size_t i = 0; i < out.size(); ++i)
      out[i] = std::fmod(in[i], static_cast<float>(modulus));
    return;
  } else if constexpr (std::is_integral_v<T> && sizeof(T) == 8) {
    if (T whole = wholeModulus<T>()) {
      for (size_t i = 0; i < out.size(); ++i)
        out[i] = in[i] % whole;
      return;
    }
  }
  // fmod is no larger than what it divides; only 2^63 and 2^64, to which the
  // largest integers round, could leave the type.
  constexpr double end =
      std::is_signed_v<T> || !std::is_integral_v<T> ? 0x1p63 : 0x1p64;
  for (size_t i = 0; i < out.size(); ++i) {
    double rest = std::fmod(static_cast<double>(in[i]), modulus);
    bool out64 = std::is_integral_v<T> && sizeof(T) == 8 && rest >= end;
    out[i] = out64 ? in[i] : static_cast<T>(rest);
  }
}
} // namespace

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {
      .name = "modulo",
      .version = "0.1.0",
      .docs = "Gives the remainder of each element divided by a number.",
      .arguments = listOf<ArgumentInfo>(
          {{.name = "modulus",
            .docs = "What to divide by; its sign does not count.",
            .kind = ValueKind::Number,
            .defaultValue = Value{Value::Number{1}}}}),
      .inputs = listOf<Port>({{.name = "input",
                               .docs = "Numbers, of any shape.",
                               .dtypes = dtypeNames(AllNumbers{}),
                               .dims = {}}}),
      .outputs = listOf<Port>(
          {{.name = "remainders",
            .docs = "Of the input's type and shape, with the input's signs.",
            .dtypes = dtypeNames(AllNumbers{}),
            .dims = {}}})};
}

Done create(std::span<const Argument> given) {
  Arguments arguments =
      BLOCK_TRY(Arguments::check(given, metadata().arguments));
  modulus = BLOCK_TRY(arguments.number("modulus", -mostFloat, mostFloat));
  if (static_cast<float>(modulus) == 0)
    return fail("invalid-argument", "modulus", "argument `modulus` is ",
                Digits(modulus), ", needed a number to divide by");
  return {};
}

Types graph(std::span<const TensorType> inputs) {
  BLOCK_TRY(expectInputs(inputs.size(), 1));
  BLOCK_TRY(expectDtype(inputs[0], "input", dtypeNames(AllNumbers{})));
  return inputs;
}

template <class T> static Tensors run(const Tensor &input) {
  Elements<T> in = BLOCK_TRY(elements<T>(input, "input"));
  std::span<T> out = BLOCK_TRY(output<T>(in.size(), "remainders"));
  modulo(in, out);
  return listOf<Tensor>({tensorOf(out, input.dims)});
}

Tensors compute(std::span<const Tensor> inputs) {
  BLOCK_TRY(graph(typesOf(inputs)));
  return computeAs(AllNumbers{}, inputs[0].dtype,
                   [&]<class T>(As<T>) { return run<T>(inputs[0]); });
}

} // namespace exports::rune::block::block
