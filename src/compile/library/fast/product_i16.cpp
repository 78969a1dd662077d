// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions and matrix products of 8-bit integers (and 16-bit ones whose
// zero point is 0), summed in 32 bits. Both sides are taken to 16 bits with
// their zero points subtracted, the left one in every run, the weights while
// compiling; channels go in pairs, which one instruction multiplies and adds.
// No sum saturates on the way, so the bits are those of the plain kernel.
#include "compile/library/fast/dot.h"
#include "compile/library/fast/row_blocks.h"

using namespace rune::library;

namespace {

/// A pair of channels.
struct Pair {
  int16_t of[2];
};

/// `rows` × `vectors` sums over `taps` · `pairs` pairs of products.
///
/// in      `step`: columns of the panel
template <int lanes, int rows, int vectors>
[[gnu::noinline]] void
multiplyTile(const Pair *const *addresses, int64_t apart, int64_t taps,
             int64_t pairs, const int32_t *panel, int64_t step, int32_t *tile) {
  using Sums = Vector<int32_t, lanes>;
  using Halves = Vector<int16_t, 2 * lanes>;
  constexpr int chains = rows * vectors <= 2 ? 4 : rows * vectors <= 6 ? 2 : 1;
  Sums sums[chains][rows][vectors] = {};
  for (int v = 0; v < vectors; ++v) {
    Sums bias = loadVector<Sums>(panel + v * lanes);
    for (int r = 0; r < rows; ++r)
      sums[0][r][v] = bias;
  }
  panel += step;
  for (int64_t tap = 0; tap < taps; ++tap) {
    const Pair *row[rows];
    for (int r = 0; r < rows; ++r)
      row[r] = addresses[tap * apart + r];
    auto product = [&](int64_t p, int chain) {
      Halves weights[vectors];
      for (int v = 0; v < vectors; ++v)
        weights[v] = loadVector<Halves>(panel + p * step + v * lanes);
      for (int r = 0; r < rows; ++r) {
        int32_t pair;
        __builtin_memcpy(&pair, row[r] + p, sizeof pair);
        Sums both = pair;
        auto x = __builtin_bit_cast(Halves, both);
        for (int v = 0; v < vectors; ++v)
          sums[chain][r][v] = dotPairs<lanes>(sums[chain][r][v], x, weights[v]);
      }
    };
    int64_t p = 0;
    if constexpr (chains > 1)
      for (; p + chains <= pairs; p += chains)
        for (int chain = 0; chain < chains; ++chain)
          product(p + chain, chain);
    for (; p < pairs; ++p)
      product(p, 0);
    panel += pairs * step;
  }
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < vectors; ++v) {
      Sums sum = sums[0][r][v];
      for (int chain = 1; chain < chains; ++chain)
        sum += sums[chain][r][v];
      storeVector(tile + (r * vectors + v) * lanes, sum);
    }
}

template <int lanes, int rows, int vectors>
void multiplyRows(int64_t count, const Pair *const *addresses, int64_t apart,
                  int64_t taps, int64_t pairs, const int32_t *panel,
                  int64_t step, int32_t *tile) {
  if constexpr (rows > 1)
    if (count < rows)
      return multiplyRows<lanes, rows - 1, vectors>(
          count, addresses, apart, taps, pairs, panel, step, tile);
  multiplyTile<lanes, rows, vectors>(addresses, apart, taps, pairs, panel, step,
                                     tile);
}

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

/// All rows of x, in pieces of which each is a task.
int32_t widenAll(const Fused &fused, int64_t rows, int64_t groups,
                 int64_t channels, int16_t *to) {
  const Call &call = *fused.call;
  const View &x = call.in[0];
  auto zero =
      static_cast<int16_t>(has(call, 3) ? loadInteger(call.in[3], 0) : 0);
  int64_t width = groups * channels, wide = groups * (channels + channels % 2);
  int64_t most = ceilDiv(1 << 14, wide);
  return eachTask(fused, ceilDiv(rows, most), [&](int64_t task, uint8_t *) {
    int64_t row = task * most, count = atMost(most, rows - row);
    int16_t *into = to + row * wide;
    if (x.type == Type::I8)
      widenRows(elements<int8_t>(x) + row * width, zero, count, groups,
                channels, into);
    else if (x.type == Type::U8)
      widenRows(elements<uint8_t>(x) + row * width, zero, count, groups,
                channels, into);
    else
      widenRows(elements<int16_t>(x) + row * width, 0, count, groups, channels,
                into);
  });
}

template <int vectorBytes> struct Product {
  static constexpr TileShape shape = productF32(vectorBytes);

  static void block(const Fused &fused, const Pair *const *addresses,
                    int64_t apart, int64_t taps, int64_t pairs,
                    const int32_t *panel, int64_t row, int64_t rows,
                    int64_t column, int64_t columns) {
    constexpr int64_t width = shape.columns();
    alignas(64) int32_t tile[shape.rows * width];
    for (int64_t j = 0; j < columns; j += width) {
      int64_t i = 0;
      // where a vector holds all columns that are left, twice as many rows
      if (columns - j <= shape.lanes) {
        for (; i + 2 * shape.rows <= rows; i += 2 * shape.rows) {
          multiplyTile<shape.lanes, 2 * shape.rows, 1>(
              addresses + i, apart, taps, pairs, panel, width, tile);
          fused.finish(tile, shape.lanes, row + i, 2 * shape.rows, column + j,
                       columns - j, fused.operands);
        }
        for (; i < rows; i += shape.rows) {
          int64_t count = atMost(shape.rows, rows - i);
          multiplyRows<shape.lanes, shape.rows, 1>(
              count, addresses + i, apart, taps, pairs, panel, width, tile);
          fused.finish(tile, shape.lanes, row + i, count, column + j,
                       columns - j, fused.operands);
        }
      }
      for (; i < rows; i += shape.rows) {
        int64_t count = atMost(shape.rows, rows - i);
        multiplyRows<shape.lanes, shape.rows, shape.vectors>(
            count, addresses + i, apart, taps, pairs, panel, width, tile);
        fused.finish(tile, width, row + i, count, column + j,
                     atMost(width, columns - j), fused.operands);
      }
      panel += (1 + taps * pairs) * width;
    }
  }

  static int32_t conv(const Fused &fused) {
    const Call &call = *fused.call;
    const View &x = call.in[0], &weights = call.in[1];
    Window window = convWindow(call);
    int64_t channels = weights.sizes[1], pairs = ceilDiv(channels, 2);
    int64_t groups = call.attributes[conv::groups].integer;
    int64_t columns = weights.sizes[0] / groups;
    // the picture as it is after widening
    int64_t sizes[maxRank];
    for (int32_t d = 0; d < x.rank; ++d)
      sizes[d] = x.sizes[d];
    sizes[x.rank - 1] = groups * pairs;
    View wide{call.scratch, sizes, x.rank, Type::I32};
    if (int32_t status =
            widenAll(fused, countOf(x) / x.sizes[x.rank - 1], groups, channels,
                     static_cast<int16_t *>(call.scratch)))
      return status;
    WindowRows windows(wide, call.out[0], window);
    int64_t taps = windows.taps();
    int64_t panelElements = (1 + taps * pairs) * shape.columns();
    int64_t panels = ceilDiv(columns, shape.columns());
    int64_t groupElements = panels * panelElements;
    const auto *packed = packedWeights<int32_t>(fused, windows);
    return eachRowBlock<Pair>(
        fused, windows, shape, pairs, groups > 1 ? groups : panels, {},
        [&](const RowBlock<Pair> &rows) {
          auto multiply = [&](int64_t g, Share share) {
            rows.gather(elements<Pair>(wide) + g * pairs);
            int64_t first = share.first * shape.columns();
            block(fused, rows.addresses, rows.apart, taps, pairs,
                  packed + g * groupElements + share.first * panelElements,
                  rows.row, rows.rows, g * columns + first,
                  atMost(share.end * shape.columns(), columns) - first);
          };
          if (groups == 1)
            return multiply(0, rows.panels);
          for (int64_t g = rows.panels.first; g < rows.panels.end; ++g)
            multiply(g, {0, panels});
        });
  }

  static int32_t matmul(const Fused &fused) {
    const Call &call = *fused.call;
    const View &a = call.in[0];
    int64_t inner = a.sizes[a.rank - 1], pairs = ceilDiv(inner, 2);
    if (int32_t status = widenAll(fused, fused.rows, 1, inner,
                                  static_cast<int16_t *>(call.scratch)))
      return status;
    int64_t panels = ceilDiv(fused.columns, shape.columns());
    RowTasks tasks(fused, blockRows(shape, 1, pairs), shape.rows,
                   inner * fused.columns, panels);
    auto *first = static_cast<const Pair *>(call.scratch);
    return eachTask(fused, tasks.count, [&](int64_t task, uint8_t *) {
      const Pair *addresses[mostBlockRows];
      int64_t row = tasks.row(task),
              rows = atMost(tasks.rows, fused.rows - row);
      for (int64_t i = 0; i < rows; ++i)
        addresses[i] = first + (row + i) * pairs;
      Share share = tasks.share(task, panels);
      int64_t column = share.first * shape.columns();
      block(fused, addresses, rows, 1, pairs,
            static_cast<const int32_t *>(fused.packed) +
                share.first * (1 + pairs) * shape.columns(),
            row, rows, column,
            atMost(share.end * shape.columns(), fused.columns) - column);
    });
  }
};

} // namespace

RUNE_FAST(ConvI16_16) { return Product<16>::conv(fused); }
RUNE_FAST(ConvI16_32) { return Product<32>::conv(fused); }
RUNE_FAST(ConvI16_64) { return Product<64>::conv(fused); }
RUNE_FAST(MatMulI16_16) { return Product<16>::matmul(fused); }
RUNE_FAST(MatMulI16_32) { return Product<32>::matmul(fused); }
RUNE_FAST(MatMulI16_64) { return Product<64>::matmul(fused); }
