// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions and matrix products of f32 whose weights are packed: panels of
// as many columns as a tile has, in which the elements of all columns at one
// place of the sum lie together. A tile of sums stays in registers while it
// meets a panel from end to end.
#include "compile/library/fast/blocking.h"
#include "compile/library/fast/fused.h"
#include "compile/library/fast/rows.h"
#include "compile/library/fast/vector.h"

#pragma clang fp contract(on)

using namespace rune::library;

namespace {

/// `rows` × `vectors` sums over `taps` · `channels` products. Several sums of
/// one element run side by side (`chains`) where the tile alone would wait for
/// its own additions.
///
/// in      `addresses`: those of the rows, tap by tap
template <int lanes, int rows, int vectors>
[[gnu::noinline]] void
multiplyTile(const float *const *addresses, int64_t apart, int64_t taps,
             int64_t channels, const float *panel, float *tile) {
  using V = Vector<float, lanes>;
  constexpr int chains = rows * vectors <= 2 ? 4 : rows * vectors <= 6 ? 2 : 1;
  V sums[chains][rows][vectors] = {};
  for (int v = 0; v < vectors; ++v) {
    V bias = loadVector<V>(panel + v * lanes);
    for (int r = 0; r < rows; ++r)
      sums[0][r][v] = bias;
  }
  panel += vectors * lanes;
  for (int64_t tap = 0; tap < taps; ++tap) {
    const float *row[rows];
    for (int r = 0; r < rows; ++r)
      row[r] = addresses[tap * apart + r];
    auto product = [&](int64_t c, int chain) {
      V weights[vectors];
      for (int v = 0; v < vectors; ++v)
        weights[v] = loadVector<V>(panel + (c * vectors + v) * lanes);
      for (int r = 0; r < rows; ++r) {
        V x = row[r][c];
        for (int v = 0; v < vectors; ++v)
          sums[chain][r][v] += x * weights[v];
      }
    };
    int64_t c = 0;
    if constexpr (chains > 1)
      for (; c + chains <= channels; c += chains)
        for (int chain = 0; chain < chains; ++chain)
          product(c + chain, chain);
    for (; c < channels; ++c)
      product(c, 0);
    panel += channels * vectors * lanes;
  }
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < vectors; ++v) {
      V sum = sums[0][r][v];
      for (int chain = 1; chain < chains; ++chain)
        sum += sums[chain][r][v];
      storeVector(tile + (r * vectors + v) * lanes, sum);
    }
}

/// The tile of `count` rows, which is at most the full one's.
template <int lanes, int rows, int vectors>
void multiplyRows(int64_t count, const float *const *addresses, int64_t apart,
                  int64_t taps, int64_t channels, const float *panel,
                  float *tile) {
  if constexpr (rows > 1)
    if (count < rows)
      return multiplyRows<lanes, rows - 1, vectors>(
          count, addresses, apart, taps, channels, panel, tile);
  multiplyTile<lanes, rows, vectors>(addresses, apart, taps, channels, panel,
                                     tile);
}

template <int vectorBytes> struct Product {
  static constexpr TileShape shape = productF32(vectorBytes);

  /// The rows whose addresses are given, with all panels from `panel` on.
  static void block(const Fused &fused, const float *const *addresses,
                    int64_t apart, int64_t taps, int64_t channels,
                    int64_t panelBytes, const float *panel, int64_t row,
                    int64_t rows, int64_t column, int64_t columns) {
    alignas(64) float tile[shape.rows * shape.columns()];
    for (int64_t j = 0; j < columns; j += shape.columns()) {
      for (int64_t i = 0; i < rows; i += shape.rows) {
        int64_t count = atMost(shape.rows, rows - i);
        multiplyRows<shape.lanes, shape.rows, shape.vectors>(
            count, addresses + i, apart, taps, channels, panel, tile);
        fused.finish(tile, shape.columns(), row + i, count, column + j,
                     atMost(shape.columns(), columns - j), fused.operands);
      }
      panel += panelBytes / 4;
    }
  }

  static int32_t conv(const Fused &fused) {
    const Call &call = *fused.call;
    const View &x = call.in[0], &weights = call.in[1];
    Window window = windowOf(call);
    WindowRows windows(x, call.out[0], window);
    int64_t taps = windows.taps(), channels = weights.sizes[1];
    int64_t groups = call.attributes[convGroups].integer;
    int64_t columns = weights.sizes[0] / groups;
    int64_t panelBytes = (1 + taps * channels) * shape.columns() * 4;
    int64_t panels = ceilDiv(columns, shape.columns());
    int64_t most = blockRows(shape, taps);
    return eachTask(
        fused, ceilDiv(fused.rows, most), [&](int64_t task, uint8_t *scratch) {
          auto *zeros = reinterpret_cast<float *>(scratch);
          for (int64_t c = 0; c < channels; ++c)
            zeros[c] = 0;
          auto **addresses = reinterpret_cast<const float **>(
              scratch + windowScratch(shape, taps, channels) - most * taps * 8);
          int64_t row = task * most, rows = atMost(most, fused.rows - row);
          for (int64_t g = 0; g < groups; ++g) {
            windows.addresses(elements<float>(x) + g * channels, zeros, row,
                              rows, addresses, most);
            block(fused, addresses, most, taps, channels, panelBytes,
                  static_cast<const float *>(fused.packed) +
                      g * panels * panelBytes / 4,
                  row, rows, g * columns, columns);
          }
        });
  }

  /// a[rows, K] by packed b[K, columns].
  static int32_t matmul(const Fused &fused) {
    const Call &call = *fused.call;
    const View &a = call.in[0];
    int64_t inner = a.sizes[a.rank - 1];
    int64_t most = blockRows(shape, 1);
    const float *first = elements<float>(a);
    return eachTask(
        fused, ceilDiv(fused.rows, most), [&](int64_t task, uint8_t *) {
          const float *addresses[mostBlockRows];
          int64_t row = task * most, rows = atMost(most, fused.rows - row);
          for (int64_t i = 0; i < rows; ++i)
            addresses[i] = first + (row + i) * inner;
          block(fused, addresses, most, 1, inner,
                (1 + inner) * shape.columns() * 4,
                static_cast<const float *>(fused.packed), row, rows, 0,
                fused.columns);
        });
  }
};

} // namespace

RUNE_FAST(ConvF32_16) { return Product<16>::conv(fused); }
RUNE_FAST(ConvF32_32) { return Product<32>::conv(fused); }
RUNE_FAST(ConvF32_64) { return Product<64>::conv(fused); }
RUNE_FAST(MatMulF32_16) { return Product<16>::matmul(fused); }
RUNE_FAST(MatMulF32_32) { return Product<32>::matmul(fused); }
RUNE_FAST(MatMulF32_64) { return Product<64>::matmul(fused); }
