// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks of positions as batches, and back: each batch holds every n-th
// position of the spatial dimensions, from one of n places.
//
// source  TensorFlow Lite, SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND
#include "import/tflite/node.h"
#include "import/tflite/requantize.h"
#include "import/tflite/sizes.h"

namespace rune::import {
namespace {

/// inputs  input [N, spatial…, rest…], block shape [m], a pair for each [m, 2]
struct Blocks {
  ValueId x;
  Integers sizes;
  Integers pairs;
  size_t spatial() const { return sizes.size(); }
};

Result<Blocks> blocksOf(TfliteNode &node, std::string_view pairs) {
  RUNE_TRY(node.checkInputs(3, 3));
  Blocks blocks;
  blocks.x = RUNE_TRY(node.input(0, "input"));
  blocks.sizes = RUNE_TRY(node.constantIntegers(
      RUNE_TRY(node.input(1, "block_shape")), "block_shape"));
  blocks.pairs =
      RUNE_TRY(node.constantIntegers(RUNE_TRY(node.input(2, pairs)), pairs));
  auto rank = static_cast<size_t>(node.rank(blocks.x));
  if (blocks.spatial() + 1 > rank ||
      blocks.pairs.size() != 2 * blocks.spatial())
    return node.fail(
        "`input` is `{}`, `block_shape` has {} numbers and `{}` {}",
        node.type(blocks.x).str(), blocks.spatial(), pairs,
        blocks.pairs.size());
  for (int64_t size : blocks.sizes)
    if (size < 1)
      return node.fail("a block of {} positions", size);
  for (int64_t number : blocks.pairs)
    if (number < 0)
      return node.fail("`{}` has negative numbers", pairs);
  return blocks;
}

int64_t product(const Integers &numbers) {
  int64_t product = 1;
  for (int64_t number : numbers)
    if (__builtin_mul_overflow(product, number, &product))
      return INT64_MAX;
  return product;
}

/// Around the spatial dimensions, what stands for 0.
Result<ValueId> padded(const TfliteNode &node, const Blocks &blocks) {
  auto rank = static_cast<size_t>(node.rank(blocks.x));
  Integers pads(2 * rank);
  for (size_t i = 0; i < blocks.spatial(); ++i) {
    pads[1 + i] = blocks.pairs[2 * i];
    pads[rank + 1 + i] = blocks.pairs[2 * i + 1];
  }
  std::vector<ValueId> operands = {blocks.x,
                                   RUNE_TRY(node.integers("pads", pads))};
  DType dtype = node.dtype(blocks.x);
  if (node.inputIsQuantized(0) && !isFloat(dtype)) {
    Quantization y = RUNE_TRY(node.outputQuantization());
    if (y.zeroPoint() != 0)
      operands.push_back(
          RUNE_TRY(zeroPointOf(node, "nothing", dtype, y.zeroPoint())));
  }
  return node.one(Op::Pad, std::move(operands), {{"mode", "constant"}},
                  "padded");
}

} // namespace

/// result  [blocks · N, spatial / block…, rest…]
Imported importTfliteSpaceToBatchNd(TfliteNode &node) {
  Blocks blocks = RUNE_TRY(blocksOf(node, "paddings"));
  ValueId x = RUNE_TRY(padded(node, blocks));
  Dims from = node.dims(x), apart{from[0]}, to;
  Integers order;
  size_t m = blocks.spatial();
  for (size_t i = 0; i < m; ++i) {
    const Dim &dim = from[1 + i];
    if (!dim.isFixed())
      return node.unsupported("dimension {} of `{}`, whose size is not known",
                              1 + i, node.type(x).str());
    if (dim.size() % blocks.sizes[i] != 0)
      return node.fail("{} positions in blocks of {}", dim.size(),
                       blocks.sizes[i]);
    apart.push_back(dim.size() / blocks.sizes[i]);
    apart.push_back(blocks.sizes[i]);
    order.push_back(static_cast<int64_t>(2 * i + 2));
  }
  order.push_back(0);
  for (size_t i = 0; i < m; ++i)
    order.push_back(static_cast<int64_t>(2 * i + 1));
  to.push_back(from[0].isFixed() ? Dim(from[0].size() * product(blocks.sizes))
                                 : Dim::unknown());
  for (size_t i = 0; i < m; ++i)
    to.push_back(apart[2 * i + 1]);
  for (size_t i = 1 + m; i < from.size(); ++i) {
    order.push_back(static_cast<int64_t>(apart.size()));
    apart.push_back(from[i]);
    to.push_back(from[i]);
  }
  ValueId y = RUNE_TRY(withSizes(node, x, apart, "blocks"));
  y = RUNE_TRY(node.transposed(y, order, "turned"));
  return std::vector{RUNE_TRY(withSizes(node, y, to))};
}

/// result  [N / blocks, spatial · block - crops…, rest…]
Imported importTfliteBatchToSpaceNd(TfliteNode &node) {
  Blocks blocks = RUNE_TRY(blocksOf(node, "crops"));
  Dims from = node.dims(blocks.x), apart, joined;
  size_t m = blocks.spatial();
  int64_t count = product(blocks.sizes);
  if (from[0].isFixed() && from[0].size() % count != 0)
    return node.fail("{} batches in blocks of {}", from[0].size(), count);
  Dim batches =
      from[0].isFixed() ? Dim(from[0].size() / count) : Dim::unknown();
  for (int64_t size : blocks.sizes)
    apart.push_back(size);
  apart.push_back(batches);
  joined.push_back(batches);
  Integers order{static_cast<int64_t>(m)};
  for (size_t i = 0; i < m; ++i) {
    const Dim &dim = from[1 + i];
    if (!dim.isFixed())
      return node.unsupported("dimension {} of `{}`, whose size is not known",
                              1 + i, node.type(blocks.x).str());
    order.push_back(static_cast<int64_t>(apart.size()));
    order.push_back(static_cast<int64_t>(i));
    apart.push_back(dim);
    joined.push_back(dim.size() * blocks.sizes[i]);
  }
  for (size_t i = 1 + m; i < from.size(); ++i) {
    order.push_back(static_cast<int64_t>(apart.size()));
    apart.push_back(from[i]);
    joined.push_back(from[i]);
  }
  ValueId y = RUNE_TRY(withSizes(node, blocks.x, apart, "blocks"));
  y = RUNE_TRY(node.transposed(y, order, "turned"));
  y = RUNE_TRY(withSizes(node, y, joined, "joined"));
  for (size_t i = 0; i < m; ++i) {
    int64_t begin = blocks.pairs[2 * i];
    int64_t end = joined[1 + i].size() - blocks.pairs[2 * i + 1];
    if (begin > end)
      return node.fail("crops of more than {} positions", joined[1 + i].size());
    if (begin != 0 || end != joined[1 + i].size())
      y = RUNE_TRY(sliced(node, y, static_cast<int64_t>(i + 1), begin, end,
                          fmt::format("cropped_{}", i)));
  }
  return std::vector{y};
}

} // namespace rune::import
