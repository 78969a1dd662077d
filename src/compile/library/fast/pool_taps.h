// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pools over channels-last images: the taps of a pixel are found once, all its
// channels follow.
#pragma once

#include "compile/library/fast/blocking.h"
#include "compile/library/fast/fused.h"
#include "compile/library/window.h"

namespace rune::library {

/// Calls `body(x, place, taps, count, to)` for each pixel of the result and
/// finishes what it leaves at `to`, an element for each channel.
template <class T, class F>
int32_t eachPooled(const Fused &fused, const Window &window,
                   const Attribute &layout, const F &body) {
  const Call &call = *fused.call;
  Image x(call.in[0], layout), y(call.out[0], layout);
  int64_t channels = fused.columns;
  const T *in = elements<T>(call.in[0]);
  int64_t most = channels < rowBlock ? rowBlock / channels : 1;
  int64_t insideTaps = 1;
  for (int32_t d = 0; d < window.rank; ++d)
    insideTaps *= atMost(window.kernel[d], x.size(d));
  return eachTask(
      fused, ceilDiv(fused.rows, most), [&](int64_t task, uint8_t *scratch) {
        auto **taps = reinterpret_cast<const T **>(scratch);
        auto *values =
            reinterpret_cast<T *>(scratch + poolAddresses(insideTaps));
        int64_t first = task * most, rows = atMost(most, fused.rows - first);
        for (int64_t i = 0; i < rows; ++i) {
          int64_t place[maxRank], rest = first + i;
          for (int32_t d = window.rank; d-- > 0; rest /= y.size(d))
            place[d] = rest % y.size(d);
          const T *image = in + rest * x.strides.of[0];
          int64_t count = 0;
          window.eachTap(x, place, {}, [&](int64_t offset, int64_t, int64_t) {
            taps[count++] = image + offset;
          });
          body(x, place, taps, count, values + i * channels);
        }
        fused.finish(values, channels, first, rows, 0, channels,
                     fused.operands);
      });
}

/// What pools have as attributes, not as weights.
inline Window poolWindow(const Call &call, const Attribute &kernel,
                         const Attribute &strides, const Attribute &dilations,
                         const Attribute &pads) {
  Window window{strides, dilations, pads, {}, call.in[0].rank - 2};
  for (int32_t d = 0; d < window.rank; ++d)
    window.kernel[d] = integerAt(kernel, d);
  return window;
}

} // namespace rune::library
