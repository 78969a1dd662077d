// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, RESHAPE, SQUEEZE, EXPAND_DIMS, SPACE_TO_DEPTH,
//         DEPTH_TO_SPACE
#include "import/tflite/node.h"
#include "import/tflite/sizes.h"

#include <algorithm>

namespace rune::import {
namespace {

/// A size of -1 takes what is left.
Result<Dims> wantedSizes(const TfliteNode &node, ValueId shape) {
  Dims sizes;
  for (int64_t size : RUNE_TRY(node.constantIntegers(shape, "shape"))) {
    if (size < -1)
      return node.fail("`shape` has a size of {}", size);
    sizes.push_back(size == -1 ? Dim::unknown() : Dim(size));
  }
  return sizes;
}

/// The shape arrives with the run; what is known of its elements, numbers and
/// names of open sizes, is known of the result.
Result<ValueId> reshapedInTheRun(const TfliteNode &node, ValueId x,
                                 ValueId shape) {
  if (node.dtype(shape) == DType::I32)
    shape = RUNE_TRY(node.one(Op::Cast, {shape}, {{"dtype", "i64"}}, "shape"));
  return node.one(Op::Reshape, {x, shape}, {{"allow_zero", int64_t{1}}});
}

Dims statedSizes(const tflite::ReshapeOptions &options) {
  Dims sizes;
  if (const auto *list = options.shape())
    for (int32_t size : *list)
      sizes.push_back(size < 0 ? Dim::unknown() : Dim(size));
  return sizes;
}

/// Blocks of block x block places of [N, H, W, C] as channels, or back.
Imported importBlocks(TfliteNode &node, int64_t block, bool toDepth) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  if (node.rank(x) != 4 || block < 1)
    return node.fail("`input` is `{}` and the block {}, needs four dimensions "
                     "and 1 or more",
                     node.type(x).str(), block);
  Dims from = node.dims(x);
  if (!from[1].isFixed() || !from[2].isFixed() || !from[3].isFixed())
    return node.unsupported("`input` is `{}`: its sizes are not known",
                            node.type(x).str());
  int64_t h = from[1].size(), w = from[2].size(), c = from[3].size();
  bool divides = toDepth ? h % block == 0 && w % block == 0
                         : c % block == 0 && c / block % block == 0;
  if (!divides)
    return node.fail("blocks of {} do not divide `{}`", block,
                     node.type(x).str());
  int64_t depth = toDepth ? c : c / block / block;
  int64_t rows = toDepth ? h / block : h, columns = toDepth ? w / block : w;
  Dims apart = toDepth ? Dims{from[0], rows, block, columns, block, depth}
                       : Dims{from[0], rows, columns, block, block, depth};
  Dims joined = toDepth ? Dims{from[0], rows, columns, block * block * depth}
                        : Dims{from[0], rows * block, columns * block, depth};
  // either way the rows of a block change places with the columns of the image
  Integers order = {0, 1, 3, 2, 4, 5};
  ValueId y = RUNE_TRY(withSizes(node, x, apart, "blocks"));
  y = RUNE_TRY(node.transposed(y, order, "turned"));
  return std::vector{RUNE_TRY(withSizes(node, y, joined))};
}

} // namespace

/// inputs  input, shape i32[rank]?; without one the options state it
Imported importTfliteReshape(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 2));
  const auto *options = RUNE_TRY(node.options<tflite::ReshapeOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId shape = node.optionalInput(1);
  if (shape == noValue)
    return std::vector{RUNE_TRY(withSizes(node, x, statedSizes(*options)))};
  if (!node.knownIntegers(shape) &&
      (node.dtype(shape) == DType::I32 || node.dtype(shape) == DType::I64))
    return std::vector{RUNE_TRY(reshapedInTheRun(node, x, shape))};
  return std::vector{
      RUNE_TRY(withSizes(node, x, RUNE_TRY(wantedSizes(node, shape))))};
}

/// result  without the dimensions of one element: those named, or all
Imported importTfliteSqueeze(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  const auto *options = RUNE_TRY(node.options<tflite::SqueezeOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  std::vector<bool> drop(static_cast<size_t>(node.rank(x)));
  if (node.rank(x) == 0) // nothing to drop, whatever is named
    return std::vector{x};
  size_t named = options->axes() ? options->axes()->size() : 0;
  for (size_t i = 0; i < named; ++i) {
    int64_t axis = RUNE_TRY(node.axis(
        options->axes()->Get(static_cast<uint32_t>(i)), node.rank(x)));
    Dim dim = node.dims(x)[static_cast<size_t>(axis)];
    if (dim.isFixed() && dim.size() != 1)
      return node.fail("dimension {} of `{}` has more than one element", axis,
                       node.type(x).str());
    drop[static_cast<size_t>(axis)] = true;
  }
  Dims sizes;
  for (size_t i = 0; i < drop.size(); ++i)
    if (named == 0 ? node.dims(x)[i] != Dim(1) : !drop[i])
      sizes.push_back(node.dims(x)[i]);
  return std::vector{RUNE_TRY(withSizes(node, x, sizes))};
}

Imported importTfliteSpaceToDepth(TfliteNode &node) {
  const auto *options = RUNE_TRY(node.options<tflite::SpaceToDepthOptions>());
  return importBlocks(node, options->block(), true);
}
Imported importTfliteDepthToSpace(TfliteNode &node) {
  const auto *options = RUNE_TRY(node.options<tflite::DepthToSpaceOptions>());
  return importBlocks(node, options->block(), false);
}

/// result  with a dimension of one element more, at `axis`
Imported importTfliteExpandDims(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  Integers numbers =
      RUNE_TRY(node.constantIntegers(RUNE_TRY(node.input(1, "axis")), "axis"));
  if (numbers.size() != 1)
    return node.fail("`axis` has {} numbers, needs one", numbers.size());
  int64_t axis = RUNE_TRY(node.axis(numbers[0], node.rank(x) + 1));
  Dims sizes = node.dims(x);
  sizes.insert(sizes.begin() + axis, Dim(1));
  return std::vector{RUNE_TRY(withSizes(node, x, sizes))};
}

} // namespace rune::import
