// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions and matrix products of f32 whose weights are packed: panels of
// as many columns as a tile has, in which the elements of all columns at one
// place of the sum lie together. A tile of sums stays in registers while it
// meets a panel from end to end.
#include "compile/library/fast/product_block.h"
#include "compile/library/fast/product_row.h"
#include "compile/library/fast/row_blocks.h"

#pragma clang fp contract(on)

using namespace rune::library;

namespace {

template <int vectorBytes> struct Product {
  static constexpr TileShape shape = productF32(vectorBytes);
  using Block = ProductBlock<vectorBytes>;
  /// Of fewer the left side is read too seldom to be copied.
  static constexpr int64_t leastColumns = 64;

  static int32_t conv(const Fused &fused) {
    const Call &call = *fused.call;
    const View &x = call.in[0], &weights = call.in[1];
    Window window = convWindow(call);
    WindowRows windows(x, call.out[0], window);
    int64_t taps = windows.taps(), channels = weights.sizes[1];
    int64_t groups = call.attributes[conv::groups].integer;
    int64_t columns = weights.sizes[0] / groups;
    int64_t panelElements = (1 + taps * channels) * shape.columns();
    int64_t panels = ceilDiv(columns, shape.columns());
    int64_t groupElements = panels * panelElements;
    const auto *packed = packedWeights<float>(fused, windows);
    return eachRowBlock<float>(
        fused, windows, shape, channels, groups > 1 ? groups : panels, 0,
        [&](const RowBlock<float> &block) {
          // a window of several taps reads each row several times from the
          // cache; the sums of one tap are cut as those of a matrix
          uint8_t *own = block.scratch + sumsAt(shape, channels);
          auto *sums = taps == 1 ? reinterpret_cast<float *>(own) : nullptr;
          auto multiply = [&](int64_t g, Share share) {
            block.gather(elements<float>(x) + g * channels);
            int64_t first = share.first * shape.columns();
            int64_t some = atMost(share.end * shape.columns(), columns) - first;
            Block::multiply(
                fused,
                {block.addresses, block.apart, taps, channels,
                 sums ? interleaved(own, channels, some) : nullptr},
                {packed + g * groupElements + share.first * panelElements,
                 panelElements, shape.columns(), true},
                {block.row, block.rows, g * columns + first, some}, sums);
          };
          if (groups == 1)
            return multiply(0, block.panels);
          for (int64_t g = block.panels.first; g < block.panels.end; ++g)
            multiply(g, {0, panels});
        });
  }

  /// Where the left side of long sums is copied to; null where it is not worth
  /// it.
  ///
  /// in      `sums`: where they stand
  static float *interleaved(uint8_t *sums, int64_t inner, int64_t columns) {
    return columns < leastColumns || interleavedBytes(shape, inner, 1) == 0
               ? nullptr
               : reinterpret_cast<float *>(sums +
                                           longProductScratch(shape, inner));
  }

  /// a[rows, K] by packed b[K, columns].
  static int32_t matmul(const Fused &fused) {
    const Call &call = *fused.call;
    const View &a = call.in[0];
    int64_t inner = a.sizes[a.rank - 1];
    if (fused.rows == 1)
      return multiplyOneRow<vectorBytes, float>(fused, inner);
    const float *first = elements<float>(a);
    int64_t panels = ceilDiv(fused.columns, shape.columns());
    int64_t panelElements = (1 + inner) * shape.columns();
    RowTasks tasks(fused, blockRows(shape, 1, inner), shape.rows,
                   inner * fused.columns, panels);
    return eachTask(fused, tasks.count, [&](int64_t task, uint8_t *scratch) {
      const float *addresses[mostBlockRows];
      int64_t row = tasks.row(task),
              rows = atMost(tasks.rows, fused.rows - row);
      for (int64_t i = 0; i < rows; ++i)
        addresses[i] = first + (row + i) * inner;
      Share share = tasks.share(task, panels);
      int64_t column = share.first * shape.columns();
      int64_t columns =
          atMost(share.end * shape.columns(), fused.columns) - column;
      Block::multiply(
          fused,
          {addresses, rows, 1, inner, interleaved(scratch, inner, columns)},
          {static_cast<const float *>(fused.packed) +
               share.first * panelElements,
           panelElements, shape.columns(), true},
          {row, rows, column, columns}, reinterpret_cast<float *>(scratch));
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
