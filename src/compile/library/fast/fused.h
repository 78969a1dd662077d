// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a fast kernel sees: the call of the operator it stands for, its weights
// packed beforehand, and the function that finishes its sums. The compiler
// emits that function for each group (compile/expression.h): bias, activation,
// residual, requantisation, whatever follows the operator element by element,
// down to the store.
//
// A result is a matrix here: its last dimension are the columns, all others
// together the rows.
#pragma once

#include "compile/library/call.h"

namespace rune::library {

/// Finishes `rows` × `columns` sums that stand in `tile` (rows `step` elements
/// apart) and belong at (`row`, `column`) of the result. No tile where a group
/// has nothing but elementwise operators.
using Finish = void (*)(const void *tile, int64_t step, int64_t row,
                        int64_t rows, int64_t column, int64_t columns,
                        void *const *operands);

struct Fused {
  const Call *call;
  /// The weights as the kernel wants them.
  const void *packed;
  Finish finish;
  void *const *operands;
  int64_t operandCount;
  /// What makes the first operand of the call, in a chain; null otherwise.
  const Fused *feeder;
  /// The result's.
  int64_t rows;
  int64_t columns;
  /// The scratch: so much for all, then so much for each worker.
  int64_t sharedBytes;
  int64_t workerBytes;
};

inline int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t atMost(int64_t a, int64_t b) { return a < b ? a : b; }

/// What is shared out evenly.
struct Share {
  int64_t first, end;
};

/// Fewer products than these are not worth a task.
constexpr int64_t leastProducts = 1 << 17;

/// Tasks of about as many rows each, as many as keep all workers busy. Where
/// rows are few their columns are shared out: so each worker reads a part of
/// the weights only.
struct RowTasks {
  int64_t rows, count, parts = 1;

  /// in      `most`: rows of a task; `tile`: rows of a tile, which are not cut;
  ///         `products`: for each row; `panels`: what columns are cut into
  RowTasks(const Fused &fused, int64_t most, int64_t tile, int64_t products,
           int64_t panels = 1) {
    int64_t workers = atMost(fused.call->control->workers,
                             fused.rows * products / leastProducts);
    workers = workers < 1 ? 1 : workers;
    int64_t blocks = ceilDiv(fused.rows, most);
    if (workers > 1 && blocks < 4 * workers && panels >= 2 * workers) {
      parts = panels >= 4 * workers ? 2 * workers : workers;
      workers = 1;
    }
    count = ceilDiv(blocks, workers) * workers;
    rows = ceilDiv(ceilDiv(fused.rows, count), tile) * tile;
    count = ceilDiv(fused.rows, rows) * parts;
  }
  int64_t row(int64_t task) const { return task / parts * rows; }
  /// Of `all` panels, those of a task.
  Share share(int64_t task, int64_t all) const {
    int64_t part = task % parts;
    return {part * all / parts, (part + 1) * all / parts};
  }
};

/// Calls `body(task, scratch)` for all tasks in [0, tasks), on as many workers
/// as there are. 0 or `stopped`.
template <class F>
int32_t eachTask(const Fused &fused, int64_t tasks, const F &body) {
  const Control &control = *fused.call->control;
  struct Shared {
    const Fused &fused;
    const F &body;
  } shared{fused, body};
  auto one = [](void *context, int64_t task, int64_t worker) {
    auto *own = static_cast<Shared *>(context);
    if (mustStop(*own->fused.call))
      return;
    own->body(task, static_cast<uint8_t *>(own->fused.call->scratch) +
                        own->fused.sharedBytes +
                        worker * own->fused.workerBytes);
  };
  if (control.workers > 1 && tasks > 1)
    control.share(&control, tasks, one, &shared);
  else
    for (int64_t task = 0; task < tasks; ++task)
      one(&shared, task, 0);
  return mustStop(*fused.call) ? stopped : 0;
}

} // namespace rune::library

#define RUNE_FAST(Name)                                                        \
  extern "C" int32_t rune_fast_##Name(const rune::library::Fused &fused)
