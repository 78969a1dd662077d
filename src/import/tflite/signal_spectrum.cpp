// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From samples to the power of a spectrum: window, scale, transform, energy.
//
// source  TensorFlow Lite Micro's signal library: SignalWindow,
//         SignalFftAutoScale, SignalRfft, SignalIrfft, SignalEnergy
#include "import/tflite/node.h"
#include "import/tflite/signal.h"

#include <bit>

namespace rune::import {
namespace {

/// ⌊x / 2^bits⌋ as 16-bit numbers that saturate: half is taken away before it
/// is added by rounding.
Result<ValueId> shiftedDown(const TfliteNode &node, ValueId x, int64_t bits) {
  ValueId multiplier = RUNE_TRY(powerOfTwo(node, "one", DType::I32, 30));
  ValueId shift =
      RUNE_TRY(node.scalar("shift", DType::I32, static_cast<double>(1 - bits)));
  double half = bits == 0 ? 0 : static_cast<double>(int64_t{1} << (bits - 1));
  ValueId zero = RUNE_TRY(node.scalar("half", DType::I32, half));
  return node.one(Op::Requantize, {x, multiplier, shift, noValue, zero},
                  {{"dtype", "i16"}, {"rounding", "tflite-single"}});
}

/// x with zeros behind it in its last dimension, or before it too.
Result<ValueId> padded(const TfliteNode &node, ValueId x, int64_t before,
                       int64_t behind) {
  if (before == 0 && behind == 0)
    return x;
  ValueId pads = RUNE_TRY(node.integers("pads", {before, behind}));
  ValueId axes = RUNE_TRY(node.integers("axes", {node.rank(x) - 1}));
  return node.one(Op::Pad, {x, pads, noValue, axes}, {}, "padded");
}

} // namespace

/// Products with the window, divided by a power of two.
Imported importTfliteSignalWindow(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  ValueId x = RUNE_TRY(signalInput(node, 0, "input", DType::I16, -1));
  ValueId weights = RUNE_TRY(signalInput(node, 1, "weights", DType::I16));
  FlexOptions options = RUNE_TRY(FlexOptions::of(node));
  int64_t shift = RUNE_TRY(options.integer("shift", 0, 31));
  if (node.rank(x) == 0 || node.dims(x).back() != node.dims(weights)[0])
    return node.fail("the window is `{}`, the input `{}`",
                     node.type(weights).str(), node.type(x).str());
  ValueId left = RUNE_TRY(castTo(node, x, DType::I32, "wide"));
  ValueId right = RUNE_TRY(castTo(node, weights, DType::I32, "window"));
  ValueId product = RUNE_TRY(node.one(Op::Mul, {left, right}, {}, "product"));
  return std::vector{RUNE_TRY(shiftedDown(node, product, shift))};
}

/// So many doublings as the largest number allows, and how many: one for each
/// of 2^0 … 2^14 that is larger than it.
Imported importTfliteSignalFftAutoScale(TfliteNode &node) {
  constexpr int64_t mostDoublings = 15;
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(signalInput(node, 0, "input", DType::I16));
  ValueId wide = RUNE_TRY(castTo(node, x, DType::I32, "wide"));
  ValueId sizes = RUNE_TRY(node.one(Op::Abs, {wide}, {}, "sizes"));
  ValueId largest = RUNE_TRY(
      node.one(Op::ReduceMax, {sizes},
               {{"axes", Integers{0}}, {"keep_dims", int64_t{0}}}, "largest"));
  ValueId powers =
      RUNE_TRY(powersOfTwo(node, "powers", DType::I32, mostDoublings));
  ValueId isFree = RUNE_TRY(node.one(Op::Less, {largest, powers}, {}, "free"));
  ValueId ones = RUNE_TRY(castTo(node, isFree, DType::I32, "ones"));
  ValueId bits = RUNE_TRY(
      node.one(Op::ReduceSum, {ones},
               {{"axes", Integers{0}}, {"keep_dims", int64_t{0}}}, "bits"));
  ValueId factors =
      RUNE_TRY(powersOfTwo(node, "factors", DType::I32, mostDoublings + 1));
  ValueId factor =
      RUNE_TRY(node.one(Op::Gather, {factors, bits}, {}, "factor"));
  ValueId scaled = RUNE_TRY(node.one(Op::Mul, {wide, factor}, {}, "scaled"));
  return std::vector{RUNE_TRY(castTo(node, scaled, DType::I16, "")), bits};
}

namespace {

/// `fft_length`, and the sizes of all dimensions but the last.
struct Line {
  int64_t length = 0, given = 0;
  Integers rows;

  Integers sizes(std::initializer_list<int64_t> last) const {
    Integers all = rows;
    all.insert(all.end(), last);
    return all;
  }
};

Result<Line> lineOf(const TfliteNode &node, ValueId x) {
  constexpr int64_t mostLength = 1 << 20;
  DType dtype = node.dtype(x);
  if (dtype != DType::I16 && dtype != DType::I32 && dtype != DType::F32)
    return node.unsupported("a transform of `{}`, needs i16, i32 or f32",
                            node.type(x).str());
  if (node.rank(x) == 0)
    return node.fail("`input` is a single number");
  FlexOptions options = RUNE_TRY(FlexOptions::of(node));
  Line line;
  line.length = RUNE_TRY(options.integer("fft_length", 1, mostLength));
  if (line.length < 4 ||
      !std::has_single_bit(static_cast<uint64_t>(line.length)))
    return node.unsupported("`fft_length` is {}, needs a power of two from 4 "
                            "on",
                            line.length);
  size_t last = node.dims(x).size() - 1;
  for (size_t i = 0; i < last; ++i)
    line.rows.push_back(RUNE_TRY(knownSize(node, x, i)));
  line.given = RUNE_TRY(knownSize(node, x, last));
  return line;
}

/// The spectrum of floats, or back, along the last dimension but one.
Result<ValueId> transformed(const TfliteNode &node, ValueId x, bool inverse) {
  return node.one(Op::Dft, {x},
                  {{"axis", int64_t{-2}},
                   {"inverse", int64_t{inverse}},
                   {"onesided", int64_t{1}}},
                  "bins");
}

} // namespace

/// Real and imaginary parts stand one behind the other.
Imported importTfliteSignalRfft(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  Line line = RUNE_TRY(lineOf(node, x));
  if (line.given > line.length)
    return node.fail("`fft_length` is {}, the input has {} samples",
                     line.length, line.given);
  ValueId whole = RUNE_TRY(padded(node, x, 0, line.length - line.given));
  if (node.dtype(x) == DType::F32)
    whole =
        RUNE_TRY(node.reshaped(whole, line.sizes({line.length, 1}), "samples"));
  ValueId bins = RUNE_TRY(node.dtype(x) == DType::F32
                              ? transformed(node, whole, false)
                              : node.one(Op::RfftFixed, {whole}, {}, "bins"));
  return std::vector{
      RUNE_TRY(node.reshaped(bins, line.sizes({line.length + 2}), ""))};
}

/// inputs  the bins 0 to n/2, real and imaginary parts one behind the other
/// result  n samples
Imported importTfliteSignalIrfft(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  Line line = RUNE_TRY(lineOf(node, x));
  if (line.given != line.length + 2)
    return node.fail("`fft_length` is {}, the input has {} numbers, needs {}",
                     line.length, line.given, line.length + 2);
  ValueId bins = RUNE_TRY(
      node.reshaped(x, line.sizes({line.length / 2 + 1, 2}), "bins/given"));
  if (node.dtype(x) != DType::F32)
    return std::vector{RUNE_TRY(node.one(Op::IrfftFixed, {bins}))};
  ValueId samples = RUNE_TRY(transformed(node, bins, true));
  return std::vector{
      RUNE_TRY(node.reshaped(samples, line.sizes({line.length}), ""))};
}

/// Squares of real and imaginary parts, added; 0 outside of the asked bins,
/// where the reference kernel leaves its memory as it is.
Imported importTfliteSignalEnergy(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(signalInput(node, 0, "input", DType::I16));
  int64_t bins = RUNE_TRY(knownSize(node, x, 0)) / 2;
  FlexOptions options = RUNE_TRY(FlexOptions::of(node));
  int64_t start = RUNE_TRY(options.integer("start_index", 0, bins));
  int64_t end = RUNE_TRY(options.integer("end_index", start, bins));
  ValueId first = RUNE_TRY(node.integers("first", {2 * start}));
  ValueId behind = RUNE_TRY(node.integers("behind", {2 * end}));
  ValueId asked =
      RUNE_TRY(node.one(Op::Slice, {x, first, behind}, {}, "asked"));
  ValueId pairs = RUNE_TRY(node.reshaped(asked, {end - start, 2}, "pairs"));
  ValueId wide = RUNE_TRY(castTo(node, pairs, DType::I32, "wide"));
  ValueId squares = RUNE_TRY(node.one(Op::Mul, {wide, wide}, {}, "squares"));
  ValueId sums = RUNE_TRY(
      node.one(Op::ReduceSum, {squares},
               {{"axes", Integers{1}}, {"keep_dims", int64_t{0}}}, "sums"));
  // 2^31 wraps in the sum and is itself again without a sign
  ValueId power = RUNE_TRY(castTo(node, sums, DType::U32, "power"));
  return std::vector{RUNE_TRY(padded(node, power, start, bins - end))};
}

} // namespace rune::import
