// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linear resizing of channels-last pictures: two lines of the picture become
// one, all of it as vectors; then each place of the result takes its two
// neighbours of that. Of integers both are exact in 32 bits, so the order
// changes nothing.
#include "compile/library/fast/blocking.h"
#include "compile/library/fast/fused.h"
#include "compile/library/fast/vector.h"
#include "compile/library/resize_axis.h"

#include <type_traits>

using namespace rune::library;

namespace {

/// `to` = a · aWeight + b · bWeight for `count` elements; vectors may go
/// beyond.
template <int lanes, class T, class W>
void blend(const T *a, const T *b, W aWeight, W bWeight, int64_t count, W *to) {
  using V = Vector<W, lanes>;
  auto load = [](const T *from) {
    return __builtin_convertvector(loadVector<Vector<T, lanes>>(from), V);
  };
  int64_t i = 0;
  // what counts nothing is left out: it may be infinite
  for (; i + lanes <= count; i += lanes) {
    V sum = load(a + i) * aWeight;
    if (bWeight != 0)
      sum += load(b + i) * bWeight;
    storeVector(to + i, sum);
  }
  for (; i < count; ++i) {
    W sum = static_cast<W>(a[i]) * aWeight;
    to[i] = bWeight != 0 ? sum + static_cast<W>(b[i]) * bWeight : sum;
  }
}

/// Sums of integers carry 20 bits after the point; to nearest, ties away from
/// zero.
template <class T, class V> [[gnu::always_inline]] inline auto rounded(V sum) {
  if constexpr (std::is_same_v<T, float>) {
    return sum;
  } else {
    V negative = sum >> 31;
    V size = (sum ^ negative) - negative;
    V y = (((size + (1 << 19)) >> 20) ^ negative) - negative;
    constexpr int32_t least = std::numeric_limits<T>::min(),
                      most = std::numeric_limits<T>::max();
    y = y < least ? V(least) : y;
    return y > most ? V(most) : y;
  }
}

/// One place: its two neighbours in the line; may write a vector too much.
template <int lanes, class T, class W>
[[gnu::always_inline]] inline void place(const W *lower, const W *upper,
                                         W lowerWeight, W upperWeight,
                                         int64_t channels, T *to) {
  using V = Vector<W, lanes>;
  for (int64_t c = 0; c < channels; c += lanes) {
    V sum = loadVector<V>(lower + c) * lowerWeight;
    if (upperWeight != 0)
      sum += loadVector<V>(upper + c) * upperWeight;
    storeVector(to + c,
                __builtin_convertvector(rounded<T>(sum), Vector<T, lanes>));
  }
}

template <int lanes, class T> int32_t resizeLines(const Fused &fused) {
  using W = std::conditional_t<std::is_same_v<T, float>, float, int32_t>;
  // of integers as the plain kernel finds them
  using Found = std::conditional_t<std::is_same_v<T, float>, float, int64_t>;
  enum { axes, transformation };
  const Call &call = *fused.call;
  const Attribute *a = call.attributes;
  const View &x = call.in[0], &y = call.out[0];
  Axis rows = axisOf(call, a[axes], a[transformation], 1);
  Axis columns = axisOf(call, a[axes], a[transformation], 2);
  int64_t channels = x.sizes[3], width = y.sizes[2];
  int64_t line = x.sizes[2] * channels;
  int64_t lines = x.sizes[0] * rows.newSize;
  int64_t most = ceilDiv(1 << 15, width * channels);
  return eachTask(
      fused, ceilDiv(lines, most), [&](int64_t task, uint8_t *scratch) {
        auto *blended = reinterpret_cast<W *>(scratch);
        auto *values = reinterpret_cast<T *>(scratch + resizeLineBytes(line));
        int64_t end = atMost((task + 1) * most, lines);
        for (int64_t at = task * most; at < end; ++at) {
          auto near = neighboursOf<Found>(rows, at % rows.newSize);
          const T *image =
              elements<T>(x) + at / rows.newSize * rows.size * line;
          blend<lanes>(image + near.lower * line, image + near.upper * line,
                       static_cast<W>(near.lowerWeight),
                       static_cast<W>(near.upperWeight), line, blended);
          for (int64_t j = 0; j < width; ++j) {
            auto beside = neighboursOf<Found>(columns, j);
            place<lanes>(blended + beside.lower * channels,
                         blended + beside.upper * channels,
                         static_cast<W>(beside.lowerWeight),
                         static_cast<W>(beside.upperWeight), channels,
                         values + j * channels);
          }
          fused.finish(values, channels, at * width, width, 0, channels,
                       fused.operands);
        }
      });
}

} // namespace

RUNE_FAST(ResizeF32_16) { return resizeLines<4, float>(fused); }
RUNE_FAST(ResizeF32_32) { return resizeLines<8, float>(fused); }
RUNE_FAST(ResizeF32_64) { return resizeLines<16, float>(fused); }
RUNE_FAST(ResizeI8_16) { return resizeLines<4, int8_t>(fused); }
RUNE_FAST(ResizeI8_32) { return resizeLines<8, int8_t>(fused); }
RUNE_FAST(ResizeI8_64) { return resizeLines<16, int8_t>(fused); }
RUNE_FAST(ResizeU8_16) { return resizeLines<4, uint8_t>(fused); }
RUNE_FAST(ResizeU8_32) { return resizeLines<8, uint8_t>(fused); }
RUNE_FAST(ResizeU8_64) { return resizeLines<16, uint8_t>(fused); }
