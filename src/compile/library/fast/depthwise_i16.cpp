// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Depthwise convolutions of 8-bit integers over channels-last images, summed as
// product_i16.cpp does: the neighbours that one instruction multiplies and adds
// are two taps of one channel.
#include "compile/library/fast/dot.h"
#include "compile/library/fast/joined.h"
#include "compile/library/fast/row_blocks.h"

using namespace rune::library;

namespace {

/// The sums of `channels` channels at `rows` pixels.
///
/// in      `weights`: the bias, then for each two taps the pairs of all
///         channels
template <int channels, int rows, class X>
[[gnu::noinline]] void
sumTile(const X *const *addresses, int64_t apart, int64_t taps, int64_t channel,
        int16_t zero, const int32_t *weights, int32_t *tile, int64_t step) {
  constexpr int lanes = channels / 2;
  using Sums = Vector<int32_t, lanes>;
  using Halves = Vector<int16_t, channels>;
  Sums first[rows], second[rows];
  for (int r = 0; r < rows; ++r)
    loadInOrder<channels>(weights, first[r], second[r]);
  weights += channels;
  for (int64_t tap = 0; tap < taps; tap += 2) {
    auto one = loadVector<Halves>(weights);
    auto two = loadVector<Halves>(weights + lanes);
    weights += channels;
    const X *const *a = addresses + tap * apart;
    // an odd tap at the end meets a weight of 0
    const X *const *b = tap + 1 < taps ? a + apart : a;
    for (int r = 0; r < rows; ++r) {
      auto load = [&](const X *from) {
        return __builtin_convertvector(
                   loadVector<Vector<X, channels>>(from + channel), Halves) -
               zero;
      };
      Joined<channels> x(load(a[r]), load(b[r]));
      first[r] = dotPairs<lanes>(first[r], x.first, one);
      second[r] = dotPairs<lanes>(second[r], x.second, two);
    }
  }
  for (int r = 0; r < rows; ++r)
    storeInOrder<channels>(tile + r * step, first[r], second[r]);
}

/// The last channels, fewer than eight.
template <class X>
[[gnu::noinline]] void
sumLast(const X *const *addresses, int64_t apart, int64_t rows, int64_t taps,
        int64_t channel, int64_t count, int16_t zero, const int32_t *weights,
        int32_t *tile, int64_t step) {
  auto *halves = reinterpret_cast<const int16_t *>(weights + 8);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < count; ++c) {
      int32_t sum = weights[c];
      for (int64_t tap = 0; tap < taps; ++tap)
        sum += (addresses[tap * apart + r][channel + c] - zero) *
               halves[tap / 2 * 16 + depthwisePlace(c, 8) * 2 + tap % 2];
      tile[r * step + c] = sum;
    }
}

/// A tile, or one pixel after the other where there are too few for one.
template <int channels, int width, int rows, class X>
void sumRows(int64_t count, const X *const *addresses, int64_t apart,
             int64_t taps, int64_t channel, int16_t zero,
             const int32_t *weights, int32_t *tile) {
  if (count == rows)
    return sumTile<channels, rows>(addresses, apart, taps, channel, zero,
                                   weights, tile, width);
  for (int64_t r = 0; r < count; ++r)
    sumTile<channels, 1>(addresses + r, apart, taps, channel, zero, weights,
                         tile + r * width, width);
}

template <int vectorBytes, class X> int32_t depthwise(const Fused &fused) {
  constexpr TileShape shape = depthwiseI16(vectorBytes);
  constexpr int width = shape.columns();
  const Call &call = *fused.call;
  const View &x = call.in[0];
  Window window = convWindow(call);
  WindowRows windows(x, call.out[0], window);
  X zero = has(call, 3) ? elements<X>(call.in[3])[0] : X(0);
  int64_t taps = windows.taps(), channels = fused.columns;
  const auto *packed = packedWeights<int32_t>(fused, windows);
  return eachRowBlock<X>(
      fused, windows, shape, channels, 1, zero, [&](const RowBlock<X> &rows) {
        rows.gather(elements<X>(x));
        alignas(64) int32_t tile[shape.rows * width];
        const int32_t *weights = packed;
        for (int64_t c = 0; c < channels;) {
          int block = depthwiseBlock(vectorBytes, channels - c);
          int64_t columns = atMost(block, channels - c);
          for (int64_t i = 0; i < rows.rows; i += shape.rows) {
            int64_t count = atMost(shape.rows, rows.rows - i);
            const X *const *addresses = rows.addresses + i;
            if (columns < 8)
              sumLast(addresses, rows.apart, count, taps, c, columns, zero,
                      weights, tile, width);
            else if (block == 16)
              sumRows<width, width, shape.rows>(count, addresses, rows.apart,
                                                taps, c, zero, weights, tile);
            else
              sumRows<8, width, shape.rows>(count, addresses, rows.apart, taps,
                                            c, zero, weights, tile);
            fused.finish(tile, width, rows.row + i, count, c, columns,
                         fused.operands);
          }
          weights += (1 + (taps + 1) / 2) * block;
          c += block;
        }
      });
}

template <int vectorBytes> int32_t depthwiseOf(const Fused &fused) {
  return fused.call->in[0].type == Type::I8
             ? depthwise<vectorBytes, int8_t>(fused)
             : depthwise<vectorBytes, uint8_t>(fused);
}

} // namespace

RUNE_FAST(DepthwiseI16_16) { return depthwiseOf<16>(fused); }
RUNE_FAST(DepthwiseI16_32) { return depthwiseOf<32>(fused); }
RUNE_FAST(DepthwiseI16_64) { return depthwiseOf<64>(fused); }
