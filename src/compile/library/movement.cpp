// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that move elements without looking at them: by their width, not by
// their type.
//
// source  docs/ops.md: reshape, transpose, concat, split, slice, pad, gather…,
//         expand, tile, reverse_sequence, lookup
#include "compile/library/walk.h"

using namespace rune::library;

namespace {

/// The same bytes; what a shape operator does.
int32_t copy(const Call &call) {
  return withWidth(call.out[0].type, [&]<class T>(Tag<T>) {
    const T *in = elements<T>(call.in[0]);
    T *out = elements<T>(call.out[0]);
    return eachPiece(call, countOf(call.out[0]), [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i)
        out[i] = in[i];
    });
  });
}

/// y[index] = x[start + Σ index · stride], row by row.
int32_t moveStrided(const Call &call, const View &x, int64_t start,
                    const Strides &from, const View &y) {
  const Strides strides[] = {from, rowMajor(y)};
  return withWidth(y.type, [&]<class T>(Tag<T>) {
    const T *in = elements<T>(x) + start;
    T *out = elements<T>(y);
    return eachRow<2>(call, y.sizes, y.rank, strides,
                      [&](const int64_t *at, const int64_t *step, int64_t n) {
                        for (int64_t i = 0; i < n; ++i)
                          out[at[1] + i] = in[at[0] + i * step[0]];
                        return 0;
                      });
  });
}

/// Blocks of `inner` elements, `outer` times.
struct Blocks {
  int64_t outer = 1, inner = 1;

  Blocks(const View &view, int64_t axis) {
    for (int32_t i = 0; i < view.rank; ++i)
      if (i != axis)
        (i < axis ? outer : inner) *= view.sizes[i];
  }
};

/// A place counted from the end too; -1 where it is outside.
int64_t placeOf(int64_t index, int64_t size) {
  if (index < -size || index >= size)
    return -1;
  return index < 0 ? index + size : index;
}

int64_t clamp(int64_t x, int64_t low, int64_t high) {
  return x < low ? low : x > high ? high : x;
}

/// Where element `at` of a padded dimension comes from, of the `kept` from
/// `low` on; -1 for the value.
int64_t paddedSource(int64_t at, int64_t low, int64_t kept,
                     const Attribute &mode) {
  if (at >= 0 && at < kept)
    return low + at;
  if (isText(mode, "constant"))
    return -1;
  if (isText(mode, "edge"))
    return low + (at < 0 ? 0 : kept - 1);
  auto modulo = [](int64_t a, int64_t b) { return (a % b + b) % b; };
  if (isText(mode, "wrap"))
    return low + modulo(at, kept);
  if (isText(mode, "symmetric")) {
    int64_t place = modulo(at, 2 * kept);
    return low + (place < kept ? place : 2 * kept - 1 - place);
  }
  if (kept == 1)
    return low;
  int64_t period = 2 * (kept - 1), place = modulo(at, period);
  return low + (place < kept ? place : period - place);
}

} // namespace

RUNE_KERNEL(Identity) { return copy(call); }
RUNE_KERNEL(Flatten) { return copy(call); }
RUNE_KERNEL(Reshape) { return copy(call); }
RUNE_KERNEL(Squeeze) { return copy(call); }
RUNE_KERNEL(Unsqueeze) { return copy(call); }

RUNE_KERNEL(Transpose) {
  enum { permutation };
  Strides own = rowMajor(call.in[0]), from;
  for (int32_t i = 0; i < call.out[0].rank; ++i)
    from.of[i] = own.of[integerAt(call.attributes[permutation], i)];
  return moveStrided(call, call.in[0], 0, from, call.out[0]);
}

RUNE_KERNEL(Expand) {
  return moveStrided(call, call.in[0], 0, stretched(call.in[0], call.out[0]),
                     call.out[0]);
}

RUNE_KERNEL(Concat) {
  enum { axisAttribute };
  int64_t axis = call.attributes[axisAttribute].integer;
  Blocks blocks(call.out[0], axis);
  return withWidth(call.out[0].type, [&]<class T>(Tag<T>) -> int32_t {
    T *out = elements<T>(call.out[0]);
    for (int64_t o = 0; o < blocks.outer; ++o)
      for (int32_t k = 0; k < call.inputs; ++k) {
        if (mustStop(call))
          return stopped;
        int64_t count = call.in[k].sizes[axis] * blocks.inner;
        const T *in = elements<T>(call.in[k]) + o * count;
        for (int64_t i = 0; i < count; ++i)
          *out++ = in[i];
      }
    return 0;
  });
}

RUNE_KERNEL(Split) {
  enum { axisAttribute };
  int64_t axis = call.attributes[axisAttribute].integer;
  Blocks blocks(call.in[0], axis);
  return withWidth(call.in[0].type, [&]<class T>(Tag<T>) -> int32_t {
    const T *in = elements<T>(call.in[0]);
    for (int64_t o = 0; o < blocks.outer; ++o)
      for (int32_t k = 0; k < call.outputs; ++k) {
        if (mustStop(call))
          return stopped;
        if (call.out[k].rank < 0)
          continue;
        int64_t count = call.out[k].sizes[axis] * blocks.inner;
        T *out = elements<T>(call.out[k]) + o * count;
        for (int64_t i = 0; i < count; ++i)
          out[i] = *in++;
      }
    return 0;
  });
}

RUNE_KERNEL(Slice) {
  const View &x = call.in[0];
  Strides strides = rowMajor(x);
  int64_t start = 0, count = countOf(call.in[1]);
  for (int64_t i = 0; i < count; ++i) {
    int64_t axis = has(call, 3) ? elements<int64_t>(call.in[3])[i] : i;
    axis = axis < 0 ? axis + x.rank : axis;
    int64_t step = has(call, 4) ? elements<int64_t>(call.in[4])[i] : 1;
    int64_t size = x.sizes[axis], first = elements<int64_t>(call.in[1])[i];
    first = first < 0 ? first + size : first;
    first = step > 0 ? clamp(first, 0, size)
                     : clamp(first, -1, size > 0 ? size - 1 : -1);
    if (call.out[0].sizes[axis] == 0)
      continue;
    start += first * strides.of[axis];
    strides.of[axis] *= step;
  }
  return moveStrided(call, x, start, strides, call.out[0]);
}

RUNE_KERNEL(Pad) {
  enum { mode };
  const View &x = call.in[0], &y = call.out[0];
  int64_t begins[maxRank] = {}, ends[maxRank] = {};
  const int64_t *pads = elements<int64_t>(call.in[1]);
  int64_t axes = has(call, 3) ? countOf(call.in[3]) : x.rank;
  for (int64_t i = 0; i < axes; ++i) {
    int64_t axis = has(call, 3) ? elements<int64_t>(call.in[3])[i] : i;
    axis = axis < 0 ? axis + x.rank : axis;
    begins[axis] = pads[i];
    ends[axis] = pads[axes + i];
  }
  if (countOf(y) == 0)
    return 0;
  Strides strides = rowMajor(x);
  auto source = [&](int32_t d, int64_t at) {
    int64_t low = begins[d] < 0 ? -begins[d] : 0;
    int64_t kept = x.sizes[d] - low + (ends[d] < 0 ? ends[d] : 0);
    return paddedSource(at - (begins[d] > 0 ? begins[d] : 0), low, kept,
                        call.attributes[mode]);
  };
  return withWidth(y.type, [&]<class T>(Tag<T>) -> int32_t {
    const T *in = elements<T>(x);
    T *out = elements<T>(y);
    T value = has(call, 2) ? elements<T>(call.in[2])[0] : T(0);
    int32_t outer = y.rank == 0 ? 0 : y.rank - 1;
    int64_t count = y.rank == 0 ? 1 : y.sizes[outer];
    Odometer<1> place(y.sizes, outer);
    Strides none = {};
    do {
      if (mustStop(call))
        return stopped;
      int64_t from = 0;
      for (int32_t d = 0; d < outer && from >= 0; ++d) {
        int64_t at = source(d, place.at()[d]);
        from = at < 0 ? -1 : from + at * strides.of[d];
      }
      for (int64_t i = 0; i < count; ++i) {
        int64_t at = from < 0 ? -1 : y.rank == 0 ? 0 : source(outer, i);
        *out++ = at < 0 ? value : in[from + at];
      }
    } while (place.advance({none}));
    return 0;
  });
}

RUNE_KERNEL(Tile) {
  const View &x = call.in[0], &y = call.out[0];
  if (countOf(y) == 0)
    return 0;
  Strides own = rowMajor(x), none = {};
  return withWidth(y.type, [&]<class T>(Tag<T>) -> int32_t {
    const T *in = elements<T>(x);
    T *out = elements<T>(y);
    int32_t outer = y.rank == 0 ? 0 : y.rank - 1;
    int64_t count = y.rank == 0 ? 1 : y.sizes[outer];
    int64_t size = y.rank == 0 ? 1 : x.sizes[outer];
    Odometer<1> place(y.sizes, outer);
    do {
      if (mustStop(call))
        return stopped;
      int64_t from = 0;
      for (int32_t d = 0; d < outer; ++d)
        from += place.at()[d] % x.sizes[d] * own.of[d];
      for (int64_t i = 0; i < count; ++i)
        *out++ = in[from + i % size];
    } while (place.advance({none}));
    return 0;
  });
}

RUNE_KERNEL(Gather) {
  enum { axisAttribute };
  const View &x = call.in[0], &indices = call.in[1];
  int64_t axis = call.attributes[axisAttribute].integer, size = x.sizes[axis];
  Blocks blocks(x, axis);
  int64_t count = countOf(indices);
  if (countOf(call.out[0]) == 0)
    return 0;
  return withWidth(x.type, [&]<class T>(Tag<T>) -> int32_t {
    const T *in = elements<T>(x);
    T *out = elements<T>(call.out[0]);
    for (int64_t o = 0; o < blocks.outer; ++o)
      for (int64_t k = 0; k < count; ++k) {
        if (mustStop(call))
          return stopped;
        int64_t place = placeOf(indexAt(indices, k), size);
        if (place < 0) // gather.3
          return 3;
        const T *from = in + (o * size + place) * blocks.inner;
        for (int64_t i = 0; i < blocks.inner; ++i)
          *out++ = from[i];
      }
    return 0;
  });
}

namespace {

/// Calls `set(place in x, index)` for each index, in row-major order: the index
/// stands in place of that along `axis`.
template <class F>
int32_t eachElementAt(const Call &call, int64_t axis, F set) {
  const View &x = call.in[0], &indices = call.in[1];
  Strides own = rowMajor(x);
  int64_t along = own.of[axis];
  own.of[axis] = 0;
  const Strides strides[] = {own, rowMajor(indices)};
  return eachRow<2>(
      call, indices.sizes, indices.rank, strides,
      [&](const int64_t *at, const int64_t *step, int64_t n) -> int32_t {
        for (int64_t i = 0; i < n; ++i) {
          int64_t index = at[1] + i * step[1];
          int64_t place = placeOf(indexAt(indices, index), x.sizes[axis]);
          if (place < 0) // gather_elements.4, scatter_elements.4
            return 4;
          set(at[0] + i * step[0] + place * along, index);
        }
        return 0;
      });
}

/// The slices that vectors of `depth` indices name, behind `batch` shared
/// dimensions: calls `set(place in x, number of the vector)`.
template <class F>
int32_t eachSlice(const Call &call, int64_t batch, int64_t depth, F set) {
  const View &x = call.in[0], &indices = call.in[1];
  Strides own = rowMajor(x);
  int64_t batches = 1, each = 1;
  for (int64_t i = 0; i + 1 < indices.rank; ++i)
    (i < batch ? batches : each) *= indices.sizes[i];
  int64_t perBatch = batch == 0 ? 0 : own.of[batch - 1];
  for (int64_t v = 0; v < batches * each; ++v) {
    if (mustStop(call))
      return stopped;
    int64_t place = v / each * perBatch;
    for (int64_t k = 0; k < depth; ++k) {
      int64_t at = placeOf(indexAt(indices, v * depth + k), x.sizes[batch + k]);
      if (at < 0) // gather_nd.3, scatter_nd.3
        return 3;
      place += at * own.of[batch + k];
    }
    set(place, v);
  }
  return 0;
}

int64_t sliceSize(const View &x, int64_t from) {
  int64_t size = 1;
  for (int64_t i = from; i < x.rank; ++i)
    size *= x.sizes[i];
  return size;
}

/// `set(to, from)` after a copy of x: what the updates do to it.
template <class Walk>
int32_t scatter(const Call &call, const Attribute &reduction, Walk walk) {
  const View &updates = call.in[2];
  if (int32_t status = copy(call))
    return status;
  if (isText(reduction, "none"))
    return withWidth(call.out[0].type, [&]<class T>(Tag<T>) {
      T *out = elements<T>(call.out[0]);
      const T *in = elements<T>(updates);
      return walk([&](int64_t to, int64_t from) { out[to] = in[from]; });
    });
  return withNumeric(call.out[0].type, [&]<class T>(Tag<T>) {
    using W = Wide<T>;
    T *out = elements<T>(call.out[0]);
    const T *in = elements<T>(updates);
    auto run = [&](auto combine) {
      return walk([&](int64_t to, int64_t from) {
        out[to] = narrow<T>(combine(widen(out[to]), W(widen(in[from]))));
      });
    };
    if (isText(reduction, "add"))
      return run([](W a, W b) { return addWrapping(a, b); });
    if (isText(reduction, "mul"))
      return run([](W a, W b) { return mulWrapping(a, b); });
    if (isText(reduction, "max"))
      return run(
          [](W a, W b) { return isNan(a) || (!isNan(b) && !(b > a)) ? a : b; });
    return run(
        [](W a, W b) { return isNan(a) || (!isNan(b) && !(b < a)) ? a : b; });
  });
}

} // namespace

RUNE_KERNEL(GatherElements) {
  enum { axis };
  return withWidth(call.in[0].type, [&]<class T>(Tag<T>) {
    const T *in = elements<T>(call.in[0]);
    T *out = elements<T>(call.out[0]);
    return eachElementAt(
        call, call.attributes[axis].integer,
        [&](int64_t place, int64_t at) { out[at] = in[place]; });
  });
}

RUNE_KERNEL(GatherNd) {
  enum { batchDims };
  int64_t batch = call.attributes[batchDims].integer;
  int64_t depth = call.in[1].sizes[call.in[1].rank - 1];
  int64_t size = sliceSize(call.in[0], batch + depth);
  if (countOf(call.out[0]) == 0)
    return 0;
  return withWidth(call.in[0].type, [&]<class T>(Tag<T>) {
    const T *in = elements<T>(call.in[0]);
    T *out = elements<T>(call.out[0]);
    return eachSlice(call, batch, depth, [&](int64_t place, int64_t v) {
      for (int64_t i = 0; i < size; ++i)
        out[v * size + i] = in[place + i];
    });
  });
}

RUNE_KERNEL(ScatterElements) {
  enum { axis, reduction };
  return scatter(call, call.attributes[reduction], [&](auto set) {
    return eachElementAt(call, call.attributes[axis].integer, set);
  });
}

RUNE_KERNEL(ScatterNd) {
  enum { reduction };
  int64_t depth = call.in[1].sizes[call.in[1].rank - 1];
  int64_t size = sliceSize(call.in[0], depth);
  bool empty = countOf(call.in[2]) == 0;
  return scatter(call, call.attributes[reduction], [&](auto set) -> int32_t {
    if (empty)
      return 0;
    return eachSlice(call, 0, depth, [&](int64_t place, int64_t v) {
      for (int64_t i = 0; i < size; ++i)
        set(place + i, v * size + i);
    });
  });
}

RUNE_KERNEL(Lookup) {
  enum { interpolate };
  const View &x = call.in[0], &table = call.in[1];
  int64_t count = countOf(x);
  if (call.attributes[interpolate].integer != 0) {
    const int16_t *in = elements<int16_t>(x),
                  *entries = elements<int16_t>(table);
    int16_t *out = elements<int16_t>(call.out[0]);
    return eachPiece(call, count, [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i) {
        int32_t place = in[i] + (1 << 15), high = place >> 7, low = place & 127;
        auto difference =
            static_cast<int16_t>(entries[high + 1] - entries[high]);
        out[i] = static_cast<int16_t>(entries[high] +
                                      ((difference * low + 64) >> 7));
      }
    });
  }
  return withSmallInteger(x.type, [&]<class X>(Tag<X>) {
    return withWidth(table.type, [&]<class T>(Tag<T>) {
      const X *in = elements<X>(x);
      const T *entries = elements<T>(table);
      T *out = elements<T>(call.out[0]);
      return eachPiece(call, count, [&](int64_t from, int64_t to) {
        for (int64_t i = from; i < to; ++i)
          out[i] = entries[in[i] - int64_t{std::numeric_limits<X>::min()}];
      });
    });
  });
}
