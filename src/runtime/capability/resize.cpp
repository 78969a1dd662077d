// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/capability/picture.h"

#include <algorithm>
#include <cmath>

namespace rune::runtime {

namespace {

constexpr float catmullRomSupport = 2;

/// The cubic of Mitchell and Netravali with B = 0, C = 0.5.
float catmullRom(float x) {
  float a = std::abs(x);
  if (a < 1)
    return (1.5f * a - 2.5f) * a * a + 1;
  if (a < 2)
    return ((-0.5f * a + 2.5f) * a - 4) * a + 2;
  return 0;
}

/// The old samples that make one new one: `weights.size()` of them from
/// `first`.
struct Taps {
  size_t first = 0;
  std::vector<float> weights;
};

Taps tapsOf(uint32_t at, uint32_t oldSize, uint32_t newSize) {
  float ratio = static_cast<float>(oldSize) / static_cast<float>(newSize);
  float scale = std::max(ratio, 1.0f);
  float centre = (static_cast<float>(at) + 0.5f) * ratio;
  float reach = catmullRomSupport * scale;
  auto last = static_cast<int64_t>(oldSize);
  auto left = std::clamp<int64_t>(
      static_cast<int64_t>(std::floor(centre - reach)), 0, last - 1);
  auto right = std::clamp<int64_t>(
      static_cast<int64_t>(std::ceil(centre + reach)), left + 1, last);
  Taps taps{static_cast<size_t>(left), {}};
  float sum = 0;
  for (int64_t i = left; i < right; ++i) {
    float distance = static_cast<float>(i) + 0.5f - centre;
    taps.weights.push_back(catmullRom(distance / scale));
    sum += taps.weights.back();
  }
  for (float &weight : taps.weights)
    weight /= sum;
  return taps;
}

/// One new row: the weighted sum of old rows.
void mixRows(const Picture &picture, const Taps &taps,
             std::vector<float> &row) {
  std::ranges::fill(row, 0.0f);
  for (size_t i = 0; i < taps.weights.size(); ++i) {
    const uint8_t *old =
        picture.pixels.data() + (taps.first + i) * picture.rowBytes();
    for (size_t x = 0; x < row.size(); ++x)
      row[x] += taps.weights[i] * static_cast<float>(old[x]);
  }
}

/// One channel of one new pixel, from a row.
uint8_t mixColumns(const std::vector<float> &row, const Taps &taps,
                   uint32_t channels, uint32_t channel) {
  float sum = 0;
  const float *old = row.data() + taps.first * channels + channel;
  for (size_t i = 0; i < taps.weights.size(); ++i)
    sum += taps.weights[i] * old[i * channels];
  return static_cast<uint8_t>(std::lround(std::clamp(sum, 0.0f, 255.0f)));
}

} // namespace

Picture resize(const Picture &picture, uint32_t width, uint32_t height) {
  if (width == picture.width && height == picture.height)
    return picture;
  Picture result{width, height, picture.channels, {}};
  result.pixels.reserve(result.rowBytes() * height);
  std::vector<Taps> columns;
  for (uint32_t x = 0; x < width; ++x)
    columns.push_back(tapsOf(x, picture.width, width));
  std::vector<float> row(picture.rowBytes());
  for (uint32_t y = 0; y < height; ++y) {
    mixRows(picture, tapsOf(y, picture.height, height), row);
    for (const Taps &taps : columns)
      for (uint32_t channel = 0; channel < picture.channels; ++channel)
        result.pixels.push_back(
            mixColumns(row, taps, picture.channels, channel));
  }
  return result;
}

} // namespace rune::runtime
