// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Multiplying integers by a real number, given as a multiplier with 31 bits
// after the point and a shift. One rule is one function of the exact product;
// none depends on the machine.
//
// source  TensorFlow Lite's quantisation specification; gemmlowp, fixedpoint.h.
//         Two roundings there, SaturatingRoundingDoublingHighMul and then
//         RoundingDivideByPOT, are one shift here: the first adds 2^30 and
//         drops 31 bits, the second adds half and drops the rest, away from
//         zero.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rune::graph {

enum class Rounding : uint8_t {
  TfliteDouble,
  TfliteSingle,
  Tflite16x8,
  OnnxEven
};
/// The rule of that name in the attribute `rounding`.
Rounding roundingNamed(std::string_view name);

/// x · multiplier · 2^(shift - 31) by one of the rules.
class Scaler {
public:
  /// in  shift in `allowed(rounding)`
  Scaler(int32_t multiplier, int32_t shift, Rounding rounding)
      : multiplier_(multiplier), drop_(31 - shift), rounding_(rounding) {
    if (rounding != Rounding::Tflite16x8)
      return;
    multiplier_ =
        multiplier_ < 0x7fff0000 ? (multiplier_ + (1 << 15)) >> 16 : 0x7fff;
    drop_ = 15 - shift;
  }

  static constexpr int32_t leastShift = -31;
  static constexpr int32_t mostShift(Rounding rounding) {
    return rounding == Rounding::Tflite16x8 ? 14 : 30;
  }

  /// `Wide` holds the product and 2^62 more: 64 bits for an x of 32.
  template <class Wide> Wide operator()(Wide x) const {
    Wide product = x * multiplier_, half = Wide(1) << (drop_ - 1);
    switch (rounding_) {
    case Rounding::TfliteDouble: {
      constexpr Wide nudge = Wide(1) << 30;
      Wide first = drop_ > 31 ? (product >= 0 ? nudge : -nudge) : Wide(0);
      return (product + half + first) >> drop_;
    }
    case Rounding::OnnxEven: {
      Wide down = product >> drop_, rest = product - (down << drop_);
      return down + (rest > half || (rest == half && (down & 1) != 0) ? 1 : 0);
    }
    default:
      return (product + half) >> drop_;
    }
  }

private:
  int64_t multiplier_;
  int drop_;
  Rounding rounding_;
};

} // namespace rune::graph
