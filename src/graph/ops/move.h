// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that move elements without looking at them work on every element
// type. Each says where every element of its result comes from; the elements
// follow afterwards, whatever their width: the loops of an operator are
// compiled once, not once for each type.
#pragma once

#include "graph/ops/common.h"

namespace rune::graph {

/// Where an element stands; null for a zero, or an empty string.
using Source = const void *;

/// The elements of one input.
class Sources {
public:
  Sources(const void *data, size_t width)
      : data_(static_cast<const uint8_t *>(data)), width_(width) {}
  Source operator[](int64_t index) const {
    return data_ + index * static_cast<int64_t>(width_);
  }

private:
  const uint8_t *data_;
  size_t width_;
};

/// One result while it is put together.
class Move {
public:
  explicit Move(const EvalContext &context) : context_(context) {}

  /// errors  `evaluate.memory-limit`
  Result<> open(std::span<const size_t> inputs);
  std::vector<Sources> &ins() { return ins_; }
  Source *out() { return out_.data(); }
  /// The tensor, once all sources are known.
  ///
  /// errors  `evaluate.memory-limit`
  Result<Tensor> finish();

private:
  Result<> reserve(uint64_t count, uint64_t each);
  Result<> openText(const TensorView &input);
  Result<> openPacked(const TensorView &input, unsigned bits);
  Result<Tensor> finishText();

  const EvalContext &context_;
  uint64_t reserved_ = 0;
  std::vector<Sources> ins_;
  std::vector<Source> out_;
  /// Elements that do not stand as bytes of their own in their tensor.
  std::vector<std::vector<std::string_view>> texts_;
  std::vector<std::vector<uint8_t>> unpacked_;
};

/// Calls `move(ins, out)` once: `out[k] = ins[i][j]` makes element j of input
/// `inputs[i]` element k of the result.
///
/// errors  what `move` says, `evaluate.memory-limit`
template <class F>
Result<Tensor> moveElements(const EvalContext &context,
                            std::span<const size_t> inputs, F &&move) {
  Move elements(context);
  RUNE_TRY(elements.open(inputs));
  RUNE_TRY(move(elements.ins(), elements.out()));
  return elements.finish();
}

} // namespace rune::graph
