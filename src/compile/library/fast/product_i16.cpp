// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions and matrix products of 8-bit integers (and 16-bit ones whose
// zero point is 0), summed in 32 bits. Both sides are taken to 16 bits with
// their zero points subtracted, the left one in every run, the weights while
// compiling; channels go in pairs, which one instruction multiplies and adds.
// No sum saturates on the way, so the bits are those of the plain kernel.
#include "compile/library/fast/dot.h"
#include "compile/library/fast/product_integer.h"

using namespace rune::library;

namespace {

/// A pair of channels.
struct Pair {
  int16_t of[2];
};

/// `count` rows of so many elements as pairs, the last one filled up with 0.
template <int channels, class X>
void widenNarrow(const X *from, int16_t zero, int64_t count, int16_t *to) {
#pragma clang loop vectorize(assume_safety)
  for (int64_t i = 0; i < count; ++i) {
    for (int c = 0; c < channels; ++c)
      to[(channels + 1) * i + c] = static_cast<int16_t>(
          static_cast<int16_t>(from[channels * i + c]) - zero);
    to[(channels + 1) * i + channels] = 0;
  }
}

/// `count` rows of `groups` · `channels` elements as pairs, each group's last
/// one filled up with 0.
template <class X>
void widenRows(const X *from, int16_t zero, int64_t count, int64_t groups,
               int64_t channels, int16_t *to) {
  if (channels % 2 == 0) {
    channels *= groups * count;
    groups = count = 1;
  }
  if (channels == 1)
    return widenNarrow<1>(from, zero, count * groups, to);
  if (channels == 3)
    return widenNarrow<3>(from, zero, count * groups, to);
  for (int64_t i = 0; i < count * groups; ++i) {
#pragma clang loop vectorize(assume_safety)
    for (int64_t c = 0; c < channels; ++c)
      to[c] = static_cast<int16_t>(static_cast<int16_t>(from[c]) - zero);
    if (channels % 2 != 0)
      to[channels] = 0;
    from += channels;
    to += channels + channels % 2;
  }
}

template <int vectorBytes> struct Pairs {
  using Element = Pair;
  static constexpr TileShape shape = productF32(vectorBytes);
  static constexpr int64_t each = 2;

  template <int lanes>
  [[gnu::always_inline]] static Vector<int32_t, lanes>
  add(Vector<int32_t, lanes> sums, Vector<int32_t, lanes> x,
      Vector<int32_t, lanes> weights) {
    using Halves = Vector<int16_t, 2 * lanes>;
    return dotPairs<lanes>(sums, __builtin_bit_cast(Halves, x),
                           __builtin_bit_cast(Halves, weights));
  }

  static int32_t prepare(const Fused &fused, int64_t rows, int64_t groups,
                         int64_t channels, const Pair *&first) {
    const Call &call = *fused.call;
    const View &x = call.in[0];
    auto zero =
        static_cast<int16_t>(has(call, 3) ? loadInteger(call.in[3], 0) : 0);
    int64_t width = groups * channels;
    auto *to = static_cast<Pair *>(call.scratch);
    first = to;
    return eachPiece(fused, rows, groups * ceilDiv(channels, each),
                     [&](int64_t row, int64_t count, int64_t element) {
                       auto *into = to[element].of;
                       if (x.type == Type::I8)
                         widenRows(elements<int8_t>(x) + row * width, zero,
                                   count, groups, channels, into);
                       else if (x.type == Type::U8)
                         widenRows(elements<uint8_t>(x) + row * width, zero,
                                   count, groups, channels, into);
                       else
                         widenRows(elements<int16_t>(x) + row * width, 0, count,
                                   groups, channels, into);
                     });
  }

  static Pair padding(const Call &) { return {}; }
};

} // namespace

#define RUNE_PRODUCT(bytes)                                                    \
  RUNE_FAST(ConvI16_##bytes) {                                                 \
    return IntegerProduct<Pairs<bytes>>::conv(fused);                          \
  }                                                                            \
  RUNE_FAST(MatMulI16_##bytes) {                                               \
    return IntegerProduct<Pairs<bytes>>::matmul(fused);                        \
  }
RUNE_PRODUCT(16)
RUNE_PRODUCT(32)
RUNE_PRODUCT(64)
