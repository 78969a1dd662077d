// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Depthwise convolutions of 8-bit pictures, sums as depthwise_i16.cpp makes
// them, over bands that are widened and padded once: nine taps would do that
// nine times, and each pixel would need nine addresses.
#include "compile/library/fast/bands.h"
#include "compile/library/fast/blocking.h"
#include "compile/library/fast/dot.h"
#include "compile/library/fast/joined.h"

using namespace rune::library;

namespace {

/// Pixels that are finished at a time.
constexpr int64_t mostPixels = 16;

/// The sums of `channels` channels at `rows` pixels.
///
/// in      `offsets`: of the taps, an even number of them; `weights`: the bias,
///         then for each two taps the pairs of all channels
template <int channels, int rows>
[[gnu::noinline]] void
sumTile(const int16_t *const *pixels, const int64_t *offsets, int64_t taps,
        const int32_t *weights, int32_t *tile, int64_t step) {
  constexpr int lanes = channels / 2;
  using Sums = Vector<int32_t, lanes>;
  using Halves = Vector<int16_t, channels>;
  Sums first[rows], second[rows];
  const int16_t *pixel[rows];
  for (int r = 0; r < rows; ++r) {
    pixel[r] = pixels[r];
    loadInOrder<channels>(weights, first[r], second[r]);
  }
  weights += channels;
  for (int64_t tap = 0; tap < taps; tap += 2) {
    auto one = loadVector<Halves>(weights);
    auto two = loadVector<Halves>(weights + lanes);
    weights += channels;
    int64_t a = offsets[tap], b = offsets[tap + 1];
    for (int r = 0; r < rows; ++r) {
      Joined<channels> x(loadVector<Halves>(pixel[r] + a),
                         loadVector<Halves>(pixel[r] + b));
      first[r] = dotPairs<lanes>(first[r], x.first, one);
      second[r] = dotPairs<lanes>(second[r], x.second, two);
    }
  }
  for (int r = 0; r < rows; ++r)
    storeInOrder<channels>(tile + r * step, first[r], second[r]);
}

/// All pixels of a block of channels.
template <int channels>
void sumPixels(int64_t count, const int16_t *const *pixels,
               const int64_t *offsets, int64_t taps, const int32_t *weights,
               int32_t *tile, int64_t step) {
  int64_t i = 0;
  for (; i + 4 <= count; i += 4)
    sumTile<channels, 4>(pixels + i, offsets, taps, weights, tile + i * step,
                         step);
  for (; i < count; ++i)
    sumTile<channels, 1>(pixels + i, offsets, taps, weights, tile + i * step,
                         step);
}

template <int vectorBytes, class X> struct Depthwise {
  const Fused &fused;
  const View &x = fused.call->in[0];
  Window window = convWindow(*fused.call);
  WindowShape shape =
      depthwiseShape(windowShape(*fused.call, window), fused.columns);
  int64_t taps = window.taps();
  int64_t chunks = ceilDiv(fused.columns, shape.channels);

  int32_t run() const {
    int64_t bands = ceilDiv(shape.outRows, shape.bandRows());
    return eachBand(fused, x.sizes[0] * bands * chunks,
                    fused.rows * fused.columns * taps,
                    [&](int64_t at, uint8_t *scratch) {
                      auto *copy = reinterpret_cast<int16_t *>(scratch);
                      Band band(shape, at / chunks);
                      int64_t channel = at % chunks * shape.channels;
                      take(band, channel, copy);
                      multiply(band, channel, copy);
                    });
  }

private:
  void take(const Band &band, int64_t channel, int16_t *copy) const {
    auto zero = static_cast<int16_t>(
        has(*fused.call, 3) ? elements<X>(fused.call->in[3])[0] : 0);
    Picture<X>{elements<X>(x) +
                   band.image * x.sizes[1] * x.sizes[2] * fused.columns +
                   channel,
               x.sizes[1],
               x.sizes[2],
               fused.columns,
               atMost(shape.channels, fused.columns - channel),
               zero}
        .copy(shape, band.firstRow * shape.strideRows - window.begin(0),
              window.begin(1), shape.rowsFor(band.rows), copy);
  }

  /// The taps of a window; an odd one at the end meets a weight of 0.
  void findTaps(int64_t *offsets) const {
    int64_t tap = 0;
    for (int64_t i = 0; i < shape.kernelRows; ++i)
      for (int64_t j = 0; j < shape.kernelWidth; ++j, ++tap)
        offsets[tap] = i * shape.dilationRows * shape.pitch() +
                       j * shape.dilationWidth * shape.channels;
    offsets[tap] = 0;
  }

  void multiply(const Band &band, int64_t channel, int16_t *copy) const {
    constexpr int width = depthwiseI16(vectorBytes).columns();
    int64_t offsets[mostBandTaps + 1];
    findTaps(offsets);
    int64_t perChannel = 1 + (taps + 1) / 2;
    // blocks before are full
    const auto *packed =
        static_cast<const int32_t *>(fused.packed) + channel * perChannel;
    alignas(64) int32_t tile[mostPixels * width];
    int64_t count = band.rows * shape.outWidth;
    int64_t row = (band.image * shape.outRows + band.firstRow) * shape.outWidth;
    int64_t end = atMost(channel + shape.channels, fused.columns);
    BandPlaces next{shape};
    for (int64_t i = 0; i < count; i += mostPixels) {
      const int16_t *pixels[mostPixels];
      int64_t now = atMost(mostPixels, count - i);
      for (int64_t r = 0; r < now; ++r)
        pixels[r] = next.next(copy);
      const int32_t *weights = packed;
      for (int64_t c = channel; c < end;) {
        int block = depthwiseBlock(vectorBytes, fused.columns - c);
        if (block == width)
          sumPixels<width>(now, pixels, offsets, taps, weights, tile, width);
        else
          sumPixels<8>(now, pixels, offsets, taps, weights, tile, width);
        fused.finish(tile, width, row + i, now, c, atMost(block, end - c),
                     fused.operands);
        for (int64_t r = 0; r < now; ++r)
          pixels[r] += block;
        weights += perChannel * block;
        c += block;
      }
    }
  }
};

template <int vectorBytes> int32_t depthwiseOf(const Fused &fused) {
  return fused.call->in[0].type == Type::I8
             ? Depthwise<vectorBytes, int8_t>{fused}.run()
             : Depthwise<vectorBytes, uint8_t>{fused}.run();
}

} // namespace

RUNE_FAST(DepthwiseBands_16) { return depthwiseOf<16>(fused); }
RUNE_FAST(DepthwiseBands_32) { return depthwiseOf<32>(fused); }
RUNE_FAST(DepthwiseBands_64) { return depthwiseOf<64>(fused); }
