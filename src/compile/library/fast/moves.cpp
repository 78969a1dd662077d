// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elements from one place to another. One function each for all moves of a
// model: how far they go are numbers of the call, not of the code, as memory is
// what they wait for.
#include "compile/library/fast/move.h"
#include "compile/library/fast/transpose.h"

using namespace rune::library;

namespace {

/// Where an item of the outer dimensions begins.
class Places {
public:
  Places(const Move &move, int64_t item)
      : from(move.from), to(move.to), move_(move) {
    for (int64_t d = move.rank; d-- > 0; item /= move.sizes[d]) {
      at_[d] = item % move.sizes[d];
      from += at_[d] * move.fromSteps[d];
      to += at_[d] * move.toSteps[d];
    }
  }
  void advance() {
    for (int64_t d = move_.rank; d-- > 0;) {
      from += move_.fromSteps[d];
      to += move_.toSteps[d];
      if (++at_[d] < move_.sizes[d])
        return;
      from -= move_.sizes[d] * move_.fromSteps[d];
      to -= move_.sizes[d] * move_.toSteps[d];
      at_[d] = 0;
    }
  }
  const uint8_t *from;
  uint8_t *to;

private:
  const Move &move_;
  int64_t at_[mostMoved];
};

/// Calls `body(from, to)` for each item, on as many workers as there are. 0 or
/// `stopped`.
template <class F> int32_t eachItem(const Move &move, const F &body) {
  constexpr int64_t taskBytes = 1 << 15;
  struct Shared {
    const Move &move;
    const F &body;
    int64_t items, most;
  } shared{move, body, 1, 1};
  for (int64_t d = 0; d < move.rank; ++d)
    shared.items *= move.sizes[d];
  int64_t each = move.count * move.columns * move.bytes;
  shared.most = each < taskBytes ? (taskBytes + each - 1) / each : 1;
  auto one = [](void *context, int64_t task, int64_t) {
    auto *own = static_cast<Shared *>(context);
    if (__atomic_load_n(own->move.control->stop, __ATOMIC_RELAXED) != 0)
      return;
    int64_t first = task * own->most, left = own->items - first;
    Places places(own->move, first);
    for (int64_t i = left < own->most ? left : own->most; i > 0; --i) {
      own->body(places.from, places.to);
      places.advance();
    }
  };
  const Control &control = *move.control;
  int64_t tasks = (shared.items + shared.most - 1) / shared.most;
  if (control.workers > 1 && tasks > 1)
    control.share(&control, tasks, one, &shared);
  else
    for (int64_t task = 0; task < tasks; ++task)
      one(&shared, task, 0);
  return __atomic_load_n(control.stop, __ATOMIC_RELAXED) != 0 ? stopped : 0;
}

template <class V>
[[gnu::always_inline]] inline void copyOne(const uint8_t *from, uint8_t *to) {
  storeVector<V>(to, loadVector<V>(from));
}

/// `bytes` of them by two overlapping vectors, or more.
template <class V>
[[gnu::always_inline]] inline void copyBy(const uint8_t *from, uint8_t *to,
                                          int64_t bytes) {
  constexpr int64_t step = sizeof(V);
  for (int64_t i = 0; i + step < bytes; i += step)
    copyOne<V>(from + i, to + i);
  copyOne<V>(from + bytes - step, to + bytes - step);
}

[[gnu::always_inline]] inline void copyBytes(const uint8_t *from, uint8_t *to,
                                             int64_t bytes) {
  if (bytes >= 32)
    copyBy<Vector<uint8_t, 32>>(from, to, bytes);
  else if (bytes >= 16)
    copyBy<Vector<uint8_t, 16>>(from, to, bytes);
  else if (bytes >= 8)
    copyBy<uint64_t>(from, to, bytes);
  else
    for (int64_t i = 0; i < bytes; ++i)
      to[i] = from[i];
}

template <class T> int32_t rows(const Move &move) {
  return eachItem(move, [&](const uint8_t *from, uint8_t *to) {
    int64_t fromStep = move.fromStep, toStep = move.toStep;
    for (int64_t i = 0; i < move.count; ++i, from += fromStep, to += toStep)
      copyOne<T>(from, to);
  });
}

/// One element, again and again.
template <class T> int32_t fill(const Move &move) {
  constexpr int lanes = 32 / sizeof(T);
  return eachItem(move, [&](const uint8_t *from, uint8_t *to) {
    T value = loadVector<T>(from);
    Vector<T, lanes> all = value;
    int64_t i = 0;
    for (; i + lanes <= move.count; i += lanes)
      storeVector(to + i * int64_t{sizeof(T)}, all);
    for (; i < move.count; ++i)
      storeVector(to + i * int64_t{sizeof(T)}, value);
  });
}

/// Rows that lie together in `from` become columns, which lie together in `to`.
template <class T> int32_t turned(const Move &move) {
  return eachItem(move, [&](const uint8_t *from, uint8_t *to) {
    turnBytes<T>(from, move.columnStep, move.columns, move.count, to,
                 move.toStep);
  });
}

} // namespace

RUNE_MOVE(Rows) {
  return eachItem(move, [&](const uint8_t *from, uint8_t *to) {
    for (int64_t i = 0; i < move.count; ++i)
      copyBytes(from + i * move.fromStep, to + i * move.toStep, move.bytes);
  });
}
RUNE_MOVE(Rows_1) { return rows<uint8_t>(move); }
RUNE_MOVE(Rows_2) { return rows<uint16_t>(move); }
RUNE_MOVE(Rows_4) { return rows<uint32_t>(move); }
RUNE_MOVE(Rows_8) { return rows<uint64_t>(move); }
RUNE_MOVE(Fill_1) { return fill<uint8_t>(move); }
RUNE_MOVE(Fill_2) { return fill<uint16_t>(move); }
RUNE_MOVE(Fill_4) { return fill<uint32_t>(move); }
RUNE_MOVE(Fill_8) { return fill<uint64_t>(move); }
RUNE_MOVE(Turn_1) { return turned<uint8_t>(move); }
RUNE_MOVE(Turn_2) { return turned<uint16_t>(move); }
RUNE_MOVE(Turn_4) { return turned<uint32_t>(move); }
RUNE_MOVE(Turn_8) { return turned<uint64_t>(move); }
