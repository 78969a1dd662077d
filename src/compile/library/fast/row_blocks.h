// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How kernels of convolutions cut their rows into tasks, and where the rows of
// a task begin. Windows over small images stand as a table before the packed
// weights (compile/window_table.h), so that a run has little to compute.
#pragma once

#include "compile/library/fast/blocking.h"
#include "compile/library/fast/fused.h"
#include "compile/library/fast/rows.h"

namespace rune::library {

/// A task: neighbouring rows of the result, and where they begin in x.
template <class T> class RowBlock {
public:
  int64_t row, rows;
  /// The panels (or groups) of columns.
  Share panels;
  /// Of the rows, those of one tap `apart` from the next tap's.
  const T **addresses;
  int64_t apart;
  /// Of the worker, from its first byte.
  uint8_t *scratch;

  /// Finds the addresses.
  ///
  /// in      `x`: the first channel of all that is read
  void gather(const T *x) const {
    if (windows_.isWhole())
      for (int64_t i = 0; i < rows; ++i)
        addresses[i] = x + (row + i) * windows_.pitch();
    else if (table_)
      lookUp(x);
    else
      windows_.addresses(x, zeros_, row, rows, addresses, apart);
  }

  RowBlock(const WindowRows &windows, const int32_t *table, const T *zeros,
           int64_t first, int64_t count, Share columns, const T **to,
           int64_t step, uint8_t *own)
      : row(first), rows(count), panels(columns), addresses(to), apart(step),
        scratch(own), windows_(windows), table_(table), zeros_(zeros) {}

private:
  void lookUp(const T *x) const {
    int64_t all = windows_.imageRows();
    for (int64_t i = 0; i < rows;) {
      int64_t image = (row + i) / all, at = (row + i) % all;
      int64_t run = atMost(all - at, rows - i);
      const T *first = x + image * windows_.imageStep();
      for (int64_t tap = 0; tap < windows_.taps(); ++tap) {
        const int32_t *from = table_ + tap * all + at;
        const T **to = addresses + tap * apart + i;
#pragma clang loop vectorize(assume_safety) interleave_count(1)
        for (int64_t k = 0; k < run; ++k)
          to[k] = from[k] == inPadding ? zeros_ : first + from[k];
      }
      i += run;
    }
  }

  const WindowRows &windows_;
  const int32_t *table_;
  const T *zeros_;
};

/// Calls `body(block)` for all rows, on as many workers as there are.
///
/// in      `channels`: elements of a row in the padding, which are `padding`;
///         `panels`: what columns may be cut into
template <class T, class F>
int32_t eachRowBlock(const Fused &fused, const WindowRows &windows,
                     const TileShape &tile, int64_t channels, int64_t panels,
                     T padding, const F &body) {
  int64_t taps = windows.taps();
  int64_t most = blockRows(tile, taps, channels);
  RowTasks tasks(fused, most, tile.rows, taps * channels * fused.columns,
                 panels);
  auto *table = windowTableBytes(windows.imageRows(), taps) == 0
                    ? nullptr
                    : static_cast<const int32_t *>(fused.packed);
  return eachTask(fused, tasks.count, [&](int64_t task, uint8_t *scratch) {
    auto *zeros = reinterpret_cast<T *>(scratch);
    for (int64_t c = 0; c < channels; ++c)
      zeros[c] = padding;
    auto **addresses = reinterpret_cast<const T **>(
        scratch + windowScratch(tile, taps, channels) - most * taps * 8);
    int64_t row = tasks.row(task);
    RowBlock<T> block(windows, table, zeros, row,
                      atMost(tasks.rows, fused.rows - row),
                      tasks.share(task, panels), addresses, most, scratch);
    body(block);
  });
}

/// The weights, behind the table.
template <class T>
const T *packedWeights(const Fused &fused, const WindowRows &windows) {
  return reinterpret_cast<const T *>(
      static_cast<const uint8_t *>(fused.packed) +
      windowTableBytes(windows.imageRows(), windows.taps()));
}

} // namespace rune::library
