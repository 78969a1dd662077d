// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that go along an axis in order: running sums, sorting, and moving
// by places that data name.
//
// source  docs/ops.md: cum_sum, cum_prod, top_k, reverse_sequence,
//         tensor_scatter, max_unpool, key_lookup, nll_loss, shape, bit_cast
#include "compile/library/reals.h"

using namespace rune::library;

namespace {

/// Lines along an axis of a tensor.
struct Lines {
  int64_t size, inner, count;

  Lines(const View &view, int64_t axis)
      : size(view.sizes[axis]), inner(rowMajor(view).of[axis]), count(1) {
    for (int32_t i = 0; i < view.rank; ++i)
      if (i != axis)
        count *= view.sizes[i];
  }
  /// Where a line of `size` elements starts.
  int64_t start(int64_t line, int64_t size) const {
    return line / inner * inner * size + line % inner;
  }
};

template <class T>
using Running = std::conditional_t<std::is_integral_v<T>, uint64_t, Wide<T>>;

template <class Step>
int32_t cumulative(const Call &call, int start, Step step) {
  enum { axisAttribute, exclusive, reverse };
  const View &x = call.in[0];
  int64_t axis = has(call, 1) ? elements<int64_t>(call.in[1])[0]
                              : call.attributes[axisAttribute].integer;
  axis += axis < 0 ? x.rank : 0;
  if (axis < 0 || axis >= x.rank)
    return 4; // cum_sum.4 cum_prod.4
  Lines lines(x, axis);
  bool isExclusive = call.attributes[exclusive].integer != 0;
  bool isReverse = call.attributes[reverse].integer != 0;
  return withNumeric(x.type, [&]<class T>(Tag<T>) -> int32_t {
    const T *in = elements<T>(x);
    T *out = elements<T>(call.out[0]);
    for (int64_t line = 0; line < lines.count; ++line) {
      if (mustStop(call))
        return stopped;
      int64_t at = lines.start(line, lines.size), by = lines.inner;
      if (isReverse) {
        at += (lines.size - 1) * by;
        by = -by;
      }
      auto state = static_cast<Running<T>>(start);
      for (int64_t k = 0; k < lines.size; ++k, at += by) {
        Running<T> next = step(state, static_cast<Running<T>>(widen(in[at])));
        out[at] = narrow<T>(isExclusive ? state : next);
        state = next;
      }
    }
    return 0;
  });
}

/// NaN equals itself and stands above all numbers.
template <class W> int compared(W a, W b) {
  if (isNan(a) || isNan(b))
    return (isNan(a) ? 1 : 0) - (isNan(b) ? 1 : 0);
  return (a > b) - (a < b);
}

/// Sorts `places`, which keep their order where neither is before the other.
template <class Before>
int32_t sortPlaces(const Call &call, int64_t *places, int64_t *spare,
                   int64_t count, Before before) {
  for (int64_t width = 1; width < count; width *= 2) {
    for (int64_t from = 0; from < count; from += 2 * width) {
      if (mustStop(call))
        return stopped;
      int64_t middle = from + width < count ? from + width : count;
      int64_t end = from + 2 * width < count ? from + 2 * width : count;
      int64_t a = from, b = middle;
      for (int64_t to = from; to < end; ++to)
        spare[to] = a < middle && (b == end || !before(places[b], places[a]))
                        ? places[a++]
                        : places[b++];
    }
    for (int64_t i = 0; i < count; ++i)
      places[i] = spare[i];
  }
  return 0;
}

} // namespace

RUNE_KERNEL(CumSum) {
  return cumulative(call, 0, [](auto a, auto b) { return addWrapping(a, b); });
}
RUNE_KERNEL(CumProd) {
  return cumulative(call, 1, [](auto a, auto b) { return mulWrapping(a, b); });
}

RUNE_KERNEL(TopK) {
  enum { axisAttribute, largest };
  const View &x = call.in[0], &y = call.out[0];
  int64_t axis = call.attributes[axisAttribute].integer;
  bool isLargest = call.attributes[largest].integer != 0;
  Lines lines(x, axis);
  int64_t k = y.sizes[axis];
  if (elements<int64_t>(call.in[1])[0] != k || k > lines.size)
    return 4; // top_k.4
  Scratch scratch(call);
  int64_t *places = scratch.take<int64_t>(lines.size);
  int64_t *spare = scratch.take<int64_t>(lines.size);
  bool wantsPlaces = call.outputs > 1 && call.out[1].rank >= 0;
  return withNumeric(x.type, [&]<class T>(Tag<T>) -> int32_t {
    const T *in = elements<T>(x);
    T *out = elements<T>(y);
    for (int64_t line = 0; line < (k == 0 ? 0 : lines.count); ++line) {
      const T *from = in + lines.start(line, lines.size);
      for (int64_t i = 0; i < lines.size; ++i)
        places[i] = i;
      if (int32_t status = sortPlaces(
              call, places, spare, lines.size, [&](int64_t a, int64_t b) {
                int order = compared(widen(from[a * lines.inner]),
                                     widen(from[b * lines.inner]));
                return isLargest ? order > 0 : order < 0;
              }))
        return status;
      int64_t to = lines.start(line, k);
      for (int64_t i = 0; i < k; ++i) {
        out[to + i * lines.inner] = from[places[i] * lines.inner];
        if (wantsPlaces)
          elements<int64_t>(call.out[1])[to + i * lines.inner] = places[i];
      }
    }
    return 0;
  });
}

RUNE_KERNEL(ReverseSequence) {
  enum { batchAxis, timeAxis };
  const View &x = call.in[0];
  int64_t batch = call.attributes[batchAxis].integer;
  int64_t time = call.attributes[timeAxis].integer;
  for (int64_t b = 0; b < x.sizes[batch]; ++b)
    if (int64_t length = indexAt(call.in[1], b);
        length < 0 || length > x.sizes[time])
      return 3; // reverse_sequence.3
  Strides strides = rowMajor(x);
  int64_t alongBatch = strides.of[batch], alongTime = strides.of[time];
  return withWidth(x.type, [&]<class T>(Tag<T>) {
    const T *in = elements<T>(x);
    T *out = elements<T>(call.out[0]);
    return eachPiece(call, countOf(x), [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i) {
        int64_t length = indexAt(call.in[1], i / alongBatch % x.sizes[batch]);
        int64_t t = i / alongTime % x.sizes[time];
        out[i] = in[i + (t < length ? length - 1 - 2 * t : 0) * alongTime];
      }
    });
  });
}

RUNE_KERNEL(TensorScatter) {
  enum { axisAttribute, circular };
  const View &cache = call.in[0], &update = call.in[1];
  int64_t axis = call.attributes[axisAttribute].integer;
  bool isCircular = call.attributes[circular].integer != 0;
  int64_t room = cache.sizes[axis], length = update.sizes[axis];
  auto placeAt = [&](int64_t b) {
    return has(call, 2) ? elements<int64_t>(call.in[2])[b] : 0;
  };
  int64_t last = !isCircular ? room - length : room > 0 ? room - 1 : 0;
  for (int64_t b = 0; b < cache.sizes[0]; ++b)
    if (int64_t place = placeAt(b); place < 0 || place > last)
      return 5; // tensor_scatter.5
  Strides to = rowMajor(cache), from = rowMajor(update);
  return withWidth(cache.type, [&]<class T>(Tag<T>) -> int32_t {
    const T *old = elements<T>(cache), *in = elements<T>(update);
    T *out = elements<T>(call.out[0]);
    int32_t status =
        eachPiece(call, countOf(cache), [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i)
            out[i] = old[i];
        });
    if (status)
      return status;
    return eachPiece(call, countOf(update), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        int64_t offset = 0, batch = 0;
        for (int32_t d = 0; d < update.rank; ++d) {
          int64_t at = i / from.of[d] % update.sizes[d];
          batch = d == 0 ? at : batch;
          if (d == axis)
            at = (placeAt(batch) + at) % (room > 1 ? room : 1);
          offset += at * to.of[d];
        }
        out[offset] = in[i];
      }
    });
  });
}

RUNE_KERNEL(MaxUnpool) {
  enum { dilations, kernel, layout, pads, strides };
  const Attribute *a = call.attributes;
  const View &x = call.in[0], &y = call.out[0];
  int32_t spatial = x.rank - 2;
  int64_t frame[maxRank], all = 1;
  for (int32_t i = 0; i < x.rank; ++i) {
    int32_t d = i - 2;
    frame[i] = i < 2 || x.sizes[i] == 0
                   ? x.sizes[i]
                   : (x.sizes[i] - 1) * integerAt(a[strides], d) +
                         integerAt(a[kernel], d) - integerAt(a[pads], d) -
                         integerAt(a[pads], spatial + d);
    if (frame[i] > y.sizes[i])
      return 6; // max_unpool.6
    all *= frame[i];
  }
  Strides outer = rowMajor(y);
  return withWidth(x.type, [&]<class T>(Tag<T>) -> int32_t {
    const T *in = elements<T>(x);
    T *out = elements<T>(y);
    int32_t status = eachPiece(call, countOf(y), [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i)
        out[i] = 0;
    });
    for (int64_t i = 0; i < countOf(x) && !status; ++i) {
      if (mustStop(call))
        return stopped;
      int64_t index = elements<int64_t>(call.in[1])[i], place = 0;
      if (index < 0 || index >= all)
        return 7; // max_unpool.7
      for (int32_t d = x.rank; d-- > 0; index /= frame[d])
        place += index % frame[d] * outer.of[d];
      out[place] = in[i];
    }
    return status;
  });
}

RUNE_KERNEL(KeyLookup) {
  const View &x = call.in[0], &keys = call.in[1];
  int64_t known = countOf(keys);
  auto equal = [&](int64_t i, int64_t k) {
    if (!isFloatType(x.type))
      return loadInteger(x, i) == loadInteger(keys, k);
    double a = loadFloat(x, i), b = loadFloat(keys, k);
    return a == b || (isNan(a) && isNan(b));
  };
  return withWidth(call.out[0].type, [&]<class T>(Tag<T>) -> int32_t {
    T *out = elements<T>(call.out[0]);
    for (int64_t i = 0; i < countOf(x); ++i) {
      if (mustStop(call))
        return stopped;
      int64_t k = 0;
      while (k < known && !equal(i, k))
        ++k;
      out[i] =
          k < known ? elements<T>(call.in[2])[k] : elements<T>(call.in[3])[0];
    }
    return 0;
  });
}

RUNE_KERNEL(NllLoss) {
  enum { ignored, ignores, reduction };
  const Attribute *a = call.attributes;
  const View &x = call.in[0];
  int64_t classes = x.sizes[1], inner = rowMajor(x).of[1];
  int64_t count = countOf(call.in[1]);
  bool none = isText(a[reduction], "none");
  return withFloat(x.type, [&]<class T>(Tag<T>) -> int32_t {
    using W = Wide<T>;
    double sum = 0, weights = 0;
    for (int64_t i = 0; i < count; ++i) {
      if (mustStop(call))
        return stopped;
      int64_t target = indexAt(call.in[1], i);
      W value = 0, weight = 0;
      if (a[ignores].integer == 0 || target != a[ignored].integer) {
        if (target < 0 || target >= classes)
          return 5; // nll_loss.5
        weight = has(call, 2) ? widen(elements<T>(call.in[2])[target]) : W(1);
        value = -widen(elements<T>(
                    x)[(i / inner * classes + target) * inner + i % inner]) *
                weight;
      }
      if (none)
        elements<T>(call.out[0])[i] = narrow<T>(value);
      sum += static_cast<double>(value);
      weights += static_cast<double>(weight);
    }
    if (!none)
      storeFloat(call.out[0], 0,
                 isText(a[reduction], "sum") ? sum : sum / weights);
    return 0;
  });
}

RUNE_KERNEL(Shape) {
  enum { end, start };
  int64_t *out = elements<int64_t>(call.out[0]);
  for (int64_t i = call.attributes[start].integer;
       i < call.attributes[end].integer; ++i)
    *out++ = call.in[0].sizes[i];
  return 0;
}

RUNE_KERNEL(BitCast) {
  bool isBool = call.out[0].type == Type::Bool;
  return withWidth(call.out[0].type, [&]<class T>(Tag<T>) {
    const T *in = elements<T>(call.in[0]);
    T *out = elements<T>(call.out[0]);
    return eachPiece(call, countOf(call.out[0]), [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i)
        out[i] = isBool ? in[i] != 0 : in[i];
    });
  });
}
