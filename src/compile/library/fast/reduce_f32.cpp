// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums and means of f32 over neighbouring dimensions: [outer, folded, inner].
// Where nothing stands behind the folded ones an element of the result is a
// sum of neighbours, else rows are added to each other.
#include "compile/library/fast/blocking.h"
#include "compile/library/fast/flat.h"
#include "compile/library/fast/folds_f32.h"

#pragma clang fp contract(on)

using namespace rune::library;

namespace {

struct Folded {
  int64_t outer = 1, folded = 1, inner = 1;

  explicit Folded(const Call &call) {
    const View &x = call.in[0];
    const Attribute &axes = call.attributes[1];
    for (int32_t d = 0; d < x.rank; ++d) {
      bool isFolded = false;
      for (int64_t k = 0; k < axes.count; ++k)
        isFolded |= integerAt(axes, k) == d;
      if (isFolded) // dimensions of 1 between do not count
        outer *= inner, inner = 1, folded *= x.sizes[d];
      else
        inner *= x.sizes[d];
    }
  }
};

template <int lanes> int32_t reduce(const Fused &fused, bool isMean) {
  const Call &call = *fused.call;
  const float *x = elements<float>(call.in[0]);
  Folded f(call);
  float factor = isMean ? 1 / static_cast<float>(f.folded) : 1;
  if (f.inner == 1) {
    // so many that a task has something to do
    int64_t most = atMost(ceilDiv(1 << 14, f.folded), rowBlock);
    return eachTask(
        fused, ceilDiv(f.outer, most), [&](int64_t task, uint8_t *scratch) {
          auto *values = reinterpret_cast<float *>(scratch);
          int64_t first = task * most, count = atMost(most, f.outer - first);
          for (int64_t i = 0; i < count; ++i)
            values[i] =
                sumOf<lanes>(x + (first + i) * f.folded, f.folded) * factor;
          finishFlat(fused, values, first, count);
        });
  }
  int64_t pieces = ceilDiv(f.inner, rowBlock);
  return eachTask(fused, f.outer * pieces, [&](int64_t task, uint8_t *scratch) {
    auto *values = reinterpret_cast<float *>(scratch);
    int64_t outer = task / pieces, first = task % pieces * rowBlock;
    int64_t count = atMost(rowBlock, f.inner - first);
    sumRows<lanes>(x + outer * f.folded * f.inner + first, f.inner, f.folded,
                   count, factor, values);
    finishFlat(fused, values, outer * f.inner + first, count);
  });
}

} // namespace

RUNE_FAST(ReduceMeanF32_16) { return reduce<4>(fused, true); }
RUNE_FAST(ReduceMeanF32_32) { return reduce<8>(fused, true); }
RUNE_FAST(ReduceMeanF32_64) { return reduce<16>(fused, true); }
RUNE_FAST(ReduceSumF32_16) { return reduce<4>(fused, false); }
RUNE_FAST(ReduceSumF32_32) { return reduce<8>(fused, false); }
RUNE_FAST(ReduceSumF32_64) { return reduce<16>(fused, false); }
