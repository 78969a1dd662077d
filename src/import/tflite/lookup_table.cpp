// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/lookup_table.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace rune::import {
namespace {

constexpr int steps = 512;
constexpr double leastWord = -32768, mostWord = 32767;

/// What is infinite on both ends of a line is no number between them.
int16_t toWord(double value) {
  if (std::isnan(value))
    return static_cast<int16_t>(mostWord);
  return static_cast<int16_t>(std::clamp(value, leastWord, mostWord));
}

Result<ValueId> tableOf(const TfliteNode &node, std::string_view part,
                        DType dtype,
                        const std::function<int64_t(int64_t)> &function) {
  IntegerRange range = rangeOf(dtype);
  Tensor table = RUNE_TRY(Tensor::zeros(dtype, {range.high - range.low + 1}));
  size_t width = dtypeBytes(dtype);
  uint8_t *out = table.bytes().data();
  for (int64_t x = range.low; x <= range.high; ++x, out += width) {
    int64_t y = std::clamp(function(x), range.low, range.high);
    std::memcpy(out, &y, width); // little endian
  }
  return node.constant(part, std::move(table));
}

} // namespace

Result<ValueId>
interpolationTable(const TfliteNode &node, std::string_view part,
                   const TableScales &scales,
                   const std::function<double(double)> &function) {
  double least = scales.scale * (leastWord - scales.zeroPoint);
  double most = scales.scale * (mostWord - scales.zeroPoint);
  double step = (most - least) / steps;
  double toNumbers = 65536 / (scales.resultScale * (mostWord - leastWord));
  Tensor table = RUNE_TRY(Tensor::zeros(DType::I16, {steps + 1}));
  std::span<int16_t> out = table.as<int16_t>();
  for (int i = 0; i < steps; ++i) {
    double at = function(least + i * step) * toNumbers;
    double middle = function(least + i * step + step / 2) * toNumbers;
    double next = function(least + (i + 1) * step) * toNumbers;
    double line = std::round((next + std::round(at)) / 2);
    double bias = std::round((line - std::round(middle)) / 2);
    out[static_cast<size_t>(i)] = toWord(std::round(at) - bias);
  }
  out[steps] = toWord(std::round(function(most) * toNumbers));
  return node.constant(part, std::move(table));
}

Result<ValueId> byteTable(const TfliteNode &node, std::string_view part,
                          DType dtype,
                          const std::function<int64_t(int64_t)> &function) {
  RUNE_CHECK(dtypeBits(dtype) == 8, "a table of 256 entries");
  return tableOf(node, part, dtype, function);
}

Result<ValueId> wordTable(const TfliteNode &node, std::string_view part,
                          const std::function<int64_t(int64_t)> &function) {
  return tableOf(node, part, DType::I16, function);
}

} // namespace rune::import
