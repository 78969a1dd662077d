// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/sizes.h"

#include <algorithm>

namespace rune::import {

static bool isOpen(const Dim &dim) { return !dim.isFixed(); }

/// Sizes as they are in the run: the open ones are those of `value`, in their
/// order.
static Result<ValueId> sizesInTheRun(const TfliteNode &node, ValueId value,
                                     const Dims &sizes,
                                     const std::string &part) {
  Dims given = node.dims(value);
  ValueId all = RUNE_TRY(node.one(Op::Shape, {value}, {}, part + "/given"));
  std::vector<ValueId> pieces;
  int64_t from = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    std::string piece = fmt::format("{}/size{}", part, i);
    if (!isOpen(sizes[i])) {
      pieces.push_back(RUNE_TRY(node.integers(piece, {sizes[i].size()})));
      continue;
    }
    while (!isOpen(given[static_cast<size_t>(from)]))
      ++from;
    pieces.push_back(RUNE_TRY(sliced(node, all, 0, from, from + 1, piece)));
    ++from;
  }
  return node.one(Op::Concat, std::move(pieces), {{"axis", int64_t{0}}},
                  part + "/sizes");
}

Result<ValueId> withSizes(const TfliteNode &node, ValueId value,
                          const Dims &sizes, std::string_view part) {
  Integers shape;
  for (const Dim &dim : sizes)
    shape.push_back(isOpen(dim) ? -1 : dim.size());
  auto open = std::ranges::count(shape, -1);
  if (open <= 1)
    return node.reshaped(value, std::move(shape), part);
  if (open != std::ranges::count_if(node.dims(value), isOpen))
    return node.unsupported("{} sizes that are not known before the run", open);
  ValueId inRun =
      RUNE_TRY(sizesInTheRun(node, value, sizes, std::string(part)));
  return node.one(Op::Reshape, {value, inRun}, {{"allow_zero", int64_t{1}}},
                  part);
}

Result<ValueId> sliced(const TfliteNode &node, ValueId value, int64_t axis,
                       int64_t start, int64_t end, std::string_view part) {
  auto constant = [&](std::string_view what, int64_t number) {
    return node.integers(fmt::format("{}/{}", part, what), {number});
  };
  ValueId from = RUNE_TRY(constant("start", start));
  ValueId to = RUNE_TRY(constant("end", end));
  ValueId along = RUNE_TRY(constant("axis", axis));
  return node.one(Op::Slice, {value, from, to, along}, {}, part);
}

Result<ValueId> counted(const TfliteNode &node, int64_t count, int64_t step,
                        int64_t axis, int64_t rank, std::string_view part) {
  int64_t limit = 0;
  if (__builtin_mul_overflow(count, step, &limit))
    return node.fail("more than 2^63 elements");
  auto number = [&](std::string_view what, int64_t value) -> Result<ValueId> {
    ValueId one =
        RUNE_TRY(node.integers(fmt::format("{}/{}", part, what), {value}));
    return node.reshapedConstant(fmt::format("{}/{}", part, what), one, {});
  };
  ValueId all = RUNE_TRY(
      node.one(Op::Range,
               {RUNE_TRY(number("from", 0)), RUNE_TRY(number("to", limit)),
                RUNE_TRY(number("step", step))},
               {}, part));
  Integers shape(static_cast<size_t>(rank), 1);
  shape[static_cast<size_t>(axis)] = count;
  return node.reshaped(all, std::move(shape), fmt::format("{}/along", part));
}

Result<Integers> axesOf(const TfliteNode &node, ValueId axes, int64_t rank) {
  Integers found;
  for (int64_t axis : RUNE_TRY(node.constantIntegers(axes, "axes")))
    found.push_back(RUNE_TRY(node.axis(axis, rank)));
  std::ranges::sort(found);
  auto [from, to] = std::ranges::unique(found);
  found.erase(from, to);
  return found;
}

} // namespace rune::import
