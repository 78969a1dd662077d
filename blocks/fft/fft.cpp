// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The spectrum of a sound as a picture of 49 moments by 40 pitches, the first
// half of the front end that the micro-speech model hears with.
//
// Written from what the first system's block does, for the same model needs the
// same features; it was not looked at. The sound is cut into chunks of `bins`
// samples, each `step` behind the one before, the last filled up with zeros; 49
// of them are taken, evenly. Of each: a Hann window over the whole transform,
// power of the spectrum, 40 triangles on the mel scale, square root. The
// picture is stretched to 0..65536 as a whole.
//
//   step     = trunc(bins * (1 - window_overlap))      159 of 480 in f32
//   chunks   = ceil((samples - bins) / step) + 1       99 of a second at 16 kHz
//   column k = chunk trunc(k * chunks / 49)
//   length   = the power of two from `bins` on         512
//   row y    = bin trunc(y / rows * length / 2), rows = bins / 2 + 1
//   edges    = 42, even in log(1 + f / 700), from sample_rate / bins to
//              sample_rate / 2, each at row floor(f / (sample_rate / 2) * rows)
//   filter m = n rows from edge m, n = edge m+2 - edge m, weighing
//              (1 - |i - (n-1)/2| / (n/2)) / n
//
// Everything that the arguments settle is computed in f64 in `create`, with
// square roots and additions alone; a sound is then f32 throughout. That
// suffices for every feature of the first system's to come out.
#include "block_kit.h"

#include <cmath>

using namespace ::rune::kit;

namespace {
constexpr uint32_t columns = 49, filters = 40, edgeCount = filters + 2;
constexpr float highestLevel = 65536;

struct Complex {
  float re, im;
};

/// One point of one filter: what it weighs, and the bin it looks at.
struct Tap {
  float weight;
  uint32_t bin;
};

uint32_t bins, step, length;
std::span<float> window;      // Hann, over `length`
std::span<Complex> turns;     // e^(-2 pi i k / length), k < length / 2
std::span<uint32_t> reversed; // bits of an index, reversed
std::span<Tap> taps;          // of all filters, one behind the other
uint32_t tapsOf[filters];     // how many each filter has
std::span<Complex> work;      // `length` of them
std::span<float> power;       // `length` / 2

/// A direction, turned again and again by an angle.
struct Direction {
  double cosine, sine;
  Direction operator*(Direction by) const {
    return {cosine * by.cosine - sine * by.sine,
            sine * by.cosine + cosine * by.sine};
  }
};

/// Cosine and sine of up to 2.1, by their series.
Direction direction(double angle) {
  double term = 1, parts[2] = {0, 0};
  for (int i = 0; i < 40; ++i) {
    parts[i & 1] += i & 2 ? -term : term;
    term *= angle / (i + 1);
  }
  return {parts[0], parts[1]};
}

constexpr double pi = 3.14159265358979323846;

void makeWindow() {
  Direction turn = direction(2 * pi / (length - 1)), at{1, 0};
  for (float &weight : window) {
    weight = static_cast<float>(0.5 - 0.5 * at.cosine);
    at = at * turn;
  }
}

void makeTurns() {
  Direction turn = direction(2 * pi / length), at{1, 0};
  for (Complex &each : turns) {
    each = {static_cast<float>(at.cosine), static_cast<float>(-at.sine)};
    at = at * turn;
  }
}

void makeReversed() {
  for (uint32_t i = 1; i < length; ++i)
    reversed[i] = reversed[i / 2] / 2 + (i & 1) * (length / 2);
}

/// The 41st root of a number from 1 on, by Newton's way from above.
double edgeRatio(double number) {
  constexpr int degree = edgeCount - 1;
  for (double root = 1 + (number - 1) / degree;;) {
    double power = 1;
    for (int i = 1; i < degree; ++i)
      power *= root;
    double next = root - (root - number / power) / degree;
    if (!(next < root))
      return root;
    root = next;
  }
}

/// The row at which each filter begins, and behind the last two ends.
void makeEdges(double sampleRate, uint32_t rows, uint32_t (&edges)[edgeCount]) {
  constexpr double mel = 700;
  double highest = sampleRate / 2, at = 1 + sampleRate / bins / mel;
  double ratio = edgeRatio((1 + highest / mel) / at);
  for (uint32_t i = 0; i + 1 < edgeCount; ++i, at *= ratio)
    edges[i] = static_cast<uint32_t>((at - 1) * mel / highest * rows);
  edges[edgeCount - 1] = rows;
}

uint32_t pointsOf(const uint32_t (&edges)[edgeCount], uint32_t filter) {
  uint32_t points = edges[filter + 2] - edges[filter];
  return points ? points : 1;
}

Done makeFilters(double sampleRate) {
  uint32_t rows = bins / 2 + 1, edges[edgeCount], all = 0;
  makeEdges(sampleRate, rows, edges);
  for (uint32_t m = 0; m < filters; ++m)
    all += tapsOf[m] = pointsOf(edges, m);
  taps = BLOCK_TRY(keepRoom<Tap>(all));
  Tap *tap = taps.data();
  for (uint32_t m = 0; m < filters; ++m)
    for (uint32_t i = 0, n = tapsOf[m]; i < n; ++i) {
      double aside = std::fabs(i - (n - 1) / 2.0) / (n / 2.0);
      uint64_t row = edges[m] + i;
      *tap++ = {static_cast<float>((1 - aside) / n),
                static_cast<uint32_t>(row * (length / 2) / rows)};
    }
  return {};
}

/// The transform of `work`, whose elements stand in reversed order.
void transform() {
  for (uint32_t half = 1; half < length; half *= 2) {
    uint32_t stride = length / (2 * half);
    for (uint32_t k = 0; k < half; ++k) {
      Complex turn = turns[k * stride];
      for (Complex *a = &work[k], *end = work.data() + length; a < end;
           a += 2 * half) {
        Complex *b = a + half;
        float re = b->re * turn.re - b->im * turn.im;
        float im = b->re * turn.im + b->im * turn.re;
        *b = {a->re - re, a->im - im};
        *a = {a->re + re, a->im + im};
      }
    }
  }
}

/// The powers of the chunk that begins at sample `first`.
void spectrum(const Elements<int16_t> &in, size_t first) {
  size_t left = first < in.size() ? in.size() - first : 0;
  for (uint32_t i = 0; i < length; ++i) {
    float sample = i < bins && i < left ? in[first + i] : 0;
    work[reversed[i]] = {sample * window[i], 0};
  }
  transform();
  for (uint32_t i = 0; i < power.size(); ++i)
    power[i] = work[i].re * work[i].re + work[i].im * work[i].im;
}

void columnOf(const Elements<int16_t> &in, uint64_t chunk, float *levels) {
  spectrum(in, static_cast<size_t>(chunk * step));
  const Tap *tap = taps.data();
  for (uint32_t m = 0; m < filters; ++m) {
    float sum = 0;
    for (uint32_t i = 0; i < tapsOf[m]; ++i, ++tap)
      sum += tap->weight * power[tap->bin];
    levels[m] = std::sqrt(sum);
  }
}

/// Stretches the levels to 0..65536; equal ones become 0.
void stretch(std::span<const float> levels, std::span<uint32_t> out) {
  float lowest = levels[0], highest = levels[0];
  for (float level : levels) {
    lowest = level < lowest ? level : lowest;
    highest = level > highest ? level : highest;
  }
  float range = highest - lowest;
  for (size_t i = 0; i < out.size(); ++i)
    out[i] =
        range > 0
            ? static_cast<uint32_t>((levels[i] - lowest) / range * highestLevel)
            : 0;
}

/// At most one dimension is not 1.
Done expectRow(const TensorType &type) {
  uint32_t longer = 0;
  for (const Dimension &dimension : type.dims)
    longer += fixed(dimension).value_or(1) != 1;
  if (longer <= 1)
    return {};
  return fail("unsupported-shape", "audio", "`audio` is `", typeText(type),
              "`, needed one row: at most one dimension other than 1");
}

Done keepTables(double sampleRate) {
  window = BLOCK_TRY(keepRoom<float>(length));
  turns = BLOCK_TRY(keepRoom<Complex>(length / 2));
  reversed = BLOCK_TRY(keepRoom<uint32_t>(length));
  work = BLOCK_TRY(keepRoom<Complex>(length));
  power = BLOCK_TRY(keepRoom<float>(length / 2));
  makeWindow();
  makeTurns();
  makeReversed();
  return makeFilters(sampleRate);
}

std::span<const Dimension> picture() {
  return listOf<Dimension>(
      {fixedDimension(1), fixedDimension(columns * filters)});
}
} // namespace

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {
      .name = "fft",
      .version = "0.1.0",
      .docs = "Turns a sound into a picture of 49 moments by 40 pitches.",
      .arguments = listOf<ArgumentInfo>(
          {{.name = "sample_rate",
            .docs = "Samples in a second, 1 to 4294967295; where the mel scale "
                    "begins and ends depends on it.",
            .kind = ValueKind::Integer,
            .defaultValue = Value{Value::Integer{16000}}},
           {.name = "bins",
            .docs = "Samples in a chunk, 4 to 65536.",
            .kind = ValueKind::Integer,
            .defaultValue = Value{Value::Integer{480}}},
           {.name = "window_overlap",
            .docs = "The part of a chunk that the next one has as well, from 0 "
                    "to less than 1.",
            .kind = ValueKind::Number,
            .defaultValue = Value{Value::Number{0.6666667}}}}),
      .inputs = listOf<Port>(
          {{.name = "audio",
            .docs = "One row of samples, of any length; dimensions of 1 around "
                    "it do not count.",
            .dtypes = dtypeNames(TypeList<int16_t>{}),
            .dims = {}}}),
      .outputs =
          listOf<Port>({{.name = "spectrum",
                         .docs = "49 moments of 40 pitches each, 0 to 65536.",
                         .dtypes = dtypeNames(TypeList<uint32_t>{}),
                         .dims = picture()}})};
}

Done create(std::span<const Argument> given) {
  Arguments arguments =
      BLOCK_TRY(Arguments::check(given, metadata().arguments));
  int64_t sampleRate =
      BLOCK_TRY(arguments.integer("sample_rate", 1, UINT32_MAX));
  bins = BLOCK_TRY(arguments.integer("bins", 4, 65536));
  double overlap = BLOCK_TRY(arguments.number("window_overlap", 0, 1));
  step = static_cast<uint32_t>(static_cast<float>(bins) *
                               (1 - static_cast<float>(overlap)));
  if (step == 0)
    return fail("invalid-argument", "window_overlap",
                "argument `window_overlap` is ", Digits(overlap),
                ", which leaves no sample of ", Digits(bins),
                " from one chunk to the next");
  for (length = 4; length < bins;)
    length *= 2;
  return keepTables(static_cast<double>(sampleRate));
}

Types graph(std::span<const TensorType> inputs) {
  BLOCK_TRY(expectInputs(inputs.size(), 1));
  BLOCK_TRY(expectDtype(inputs[0], "audio", dtypeNames(TypeList<int16_t>{})));
  BLOCK_TRY(expectRow(inputs[0]));
  return listOf<TensorType>({{dtypeName<uint32_t>, picture()}});
}

Tensors compute(std::span<const Tensor> inputs) {
  BLOCK_TRY(graph(typesOf(inputs)));
  auto in = BLOCK_TRY(elements<int16_t>(inputs[0], "audio"));
  auto levels = BLOCK_TRY(output<float>(columns * filters, "spectrum"));
  auto out = BLOCK_TRY(output<uint32_t>(columns * filters, "spectrum"));
  uint64_t beyond = in.size() > bins ? in.size() - bins : 0;
  uint64_t chunks = (beyond + step - 1) / step + 1;
  for (uint32_t k = 0; k < columns; ++k)
    columnOf(in, k * chunks / columns, &levels[size_t{k} * filters]);
  stretch(levels, out);
  return listOf<Tensor>(
      {tensorOf(out, listOf<uint32_t>({1, columns * filters}))});
}

} // namespace exports::rune::block::block
