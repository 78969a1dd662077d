// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Takes steady noise out of a spectrum and evens its loudness: the second half
// of the front end that the micro-speech model hears with.
//
// The steps are those of TensorFlow Lite Micro's audio front end, in its fixed
// point: noise reduction, then per-channel amplitude normalisation, then a
// logarithm, here to the base of 2 and stretched to -128..127 over the whole
// tensor. As the first system did, and the features a model was trained on have
// it in them: the noise of every element is estimated on its own, 1960 of them
// and not 40 over time; `even_smoothing` and `odd_smoothing` go by the index of
// the element; and the old estimate is not weighed down, so that estimates only
// grow from call to call.
//
//   estimate  += level * 2^smoothing_bits * smoothing
//   level      = the largest of level - estimate / 2^smoothing_bits,
//                level * min_signal_remaining, and 0
//   gain       = 2^gain_bits * (estimate / 2^(smoothing_bits+1) + offset)
//                ^ -strength, from a table, interpolated by a square
//   snr        = level * gain / 2^(gain_bits - 11)
//   level      = snr^2 / 2^20 up to 8192, from there snr / 2^6 - 64
//   feature    = trunc(255 * t - 128), t from 0 to 1 as log2(level + 1)
//
// Estimates that would leave 32 bits stay at the end of them. The table of
// gains has 32 bits where the front end has 16, which steep curves leave; the
// usual one does not. Where all levels are equal, silence, every feature is
// -128.
//
// source  tensorflow/lite/experimental/microfrontend/lib (Apache-2.0), for the
//         meaning of the constants
#include "block_kit.h"

#include <cmath>

using namespace ::rune::kit;

namespace {
constexpr int smoothingScale = 14;   // parts are 14-bit fractions
constexpr int correctionBits = 11;   // of the gain, taken off the product
constexpr uint32_t knee = 8192;      // where the square becomes a line
constexpr uint32_t mostGain = 32767; // a gain has 16 bits

uint32_t smoothing[2], leastLeft;
int smoothingBits, gainShift;
std::span<uint32_t> estimates; // empty before the first call

/// The gain curve between two powers of two: y = start + linear * t +
/// square * t^2.
struct Piece {
  int32_t start, linear, square;
};
/// Piece i is for numbers of i bits.
Piece pieces[33];

struct Curve {
  float strength, offset, scale;
  int inputBits;
  int32_t operator()(uint32_t estimate) const {
    float level = static_cast<float>(estimate) /
                  static_cast<float>(uint64_t{1} << inputBits);
    float gain = scale * std::pow(level + offset, -strength);
    return gain > mostGain ? mostGain : static_cast<int32_t>(gain + 0.5F);
  }
};

void makePieces(const Curve &curve) {
  pieces[0] = {curve(0), 0, 0};
  pieces[1] = {curve(1), 0, 0};
  for (int bits = 2; bits <= 32; ++bits) {
    uint32_t first = 1U << (bits - 1), last = bits == 32 ? first - 1 : first;
    int32_t start = curve(first);
    int32_t middle = curve(first + first / 2) - start;
    int32_t end = curve(first + last) - start;
    int32_t linear = 4 * middle - end;
    pieces[bits] = {start, linear, end - linear};
  }
}

uint32_t gainFor(uint32_t estimate) {
  int bits = 32 - (estimate ? __builtin_clz(estimate) : 32);
  const Piece &piece = pieces[bits];
  if (estimate <= 2)
    return piece.start;
  int32_t part = (bits < correctionBits ? estimate << (correctionBits - bits)
                                        : estimate >> (bits - correctionBits)) &
                 0x3FF;
  int64_t rest = ((int64_t{piece.square} * part) >> 5) + piece.linear * 32;
  int64_t gain = ((rest * part + (1 << 14)) >> 15) + piece.start;
  return gain > 0 ? static_cast<uint32_t>(gain) : 0;
}

/// The level without the noise; `estimate` learns from it.
uint32_t withoutNoise(uint32_t level, uint32_t part, uint32_t &estimate) {
  uint64_t scaled = uint64_t{level} << smoothingBits;
  scaled = scaled > UINT32_MAX ? UINT32_MAX : scaled;
  uint64_t learnt = estimate + ((scaled * part) >> smoothingScale);
  estimate = learnt > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(learnt);
  uint64_t left = scaled > estimate ? scaled - estimate : 0;
  auto subtracted = static_cast<uint32_t>(left >> smoothingBits);
  auto least =
      static_cast<uint32_t>((uint64_t{level} * leastLeft) >> smoothingScale);
  return subtracted > least ? subtracted : least;
}

uint32_t evened(uint32_t level, uint32_t estimate) {
  uint64_t snr = (uint64_t{level} * gainFor(estimate)) >> gainShift;
  if (snr < knee)
    return static_cast<uint32_t>((snr * snr) >> 20);
  uint64_t line = (snr >> 6) - 64;
  return line > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(line);
}

/// The features of the levels; equal ones give the lowest.
void stretch(std::span<const float> levels, std::span<int8_t> out) {
  float lowest = __builtin_inff(), highest = 0;
  for (float level : levels) {
    lowest = level < lowest ? level : lowest;
    highest = level > highest ? level : highest;
  }
  float range = highest - lowest;
  for (size_t i = 0; i < out.size(); ++i)
    out[i] =
        range > 0
            ? static_cast<int8_t>(255 * ((levels[i] - lowest) / range) - 128)
            : -128;
}

/// The estimates of `count` elements, which stay until the next `create`.
///
/// errors  `invalid-input` when earlier calls had another number of them
Done expectEstimates(size_t count) {
  if (estimates.empty() && count != 0) {
    auto room = keepRoom<uint32_t>(count);
    if (!room)
      return Error{room.error().code, room.error().message, "features"};
    estimates = *room;
  }
  if (estimates.size() == count || count == 0)
    return {};
  return fail("invalid-input", "spectrum", "`spectrum` has ", Digits(count),
              " elements, needed ", Digits(estimates.size()),
              ", of which there are noise estimates from earlier calls");
}

/// A fraction of 0 to 1 in 14 bits.
Or<uint32_t> part(const Arguments &arguments, std::string_view name) {
  auto value = static_cast<float>(BLOCK_TRY(arguments.number(name, 0, 1)));
  return static_cast<uint32_t>(value * (1 << smoothingScale));
}

ArgumentInfo number(std::string_view name, std::string_view docs,
                    double value) {
  return {name, docs, ValueKind::Number, Value{Value::Number{value}}};
}
ArgumentInfo bits(std::string_view name, std::string_view docs, int64_t value) {
  return {name, docs, ValueKind::Integer, Value{Value::Integer{value}}};
}
} // namespace

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {
      .name = "noise-filtering",
      .version = "0.1.0",
      .docs = "Takes steady noise out of a spectrum, evens its loudness, and "
              "gives its logarithm in 8 bits.",
      .arguments = listOf<ArgumentInfo>(
          {number("strength",
                  "How much a loud neighbourhood lowers the gain, 0 to 1.",
                  0.95),
           number("offset",
                  "What is added to the noise before the gain, from "
                  "a millionth on.",
                  80),
           bits("gain_bits", "Bits behind the point of the gain, 11 to 31.",
                21),
           bits("smoothing_bits",
                "Bits behind the point of a noise estimate, 0 to 15.", 10),
           number("even_smoothing",
                  "What an element with an even index adds of itself to its "
                  "noise, 0 to 1.",
                  0.025),
           number("odd_smoothing", "The same with an odd index.", 0.06),
           number("min_signal_remaining",
                  "The part of an element that always stays, 0 to 1.", 0.05)}),
      .inputs = listOf<Port>({{.name = "spectrum",
                               .docs = "Levels, as `fft` gives them; of any "
                                       "shape, the same at each call.",
                               .dtypes = dtypeNames(TypeList<uint32_t>{}),
                               .dims = {}}}),
      .outputs = listOf<Port>({{.name = "features",
                                .docs = "Of the input's shape, -128 to 127.",
                                .dtypes = dtypeNames(TypeList<int8_t>{}),
                                .dims = {}}})};
}

Done create(std::span<const Argument> given) {
  Arguments arguments =
      BLOCK_TRY(Arguments::check(given, metadata().arguments));
  auto strength =
      static_cast<float>(BLOCK_TRY(arguments.number("strength", 0, 1)));
  auto offset =
      static_cast<float>(BLOCK_TRY(arguments.number("offset", 1e-6, 1e30)));
  int gainBits =
      static_cast<int>(BLOCK_TRY(arguments.integer("gain_bits", 11, 31)));
  smoothingBits =
      static_cast<int>(BLOCK_TRY(arguments.integer("smoothing_bits", 0, 15)));
  smoothing[0] = BLOCK_TRY(part(arguments, "even_smoothing"));
  smoothing[1] = BLOCK_TRY(part(arguments, "odd_smoothing"));
  leastLeft = BLOCK_TRY(part(arguments, "min_signal_remaining"));
  gainShift = gainBits - correctionBits;
  makePieces({strength, offset, static_cast<float>(uint64_t{1} << gainBits),
              smoothingBits + 1});
  estimates = {};
  return {};
}

Types graph(std::span<const TensorType> inputs) {
  BLOCK_TRY(expectInputs(inputs.size(), 1));
  BLOCK_TRY(
      expectDtype(inputs[0], "spectrum", dtypeNames(TypeList<uint32_t>{})));
  return listOf<TensorType>({{dtypeName<int8_t>, inputs[0].dims}});
}

Tensors compute(std::span<const Tensor> inputs) {
  BLOCK_TRY(graph(typesOf(inputs)));
  auto in = BLOCK_TRY(elements<uint32_t>(inputs[0], "spectrum"));
  auto levels = BLOCK_TRY(output<float>(in.size(), "features"));
  auto out = BLOCK_TRY(output<int8_t>(in.size(), "features"));
  BLOCK_TRY(expectEstimates(in.size()));
  for (size_t i = 0; i < in.size(); ++i) {
    uint32_t level = withoutNoise(in[i], smoothing[i & 1], estimates[i]);
    levels[i] = std::log2(static_cast<float>(evened(level, estimates[i])) + 1);
  }
  stretch(levels, out);
  return listOf<Tensor>({tensorOf(out, inputs[0].dims)});
}

} // namespace exports::rune::block::block
