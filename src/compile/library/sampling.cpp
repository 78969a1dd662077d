// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elements between elements: pictures read at places that data name.
//
// source  docs/ops.md: grid_sample, affine_grid, roi_align, max_roi_pool,
//         deform_conv
#include "compile/library/reals.h"

using namespace rune::library;

namespace {

/// x thrown back between low and high as often as it takes.
double reflected(double x, double low, double high) {
  double span = high - low;
  if (!(span > 0))
    return low;
  double away = math::fmod(magnitude(x - low), 2 * span);
  return low + (away > span ? 2 * span - away : away);
}

/// Along one axis: where the taps stand, and what each counts.
struct AxisTaps {
  int64_t index[4];
  double weight[4];
  int32_t count = 0;
};

struct Sampler {
  enum { alignCorners, mode, padding };
  const Attribute *attributes;
  bool aligned;

  explicit Sampler(const Call &call)
      : attributes(call.attributes),
        aligned(call.attributes[alignCorners].integer != 0) {}

  double padded(double at, int64_t size) const {
    auto last = static_cast<double>(size - 1);
    if (!(magnitude(at) < 0x1p40))
      at = isNan(at) || at < 0 ? -0x1p40 : 0x1p40;
    if (isText(attributes[padding], "border"))
      return clamped(at, 0, last);
    if (isText(attributes[padding], "reflection"))
      return aligned ? reflected(at, 0, last) : reflected(at, -0.5, last + 0.5);
    return at;
  }
  double settled(double place, int64_t size) const {
    double edge = aligned ? 0 : 0.5;
    bool within =
        place >= -edge && place <= static_cast<double>(size - 1) + edge;
    return within ? place : padded(place, size);
  }
  /// In float, as the runtimes count; of two the even one.
  int64_t nearest(double at, int64_t size) const {
    auto grid = static_cast<float>(at), n = static_cast<float>(size);
    float place = aligned ? (grid + 1) / 2 * (n - 1) : ((grid + 1) * n - 1) / 2;
    return indexOf(padded(math::roundEven(static_cast<double>(place)), size));
  }
  void addTap(AxisTaps &taps, int64_t at, int64_t size, double weight) const {
    if (weight == 0)
      return;
    if (at < 0 || at >= size) {
      if (isText(attributes[padding], "zeros"))
        return;
      at = indexOf(math::roundEven(padded(static_cast<double>(at), size)));
      at = at < 0 ? 0 : at >= size ? size - 1 : at;
    }
    taps.index[taps.count] = at;
    taps.weight[taps.count++] = weight;
  }
  void find(AxisTaps &taps, double at, int64_t size) const {
    taps.count = 0;
    if (isText(attributes[mode], "nearest"))
      return addTap(taps, nearest(at, size), size, 1);
    auto n = static_cast<double>(size);
    double place = settled(
        aligned ? (at + 1) / 2 * (n - 1) : ((at + 1) * n - 1) / 2, size);
    double base = math::floor(place), t = place - base;
    int64_t first = indexOf(base);
    if (isText(attributes[mode], "cubic")) {
      constexpr double a = -0.75;
      auto far = [&](double d) {
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
      };
      auto near = [&](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
      addTap(taps, first - 1, size, far(t + 1));
      addTap(taps, first, size, near(t));
      addTap(taps, first + 1, size, near(1 - t));
      return addTap(taps, first + 2, size, far(2 - t));
    }
    addTap(taps, first, size, 1 - t);
    addTap(taps, first + 1, size, t);
  }
};

} // namespace

RUNE_KERNEL(GridSample) {
  constexpr int32_t mostAxes = 6;
  const View &x = call.in[0], &grid = call.in[1], &y = call.out[0];
  int32_t axes = x.rank - 2;
  Sampler sampler(call);
  int64_t plane = 1, places = 1;
  for (int32_t d = 0; d < axes; ++d) {
    plane *= x.sizes[2 + d];
    places *= grid.sizes[1 + d];
  }
  if (countOf(y) == 0)
    return 0;
  AxisTaps taps[mostAxes];
  for (int64_t n = 0; n < x.sizes[0]; ++n)
    for (int64_t p = 0; p < places; ++p) {
      if (mustStop(call))
        return stopped;
      bool none = false;
      for (int32_t d = 0; d < axes; ++d) { // the grid counts axes from the last
        sampler.find(taps[d],
                     loadFloat(grid, (n * places + p) * axes + axes - 1 - d),
                     x.sizes[2 + d]);
        none |= taps[d].count == 0;
      }
      for (int64_t c = 0; c < x.sizes[1]; ++c) {
        double sum = 0;
        int32_t at[mostAxes] = {};
        for (bool more = !none; more;) {
          int64_t offset = 0;
          double weight = 1;
          for (int32_t d = 0; d < axes; ++d) {
            offset = offset * x.sizes[2 + d] + taps[d].index[at[d]];
            weight *= taps[d].weight[at[d]];
          }
          sum += weight * loadReal(x, (n * x.sizes[1] + c) * plane + offset);
          more = false;
          for (int32_t d = axes; d-- > 0 && !more;) {
            more = ++at[d] < taps[d].count;
            if (!more)
              at[d] = 0;
          }
        }
        storeReal(y, (n * x.sizes[1] + c) * places + p, sum);
      }
    }
  return 0;
}

RUNE_KERNEL(AffineGrid) {
  enum { alignCorners };
  const View &theta = call.in[0], &y = call.out[0];
  bool aligned = call.attributes[alignCorners].integer != 0;
  int32_t axes = y.rank - 2;
  if (elements<int64_t>(call.in[1])[0] != y.sizes[0])
    return 3; // affine_grid.3
  auto place = [&](int64_t at, int64_t size) {
    auto i = static_cast<double>(at), n = static_cast<double>(size);
    if (aligned)
      return size == 1 ? 0.0 : -1 + 2 * i / (n - 1);
    return (2 * i + 1) / n - 1;
  };
  int64_t rows = countOf(y) / axes;
  for (int64_t row = 0; row < rows; ++row) {
    if (mustStop(call))
      return stopped;
    int64_t at[maxRank], rest = row;
    for (int32_t d = axes; d >= 0; --d) {
      at[d] = rest % y.sizes[d];
      rest /= y.sizes[d];
    }
    for (int32_t r = 0; r < axes; ++r) {
      int64_t matrix = (at[0] * axes + r) * (axes + 1);
      double sum = loadFloat(theta, matrix + axes);
      for (int32_t c = 0; c < axes; ++c)
        sum += loadFloat(theta, matrix + c) *
               place(at[axes - c], y.sizes[axes - c]);
      storeFloat(y, row * axes + r, sum);
    }
  }
  return 0;
}

namespace {

/// Between four elements. Up to one step outside the edge counts.
struct Corners {
  int64_t offset[4] = {};
  double weight[4] = {};

  Corners(double y, double x, int64_t height, int64_t width) {
    auto h = static_cast<double>(height), w = static_cast<double>(width);
    if (height == 0 || width == 0 || !(y >= -1 && y <= h && x >= -1 && x <= w))
      return;
    int64_t top, bottom, left, right;
    double down, across;
    split(y, height, top, bottom, down);
    split(x, width, left, right, across);
    offset[0] = top * width + left, offset[1] = top * width + right;
    offset[2] = bottom * width + left, offset[3] = bottom * width + right;
    weight[0] = (1 - down) * (1 - across), weight[1] = (1 - down) * across;
    weight[2] = down * (1 - across), weight[3] = down * across;
  }

private:
  static void split(double at, int64_t size, int64_t &low, int64_t &high,
                    double &rest) {
    at = at < 0 ? 0 : at;
    low = static_cast<int64_t>(at);
    high = low + 1;
    rest = at - static_cast<double>(low);
    if (low >= size - 1)
      low = high = size - 1, rest = 0;
  }
};

/// One side of a box: where it begins, how large its bins are, and how often
/// each is sampled.
struct Side {
  double begin, bin;
  int64_t samples;

  double at(int64_t bins, int64_t i) const {
    return begin + static_cast<double>(bins) * bin +
           (static_cast<double>(i) + 0.5) * bin / static_cast<double>(samples);
  }
};

} // namespace

RUNE_KERNEL(RoiAlign) {
  enum { coordinates, height, mode, samplingRatio, spatialScale, width };
  const Attribute *a = call.attributes;
  const View &x = call.in[0], &rois = call.in[1], &y = call.out[0];
  bool halfPixel = isText(a[coordinates], "half_pixel");
  bool largest = isText(a[mode], "max");
  double scale = a[spatialScale].number, shift = halfPixel ? 0.5 : 0;
  int64_t bins[] = {a[height].integer, a[width].integer};
  int64_t channels = x.sizes[1], plane = x.sizes[2] * x.sizes[3];
  for (int64_t r = 0; r < rois.sizes[0]; ++r) {
    int64_t n = indexAt(call.in[2], r);
    if (n < 0 || n >= x.sizes[0])
      return 4; // roi_align.4
    double left = loadFloat(rois, 4 * r) * scale - shift;
    double top = loadFloat(rois, 4 * r + 1) * scale - shift;
    double wide = loadFloat(rois, 4 * r + 2) * scale - shift - left;
    double high = loadFloat(rois, 4 * r + 3) * scale - shift - top;
    if (!halfPixel) {
      wide = wide < 1 ? 1 : wide;
      high = high < 1 ? 1 : high;
    }
    Side sides[] = {{top, high / static_cast<double>(bins[0]), 0},
                    {left, wide / static_cast<double>(bins[1]), 0}};
    for (Side &side : sides) {
      double wanted = math::ceil(side.bin);
      if (a[samplingRatio].integer == 0 && !(wanted <= 65536))
        return 5; // roi_align.5
      side.samples = a[samplingRatio].integer > 0 ? a[samplingRatio].integer
                     : wanted > 0                 ? static_cast<int64_t>(wanted)
                                                  : 0;
    }
    int64_t samples = sides[0].samples * sides[1].samples;
    auto count = static_cast<double>(samples < 1 ? 1 : samples);
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t p = 0; p < bins[0] * bins[1]; ++p) {
        double all = 0;
        for (int64_t i = 0; i < samples; ++i) {
          if (mustStop(call))
            return stopped;
          Corners corners(sides[0].at(p / bins[1], i / sides[1].samples),
                          sides[1].at(p % bins[1], i % sides[1].samples),
                          x.sizes[2], x.sizes[3]);
          double parts[4];
          for (int k = 0; k < 4; ++k)
            parts[k] = corners.weight[k] == 0
                           ? 0
                           : corners.weight[k] *
                                 loadFloat(x, (n * channels + c) * plane +
                                                  corners.offset[k]);
          if (largest) {
            double most = parts[0];
            for (int k = 1; k < 4; ++k)
              most = most < parts[k] ? parts[k] : most;
            all = i == 0 || all < most ? most : all;
          } else {
            all += (parts[0] + parts[1] + parts[2] + parts[3]) / count;
          }
        }
        storeFloat(y, (r * channels + c) * bins[0] * bins[1] + p, all);
      }
  }
  return 0;
}

RUNE_KERNEL(MaxRoiPool) {
  enum { height, spatialScale, width };
  const View &x = call.in[0], &rois = call.in[1], &y = call.out[0];
  double scale = call.attributes[spatialScale].number;
  for (int64_t r = 0; r < y.sizes[0]; ++r) {
    double box[5];
    for (int i = 0; i < 5; ++i) {
      box[i] = loadFloat(rois, 5 * r + i);
      if (i > 0)
        box[i] = math::roundAway(box[i] * scale);
      bool fits = i == 0
                      ? box[0] >= 0 && box[0] < static_cast<double>(x.sizes[0])
                      : magnitude(box[i]) < 0x1p40;
      if (!fits)
        return 4; // max_roi_pool.4
    }
    auto n = static_cast<int64_t>(box[0]);
    auto range = [&](double first, double last, int64_t bin, int64_t bins,
                     int64_t size, int64_t &begin, int64_t &end) {
      double length = last - first + 1;
      double each = (length < 1 ? 1 : length) / static_cast<double>(bins);
      begin = static_cast<int64_t>(
          clamped(math::floor(static_cast<double>(bin) * each) + first, 0,
                  static_cast<double>(size)));
      end = static_cast<int64_t>(
          clamped(math::ceil(static_cast<double>(bin + 1) * each) + first, 0,
                  static_cast<double>(size)));
    };
    for (int64_t c = 0; c < y.sizes[1]; ++c)
      for (int64_t p = 0; p < y.sizes[2] * y.sizes[3]; ++p) {
        int64_t top, bottom, left, right;
        range(box[2], box[4], p / y.sizes[3], y.sizes[2], x.sizes[2], top,
              bottom);
        range(box[1], box[3], p % y.sizes[3], y.sizes[3], x.sizes[3], left,
              right);
        double most = top < bottom && left < right ? lowest<double>() : 0;
        for (int64_t i = top; i < bottom; ++i) {
          if (mustStop(call))
            return stopped;
          for (int64_t j = left; j < right; ++j) {
            double v = loadFloat(
                x, ((n * x.sizes[1] + c) * x.sizes[2] + i) * x.sizes[3] + j);
            most = isNan(most) || v <= most ? most : v;
          }
        }
        storeFloat(y, (r * y.sizes[1] + c) * y.sizes[2] * y.sizes[3] + p, most);
      }
  }
  return 0;
}

namespace {

/// The element at (y, x) of a plane, between four; outside there is 0.
double bilinear(const View &view, int64_t plane, int64_t height, int64_t width,
                double y, double x) {
  if (!(y > -1 && y < static_cast<double>(height) && x > -1 &&
        x < static_cast<double>(width)))
    return 0;
  auto top = static_cast<int64_t>(math::floor(y));
  auto left = static_cast<int64_t>(math::floor(x));
  double down = y - static_cast<double>(top);
  double right = x - static_cast<double>(left);
  auto element = [&](int64_t i, int64_t j, double weight) {
    bool inside = i >= 0 && i < height && j >= 0 && j < width;
    return inside && weight != 0
               ? weight * loadFloat(view, plane + i * width + j)
               : 0;
  };
  return element(top, left, (1 - down) * (1 - right)) +
         element(top, left + 1, (1 - down) * right) +
         element(top + 1, left, down * (1 - right)) +
         element(top + 1, left + 1, down * right);
}

} // namespace

RUNE_KERNEL(DeformConv) {
  enum { X, Weights, Offset, Bias, Mask };
  enum { dilations, groupsAttribute, layout, offsetGroups, pads, strides };
  const Attribute *a = call.attributes;
  const View &x = call.in[X], &weights = call.in[Weights], &y = call.out[0];
  if (countOf(y) == 0)
    return 0;
  int64_t channels = x.sizes[1], kernel = weights.sizes[2] * weights.sizes[3];
  int64_t groups = a[groupsAttribute].integer;
  int64_t perGroup = weights.sizes[1], outputs = weights.sizes[0];
  int64_t places = y.sizes[2] * y.sizes[3];
  double *samples = Scratch(call).take<double>(channels * kernel);
  for (int64_t n = 0; n < y.sizes[0]; ++n)
    for (int64_t p = 0; p < places; ++p) {
      int64_t row = p / y.sizes[3], column = p % y.sizes[3];
      for (int64_t c = 0; c < channels; ++c) {
        if (mustStop(call))
          return stopped;
        int64_t group = c / (channels / a[offsetGroups].integer);
        for (int64_t k = 0; k < kernel; ++k) {
          int64_t tap = (n * a[offsetGroups].integer + group) * kernel + k;
          double down = loadFloat(call.in[Offset], 2 * tap * places + p);
          double right = loadFloat(call.in[Offset], (2 * tap + 1) * places + p);
          auto at = [&](int32_t d, int64_t place, int64_t k) {
            return static_cast<double>(place * integerAt(a[strides], d) -
                                       integerAt(a[pads], d) +
                                       k * integerAt(a[dilations], d));
          };
          double value = bilinear(
              x, (n * channels + c) * x.sizes[2] * x.sizes[3], x.sizes[2],
              x.sizes[3], at(0, row, k / weights.sizes[3]) + down,
              at(1, column, k % weights.sizes[3]) + right);
          if (has(call, Mask))
            value *= loadFloat(call.in[Mask], tap * places + p);
          samples[c * kernel + k] = value;
        }
      }
      for (int64_t o = 0; o < outputs; ++o) {
        if (mustStop(call))
          return stopped;
        int64_t first = o / (outputs / groups) * perGroup * kernel;
        double sum = has(call, Bias) ? loadFloat(call.in[Bias], o) : 0;
        for (int64_t k = 0; k < perGroup * kernel; ++k)
          sum += samples[first + k] *
                 loadFloat(weights, o * perGroup * kernel + k);
        storeFloat(y, (n * outputs + o) * places + p, sum);
      }
    }
  return 0;
}
