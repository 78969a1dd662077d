// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that move elements without looking at them work on every element
// type: as words of their width, or as strings.
#pragma once

#include "graph/ops/common.h"

namespace rune::graph {

/// Encodes `elements`, paid from the budget; gives `scratch` bytes back.
Result<Tensor> textTensor(const EvalContext &context,
                          std::vector<int64_t> sizes,
                          std::span<const std::string_view> elements,
                          uint64_t scratch);

/// Calls `move(ins, out)` once: `ins[i][k]` is element k of input `inputs[i]`,
/// `out[k] = …` sets one of the result. Elements that are not set are zero, or
/// empty strings.
///
/// errors  what `move` says, `evaluate.memory-limit`
template <class F>
Result<Tensor> moveText(const EvalContext &context,
                        std::span<const size_t> inputs, F &&move) {
  std::vector<int64_t> sizes = context.results[0].sizes();
  auto count = elementCount(sizes);
  uint64_t scratch = 0;
  if (!count ||
      __builtin_mul_overflow(*count, sizeof(std::string_view), &scratch))
    return error("evaluate.memory-limit", "too many strings");
  RUNE_TRY(context.budget.reserve(scratch));
  std::vector<std::vector<std::string_view>> ins;
  for (size_t input : inputs)
    ins.push_back(RUNE_TRY(textElements(context.input(input))));
  std::vector<std::string_view> out(*count);
  RUNE_TRY(move(ins, out.data()));
  return textTensor(context, std::move(sizes), out, scratch);
}

template <class Word, class F>
Result<Tensor> moveWords(const EvalContext &context,
                         std::span<const size_t> inputs, F &&move) {
  Tensor result = RUNE_TRY(context.allocate());
  std::vector<Elements<Word>> ins;
  for (size_t input : inputs)
    ins.emplace_back(context.input(input).data);
  RUNE_TRY(move(ins, elementsOf<Word>(result)));
  return result;
}

/// Elements of less than a byte: unpacked, moved as bytes, and packed.
template <unsigned Bits, class F>
Result<Tensor> movePacked(const EvalContext &context,
                          std::span<const size_t> inputs, F &&move) {
  Tensor result = RUNE_TRY(context.allocate());
  uint64_t count = result.count();
  RUNE_TRY(context.budget.reserve(count));
  std::vector<uint8_t> out(count);
  std::vector<PackedElements<Bits>> ins;
  for (size_t input : inputs)
    ins.emplace_back(context.input(input).data);
  RUNE_TRY(move(ins, out.data()));
  packElements<Bits>(out, result.bytes());
  context.budget.release(count);
  return result;
}

template <class F>
Result<Tensor> moveElements(const EvalContext &context,
                            std::span<const size_t> inputs, F &&move) {
  switch (dtypeBits(context.results[0].dtype)) {
  case 0:
    return moveText(context, inputs, move);
  case 2:
    return movePacked<2>(context, inputs, move);
  case 4:
    return movePacked<4>(context, inputs, move);
  case 8:
    return moveWords<uint8_t>(context, inputs, move);
  case 16:
    return moveWords<uint16_t>(context, inputs, move);
  case 32:
    return moveWords<uint32_t>(context, inputs, move);
  default:
    return moveWords<uint64_t>(context, inputs, move);
  }
}

} // namespace rune::graph
