// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the rows of a product begin: a convolution over channels-last images is
// a product whose rows are gathered by addresses, one for each tap of the
// window, that of a row of zeros where the tap lies in the padding. A plain
// matrix has one tap.
//
// source  M. Dukhan 2019, "The Indirect Convolution Algorithm",
//         arXiv:1907.02129
#pragma once

#include "compile/library/window.h"

namespace rune::library {

/// The window of a convolution over an NXC image.
class WindowRows {
public:
  WindowRows(const View &x, const View &y, const Window &window)
      : window_(window), rank_(window.rank), taps_(window.taps()) {
    step_[rank_] = x.sizes[x.rank - 1];
    for (int32_t d = rank_; d-- > 0;) {
      in_[d] = x.sizes[1 + d];
      out_[d] = y.sizes[1 + d];
      step_[d] = step_[d + 1] * in_[d];
    }
  }
  int64_t taps() const { return taps_; }

  /// The addresses of `count` rows from `first` on, those of one tap `apart`
  /// from the next tap's.
  ///
  /// in      `zeros`: what padding reads
  template <class T>
  void addresses(const T *x, const T *zeros, int64_t first, int64_t count,
                 const T **to, int64_t apart) const {
    int64_t at[maxRank];
    int64_t rest = first;
    for (int32_t d = rank_; d-- > 0;) {
      at[d] = rest % out_[d];
      rest /= out_[d];
    }
    const T *image = x + rest * step_[0];
    for (int64_t i = 0; i < count; ++i) {
      fill(image, zeros, at, to + i, apart);
      int32_t d = rank_;
      for (; d-- > 0;) {
        if (++at[d] < out_[d])
          break;
        at[d] = 0;
      }
      if (d < 0)
        image += step_[0];
    }
  }

private:
  template <class T>
  void fill(const T *image, const T *zeros, const int64_t *at, const T **to,
            int64_t apart) const {
    int64_t from[maxRank], tap[maxRank] = {};
    for (int32_t d = 0; d < rank_; ++d)
      from[d] = window_.start(d, at[d]);
    int32_t last = rank_ - 1;
    int64_t dilation = integerAt(window_.dilations, last);
    for (;;) {
      bool inside = true;
      const T *row = image;
      for (int32_t d = 0; d < last; ++d) {
        int64_t place = from[d] + tap[d] * integerAt(window_.dilations, d);
        inside = inside && isInside(d, place);
        row += place * step_[d + 1];
      }
      for (int64_t k = 0; k < window_.kernel[last]; ++k) {
        int64_t place = from[last] + k * dilation;
        *to = inside && isInside(last, place) ? row + place * step_[rank_]
                                              : zeros;
        to += apart;
      }
      int32_t d = last;
      for (; d-- > 0;) {
        if (++tap[d] < window_.kernel[d])
          break;
        tap[d] = 0;
      }
      if (d < 0)
        return;
    }
  }
  /// Negative pads crop.
  bool isInside(int32_t d, int64_t place) const {
    int64_t low = window_.begin(d) < 0 ? -window_.begin(d) : 0;
    int64_t high = in_[d] + (window_.end(d) < 0 ? window_.end(d) : 0);
    return place >= low && place < high;
  }

  const Window &window_;
  int32_t rank_;
  int64_t taps_;
  int64_t in_[maxRank], out_[maxRank];
  /// Elements from one index to the next: of a batch, of each spatial
  /// dimension.
  int64_t step_[maxRank + 1];
};

/// The attributes that conv, conv_integer and their kin share, by position.
enum {
  convAccumulator,
  convDilations,
  convGroups,
  convLayout,
  convPads,
  convStrides
};

inline Window windowOf(const Call &call) {
  Window window{call.attributes[convStrides],
                call.attributes[convDilations],
                call.attributes[convPads],
                {},
                call.in[0].rank - 2};
  for (int32_t d = 0; d < window.rank; ++d)
    window.kernel[d] = call.in[1].sizes[2 + d];
  return window;
}

} // namespace rune::library
