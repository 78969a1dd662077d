// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whole-number signal processing, and tables of 16-bit functions.
//
// source  docs/ops.md: sqrt_integer, pcan_fixed, log_fixed, filter_bank,
//         rfft_fixed, irfft_fixed, softmax_lookup, lstm_integer
#include "compile/library/reals.h"

using namespace rune::library;

namespace {

int bitWidth(uint64_t x) { return x == 0 ? 0 : 64 - __builtin_clzll(x); }

/// ⌊√x⌋, bit by bit.
uint64_t rootOf(uint64_t x) {
  uint64_t root = 0;
  for (int bit = x == 0 ? -1 : (bitWidth(x) - 1) / 2; bit >= 0; --bit) {
    uint64_t tried = root | uint64_t{1} << bit;
    if (tried * tried <= x)
      root = tried;
  }
  return root;
}

} // namespace

RUNE_KERNEL(SqrtInteger) {
  const View &x = call.in[0];
  bool isWide = x.type == Type::U64;
  return eachPiece(call, countOf(x), [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      uint64_t value =
          isWide ? elements<uint64_t>(x)[i] : elements<uint32_t>(x)[i];
      uint64_t root = rootOf(value);
      uint64_t most = value >> 32 == 0 ? 0xffff : 0xffffffff;
      bool up = value - root * root > root && root != most;
      elements<uint32_t>(call.out[0])[i] =
          static_cast<uint32_t>(root + (up ? 1 : 0));
    }
  });
}

namespace {

/// 16 bits; those of negative ones wrap when they multiply.
int16_t gainOf(uint32_t noise, const int16_t *gains) {
  if (noise <= 2)
    return gains[noise];
  int width = bitWidth(noise);
  uint32_t cut = width < 11 ? noise << (11 - width) : noise >> (width - 11);
  int64_t place = cut & 0x3ff, entry = 4 * width - 6;
  int64_t slope = ((gains[entry + 2] * place) >> 5) + gains[entry + 1] * 32;
  return static_cast<int16_t>(((slope * place + (1 << 14)) >> 15) +
                              gains[entry]);
}

} // namespace

RUNE_KERNEL(PcanFixed) {
  enum { snrShift };
  constexpr int ratioBits = 12, resultBits = 6;
  int64_t shift = call.attributes[snrShift].integer;
  const uint32_t *x = elements<uint32_t>(call.in[0]);
  const uint32_t *noise = elements<uint32_t>(call.in[1]);
  const int16_t *gains = elements<int16_t>(call.in[2]);
  uint32_t *out = elements<uint32_t>(call.out[0]);
  return eachPiece(call, countOf(call.out[0]), [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      auto gain = static_cast<uint32_t>(int32_t{gainOf(noise[i], gains)});
      auto ratio = static_cast<uint32_t>((uint64_t{x[i]} * gain) >> shift);
      // x² / 4 up to 2, then x - 1
      out[i] = ratio < uint32_t{2} << ratioBits
                   ? ratio * ratio >> (2 + 2 * ratioBits - resultBits)
                   : (ratio >> (ratioBits - resultBits)) -
                         (uint32_t{1} << resultBits);
    }
  });
}

RUNE_KERNEL(LogFixed) {
  enum { scaleAttribute };
  constexpr int bits = 16, pieceBits = 7;
  constexpr uint32_t half = uint32_t{1} << (bits - 1);
  constexpr uint64_t ln2 = 45426; // ⌊2^16 · ln 2⌋
  int32_t *pieces = Scratch(call).take<int32_t>((1 << pieceBits) + 1);
  for (int i = 0; i <= 1 << pieceBits; ++i) {
    double part = static_cast<double>(i) / (1 << pieceBits);
    double log2 = math::log(1 + part) / 0.69314718055994530942;
    pieces[i] =
        static_cast<int32_t>(math::roundAway((log2 - part) * (1 << bits)));
  }
  auto binary = [&](uint32_t x) {
    int place = bitWidth(x) - 1;
    uint32_t rest = x - (uint32_t{1} << place);
    rest = place < bits ? rest << (bits - place) : rest >> (place - bits);
    constexpr int inPiece = bits - pieceBits;
    uint32_t piece = rest >> inPiece;
    auto within = static_cast<int32_t>(rest & ((1U << inPiece) - 1));
    int32_t above = pieces[piece] +
                    (((pieces[piece + 1] - pieces[piece]) * within) >> bits);
    return (static_cast<uint32_t>(place) << bits) + rest +
           static_cast<uint32_t>(above);
  };
  auto scale = static_cast<uint32_t>(call.attributes[scaleAttribute].integer);
  const uint32_t *x = elements<uint32_t>(call.in[0]);
  int16_t *out = elements<int16_t>(call.out[0]);
  return eachPiece(call, countOf(call.out[0]), [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      uint32_t scaled = 0;
      if (x[i] > 1) {
        auto natural =
            static_cast<uint32_t>((ln2 * binary(x[i]) + half) >> bits);
        scaled = (scale * natural + half) >> bits;
      }
      out[i] = static_cast<int16_t>(scaled > INT16_MAX ? INT16_MAX : scaled);
    }
  });
}

RUNE_KERNEL(FilterBank) {
  const View &x = call.in[0];
  int64_t bins = x.sizes[x.rank - 1], channels = call.in[2].sizes[0];
  int64_t rows = bins == 0 ? 0 : countOf(x) / bins;
  const int64_t *starts = elements<int64_t>(call.in[2]);
  const int64_t *widths = elements<int64_t>(call.in[3]);
  int64_t left = countOf(call.in[1]);
  for (int64_t i = 0; i < channels; ++i) {
    if (starts[i] < 0 || widths[i] < 0 || starts[i] > bins ||
        widths[i] > bins - starts[i])
      return 3; // filter_bank.3
    if (widths[i] > left)
      return 4; // filter_bank.4
    left -= widths[i];
  }
  if (left != 0)
    return 4;
  uint64_t *out = elements<uint64_t>(call.out[0]);
  if (bins == 0)
    return eachPiece(call, countOf(call.out[0]), [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i)
        out[i] = 0;
    });
  for (int64_t row = 0; row < rows; ++row) {
    const int32_t *weight = elements<int32_t>(call.in[1]);
    for (int64_t i = 0; i < channels; ++i) {
      if (mustStop(call))
        return stopped;
      uint64_t sum = 0;
      for (int64_t j = 0; j < widths[i]; ++j)
        sum += static_cast<uint64_t>(int64_t{*weight++}) *
               elements<uint32_t>(x)[row * bins + starts[i] + j];
      *out++ = sum;
    }
  }
  return 0;
}

namespace {

/// Numbers of which the largest stands for 1; what leaves the type wraps.
template <class T> struct Fixed {
  static constexpr int64_t one = std::numeric_limits<T>::max();
  static constexpr int bits = std::numeric_limits<T>::digits;

  static T wrapped(int64_t value) { return static_cast<T>(value); }
  static T rounded(int64_t product) {
    return wrapped((product + (int64_t{1} << (bits - 1))) >> bits);
  }
  static T ofReal(double value) {
    return wrapped(static_cast<int64_t>(
        math::floor(0.5 + static_cast<double>(one) * value)));
  }
};

template <class T> struct Complex {
  T re, im;

  static Complex ofAngle(double angle) {
    return {Fixed<T>::ofReal(math::cos(angle)),
            Fixed<T>::ofReal(math::sin(angle))};
  }
  Complex dividedBy(int64_t radix) const {
    int64_t part = Fixed<T>::one / radix;
    return {Fixed<T>::rounded(re * part), Fixed<T>::rounded(im * part)};
  }
  Complex conjugate() const { return {re, Fixed<T>::wrapped(-int64_t{im})}; }
  friend Complex operator+(Complex a, Complex b) {
    return {Fixed<T>::wrapped(int64_t{a.re} + b.re),
            Fixed<T>::wrapped(int64_t{a.im} + b.im)};
  }
  friend Complex operator-(Complex a, Complex b) {
    return {Fixed<T>::wrapped(int64_t{a.re} - b.re),
            Fixed<T>::wrapped(int64_t{a.im} - b.im)};
  }
  friend Complex operator*(Complex a, Complex b) {
    return {Fixed<T>::rounded(int64_t{a.re} * b.re - int64_t{a.im} * b.im),
            Fixed<T>::rounded(int64_t{a.re} * b.im + int64_t{a.im} * b.re)};
  }
  /// a · -i
  Complex turned() const { return {im, Fixed<T>::wrapped(-int64_t{re})}; }
};

/// Transforms of real numbers, a power of two of them, and back.
template <class T> struct RealTransform {
  int64_t pairs;
  bool inverse;
  Complex<T> *factors, *splitters, *work, *spectrum;

  RealTransform(const Call &call, int64_t length, bool inverse)
      : pairs(length / 2), inverse(inverse) {
    constexpr double pi = 3.14159265358979323846;
    Scratch scratch(call);
    factors = scratch.take<Complex<T>>(pairs);
    splitters = scratch.take<Complex<T>>(pairs);
    work = scratch.take<Complex<T>>(pairs);
    spectrum = scratch.take<Complex<T>>(pairs);
    double sign = inverse ? 1 : -1;
    auto all = static_cast<double>(pairs);
    for (int64_t i = 0; i < pairs; ++i)
      factors[i] =
          Complex<T>::ofAngle(sign * 2 * pi * static_cast<double>(i) / all);
    for (int64_t i = 1; i <= pairs / 2; ++i)
      splitters[i - 1] =
          Complex<T>::ofAngle(sign * pi * (static_cast<double>(i) / all + 0.5));
  }

  void forwards(const T *x, T *y) const {
    transform(
        [&](int64_t i) -> Complex<T> { return {x[2 * i], x[2 * i + 1]}; });
    split(y);
  }
  void backwards(const T *x, T *y) const {
    join(x);
    transform([&](int64_t i) { return spectrum[i]; });
    for (int64_t i = 0; i < pairs; ++i) {
      y[2 * i] = work[i].re;
      y[2 * i + 1] = work[i].im;
    }
  }

private:
  template <class At> void transform(At at) const {
    // radix 4 from the top; what is left over at the bottom is a radix of 2.
    // The levels from the bottom: parts of 1, then each 4 times the one below.
    scatter(at);
    int64_t part = 1;
    if (odd()) {
      for (int64_t at = 0; at < pairs; at += 2)
        meetTwo(work + at, 1, 0);
      part = 2;
    }
    for (; part < pairs; part *= 4)
      for (int64_t at = 0; at < pairs; at += 4 * part)
        for (int64_t k = 0; k < part; ++k)
          meetFour(work + at + k, part, k * (pairs / (4 * part)));
  }

  /// True if the number of pairs is no power of 4.
  bool odd() const { return (63 - __builtin_clzll(pairs)) % 2 != 0; }

  /// Pair i goes where the recursion ends for it: its digits in base 4 (the
  /// topmost in base 2) the other way round.
  template <class At> void scatter(At at) const {
    for (int64_t i = 0; i < pairs; ++i) {
      int64_t rest = i, left = pairs, to = 0;
      while (left > 1) {
        int64_t radix = left % 4 == 0 ? 4 : 2;
        left /= radix;
        to += rest % radix * left;
        rest /= radix;
      }
      work[to] = at(i);
    }
  }
  void meetTwo(Complex<T> *at, int64_t part, int64_t turn) const {
    Complex<T> even = at[0].dividedBy(2);
    Complex<T> odd = at[part].dividedBy(2) * factors[turn];
    at[part] = even - odd;
    at[0] = even + odd;
  }
  void meetFour(Complex<T> *at, int64_t part, int64_t turn) const {
    Complex<T> a = at[0].dividedBy(4);
    Complex<T> b = at[part].dividedBy(4) * factors[turn];
    Complex<T> c = at[2 * part].dividedBy(4) * factors[2 * turn];
    Complex<T> d = at[3 * part].dividedBy(4) * factors[3 * turn];
    Complex<T> even = a + c, across = a - c, odd = b + d;
    Complex<T> side = (b - d).turned();
    at[0] = even + odd;
    at[2 * part] = even - odd;
    at[inverse ? 3 * part : part] = across + side;
    at[inverse ? part : 3 * part] = across - side;
  }
  /// The spectrum of the real numbers out of that of their pairs.
  void split(T *y) const {
    Complex<T> zero = work[0].dividedBy(2);
    put(y, 0, int64_t{zero.re} + zero.im, 0);
    put(y, pairs, int64_t{zero.re} - zero.im, 0);
    for (int64_t k = 1; k <= pairs / 2; ++k) {
      Complex<T> low = work[k].dividedBy(2);
      Complex<T> high = work[pairs - k].conjugate().dividedBy(2);
      Complex<T> sum = low + high, turned = (low - high) * splitters[k - 1];
      put(y, k, (int64_t{sum.re} + turned.re) >> 1,
          (int64_t{sum.im} + turned.im) >> 1);
      put(y, pairs - k, (int64_t{sum.re} - turned.re) >> 1,
          (int64_t{turned.im} - sum.im) >> 1);
    }
  }
  /// The spectrum of the pairs. The parts of the ends that are not real do not
  /// count.
  void join(const T *x) const {
    auto bin = [&](int64_t k) -> Complex<T> {
      return {x[2 * k], x[2 * k + 1]};
    };
    int64_t first = x[0], last = x[2 * pairs];
    spectrum[0] = Complex<T>{Fixed<T>::wrapped(first + last),
                             Fixed<T>::wrapped(first - last)}
                      .dividedBy(2);
    for (int64_t k = 1; k <= pairs / 2; ++k) {
      Complex<T> low = bin(k).dividedBy(2);
      Complex<T> high = bin(pairs - k).conjugate().dividedBy(2);
      Complex<T> even = low + high, odd = (low - high) * splitters[k - 1];
      spectrum[k] = even + odd;
      spectrum[pairs - k] = (even - odd).conjugate();
    }
  }
  static void put(T *y, int64_t bin, int64_t re, int64_t im) {
    y[2 * bin] = Fixed<T>::wrapped(re);
    y[2 * bin + 1] = Fixed<T>::wrapped(im);
  }
};

/// `length` real numbers, forwards or backwards.
template <class T>
int32_t transformAll(const Call &call, int64_t length, bool inverse) {
  int64_t rows = countOf(call.in[0]) / (inverse ? length + 2 : length);
  RealTransform<T> transform(call, length, inverse);
  for (int64_t row = 0; row < rows; ++row) {
    if (mustStop(call))
      return stopped;
    T *out = elements<T>(call.out[0]);
    const T *in = elements<T>(call.in[0]);
    if (inverse)
      transform.backwards(in + row * (length + 2), out + row * length);
    else
      transform.forwards(in + row * length, out + row * (length + 2));
  }
  return 0;
}

int32_t fixedFourier(const Call &call, const View &reals, bool inverse) {
  int64_t length = reals.sizes[reals.rank - 1];
  if (call.in[0].type == Type::I16)
    RUNE_CASE return transformAll<int16_t>(call, length, inverse);
  RUNE_CASE return transformAll<int32_t>(call, length, inverse);
}

} // namespace

RUNE_KERNEL(RfftFixed) { return fixedFourier(call, call.in[0], false); }
RUNE_KERNEL(IrfftFixed) { return fixedFourier(call, call.out[0], true); }

namespace {

/// x · multiplier · 2^(shift - 31), as `tflite-double` rounds.
int64_t scaled(int64_t x, int64_t multiplier, int64_t shift) {
  int64_t product = x * multiplier, drop = 31 - shift;
  int64_t first =
      drop > 31 ? (product >= 0 ? int64_t{1} << 30 : -(int64_t{1} << 30)) : 0;
  return (product + (int64_t{1} << (drop - 1)) + first) >> drop;
}

int16_t to16(int64_t x) {
  return static_cast<int16_t>(x < INT16_MIN   ? INT16_MIN
                              : x > INT16_MAX ? INT16_MAX
                                              : x);
}

int16_t interpolate(int16_t x, const int16_t *table) {
  int entry = (x >> 7) + 256, rest = x & 127;
  int base = table[entry];
  auto slope = static_cast<int16_t>(table[entry + 1] - base);
  return static_cast<int16_t>(base + ((slope * rest + 64) >> 7));
}

} // namespace

RUNE_KERNEL(SoftmaxLookup) {
  enum { multiplier, shift };
  const View &x = call.in[0];
  int64_t count = x.sizes[x.rank - 1], rows = countOf(x) / count;
  const int16_t *exp = elements<int16_t>(call.in[1]);
  const int16_t *reciprocal = elements<int16_t>(call.in[2]);
  for (int64_t row = 0; row < rows; ++row) {
    if (mustStop(call))
      return stopped;
    const int16_t *in = elements<int16_t>(x) + row * count;
    int16_t *y = elements<int16_t>(call.out[0]) + row * count;
    int64_t largest = in[0], sum = 0;
    for (int64_t i = 1; i < count; ++i)
      largest = in[i] > largest ? in[i] : largest;
    for (int64_t i = 0; i < count; ++i) {
      y[i] = interpolate(
          to16(scaled(in[i] - largest, call.attributes[multiplier].integer,
                      call.attributes[shift].integer) +
               INT16_MAX),
          exp);
      sum += y[i];
    }
    if (sum <= 0)
      return 4; // softmax_lookup.4
    int headroom = __builtin_clz(static_cast<uint32_t>(sum));
    int64_t mantissa = ((sum << (headroom - 1)) + (1 << 13)) >> 14;
    int64_t factor = interpolate(
        to16(mantissa - (int64_t{1} << 15) - (int64_t{1} << 16)), reciprocal);
    int drop = 31 - headroom;
    for (int64_t i = 0; i < count; ++i) {
      int64_t value = (y[i] * factor + ((int64_t{1} << drop) >> 1)) >> drop;
      y[i] = to16(value < 0 ? 0 : value);
    }
  }
  return 0;
}

namespace {

enum Gate { InputGate, OutputGate, ForgetGate, CellGate };

struct IntegerCell {
  enum { X, Weights, Recurrent, H, C, Table, Bias };
  enum {
    cellClip,
    cellScale,
    hMultipliers,
    hShifts,
    hZeroPoint,
    hiddenMultiplier,
    hiddenShift,
    layout,
    xMultipliers,
    xShifts,
    xZeroPoint
  };
  const Call &call;
  int64_t hidden, channels;

  /// The line between two entries, with `bits` more bits than they have.
  int32_t between(int32_t x, int bits, int32_t beyond) const {
    const uint16_t *table = elements<uint16_t>(call.in[Table]);
    int32_t entry = x >> bits;
    if (entry >= 255)
      return beyond;
    int32_t low = table[entry], high = table[entry + 1];
    return (low << bits) + (x & ((1 << bits) - 1)) * (high - low);
  }
  int16_t sigmoid(int16_t x) const {
    int32_t wide = 3 * x;
    int32_t value = between(wide < 0 ? -wide : wide, 9, 0x7fff << 10);
    return static_cast<int16_t>(
        (wide >= 0 ? value + (1 << 9) : (1 << 25) - value + (1 << 9) - 1) >>
        10);
  }
  /// Of a number with -power bits behind the point.
  int16_t tanh(int16_t x, int power) const {
    int left = 12 + power;
    int32_t wide =
        left >= 0 ? x * (3 << left) : (x * 3 + (1 << (-left - 1))) >> -left;
    int32_t value =
        between(wide < 0 ? -wide : wide, 8, 0xffff << 8) - (1 << 23);
    return static_cast<int16_t>(
        (wide >= 0 ? value + (1 << 7) : -value + (1 << 7) - 1) >> 8);
  }

  /// Σ weights · (values - zero) + bias, in 32 bits, wrapping.
  static int32_t product(const int8_t *weights, const int8_t *values,
                         int64_t count, int32_t zero, int32_t bias) {
    auto sum = static_cast<uint32_t>(bias);
    for (int64_t i = 0; i < count; ++i)
      sum += static_cast<uint32_t>(weights[i] * (int32_t{values[i]} - zero));
    return static_cast<int32_t>(sum);
  }
  int16_t sum(Gate gate, const int8_t *x, const int8_t *h, int64_t unit) const {
    const Attribute *a = call.attributes;
    int64_t row = gate * hidden + unit;
    int32_t bias = has(call, Bias) ? elements<int32_t>(call.in[Bias])[row] : 0;
    int64_t forward =
        product(elements<int8_t>(call.in[Weights]) + row * channels, x,
                channels, static_cast<int32_t>(a[xZeroPoint].integer), bias);
    int64_t back =
        product(elements<int8_t>(call.in[Recurrent]) + row * hidden, h, hidden,
                static_cast<int32_t>(a[hZeroPoint].integer), 0);
    return to16(int64_t{to16(scaled(forward, integerAt(a[xMultipliers], gate),
                                    integerAt(a[xShifts], gate)))} +
                to16(scaled(back, integerAt(a[hMultipliers], gate),
                            integerAt(a[hShifts], gate))));
  }
  int8_t updated(const int8_t *x, const int8_t *h, int64_t unit,
                 int16_t &c) const {
    const Attribute *a = call.attributes;
    auto power = static_cast<int>(a[cellScale].integer);
    int64_t one = int64_t{1} << 30, clip = a[cellClip].integer;
    auto gate = [&](Gate which) {
      return int64_t{sigmoid(sum(which, x, h, unit))};
    };
    int64_t candidate = tanh(sum(CellGate, x, h, unit), -12);
    int64_t kept = to16(scaled(gate(ForgetGate) * int64_t{c}, one, -14));
    int64_t added = to16(scaled(gate(InputGate) * candidate, one, -29 - power));
    int64_t both = to16(kept + added);
    c = to16(both < -clip ? -clip : both > clip ? clip : both);
    int64_t result =
        scaled(tanh(c, power) * gate(OutputGate), a[hiddenMultiplier].integer,
               a[hiddenShift].integer) +
        a[hZeroPoint].integer;
    return static_cast<int8_t>(result < INT8_MIN   ? INT8_MIN
                               : result > INT8_MAX ? INT8_MAX
                                                   : result);
  }
};

} // namespace

RUNE_KERNEL(LstmInteger) {
  using Cell = IntegerCell;
  const View &x = call.in[Cell::X];
  bool stepsFirst = isText(call.attributes[Cell::layout], "TNC");
  int64_t steps = x.sizes[stepsFirst ? 0 : 1];
  int64_t batch = x.sizes[stepsFirst ? 1 : 0];
  Cell cell{call, call.in[Cell::Recurrent].sizes[1], x.sizes[2]};
  int64_t hidden = cell.hidden;
  Scratch scratch(call);
  int8_t *h = scratch.take<int8_t>(hidden);
  int8_t *next = scratch.take<int8_t>(hidden);
  int16_t *c = scratch.take<int16_t>(hidden);
  for (int64_t n = 0; n < batch; ++n) {
    for (int64_t u = 0; u < hidden; ++u) {
      h[u] = has(call, Cell::H)
                 ? elements<int8_t>(call.in[Cell::H])[n * hidden + u]
                 : 0;
      c[u] = has(call, Cell::C)
                 ? elements<int16_t>(call.in[Cell::C])[n * hidden + u]
                 : 0;
    }
    for (int64_t t = 0; t < steps; ++t) {
      int64_t row = stepsFirst ? t * batch + n : n * steps + t;
      for (int64_t u = 0; u < hidden; ++u) {
        if (mustStop(call))
          return stopped;
        next[u] =
            cell.updated(elements<int8_t>(x) + row * cell.channels, h, u, c[u]);
      }
      for (int64_t u = 0; u < hidden; ++u)
        elements<int8_t>(call.out[0])[row * hidden + u] = h[u] = next[u];
    }
    for (int64_t u = 0; u < hidden; ++u) {
      if (call.outputs > 1 && call.out[1].rank >= 0)
        elements<int8_t>(call.out[1])[n * hidden + u] = h[u];
      if (call.outputs > 2 && call.out[2].rank >= 0)
        elements<int16_t>(call.out[2])[n * hidden + u] = c[u];
    }
  }
  return 0;
}
