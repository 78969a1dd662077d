// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Depthwise convolutions of f32 over channels-last images: neighbouring pixels
// share the weights of as many channels as stay in registers.
#include "compile/library/fast/row_blocks.h"
#include "compile/library/fast/vector.h"

#pragma clang fp contract(on)

using namespace rune::library;

namespace {

/// in      `addresses`: those of the pixels, tap by tap, at the first of the
///         channels; `weights`: the bias, then for each tap those of the
///         channels
template <int lanes, int rows, int vectors>
[[gnu::noinline]] void
sumTile(const float *const *addresses, int64_t apart, int64_t taps,
        int64_t channel, const float *weights, float *tile, int64_t step) {
  using V = Vector<float, lanes>;
  V sums[rows][vectors];
  for (int v = 0; v < vectors; ++v) {
    V bias = loadVector<V>(weights + v * lanes);
    for (int r = 0; r < rows; ++r)
      sums[r][v] = bias;
  }
  weights += vectors * lanes;
  for (int64_t tap = 0; tap < taps; ++tap) {
    V weight[vectors];
    for (int v = 0; v < vectors; ++v)
      weight[v] = loadVector<V>(weights + (tap * vectors + v) * lanes);
    for (int r = 0; r < rows; ++r)
      for (int v = 0; v < vectors; ++v)
        sums[r][v] +=
            loadVector<V>(addresses[tap * apart + r] + channel + v * lanes) *
            weight[v];
  }
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < vectors; ++v)
      storeVector(tile + r * step + v * lanes, sums[r][v]);
}

/// The same for the last channels, fewer than fill a vector.
[[gnu::noinline]] void sumLast(const float *const *addresses, int64_t apart,
                               int64_t rows, int64_t taps, int64_t channel,
                               int64_t count, int64_t width,
                               const float *weights, float *tile,
                               int64_t step) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < count; ++c) {
      float sum = weights[c];
      for (int64_t tap = 0; tap < taps; ++tap)
        sum += addresses[tap * apart + r][channel + c] *
               weights[(1 + tap) * width + c];
      tile[r * step + c] = sum;
    }
}

/// A tile, or one pixel after the other where there are too few for one.
template <int lanes, int rows, int vectors>
void sumRows(int64_t count, const float *const *addresses, int64_t apart,
             int64_t taps, int64_t channel, const float *weights, float *tile,
             int64_t step) {
  if (count == rows)
    return sumTile<lanes, rows, vectors>(addresses, apart, taps, channel,
                                         weights, tile, step);
  for (int64_t r = 0; r < count; ++r)
    sumTile<lanes, 1, vectors>(addresses + r, apart, taps, channel, weights,
                               tile + r * step, step);
}

template <int vectorBytes> int32_t depthwise(const Fused &fused) {
  constexpr TileShape shape = depthwiseF32(vectorBytes);
  constexpr int width = shape.columns();
  const Call &call = *fused.call;
  const View &x = call.in[0];
  Window window = convWindow(call);
  WindowRows windows(x, call.out[0], window);
  int64_t taps = windows.taps(), channels = fused.columns;
  const auto *packed = packedWeights<float>(fused, windows);
  return eachRowBlock<float>(
      fused, windows, shape, channels, 1, 0, [&](const RowBlock<float> &rows) {
        rows.gather(elements<float>(x));
        alignas(64) float tile[shape.rows * width];
        for (int64_t i = 0; i < rows.rows; i += shape.rows) {
          int64_t count = atMost(shape.rows, rows.rows - i);
          const float *const *addresses = rows.addresses + i;
          const float *weights = packed;
          for (int64_t c = 0; c < channels;) {
            int block = depthwiseBlockF32(vectorBytes, channels - c);
            int64_t columns = atMost(block, channels - c);
            if (columns < shape.lanes)
              sumLast(addresses, rows.apart, count, taps, c, columns, block,
                      weights, tile, width);
            else if (block == width)
              sumRows<shape.lanes, shape.rows, shape.vectors>(
                  count, addresses, rows.apart, taps, c, weights, tile, width);
            else
              sumRows<shape.lanes, shape.rows, 1>(
                  count, addresses, rows.apart, taps, c, weights, tile, width);
            fused.finish(tile, width, rows.row + i, count, c, columns,
                         fused.operands);
            weights += (1 + taps) * block;
            c += block;
          }
        }
      });
}

} // namespace

RUNE_FAST(DepthwiseF32_16) { return depthwise<16>(fused); }
RUNE_FAST(DepthwiseF32_32) { return depthwise<32>(fused); }
RUNE_FAST(DepthwiseF32_64) { return depthwise<64>(fused); }
