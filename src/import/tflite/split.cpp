// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, SPLIT, SPLIT_V, UNPACK, PACK
#include "import/tflite/node.h"
#include "import/tflite/sizes.h"

#include <algorithm>

namespace rune::import {
namespace {

Result<int64_t> axisOf(const TfliteNode &node, size_t input, int64_t rank) {
  Integers numbers = RUNE_TRY(
      node.constantIntegers(RUNE_TRY(node.input(input, "axis")), "axis"));
  if (numbers.size() != 1)
    return node.fail("`axis` has {} numbers, needs one", numbers.size());
  return node.axis(numbers[0], rank);
}

/// Pieces of these lengths along the axis.
Imported pieces(const TfliteNode &node, ValueId x, int64_t axis,
                const Integers &lengths) {
  std::vector<ValueId> results;
  int64_t at = 0;
  for (int64_t length : lengths) {
    std::string part = fmt::format("piece{}", results.size());
    results.push_back(RUNE_TRY(sliced(node, x, axis, at, at + length, part)));
    at += length;
  }
  return results;
}

Result<int64_t> knownSize(const TfliteNode &node, ValueId x, int64_t axis) {
  Dim dim = node.dims(x)[static_cast<size_t>(axis)];
  if (!dim.isFixed())
    return node.unsupported("dimension {} of `{}`, whose size is not known",
                            axis, node.type(x).str());
  return dim.size();
}

} // namespace

/// inputs  axis i32[], input
/// result  pieces of equal length
Imported importTfliteSplit(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  ValueId x = RUNE_TRY(node.input(1, "input"));
  int64_t axis = RUNE_TRY(axisOf(node, 0, node.rank(x)));
  int64_t size = RUNE_TRY(knownSize(node, x, axis));
  int64_t count = static_cast<int64_t>(node.outputs());
  if (size % count != 0)
    return node.fail("{} elements do not divide into {}", size, count);
  return pieces(node, x, axis, Integers(node.outputs(), size / count));
}

/// inputs  input, lengths i32[n] (one may be -1), axis i32[]
Imported importTfliteSplitV(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(3, 3));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  Integers lengths = RUNE_TRY(node.constantIntegers(
      RUNE_TRY(node.input(1, "size_splits")), "size_splits"));
  int64_t axis = RUNE_TRY(axisOf(node, 2, node.rank(x)));
  int64_t rest = RUNE_TRY(knownSize(node, x, axis));
  if (lengths.size() != node.outputs() || std::ranges::count(lengths, -1) > 1)
    return node.fail("{} lengths for {} outputs, -1 may stand once",
                     lengths.size(), node.outputs());
  for (int64_t length : lengths) {
    if (length < -1 || length > rest)
      return node.fail("a length of {}, {} elements are left", length, rest);
    rest -= std::max<int64_t>(length, 0);
  }
  auto open = std::ranges::find(lengths, -1);
  if (open != lengths.end())
    *open = rest;
  else if (rest != 0)
    return node.fail("{} elements are in no piece", rest);
  return pieces(node, x, axis, lengths);
}

/// result  one output for each index along the axis, which they lack
Imported importTfliteUnpack(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  const auto *options = RUNE_TRY(node.options<tflite::UnpackOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  int64_t axis = RUNE_TRY(node.axis(options->axis(), node.rank(x)));
  int64_t size = RUNE_TRY(knownSize(node, x, axis));
  if (size != static_cast<int64_t>(node.outputs()))
    return node.fail("{} outputs, dimension {} of `{}` has {} elements",
                     node.outputs(), axis, node.type(x).str(), size);
  auto results = RUNE_TRY(pieces(node, x, axis, Integers(node.outputs(), 1)));
  Dims sizes = node.dims(x);
  sizes.erase(sizes.begin() + axis);
  for (size_t i = 0; i < results.size(); ++i)
    results[i] =
        RUNE_TRY(withSizes(node, results[i], sizes, fmt::format("item{}", i)));
  return results;
}

/// result  the inputs one behind the other, along a new dimension
Imported importTflitePack(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, graph::maxPerNode));
  const auto *options = RUNE_TRY(node.options<tflite::PackOptions>());
  ValueId first = RUNE_TRY(node.input(0, "values"));
  int64_t axis = RUNE_TRY(node.axis(options->axis(), node.rank(first) + 1));
  std::vector<ValueId> items;
  for (size_t i = 0; i < node.inputs(); ++i) {
    ValueId item = RUNE_TRY(node.input(i, "values"));
    if (node.type(item) != node.type(first))
      return node.fail("`{}` beside `{}`", node.type(item).str(),
                       node.type(first).str());
    items.push_back(item);
  }
  Dims sizes = node.dims(first);
  sizes.insert(sizes.begin() + axis, Dim(1));
  for (size_t i = 0; i < items.size(); ++i)
    items[i] =
        RUNE_TRY(withSizes(node, items[i], sizes, fmt::format("item{}", i)));
  return std::vector{
      RUNE_TRY(node.one(Op::Concat, std::move(items), {{"axis", axis}}))};
}

} // namespace rune::import
