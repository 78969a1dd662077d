// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a model that hears wants to see: how loud each band of the spectrum is,
// in decibels, from frame to frame.
//
//   frame    `window_ms` of sound, the next one `hop_ms` later; only whole ones
//   window   Hann, periodic: 0.5 - 0.5 · cos(2πi / n), then zeros up to
//   `fft_size` power    |X[k]|² · (2 / Σ window)²: a sine of full scale has 1
//   in its bin band     triangles of height 1, their edges evenly set in mel
//   (mel_bands.h) feature  10 · log10(energy) + 100, and 0 below: decibels
//   above a floor of
//            -100 dB, which is about the rounding noise of 16 bits
//
// As i8 a feature is round(2 · feature) - 128, so a step is half a decibel:
// what TFLite calls scale 0.5, zero point -128. Halves go to even, and 127 is
// the most. So silence is 0 for a model that pads, and nothing depends on the
// rest of the clip: a block that hears a stream gives the same features.
//
// All is f32 but the tables, which are made once, in `create`. What is no
// number counts as silence.
#include "mel_bands.h"
#include "real_fft.h"

using namespace ::rune::kit;

namespace {
using Sounds = TypeList<int16_t, float>;
constexpr uint32_t largestFft = 65536;
constexpr float floorDecibels = -100;
constexpr float stepsPerDecibel = 2;

struct Settings {
  uint32_t window, hop, fftSize;
  ::rune::mel::BandLimits bands;
  double sampleRate;
  std::string_view dtype;
};
Settings settings;
::rune::mel::RealFft fft;
::rune::mel::MelBands bands;
std::span<float> window;   ///< the Hann window, with the power's factor in it
std::span<float> power;    ///< of the current frame
std::span<float> energies; ///< of the current frame

Or<int64_t> within(const Arguments &arguments, std::string_view name,
                   int64_t lowest, int64_t highest) {
  int64_t given = arguments.integer(name);
  if (given < lowest || given > highest)
    return fail("invalid-argument", name, "argument `", name, "` is ",
                Digits(given), ", needed ", Digits(lowest), " to ",
                Digits(highest));
  return given;
}

/// Milliseconds as whole samples, at least one.
Or<uint32_t> samplesOf(const Arguments &arguments, std::string_view name) {
  int64_t milliseconds = BLOCK_TRY(within(arguments, name, 1, 10000));
  int64_t samples = arguments.integer("sample_rate") * milliseconds / 1000;
  if (samples < 1 || samples > largestFft)
    return fail("invalid-argument", name, "argument `", name, "` is ",
                Digits(milliseconds), ", which are ", Digits(samples),
                " samples, needed 1 to ", Digits(largestFft));
  return static_cast<uint32_t>(samples);
}

/// The argument, or for 0 the smallest power of two that holds a window.
Or<uint32_t> fftSizeOf(const Arguments &arguments, uint32_t windowSamples) {
  int64_t given = BLOCK_TRY(within(arguments, "fft_size", 0, largestFft));
  auto size = static_cast<uint32_t>(given);
  if (size == 0)
    return std::max(4u, std::bit_ceil(windowSamples));
  if (size < 4 || !std::has_single_bit(size) || size < windowSamples)
    return fail("invalid-argument", "fft_size", "argument `fft_size` is ",
                Digits(size), ", needed a power of two from ",
                Digits(std::max(4u, std::bit_ceil(windowSamples))),
                " on, to hold a window of ", Digits(windowSamples), " samples");
  return size;
}

Or<Settings> settingsOf(const Arguments &arguments) {
  Settings wanted{};
  int64_t rate = BLOCK_TRY(within(arguments, "sample_rate", 1, 1000000));
  wanted.sampleRate = static_cast<double>(rate);
  wanted.window = BLOCK_TRY(samplesOf(arguments, "window_ms"));
  wanted.hop = BLOCK_TRY(samplesOf(arguments, "hop_ms"));
  wanted.fftSize = BLOCK_TRY(fftSizeOf(arguments, wanted.window));
  int64_t low = BLOCK_TRY(within(arguments, "low_hz", 0, rate / 2));
  int64_t high = BLOCK_TRY(within(arguments, "high_hz", low + 1, rate / 2));
  int64_t count =
      BLOCK_TRY(within(arguments, "mel_bins", 1, wanted.fftSize / 2));
  wanted.bands = {static_cast<uint32_t>(count), static_cast<double>(low),
                  static_cast<double>(high)};
  std::string_view dtype = arguments.text("output");
  if (dtype != "f32" && dtype != "i8")
    return fail("invalid-argument", "output", "argument `output` is `", dtype,
                "`, needed `f32` or `i8`");
  wanted.dtype = dtype == "i8" ? "i8" : "f32";
  return wanted;
}

Or<std::span<float>> scaledWindow(uint32_t length) {
  std::span<float> weights = BLOCK_TRY(keepRoom<float>(length));
  auto hann = [&](uint32_t i) {
    return length == 1 ? 1.0
                       : .5 - .5 * std::cos(2 * std::numbers::pi * i / length);
  };
  double sum = 0;
  for (uint32_t i = 0; i < length; ++i)
    sum += hann(i);
  for (uint32_t i = 0; i < length; ++i)
    weights[i] = static_cast<float>(hann(i) * 2 / sum);
  return weights;
}

constexpr float fullScale(int16_t) { return 32768; }
constexpr float fullScale(float) { return 1; }

/// The features of the frame that begins at `first`, in decibels, in
/// `energies`.
template <class T> void analyse(const Elements<T> &sound, size_t first) {
  constexpr float scale = 1 / fullScale(T{});
  fft.power(
      settings.window,
      [&](uint32_t i) {
        return static_cast<float>(sound[first + i]) * scale * window[i];
      },
      power);
  bands.sum(power, energies);
  for (float &energy : energies) {
    float feature = 10 * std::log10(energy) - floorDecibels;
    energy = feature > 0 ? feature : 0;
  }
}

void store(float feature, float &out) { out = feature; }
void store(float feature, int8_t &out) {
  float steps = __builtin_rintf(stepsPerDecibel * feature) - 128;
  out = static_cast<int8_t>(steps < 127 ? steps : 127);
}

/// One row of features a frame.
template <class T, class Out>
void analyseAll(const Elements<T> &sound, std::span<Out> out) {
  size_t first = 0;
  for (size_t at = 0; at < out.size(); first += settings.hop) {
    analyse(sound, first);
    for (float feature : energies)
      store(feature, out[at++]);
  }
}

/// How many samples: at most one dimension is not 1, and what is not known may
/// be 1; none when that leaves it open.
Or<std::optional<uint32_t>> lengthOf(const TensorType &type) {
  uint32_t length = 1;
  bool known = true;
  for (const Dimension &dimension : type.dims) {
    std::optional<uint32_t> number = fixed(dimension);
    known = known && number;
    if (!number || *number == 1)
      continue;
    if (length != 1)
      return fail("unsupported-shape", "sound", "`sound` is `", typeText(type),
                  "`, needed one row: at most one dimension other than 1");
    length = *number;
  }
  return known || length != 1 ? std::optional(length) : std::nullopt;
}

Or<Dimension> framesOf(const TensorType &sound) {
  std::optional<uint32_t> length = BLOCK_TRY(lengthOf(sound));
  if (!length)
    return Dimension{Dimension::Unknown{}};
  if (*length < settings.window)
    return fail("unsupported-shape", "sound", "`sound` is `", typeText(sound),
                "`, needed at least the ", Digits(settings.window),
                " samples of one window");
  return fixedDimension(1 + (*length - settings.window) / settings.hop);
}

Value whole(int64_t number) { return Value{Value::Integer{number}}; }
} // namespace

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {
      .name = "mel-spectrogram",
      .version = "0.1.0",
      .docs =
          "Turns sound into a picture of its loudness: a row for each frame "
          "of time, a column for each band of frequency, in decibels above "
          "-100 dB of full scale.",
      .arguments = listOf<ArgumentInfo>(
          {{.name = "sample_rate",
            .docs = "Samples a second of the sound.",
            .kind = ValueKind::Integer,
            .defaultValue = whole(16000)},
           {.name = "window_ms",
            .docs = "How much sound a frame looks at, in milliseconds.",
            .kind = ValueKind::Integer,
            .defaultValue = whole(30)},
           {.name = "hop_ms",
            .docs = "From one frame to the next, in milliseconds.",
            .kind = ValueKind::Integer,
            .defaultValue = whole(20)},
           {.name = "fft_size",
            .docs =
                "Length of the Fourier transform, a power of two that holds "
                "a frame; 0 for the smallest.",
            .kind = ValueKind::Integer,
            .defaultValue = whole(0)},
           {.name = "mel_bins",
            .docs = "How many bands.",
            .kind = ValueKind::Integer,
            .defaultValue = whole(40)},
           {.name = "low_hz",
            .docs = "Where the lowest band begins.",
            .kind = ValueKind::Integer,
            .defaultValue = whole(60)},
           {.name = "high_hz",
            .docs =
                "Where the highest band ends, at most half the sample rate.",
            .kind = ValueKind::Integer,
            .defaultValue = whole(7600)},
           {.name = "output",
            .docs =
                "Give decibels as `f32`, or half decibels less 128 as `i8`.",
            .kind = ValueKind::Text,
            .defaultValue = Value{Value::Text{"f32"}}}}),
      .inputs = listOf<Port>(
          {{.name = "sound",
            .docs = "One row of samples, full scale being 32768 or 1.0; "
                    "dimensions of 1 around it do not count.",
            .dtypes = dtypeNames(Sounds{}),
            .dims = {}}}),
      .outputs = listOf<Port>(
          {{.name = "features",
            .docs = "A picture of one channel: a row a frame, a column a band.",
            .dtypes = dtypeNames(TypeList<float, int8_t>{}),
            .dims = listOf<Dimension>(
                {fixedDimension(1), namedDimension("frames"),
                 namedDimension("mel_bins"), fixedDimension(1)})}})};
}

Done create(std::span<const Argument> given) {
  Arguments arguments =
      BLOCK_TRY(Arguments::check(given, metadata().arguments));
  settings = BLOCK_TRY(settingsOf(arguments));
  fft = BLOCK_TRY(::rune::mel::RealFft::make(settings.fftSize));
  bands = BLOCK_TRY(::rune::mel::MelBands::make(
      settings.bands, settings.sampleRate, settings.fftSize));
  window = BLOCK_TRY(scaledWindow(settings.window));
  power = BLOCK_TRY(keepRoom<float>(settings.fftSize / 2 + 1));
  energies = BLOCK_TRY(keepRoom<float>(settings.bands.count));
  return {};
}

Types graph(std::span<const TensorType> inputs) {
  BLOCK_TRY(expectInputs(inputs.size(), 1));
  BLOCK_TRY(expectDtype(inputs[0], "sound", dtypeNames(Sounds{})));
  Dimension frames = BLOCK_TRY(framesOf(inputs[0]));
  return listOf<TensorType>(
      {{settings.dtype, listOf<Dimension>({fixedDimension(1), frames,
                                           fixedDimension(settings.bands.count),
                                           fixedDimension(1)})}});
}

template <class T, class Out>
static Tensors runAs(const Tensor &sound, std::span<const uint32_t> dims) {
  Elements<T> in = BLOCK_TRY(elements<T>(sound, "sound"));
  std::span<Out> out =
      BLOCK_TRY(output<Out>(uint64_t{dims[1]} * dims[2], "features"));
  analyseAll(in, out);
  return listOf<Tensor>({tensorOf(out, dims)});
}

Tensors compute(std::span<const Tensor> inputs) {
  auto types = BLOCK_TRY(graph(typesOf(inputs)));
  std::span<const uint32_t> dims = dimsOf(types[0]);
  return computeAs(Sounds{}, inputs[0].dtype, [&]<class T>(As<T>) {
    return settings.dtype == "i8" ? runAs<T, int8_t>(inputs[0], dims)
                                  : runAs<T, float>(inputs[0], dims);
  });
}

} // namespace exports::rune::block::block
