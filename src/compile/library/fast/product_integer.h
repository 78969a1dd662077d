// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions and matrix products of integers, summed in 32 bits. Neighbouring
// channels stand together in an element of 32 bits, on both sides, and one
// instruction multiplies and adds all that two of them hold. What an element is
// and which instruction that is, is a `Form`: product_i16.cpp,
// product_dots.cpp.
#pragma once

#include "compile/library/fast/row_blocks.h"
#include "compile/library/fast/vector.h"

namespace rune::library {

/// `rows` × `vectors` sums over `taps` · `length` products of elements.
///
/// in      `step`: columns of the panel
template <class Form, int rows, int vectors>
[[gnu::noinline]] void
multiplyIntegers(const typename Form::Element *const *addresses, int64_t apart,
                 int64_t taps, int64_t length, const int32_t *panel,
                 int64_t step, int32_t *tile) {
  constexpr int lanes = Form::shape.lanes;
  using Sums = Vector<int32_t, lanes>;
  constexpr int chains = rows * vectors <= 2 ? 4 : rows * vectors <= 6 ? 2 : 1;
  Sums sums[chains][rows][vectors] = {};
  for (int v = 0; v < vectors; ++v) {
    Sums bias = loadVector<Sums>(panel + v * lanes);
    for (int r = 0; r < rows; ++r)
      sums[0][r][v] = bias;
  }
  panel += step;
  for (int64_t tap = 0; tap < taps; ++tap) {
    const typename Form::Element *row[rows];
    for (int r = 0; r < rows; ++r)
      row[r] = addresses[tap * apart + r];
    auto product = [&](int64_t p, int chain) {
      Sums weights[vectors];
      for (int v = 0; v < vectors; ++v)
        weights[v] = loadVector<Sums>(panel + p * step + v * lanes);
      for (int r = 0; r < rows; ++r) {
        int32_t element;
        __builtin_memcpy(&element, row[r] + p, sizeof element);
        Sums x = element;
        for (int v = 0; v < vectors; ++v)
          sums[chain][r][v] =
              Form::template add<lanes>(sums[chain][r][v], x, weights[v]);
      }
    };
    int64_t p = 0;
    if constexpr (chains > 1)
      for (; p + chains <= length; p += chains)
        for (int chain = 0; chain < chains; ++chain)
          product(p + chain, chain);
    for (; p < length; ++p)
      product(p, 0);
    panel += length * step;
  }
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < vectors; ++v) {
      Sums sum = sums[0][r][v];
      for (int chain = 1; chain < chains; ++chain)
        sum += sums[chain][r][v];
      storeVector(tile + (r * vectors + v) * lanes, sum);
    }
}

/// The tile of `count` rows, which is at most the full one's.
template <class Form, int rows, int vectors>
void multiplyIntegerRows(int64_t count,
                         const typename Form::Element *const *addresses,
                         int64_t apart, int64_t taps, int64_t length,
                         const int32_t *panel, int64_t step, int32_t *tile) {
  if constexpr (rows > 1)
    if (count < rows)
      return multiplyIntegerRows<Form, rows - 1, vectors>(
          count, addresses, apart, taps, length, panel, step, tile);
  multiplyIntegers<Form, rows, vectors>(addresses, apart, taps, length, panel,
                                        step, tile);
}

/// One row by `count` panels that lie `panelElements` apart, read side by side:
/// each weight is used once, so that what counts is how fast they come.
template <class Form, int count>
[[gnu::noinline]] void multiplyIntegerRow(const typename Form::Element *x,
                                          int64_t length, const int32_t *panel,
                                          int64_t panelElements, int32_t *to) {
  constexpr int lanes = Form::shape.lanes, vectors = Form::shape.vectors;
  constexpr int64_t width = Form::shape.columns();
  constexpr int chains = count == 1 ? 4 : 1;
  using Sums = Vector<int32_t, lanes>;
  Sums sums[chains][count][vectors] = {};
  for (int p = 0; p < count; ++p)
    for (int v = 0; v < vectors; ++v)
      sums[0][p][v] = loadVector<Sums>(panel + p * panelElements + v * lanes);
  auto product = [&](int64_t k, int chain) {
    int32_t element;
    __builtin_memcpy(&element, x + k, sizeof element);
    Sums left = element;
    panel += width;
    for (int p = 0; p < count; ++p)
      for (int v = 0; v < vectors; ++v)
        sums[chain][p][v] = Form::template add<lanes>(
            sums[chain][p][v], left,
            loadVector<Sums>(panel + p * panelElements + v * lanes));
  };
  int64_t k = 0;
  for (; k + chains <= length; k += chains)
    for (int chain = 0; chain < chains; ++chain)
      product(k + chain, chain);
  for (; k < length; ++k)
    product(k, 0);
  for (int p = 0; p < count; ++p)
    for (int v = 0; v < vectors; ++v) {
      Sums sum = sums[0][p][v];
      for (int chain = 1; chain < chains; ++chain)
        sum += sums[chain][p][v];
      storeVector(to + p * width + v * lanes, sum);
    }
}

/// A form has
///
///   Element         4 bytes of neighbouring channels
///   shape           of a tile
///   each            channels of an element
///   add<lanes>      sums with the products of elements and weights added
///   prepare         finds or makes the elements of all rows of x
///   padding         what stands for x where it is padded
template <class Form> struct IntegerProduct {
  using Element = typename Form::Element;
  static constexpr TileShape shape = Form::shape;

  static void block(const Fused &fused, const Element *const *addresses,
                    int64_t apart, int64_t taps, int64_t length,
                    const int32_t *panel, int64_t row, int64_t rows,
                    int64_t column, int64_t columns) {
    constexpr int64_t width = shape.columns();
    constexpr int narrowRows = shape.vectors * shape.rows;
    alignas(64) int32_t tile[shape.rows * width];
    for (int64_t j = 0; j < columns; j += width) {
      int64_t i = 0;
      // where a vector holds all columns that are left, so many more rows
      if (columns - j <= shape.lanes) {
        for (; i + narrowRows <= rows; i += narrowRows) {
          multiplyIntegers<Form, narrowRows, 1>(addresses + i, apart, taps,
                                                length, panel, width, tile);
          fused.finish(tile, shape.lanes, row + i, narrowRows, column + j,
                       columns - j, fused.operands);
        }
        for (; i < rows; i += shape.rows) {
          int64_t count = atMost(shape.rows, rows - i);
          multiplyIntegerRows<Form, shape.rows, 1>(
              count, addresses + i, apart, taps, length, panel, width, tile);
          fused.finish(tile, shape.lanes, row + i, count, column + j,
                       columns - j, fused.operands);
        }
      }
      for (; i < rows; i += shape.rows) {
        int64_t count = atMost(shape.rows, rows - i);
        multiplyIntegerRows<Form, shape.rows, shape.vectors>(
            count, addresses + i, apart, taps, length, panel, width, tile);
        fused.finish(tile, width, row + i, count, column + j,
                     atMost(width, columns - j), fused.operands);
      }
      panel += (1 + taps * length) * width;
    }
  }

  static int32_t conv(const Fused &fused) {
    const Call &call = *fused.call;
    const View &x = call.in[0], &weights = call.in[1];
    Window window = convWindow(call);
    int64_t channels = weights.sizes[1], length = ceilDiv(channels, Form::each);
    int64_t groups = call.attributes[conv::groups].integer;
    int64_t columns = weights.sizes[0] / groups;
    const Element *first = nullptr;
    if (int32_t status = Form::prepare(fused, countOf(x) / x.sizes[x.rank - 1],
                                       groups, channels, first))
      return status;
    // the picture as it is then
    int64_t sizes[maxRank];
    for (int32_t d = 0; d < x.rank; ++d)
      sizes[d] = x.sizes[d];
    sizes[x.rank - 1] = groups * length;
    View elements{nullptr, sizes, x.rank, Type::I32};
    WindowRows windows(elements, call.out[0], window);
    int64_t taps = windows.taps();
    int64_t panelElements = (1 + taps * length) * shape.columns();
    int64_t panels = ceilDiv(columns, shape.columns());
    int64_t groupElements = panels * panelElements;
    const auto *packed = packedWeights<int32_t>(fused, windows);
    return eachRowBlock<Element>(
        fused, windows, shape, length, groups > 1 ? groups : panels,
        Form::padding(call), [&](const RowBlock<Element> &rows) {
          auto multiply = [&](int64_t g, Share share) {
            rows.gather(first + g * length);
            int64_t from = share.first * shape.columns();
            block(fused, rows.addresses, rows.apart, taps, length,
                  packed + g * groupElements + share.first * panelElements,
                  rows.row, rows.rows, g * columns + from,
                  atMost(share.end * shape.columns(), columns) - from);
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
    int64_t inner = a.sizes[a.rank - 1], length = ceilDiv(inner, Form::each);
    const Element *first = nullptr;
    if (int32_t status = Form::prepare(fused, fused.rows, 1, inner, first))
      return status;
    if (fused.rows == 1)
      return row(fused, first, inner, length);
    int64_t panels = ceilDiv(fused.columns, shape.columns());
    RowTasks tasks(fused, blockRows(shape, 1, length), shape.rows,
                   inner * fused.columns, panels);
    return eachTask(fused, tasks.count, [&](int64_t task, uint8_t *) {
      const Element *addresses[mostBlockRows];
      int64_t row = tasks.row(task),
              rows = atMost(tasks.rows, fused.rows - row);
      for (int64_t i = 0; i < rows; ++i)
        addresses[i] = first + (row + i) * length;
      Share share = tasks.share(task, panels);
      int64_t column = share.first * shape.columns();
      block(fused, addresses, rows, 1, length,
            static_cast<const int32_t *>(fused.packed) +
                share.first * (1 + length) * shape.columns(),
            row, rows, column,
            atMost(share.end * shape.columns(), fused.columns) - column);
    });
  }

  /// The same of one row, whose columns are cut into tasks.
  static int32_t row(const Fused &fused, const Element *x, int64_t inner,
                     int64_t length) {
    constexpr int64_t width = shape.columns(), whole = streams * width;
    int64_t panelElements = (1 + length) * width;
    int64_t most = ceilDiv(leastProducts, inner * whole) * whole;
    return eachTask(
        fused, ceilDiv(fused.columns, most), [&](int64_t task, uint8_t *) {
          int64_t column = task * most,
                  end = atMost(column + most, fused.columns);
          const auto *panel = static_cast<const int32_t *>(fused.packed) +
                              column / width * panelElements;
          alignas(64) int32_t sums[whole];
          auto finish = [&](int64_t columns) {
            fused.finish(sums, columns, 0, 1, column,
                         atMost(columns, end - column), fused.operands);
            column += columns;
            panel += columns / width * panelElements;
          };
          while (column + whole <= end) {
            multiplyIntegerRow<Form, streams>(x, length, panel, panelElements,
                                              sums);
            finish(whole);
          }
          while (column < end) {
            multiplyIntegerRow<Form, 1>(x, length, panel, panelElements, sums);
            finish(width);
          }
        });
  }

  /// Panels that one row reads side by side.
  static constexpr int streams = 4;
};

/// Calls `make(row, count, element)` for all rows of x, in pieces of which each
/// is a task.
///
/// in      `wide`: elements of 4 bytes that a row becomes
template <class F>
int32_t eachPiece(const Fused &fused, int64_t rows, int64_t wide,
                  const F &make) {
  int64_t most = ceilDiv(1 << 13, wide);
  return eachTask(fused, ceilDiv(rows, most), [&](int64_t task, uint8_t *) {
    int64_t row = task * most;
    make(row, atMost(most, rows - row), row * wide);
  });
}

} // namespace rune::library
