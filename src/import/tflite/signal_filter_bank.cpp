// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the power of a spectrum to what a keyword model hears: channels, their
// amplitude, less noise, a steady loudness, a logarithm.
//
// source  TensorFlow Lite Micro's signal library: SignalFilterBank,
//         SignalFilterBankSquareRoot, SignalFilterBankSpectralSubtraction,
//         SignalPCAN, SignalFilterBankLog
#include "import/tflite/node.h"
#include "import/tflite/signal.h"

#include <algorithm>

namespace rune::import {
namespace {

/// Weights of all channels together.
constexpr int64_t maxWeights = 1 << 20;

/// A constant vector of 16-bit numbers.
Result<Integers> wordsOf(const TfliteNode &node, size_t index,
                         std::string_view what) {
  ValueId value = RUNE_TRY(signalInput(node, index, what, DType::I16));
  auto known = node.graph().constantOf(value);
  if (!known)
    return node.unsupported("`{}` is not known before the run", what);
  Integers words(known->data.size() / 2);
  for (size_t i = 0; i < words.size(); ++i)
    words[i] = loadUnaligned<int16_t>(known->data.data() + 2 * i);
  return words;
}

/// The bins between two centres, with weights for the channel above (that of
/// their number) and for the one below.
struct Band {
  int64_t start = 0, width = 0, weight = 0;
  int64_t end() const { return start + width; }
};

struct Bands {
  Integers above, below;
  std::vector<Band> list;
};

Result<Bands> bandsOf(const TfliteNode &node, int64_t channels) {
  Bands bands;
  bands.above = RUNE_TRY(wordsOf(node, 1, "weights"));
  bands.below = RUNE_TRY(wordsOf(node, 2, "unweights"));
  Integers starts = RUNE_TRY(wordsOf(node, 3, "channel_frequency_starts"));
  Integers weights = RUNE_TRY(wordsOf(node, 4, "channel_weight_starts"));
  Integers widths = RUNE_TRY(wordsOf(node, 5, "channel_widths"));
  for (const Integers *list : {&starts, &weights, &widths})
    if (static_cast<int64_t>(list->size()) != channels + 1)
      return node.fail("`num_channels` is {}, which needs {} bands, not {}",
                       channels, channels + 1, list->size());
  auto stored =
      static_cast<int64_t>(std::min(bands.above.size(), bands.below.size()));
  for (size_t i = 0; i < starts.size(); ++i) {
    bands.list.push_back({starts[i], widths[i], weights[i]});
    if (starts[i] < 0 || widths[i] < 0 || weights[i] < 0 ||
        weights[i] + widths[i] > stored)
      return node.fail("band {} has {} bins from {} on, with weights from {} "
                       "on, of {}",
                       i, widths[i], starts[i], weights[i], stored);
  }
  return bands;
}

/// The filters as filter_bank takes them.
struct Filters {
  Integers weights, starts, widths;
};

/// Channel c is what its band and the one before give it; bands overlap where
/// their widths were rounded up.
Result<Filters> filtersOf(const TfliteNode &node, const Bands &bands) {
  Filters filters;
  for (size_t c = 0; c + 1 < bands.list.size(); ++c) {
    const Band &low = bands.list[c], &high = bands.list[c + 1];
    int64_t start = low.width == 0    ? high.start
                    : high.width == 0 ? low.start
                                      : std::min(low.start, high.start);
    int64_t end = low.width == 0    ? high.end()
                  : high.width == 0 ? low.end()
                                    : std::max(low.end(), high.end());
    auto from = filters.weights.size();
    if (static_cast<int64_t>(from) + end - start > maxWeights)
      return node.unsupported("filters of more than {} weights", maxWeights);
    filters.weights.resize(from + static_cast<size_t>(end - start));
    auto add = [&](const Band &band, const Integers &weights) {
      for (int64_t j = 0; j < band.width; ++j)
        filters.weights[from + static_cast<size_t>(band.start - start + j)] +=
            weights[static_cast<size_t>(band.weight + j)];
    };
    add(low, bands.below);
    add(high, bands.above);
    filters.starts.push_back(start);
    filters.widths.push_back(end - start);
  }
  return filters;
}

/// ⌊x / 2^bits⌋ of numbers without sign.
Result<ValueId> divided(const TfliteNode &node, ValueId x, int64_t bits,
                        std::string_view part) {
  ValueId by = RUNE_TRY(
      powerOfTwo(node, fmt::format("{}/by", part), node.dtype(x), bits));
  return node.one(Op::Div, {x, by}, {}, part);
}

} // namespace

Imported importTfliteSignalFilterBank(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(6, 6));
  ValueId x = RUNE_TRY(signalInput(node, 0, "input", DType::U32));
  FlexOptions options = RUNE_TRY(FlexOptions::of(node));
  int64_t channels = RUNE_TRY(options.integer("num_channels", 1, INT16_MAX));
  Bands bands = RUNE_TRY(bandsOf(node, channels));
  Filters filters = RUNE_TRY(filtersOf(node, bands));
  ValueId weights =
      RUNE_TRY(numbers(node, "weights", DType::I32, filters.weights));
  ValueId starts = RUNE_TRY(node.integers("starts", filters.starts));
  ValueId widths = RUNE_TRY(node.integers("widths", filters.widths));
  return std::vector{
      RUNE_TRY(node.one(Op::FilterBank, {x, weights, starts, widths}))};
}

/// The root, shifted back by what the samples were scaled up.
Imported importTfliteSignalFilterBankSquareRoot(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  ValueId x = RUNE_TRY(signalInput(node, 0, "input", DType::U64));
  ValueId bits = RUNE_TRY(signalInput(node, 1, "scale_bits", DType::I32, 0));
  ValueId root = RUNE_TRY(node.one(Op::SqrtInteger, {x}, {}, "root"));
  ValueId powers = RUNE_TRY(powersOfTwo(node, "powers", DType::U32, 32));
  ValueId by = RUNE_TRY(node.one(Op::Gather, {powers, bits}, {}, "by"));
  return std::vector{RUNE_TRY(node.one(Op::Div, {root, by}))};
}

namespace {

/// All fractions count in 2^-bits.
struct Subtraction {
  int64_t bits = 0;
  /// Bits by which the noise is finer than the signal.
  int64_t finer = 0;
  int64_t leastLeft = 0;
  bool clamping = false;
  /// What the signal and the old estimate weigh in the new one: for each
  /// channel.
  Integers smoothing, keeping;
};

Result<Subtraction> subtractionOf(const TfliteNode &node, int64_t channels) {
  FlexOptions options = RUNE_TRY(FlexOptions::of(node));
  auto fraction = [&](std::string_view name) {
    return options.integer(name, 0, INT32_MAX);
  };
  Subtraction result;
  result.bits = RUNE_TRY(options.integer("spectral_subtraction_bits", 0, 31));
  result.finer = RUNE_TRY(options.integer("smoothing_bits", 0, 31));
  result.leastLeft = RUNE_TRY(fraction("min_signal_remaining"));
  result.clamping = RUNE_TRY(options.flag("clamping"));
  RUNE_TRY(options.integer("num_channels", channels, channels));
  const int64_t smoothing[] = {RUNE_TRY(fraction("smoothing")),
                               RUNE_TRY(fraction("alternate_smoothing"))};
  const int64_t keeping[] = {
      RUNE_TRY(fraction("one_minus_smoothing")),
      RUNE_TRY(fraction("alternate_one_minus_smoothing"))};
  for (int64_t i = 0; i < channels; ++i) {
    result.smoothing.push_back(smoothing[i % 2]);
    result.keeping.push_back(keeping[i % 2]);
  }
  return result;
}

/// x · weights / 2^bits in 64 bits, of one or two products.
Result<ValueId> weighed(const TfliteNode &node, ValueId x, ValueId weights,
                        std::string_view part) {
  ValueId wide =
      RUNE_TRY(castTo(node, x, DType::U64, fmt::format("{}/wide", part)));
  return node.one(Op::Mul, {wide, weights}, {}, part);
}

/// The new estimate of the noise, before it is clamped.
Result<ValueId> smoothed(const TfliteNode &node, const Subtraction &plan,
                         ValueId signal, ValueId noise) {
  ValueId smoothing =
      RUNE_TRY(numbers(node, "smoothing", DType::U64, plan.smoothing));
  ValueId keeping =
      RUNE_TRY(numbers(node, "keeping", DType::U64, plan.keeping));
  ValueId now = RUNE_TRY(weighed(node, signal, smoothing, "now"));
  ValueId before = RUNE_TRY(weighed(node, noise, keeping, "before"));
  ValueId sum = RUNE_TRY(node.one(Op::Add, {now, before}, {}, "sum"));
  ValueId mean = RUNE_TRY(divided(node, sum, plan.bits, "mean"));
  return castTo(node, mean, DType::U32, "smoothed");
}

/// What is left of the signal in any case.
Result<ValueId> floorOf(const TfliteNode &node, const Subtraction &plan,
                        ValueId x) {
  ValueId share = RUNE_TRY(
      node.scalar("share", DType::U64, static_cast<double>(plan.leastLeft)));
  ValueId scaled = RUNE_TRY(weighed(node, x, share, "remaining"));
  ValueId floor = RUNE_TRY(divided(node, scaled, plan.bits, "least"));
  return castTo(node, floor, DType::U32, "floor");
}

} // namespace

/// The estimate of the noise is a variable, 0 at first.
Imported importTfliteSignalFilterBankSpectralSubtraction(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(signalInput(node, 0, "input", DType::U32));
  int64_t channels = RUNE_TRY(knownSize(node, x, 0));
  Subtraction plan = RUNE_TRY(subtractionOf(node, channels));
  CellId cell = RUNE_TRY(node.ownState("noise", {DType::U32, {Dim(channels)}}));
  ValueId noise = node.frame().read(cell);
  ValueId unit = RUNE_TRY(powerOfTwo(node, "unit", DType::U32, plan.finer));
  ValueId signal = RUNE_TRY(node.one(Op::Mul, {x, unit}, {}, "signal"));
  ValueId estimate = RUNE_TRY(smoothed(node, plan, signal, noise));
  ValueId below =
      RUNE_TRY(node.one(Op::Minimum, {estimate, signal}, {}, "below"));
  ValueId next = plan.clamping ? below : estimate;
  node.frame().write(cell, next);
  ValueId rest = RUNE_TRY(node.one(Op::Sub, {signal, below}, {}, "rest"));
  ValueId left = RUNE_TRY(divided(node, rest, plan.finer, "left"));
  ValueId floor = RUNE_TRY(floorOf(node, plan, x));
  return std::vector{RUNE_TRY(node.one(Op::Maximum, {left, floor})), next};
}

Imported importTfliteSignalPcan(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(3, 3));
  ValueId x = RUNE_TRY(signalInput(node, 0, "input", DType::U32));
  ValueId noise = RUNE_TRY(signalInput(node, 1, "noise_estimate", DType::U32));
  ValueId gains = RUNE_TRY(signalInput(node, 2, "gain_lut", DType::I16));
  FlexOptions options = RUNE_TRY(FlexOptions::of(node));
  int64_t shift = RUNE_TRY(options.integer("snr_shift", 0, 63));
  return std::vector{RUNE_TRY(
      node.one(Op::PcanFixed, {x, noise, gains}, {{"snr_shift", shift}}))};
}

Imported importTfliteSignalFilterBankLog(TfliteNode &node) {
  constexpr int64_t mostScale = 2048;
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(signalInput(node, 0, "input", DType::U32));
  FlexOptions options = RUNE_TRY(FlexOptions::of(node));
  int64_t bits = RUNE_TRY(options.integer("input_correction_bits", 0, 31));
  int64_t scale = RUNE_TRY(options.integer("output_scale", 1, mostScale));
  ValueId unit = RUNE_TRY(powerOfTwo(node, "unit", DType::U32, bits));
  ValueId scaled = RUNE_TRY(node.one(Op::Mul, {x, unit}, {}, "scaled"));
  return std::vector{
      RUNE_TRY(node.one(Op::LogFixed, {scaled}, {{"scale", scale}}))};
}

} // namespace rune::import
