// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions of 8-bit pictures with few channels, sums as product_i16.cpp
// makes them. Pairs of channels of one place would be half empty, and there
// would be an address for each of them; but a row of a window is one piece of
// memory, so its pairs run on over all its places.
#include "compile/library/fast/bands.h"
#include "compile/library/fast/blocking.h"
#include "compile/library/fast/dot.h"
#include "compile/library/fast/fused.h"
#include "compile/library/window.h"

using namespace rune::library;

namespace {

/// `rows` × `vectors` sums.
///
/// in      `places`: where the windows begin; `lines` of each are `pitch`
///         elements apart; `step`: columns of the panel
template <int lanes, int rows, int vectors>
[[gnu::noinline]] void multiplyTile(const int16_t *const *places, int64_t lines,
                                    int64_t pitch, int64_t pairs,
                                    const int32_t *panel, int64_t step,
                                    int32_t *tile, int64_t tileStep) {
  using Sums = Vector<int32_t, lanes>;
  using Halves = Vector<int16_t, 2 * lanes>;
  Sums sums[rows][vectors];
  const int16_t *row[rows];
  for (int r = 0; r < rows; ++r) {
    row[r] = places[r];
    for (int v = 0; v < vectors; ++v)
      sums[r][v] = loadVector<Sums>(panel + v * lanes);
  }
  panel += step;
  for (int64_t line = 0; line < lines; ++line) {
    for (int64_t p = 0; p < pairs; ++p, panel += step) {
      Halves weights[vectors];
      for (int v = 0; v < vectors; ++v)
        weights[v] = loadVector<Halves>(panel + v * lanes);
      for (int r = 0; r < rows; ++r) {
        int32_t pair;
        __builtin_memcpy(&pair, row[r] + 2 * p, sizeof pair);
        Sums both = pair;
        auto x = __builtin_bit_cast(Halves, both);
        for (int v = 0; v < vectors; ++v)
          sums[r][v] = dotPairs<lanes>(sums[r][v], x, weights[v]);
      }
    }
    for (int r = 0; r < rows; ++r)
      row[r] += pitch;
  }
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < vectors; ++v)
      storeVector(tile + r * tileStep + v * lanes, sums[r][v]);
}

template <int lanes, int rows, int vectors>
void multiplyRows(int64_t count, const int16_t *const *places, int64_t lines,
                  int64_t pitch, int64_t pairs, const int32_t *panel,
                  int64_t step, int32_t *tile, int64_t tileStep) {
  if constexpr (rows > 1)
    if (count < rows)
      return multiplyRows<lanes, rows - 1, vectors>(
          count, places, lines, pitch, pairs, panel, step, tile, tileStep);
  multiplyTile<lanes, rows, vectors>(places, lines, pitch, pairs, panel, step,
                                     tile, tileStep);
}

template <int vectorBytes, class X> int32_t thin(const Fused &fused) {
  constexpr TileShape shape = productF32(vectorBytes);
  constexpr int64_t width = shape.columns();
  // rows of the result that are finished at a time
  constexpr int64_t most = 4 * shape.rows;
  const Call &call = *fused.call;
  const View &x = call.in[0];
  Window window = convWindow(call);
  int64_t channels = x.sizes[3];
  WindowShape windows = windowShape(call, window);
  auto zero =
      static_cast<int16_t>(has(call, 3) ? elements<X>(call.in[3])[0] : 0);
  int64_t pairs = ceilDiv(windows.kernelWidth * channels, 2);
  int64_t panelElements = (1 + windows.kernelRows * pairs) * width;
  int64_t lines = windows.kernelRows;
  int64_t pitch = windows.dilationRows * windows.pitch();
  int64_t bands = ceilDiv(windows.outRows, windows.bandRows());
  int64_t products = fused.rows * fused.columns * lines * 2 * pairs;
  return eachBand(
      fused, x.sizes[0] * bands, products, [&](int64_t at, uint8_t *scratch) {
        Band band(windows, at);
        auto *copy = reinterpret_cast<int16_t *>(scratch);
        Picture<X>{elements<X>(x) +
                       band.image * x.sizes[1] * x.sizes[2] * channels,
                   x.sizes[1],
                   x.sizes[2],
                   channels,
                   channels,
                   zero}
            .copy(windows, band.firstRow * windows.strideRows - window.begin(0),
                  window.begin(1), windows.rowsFor(band.rows), copy);
        alignas(64) int32_t tile[most * width];
        int64_t count = band.rows * windows.outWidth;
        int64_t row =
            (band.image * windows.outRows + band.firstRow) * windows.outWidth;
        BandPlaces next{windows};
        for (int64_t i = 0; i < count; i += most) {
          const int16_t *places[most];
          int64_t now = atMost(most, count - i);
          for (int64_t r = 0; r < now; ++r)
            places[r] = next.next(copy);
          auto *panel = static_cast<const int32_t *>(fused.packed);
          for (int64_t j = 0; j < fused.columns;
               j += width, panel += panelElements) {
            int64_t columns = atMost(width, fused.columns - j), r = 0;
            // where a vector holds all columns that are left, more rows
            if (columns <= shape.lanes)
              for (; r + 2 * shape.rows <= now; r += 2 * shape.rows)
                multiplyTile<shape.lanes, 2 * shape.rows, 1>(
                    places + r, lines, pitch, pairs, panel, width,
                    tile + r * width, width);
            for (; r < now; r += shape.rows)
              multiplyRows<shape.lanes, shape.rows, shape.vectors>(
                  atMost(shape.rows, now - r), places + r, lines, pitch, pairs,
                  panel, width, tile + r * width, width);
            fused.finish(tile, width, row + i, now, j, columns, fused.operands);
          }
        }
      });
}

template <int vectorBytes> int32_t thinOf(const Fused &fused) {
  return fused.call->in[0].type == Type::I8 ? thin<vectorBytes, int8_t>(fused)
                                            : thin<vectorBytes, uint8_t>(fused);
}

} // namespace

RUNE_FAST(ThinI16_16) { return thinOf<16>(fused); }
RUNE_FAST(ThinI16_32) { return thinOf<32>(fused); }
RUNE_FAST(ThinI16_64) { return thinOf<64>(fused); }
