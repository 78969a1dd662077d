// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Depthwise sums over a panel of channels that stands by itself, its padding
// around it: everything is a constant distance away, and neighbouring pixels
// of a row share what they read.
#pragma once

#include "compile/library/fast/vector.h"

#pragma clang fp contract(on)

namespace rune::library {

/// The window over a panel, in floats.
struct PanelWindow {
  int64_t rows, columns;
  /// From one row of the window to the next, from one of its columns to the
  /// next, from one pixel of the result to the next.
  int64_t rowStep, tapStep, pixelStep;
};

/// The sums of `pixels` neighbours, `pitch` floats apart in the panel and in
/// the tile.
///
/// in      `stride` and `wide`: the distance of pixels and the columns of the
///         window, which are known where neither is 0, without dilation;
///         `weights`: the bias, then those of each tap, `pitch` apart
template <int lanes, int pitch, int pixels, int vectors, int stride, int wide>
[[gnu::noinline]] void sumPixels(const PanelWindow &window, const float *first,
                                 const float *weights, float *tile) {
  using V = Vector<float, lanes>;
  V sums[pixels][vectors];
#pragma unroll
  for (int v = 0; v < vectors; ++v) {
    V bias = loadVector<V>(weights + v * lanes);
#pragma unroll
    for (int p = 0; p < pixels; ++p)
      sums[p][v] = bias;
  }
  weights += pitch;
  for (int64_t r = 0; r < window.rows; ++r, first += window.rowStep) {
    if constexpr (wide > 0) {
      V weight[wide][vectors];
#pragma unroll
      for (int k = 0; k < wide; ++k)
#pragma unroll
        for (int v = 0; v < vectors; ++v)
          weight[k][v] = loadVector<V>(weights + k * pitch + v * lanes);
      weights += wide * pitch;
#pragma unroll
      for (int j = 0; j < (pixels - 1) * stride + wide; ++j)
#pragma unroll
        for (int v = 0; v < vectors; ++v) {
          V x = loadVector<V>(first + j * pitch + v * lanes);
#pragma unroll
          for (int p = 0; p < pixels; ++p)
            if (j >= p * stride && j < p * stride + wide)
              sums[p][v] += x * weight[j - p * stride][v];
        }
    } else {
      const float *from = first;
      for (int64_t k = 0; k < window.columns; ++k, from += window.tapStep) {
        V weight[vectors];
#pragma unroll
        for (int v = 0; v < vectors; ++v)
          weight[v] = loadVector<V>(weights + v * lanes);
        weights += pitch;
#pragma unroll
        for (int p = 0; p < pixels; ++p)
#pragma unroll
          for (int v = 0; v < vectors; ++v)
            sums[p][v] +=
                loadVector<V>(from + p * window.pixelStep + v * lanes) *
                weight[v];
      }
    }
  }
#pragma unroll
  for (int p = 0; p < pixels; ++p)
#pragma unroll
    for (int v = 0; v < vectors; ++v)
      storeVector(tile + p * pitch + v * lanes, sums[p][v]);
}

/// The sums of a row of pixels, tile by tile; the last tile may overlap the one
/// before. Channels beyond the last vector may be anything.
template <int lanes, int pitch, int pixels, int stride, int wide>
void sumChunk(const PanelWindow &window, int64_t count, int64_t channels,
              const float *first, const float *weights, float *to) {
  // one vector of few pixels would wait for its own sums
  constexpr int vectors = pixels <= 4 ? pitch / lanes : 1;
  for (int64_t p = 0; p < count; p += pixels) {
    int64_t at = p + pixels <= count ? p : count - pixels;
    for (int64_t c = 0; c < channels; c += vectors * lanes)
      sumPixels<lanes, pitch, pixels, vectors, stride, wide>(
          window, first + at * window.pixelStep + c, weights + c,
          to + at * pitch + c);
  }
}

/// The same for tiles of `pixels`, one of `first` and `others`.
template <int lanes, int pitch, int stride, int wide, int size, int... others>
void sumChunkOf(int64_t pixels, const PanelWindow &window, int64_t count,
                int64_t channels, const float *first, const float *weights,
                float *to) {
  if constexpr (sizeof...(others) > 0)
    if (pixels != size)
      return sumChunkOf<lanes, pitch, stride, wide, others...>(
          pixels, window, count, channels, first, weights, to);
  sumChunk<lanes, pitch, size, stride, wide>(window, count, channels, first,
                                             weights, to);
}

} // namespace rune::library
