// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that fold axes: sums, extremes, where these stand, softmax.
//
// source  docs/ops.md: reduce_*, arg_*, softmax, cum_*
#include "compile/library/math.h"
#include "compile/library/walk.h"

using namespace rune::library;

namespace {

/// The dimensions that are folded and those that are kept, with their strides.
struct Fold {
  int64_t keptSizes[maxRank], foldedSizes[maxRank];
  Strides kept, folded;
  int32_t keptRank = 0, foldedRank = 0;
  int64_t count = 1;

  template <class IsFolded> Fold(const View &x, IsFolded isFolded) {
    Strides strides = rowMajor(x);
    for (int32_t i = 0; i < x.rank; ++i)
      if (isFolded(i)) {
        foldedSizes[foldedRank] = x.sizes[i];
        folded.of[foldedRank++] = strides.of[i];
        count *= x.sizes[i];
      } else {
        keptSizes[keptRank] = x.sizes[i];
        kept.of[keptRank++] = strides.of[i];
      }
  }

  /// Calls `body(offset)` for each folded element, in row-major order.
  template <class F>
  int32_t each(const Call &call, int64_t start, F body) const {
    return eachRow<1>(call, foldedSizes, foldedRank, {folded},
                      [&](const int64_t *at, const int64_t *step, int64_t n) {
                        for (int64_t i = 0; i < n; ++i)
                          body(start + at[0] + i * step[0]);
                        return 0;
                      });
  }
  /// Calls `body(start)` for each fold, in row-major order.
  template <class F> int32_t eachFold(F body) const {
    for (int32_t i = 0; i < keptRank; ++i)
      if (keptSizes[i] == 0)
        return 0;
    Odometer<1> place(keptSizes, keptRank);
    do {
      if (int32_t status = body(place.offset[0]))
        return status;
    } while (place.advance({kept}));
    return 0;
  }
};

/// The axes of a reduction: the attribute, or input 1.
Fold foldOf(const Call &call, const Attribute &axes,
            const Attribute &emptyIsAll) {
  const View &x = call.in[0];
  bool given = has(call, 1);
  int64_t count = given ? countOf(call.in[1]) : axes.count;
  bool all = count == 0 && emptyIsAll.integer != 0 && given;
  return {x, [&](int32_t i) {
            for (int64_t k = 0; k < count; ++k) {
              int64_t axis =
                  given ? elements<int64_t>(call.in[1])[k] : integerAt(axes, k);
              if ((axis < 0 ? axis + x.rank : axis) == i)
                return true;
            }
            return all;
          }};
}

template <class T, class State, class In, class Step, class End>
int32_t foldAll(const Call &call, const Fold &fold, State start, In in,
                Step step, End end) {
  T *out = elements<T>(call.out[0]);
  return fold.eachFold([&](int64_t from) {
    State state = start;
    if (int32_t status = fold.each(
            call, from, [&](int64_t at) { state = step(state, in(at)); }))
      return status;
    *out++ = narrow<T>(end(state));
    return 0;
  });
}

template <class Step> int32_t sum(const Call &call, int start, Step step) {
  enum { accumulator, axes, emptyIsAll };
  const Attribute *a = call.attributes;
  Fold fold = foldOf(call, a[axes], a[emptyIsAll]);
  return withAccumulator(
      call.in[0].type, a[accumulator],
      [&]<class T, class Sum>(Tag<T>, Tag<Sum>) {
        const T *x = elements<T>(call.in[0]);
        return foldAll<T>(
            call, fold, static_cast<Sum>(start),
            [&](int64_t at) { return static_cast<Sum>(widen(x[at])); }, step,
            [](Sum all) { return all; });
      });
}

template <class Start, class Wins>
int32_t extreme(const Call &call, Start start, Wins wins) {
  enum { axes, emptyIsAll };
  Fold fold = foldOf(call, call.attributes[axes], call.attributes[emptyIsAll]);
  bool isBool = call.in[0].type == Type::Bool; // any byte but 0 is true
  auto run = [&]<class T>(Tag<T>) {
    using W = Wide<T>;
    const T *x = elements<T>(call.in[0]);
    auto normal = [&](W value) { return isBool ? W(value != 0) : value; };
    return foldAll<T>(
        call, fold, normal(start(Tag<W>{})),
        [&](int64_t at) { return normal(widen(x[at])); },
        [&](W best, W next) {
          return !isNan(best) && (isNan(next) || wins(next, best)) ? next
                                                                   : best;
        },
        [](W best) { return best; });
  };
  return isBool ? run(Tag<uint8_t>{}) : withNumeric(call.in[0].type, run);
}

template <class Wins> int32_t place(const Call &call, Wins wins) {
  enum { axisAttribute, keepDims, last };
  const View &x = call.in[0];
  int64_t axis = call.attributes[axisAttribute].integer;
  bool takeLast = call.attributes[last].integer != 0;
  int64_t size = x.sizes[axis], inner = rowMajor(x).of[axis];
  int64_t count = countOf(call.out[0]);
  if (count != 0 && size == 0) // arg_max.4, arg_min.4
    return 4;
  int64_t *out = elements<int64_t>(call.out[0]);
  return withNumeric(x.type, [&]<class T>(Tag<T>) -> int32_t {
    const T *in = elements<T>(x);
    for (int64_t i = 0; i < count; ++i) {
      if (mustStop(call))
        return stopped;
      int64_t start = i / inner * inner * size + i % inner, where = 0;
      auto best = widen(in[start]);
      for (int64_t k = 1; k < size; ++k) {
        auto next = widen(in[start + k * inner]);
        bool equal = next == best || (isNan(next) && isNan(best));
        if (equal ? takeLast
                  : !isNan(best) && (isNan(next) || wins(next, best))) {
          best = next;
          where = k;
        }
      }
      out[i] = where;
    }
    return 0;
  });
}

} // namespace

RUNE_KERNEL(ReduceSum) {
  return sum(call, 0, [](auto a, auto b) { return addWrapping(a, b); });
}
RUNE_KERNEL(ReduceProd) {
  return sum(call, 1, [](auto a, auto b) { return mulWrapping(a, b); });
}
RUNE_KERNEL(ReduceMean) {
  enum { accumulator, axes, emptyIsAll };
  const Attribute *a = call.attributes;
  Fold fold = foldOf(call, a[axes], a[emptyIsAll]);
  return withAccumulator(
      call.in[0].type, a[accumulator],
      [&]<class T, class Sum>(Tag<T>, Tag<Sum>) -> int32_t {
        if (std::is_integral_v<Sum> && fold.count == 0 &&
            countOf(call.out[0]) != 0) // reduce_mean.5
          return 5;
        const T *x = elements<T>(call.in[0]);
        return foldAll<T>(
            call, fold, Sum(0),
            [&](int64_t at) { return static_cast<Sum>(widen(x[at])); },
            [](Sum a, Sum b) { return addWrapping(a, b); },
            [&](Sum all) { return all / static_cast<Sum>(fold.count); });
      });
}
RUNE_KERNEL(ReduceMax) {
  return extreme(
      call, []<class W>(Tag<W>) { return lowest<W>(); },
      [](auto a, auto b) { return a > b; });
}
RUNE_KERNEL(ReduceMin) {
  return extreme(
      call, []<class W>(Tag<W>) { return highest<W>(); },
      [](auto a, auto b) { return a < b; });
}
RUNE_KERNEL(ArgMax) {
  return place(call, [](auto a, auto b) { return a > b; });
}
RUNE_KERNEL(ArgMin) {
  return place(call, [](auto a, auto b) { return a < b; });
}

RUNE_KERNEL(Softmax) {
  enum { axes };
  const Attribute &list = call.attributes[axes];
  Fold fold(call.in[0], [&](int32_t i) {
    for (int64_t k = 0; k < list.count; ++k)
      if (integerAt(list, k) == i)
        return true;
    return false;
  });
  return withFloat(call.in[0].type, [&]<class T>(Tag<T>) {
    using W = Wide<T>;
    const T *in = elements<T>(call.in[0]);
    T *out = elements<T>(call.out[0]);
    return fold.eachFold([&](int64_t start) {
      W largest = lowest<W>(), total = 0;
      int32_t status = fold.each(call, start, [&](int64_t at) {
        W x = widen(in[at]);
        if (x > largest || isNan(x))
          largest = isNan(largest) ? largest : x;
      });
      if (!status)
        status = fold.each(call, start, [&](int64_t at) {
          total += math::exp(widen(in[at]) - largest);
        });
      if (!status)
        status = fold.each(call, start, [&](int64_t at) {
          out[at] = narrow<T>(math::exp(widen(in[at]) - largest) / total);
        });
      return status;
    });
  });
}
