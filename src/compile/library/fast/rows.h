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
  /// The rows of one image.
  int64_t imageRows() const {
    int64_t rows = 1;
    for (int32_t d = 0; d < rank_; ++d)
      rows *= out_[d];
    return rows;
  }
  /// Elements from one place of an image to the next, from one image to the
  /// next.
  int64_t pitch() const { return step_[rank_]; }
  int64_t imageStep() const { return step_[0]; }
  /// True if the rows are those of the image, one after the other.
  bool isWhole() const {
    bool whole = taps_ == 1;
    for (int32_t d = 0; d < rank_; ++d)
      whole = whole && in_[d] == out_[d] && window_.begin(d) == 0 &&
              integerAt(window_.strides, d) == 1;
    return whole;
  }

  /// The addresses of `count` rows from `first` on, those of one tap `apart`
  /// from the next tap's. An `Address` is a pointer, or a number of elements.
  ///
  /// in      `zeros`: what padding reads
  template <class Address>
  void addresses(Address x, Address zeros, int64_t first, int64_t count,
                 Address *to, int64_t apart) const {
    int64_t at[maxRank];
    int64_t rest = first;
    for (int32_t d = rank_; d-- > 0;) {
      at[d] = rest % out_[d];
      rest /= out_[d];
    }
    auto image = static_cast<Address>(x + rest * step_[0]);
    int32_t last = rank_ - 1;
    while (count > 0) {
      // neighbours along the last dimension, which differ by a constant
      int64_t run = out_[last] - at[last];
      run = run < count ? run : count;
      fill(image, zeros, at, run, to, apart);
      to += run;
      count -= run;
      at[last] += run - 1;
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
  template <class Address>
  void fill(Address image, Address zeros, const int64_t *at, int64_t run,
            Address *to, int64_t apart) const {
    int64_t from[maxRank], tap[maxRank] = {};
    for (int32_t d = 0; d < rank_; ++d)
      from[d] = window_.start(d, at[d]);
    int32_t last = rank_ - 1;
    int64_t dilation = integerAt(window_.dilations, last);
    int64_t stride = integerAt(window_.strides, last);
    int64_t low = lowest(last), high = highest(last);
    for (;;) {
      bool inside = true;
      Address row = image;
      for (int32_t d = 0; d < last; ++d) {
        int64_t place = from[d] + tap[d] * integerAt(window_.dilations, d);
        inside = inside && place >= lowest(d) && place < highest(d);
        row += place * step_[d + 1];
      }
      for (int64_t k = 0; k < window_.kernel[last]; ++k, to += apart) {
        int64_t place = from[last] + k * dilation;
        int64_t begin = inside ? within(low - place, stride, run) : run;
        int64_t end = inside ? within(high - place, stride, run) : run;
        auto first = static_cast<Address>(row + place * step_[rank_]);
        int64_t step = stride * step_[rank_];
        int64_t i = 0;
#pragma clang loop vectorize(disable) unroll(disable)
        for (; i < begin; ++i)
          to[i] = zeros;
#pragma clang loop vectorize(assume_safety) interleave_count(1) unroll(disable)
        for (; i < end; ++i)
          to[i] = static_cast<Address>(first + i * step);
#pragma clang loop vectorize(disable) unroll(disable)
        for (; i < run; ++i)
          to[i] = zeros;
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
  /// The first of `run` places, `stride` apart, that is `distance` away.
  static int64_t within(int64_t distance, int64_t stride, int64_t run) {
    if (distance <= 0)
      return 0;
    if (stride > 1)
      distance = (distance + stride - 1) / stride;
    return distance < run ? distance : run;
  }
  /// Negative pads crop.
  int64_t lowest(int32_t d) const {
    return window_.begin(d) < 0 ? -window_.begin(d) : 0;
  }
  int64_t highest(int32_t d) const {
    return in_[d] + (window_.end(d) < 0 ? window_.end(d) : 0);
  }

  const Window &window_;
  int32_t rank_;
  int64_t taps_;
  int64_t in_[maxRank], out_[maxRank];
  /// Elements from one index to the next: of a batch, of each spatial
  /// dimension.
  int64_t step_[maxRank + 1];
};

} // namespace rune::library
