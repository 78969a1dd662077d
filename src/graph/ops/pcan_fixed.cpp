// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pcan_fixed(x, noise, gains): per-channel amplitude normalisation. A gain that
// falls as the noise rises multiplies the signal; what is below the noise is
// squeezed. The gain is a parabola in each octave of the noise.
//
// source  TensorFlow Lite Micro, SignalPCAN; Wang et al. 2017, "Trainable
//         frontend for robust and far-field keyword spotting", arXiv:1607.05666
#include "graph/ops/unary.h"

#include <bit>

namespace rune::graph {

namespace {

/// Of 0, of 1, and three coefficients (one place is free) for each octave.
constexpr int64_t gainEntries = 125;
/// Bits after the point of signal to noise, and of the result.
constexpr int ratioBits = 12, resultBits = 6;

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0), &noise = context.type(1),
                   &gains = context.type(2);
  // pcan_fixed.1: a signal, its noise, a table
  if (x.dtype != DType::U32 || noise.dtype != DType::U32 ||
      gains.dtype != DType::I16 || gains.dims.size() != 1 ||
      !unify(gains.dims[0], Dim(gainEntries)))
    return context.fail(1, "needs u32, u32 and i16[{}], got {}, {} and {}",
                        gainEntries, x.str(), noise.str(), gains.str());
  // pcan_fixed.2: noise for each element
  TensorType result = x;
  bool fits = x.dims.size() == noise.dims.size();
  for (size_t i = 0; fits && i < x.dims.size(); ++i) {
    auto dim = unify(x.dims[i], noise.dims[i]);
    fits = dim.has_value();
    if (fits)
      result.dims[i] = *dim;
  }
  if (!fits)
    return context.fail(2, "{} and its noise {} differ in shape", x.str(),
                        noise.str());
  int64_t shift = context.node.integer("snr_shift");
  // pcan_fixed.3: a shift of 64 bits
  if (shift < 0 || shift > 63)
    return context.fail(3, "`snr_shift` is {}, must be 0 to 63", shift);
  return Types{result};
}

/// 16 bits; those of negative ones wrap when they multiply.
int16_t gainOf(uint32_t noise, const Elements<int16_t> &gains) {
  if (noise <= 2)
    return gains[noise];
  int width = std::bit_width(noise);
  // the ten bits below the first: where in the octave
  uint32_t cut = width < 11 ? noise << (11 - width) : noise >> (width - 11);
  int64_t place = cut & 0x3ff, entry = 4 * width - 6;
  int64_t slope = ((gains[entry + 2] * place) >> 5) + gains[entry + 1] * 32;
  return static_cast<int16_t>(((slope * place + (1 << 14)) >> 15) +
                              gains[entry]);
}

/// x² / 4 up to 2, then x - 1; the square wraps nowhere, it has 26 bits.
uint32_t squeezed(uint32_t ratio) {
  if (ratio < uint32_t{2} << ratioBits)
    return ratio * ratio >> (2 + 2 * ratioBits - resultBits);
  return (ratio >> (ratioBits - resultBits)) - (uint32_t{1} << resultBits);
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  Elements<uint32_t> x(context.input(0).data), noise(context.input(1).data);
  Elements<int16_t> gains(context.input(2).data);
  int64_t shift = context.node.integer("snr_shift");
  auto *out = elementsOf<uint32_t>(result);
  RUNE_TRY(eachPiece(
      context.budget, static_cast<int64_t>(result.count()),
      [&](int64_t from, int64_t to) {
        for (int64_t i = from; i < to; ++i) {
          auto gain = static_cast<uint32_t>(int32_t{gainOf(noise[i], gains)});
          out[i] =
              squeezed(static_cast<uint32_t>((uint64_t{x[i]} * gain) >> shift));
        }
      }));
  return single(std::move(result));
}

} // namespace

OpDefinition definePcanFixed() {
  return {{3, 3},
          {1, 1},
          {{"snr_shift", AttributeKind::Integer, std::nullopt, {}}},
          infer,
          evaluate};
}

} // namespace rune::graph
