// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions and matrix products of 8-bit integers where one instruction adds
// four products of bytes to a sum of 32 bits: x86 multiplies unsigned elements
// by signed weights (vpdpbusd), AArch64 signed ones by signed ones (sdot).
// Weights are bytes less their zero point. Elements of the other kind have
// their highest bit turned, which adds or takes 128; what that and their zero
// point make of a sum is known while compiling and stands in the bias
// (compile/prepack.cpp), padding is a row of zero points. So rows mostly are
// read as they stand. Sums wrap, and never saturate: the bits are the plain
// kernel's.
#include "compile/library/fast/dot.h"
#include "compile/library/fast/product_integer.h"

using namespace rune::library;

namespace {

/// Four channels.
struct Quad {
  uint8_t of[4];
};

/// `count` rows of three elements, filled up with 0.
void alignThree(const uint8_t *from, uint8_t turn, int64_t count, uint8_t *to) {
#pragma clang loop vectorize(assume_safety)
  for (int64_t i = 0; i < count; ++i) {
    for (int c = 0; c < 3; ++c)
      to[4 * i + c] = from[3 * i + c] ^ turn;
    to[4 * i + 3] = 0;
  }
}

/// `count` rows of so many elements, each filled up to a multiple of four.
void alignRows(const uint8_t *from, uint8_t turn, int64_t count,
               int64_t channels, uint8_t *to) {
  int64_t missing = -channels & 3;
  if (missing == 0) {
    channels *= count;
    count = 1;
  }
  if (channels == 3)
    return alignThree(from, turn, count, to);
  for (int64_t i = 0; i < count; ++i) {
#pragma clang loop vectorize(assume_safety)
    for (int64_t c = 0; c < channels; ++c)
      to[c] = from[c] ^ turn;
    from += channels;
    to += channels;
#pragma clang loop vectorize(disable) unroll(disable)
    for (int64_t c = 0; c < missing; ++c)
      *to++ = 0;
  }
}

template <int vectorBytes, bool takesSigned> struct Dots {
  using Element = Quad;
  static constexpr TileShape shape = productDots(vectorBytes);
  static constexpr int64_t each = 4;

  template <int lanes>
  [[gnu::always_inline]] static Vector<int32_t, lanes>
  add(Vector<int32_t, lanes> sums, Vector<int32_t, lanes> x,
      Vector<int32_t, lanes> weights) {
    return dotQuads<lanes, takesSigned>(sums, x, weights);
  }

  static uint8_t turn(const Call &call) {
    return (call.in[0].type == Type::I8) == takesSigned ? 0 : 0x80;
  }

  static int32_t prepare(const Fused &fused, int64_t rows, int64_t groups,
                         int64_t channels, const Quad *&first) {
    const Call &call = *fused.call;
    const View &x = call.in[0];
    first = elements<Quad>(x);
    if (dotsReadInPlace(channels, x.type == Type::I8, takesSigned))
      return 0;
    auto *to = static_cast<Quad *>(call.scratch);
    first = to;
    return eachPiece(fused, rows, groups * ceilDiv(channels, each),
                     [&](int64_t row, int64_t count, int64_t element) {
                       alignRows(elements<uint8_t>(x) + row * groups * channels,
                                 turn(call), count * groups, channels,
                                 to[element].of);
                     });
  }

  static Quad padding(const Call &call) {
    uint8_t zero = has(call, 3) ? elements<uint8_t>(call.in[3])[0] : 0;
    zero ^= turn(call);
    return {{zero, zero, zero, zero}};
  }
};

} // namespace

#define RUNE_DOTS(element, bytes, takesSigned)                                 \
  RUNE_FAST(ConvDots##element##_##bytes) {                                     \
    return IntegerProduct<Dots<bytes, takesSigned>>::conv(fused);              \
  }                                                                            \
  RUNE_FAST(MatMulDots##element##_##bytes) {                                   \
    return IntegerProduct<Dots<bytes, takesSigned>>::matmul(fused);            \
  }
RUNE_DOTS(I8, 16, true)
RUNE_DOTS(U8, 32, false)
RUNE_DOTS(U8, 64, false)
