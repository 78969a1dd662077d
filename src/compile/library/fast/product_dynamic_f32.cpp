// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Matrix products of f32 neither side of which is a packed weight: attention,
// and weights that differ from one matrix of a batch to the next. The right
// side is packed into panels in the run, once for many rows; where rows are few
// it is read as it stands.
#include "compile/library/fast/product_block.h"
#include "compile/library/fast/transpose.h"
#include "compile/library/walk.h"

#pragma clang fp contract(on)

using namespace rune::library;

namespace {

enum { accumulator, transposeA, transposeB };

DynamicProduct productOf(const Call &call, TileShape tile) {
  const View &a = call.in[0], &b = call.in[1];
  bool turnA = call.attributes[transposeA].integer != 0,
       turnB = call.attributes[transposeB].integer != 0;
  return {tile,
          a.sizes[a.rank - (turnA ? 1 : 2)],
          a.sizes[a.rank - (turnA ? 2 : 1)],
          b.sizes[b.rank - (turnB ? 2 : 1)],
          turnA,
          turnB};
}

/// The matrix of `view` that belongs to the result's of that number.
int64_t matrixOf(const View &view, const View &result, int64_t number) {
  int64_t at = 0, step = 1;
  for (int32_t i = 2; i < result.rank; ++i) {
    int64_t size = result.sizes[result.rank - 1 - i], here = number % size;
    number /= size;
    if (i >= view.rank)
      continue;
    int64_t own = view.sizes[view.rank - 1 - i];
    at += own == 1 ? 0 : here * step;
    step *= own;
  }
  return at;
}

template <int vectorBytes> class Dynamic {
public:
  explicit Dynamic(const Fused &fused)
      : fused_(fused), a_(fused.call->in[0]), b_(fused.call->in[1]),
        product_(productOf(*fused.call, shape)) {}

  int32_t run() {
    int64_t batches = fused_.rows / product_.rows;
    int64_t workers = fused_.call->control->workers;
    // a matrix is cut only where there are fewer of them than workers
    int64_t parts = batches >= workers ? 1 : ceilDiv(workers, batches);
    int64_t most = ceilDiv(ceilDiv(product_.rows, parts), shape.rows);
    most *= shape.rows;
    parts = ceilDiv(product_.rows, most);
    return eachTask(
        fused_, batches * parts, [&](int64_t task, uint8_t *scratch) {
          int64_t row = task % parts * most;
          part(task / parts, row, atMost(most, product_.rows - row), scratch);
        });
  }

private:
  static constexpr TileShape shape = productF32(vectorBytes);
  static constexpr int64_t width = shape.columns();
  using Block = ProductBlock<vectorBytes>;

  void part(int64_t batch, int64_t row, int64_t rows, uint8_t *scratch) {
    const View &result = fused_.call->out[0];
    int64_t inner = product_.inner, columns = product_.columns;
    const float *a = elements<float>(a_) +
                     matrixOf(a_, result, batch) * product_.rows * inner;
    const float *b =
        elements<float>(b_) + matrixOf(b_, result, batch) * inner * columns;
    auto *packed = reinterpret_cast<float *>(scratch);
    auto *turned = reinterpret_cast<float *>(scratch + product_.packedBytes());
    auto *sums = reinterpret_cast<float *>(scratch + product_.packedBytes() +
                                           product_.turnedBytes());
    int64_t most = blockRows(shape, 1, inner);
    for (int64_t from = 0; from < columns; from += mostPackedColumns) {
      int64_t to = atMost(from + mostPackedColumns, columns);
      int64_t whole = product_.packs() ? from : to - to % width;
      for (int64_t j = whole; j < to; j += width)
        pack(b, j, packed + (j - whole) * inner);
      for (int64_t i = 0; i < rows; i += most) {
        int64_t count = atMost(most, rows - i);
        const float *addresses[mostBlockRows];
        if (product_.transposeA)
          turn(a + row + i, product_.rows, inner, count, turned, inner);
        for (int64_t r = 0; r < count; ++r)
          addresses[r] = product_.transposeA ? turned + r * inner
                                             : a + (row + i + r) * inner;
        LeftSide left{addresses, most, 1, inner};
        int64_t at = batch * product_.rows + row + i;
        if (whole > from)
          Block::multiply(fused_, left, {b + from, width, columns, false},
                          {at, count, from, whole - from}, sums);
        if (whole < to)
          Block::multiply(fused_, left, {packed, inner * width, width, false},
                          {at, count, whole, to - whole}, sums);
      }
    }
  }

  /// The panel of the columns from `column` on; zeros where there are none.
  void pack(const float *b, int64_t column, float *to) {
    int64_t inner = product_.inner, columns = product_.columns;
    int64_t count = atMost(width, columns - column);
    if (count < width)
      for (int64_t i = 0; i < inner * width; ++i)
        to[i] = 0;
    if (product_.transposeB)
      return turn(b + column * inner, inner, count, inner, to, width);
    b += column;
    if (count < width) {
      for (int64_t k = 0; k < inner; ++k)
        for (int64_t c = 0; c < count; ++c)
          to[k * width + c] = b[k * columns + c];
      return;
    }
    using V = Vector<float, shape.lanes>;
    for (int64_t k = 0; k < inner; ++k)
      for (int v = 0; v < shape.vectors; ++v)
        storeVector<V>(to + k * width + v * shape.lanes,
                       loadVector<V>(b + k * columns + v * shape.lanes));
  }

  const Fused &fused_;
  const View &a_, &b_;
  DynamicProduct product_;
};

} // namespace

RUNE_FAST(MatMulDynamicF32_16) { return Dynamic<16>(fused).run(); }
RUNE_FAST(MatMulDynamicF32_32) { return Dynamic<32>(fused).run(); }
RUNE_FAST(MatMulDynamicF32_64) { return Dynamic<64>(fused).run(); }
