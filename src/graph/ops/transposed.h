// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What conv_transpose and conv_transpose_integer share: shapes, and for each
// place of the result the taps of the kernel that reach it,
//
//   p · stride - begin + k · dilation = q
//
// source  ONNX ConvTranspose-22
#pragma once

#include "graph/ops/window.h"

namespace rune::graph {

/// Constraints 2 to 8: the dimensions of the result.
Result<Dims> inferTransposed(const InferContext &context);

/// One tap that reaches a place: offsets along the spatial dimensions.
struct Reach {
  int64_t x = 0;
  int64_t weights = 0;
};

/// Finds the taps of a place.
class ReachFinder {
public:
  explicit ReachFinder(const EvalContext &context);

  /// In row-major order of the kernel.
  ///
  /// errors  `evaluate.deadline`
  Result<std::span<const Reach>> at(Budget &budget,
                                    std::span<const int64_t> place);
  /// To be paid before.
  uint64_t scratchBytes() const;

private:
  Window window_;
  std::vector<int64_t> sizes_, kernel_;
  Strides xSteps_, wSteps_;
  std::vector<Reach> reaches_;
};

/// Calls `body(to, n, o, c0, reaches)` for each element `to` of the result,
/// `c0` the first channel of its group.
///
/// errors  `evaluate.deadline`, `evaluate.memory-limit`
Result<>
eachTransposed(const EvalContext &context, const Tensor &result,
               FunctionRef<void(int64_t to, int64_t n, int64_t o, int64_t c0,
                                std::span<const Reach> reaches)>
                   body);

/// Where the operands of one sum stand.
struct TransposedStrides {
  explicit TransposedStrides(const EvalContext &context);

  int64_t xAt(int64_t n, int64_t c) const { return n * xBatch + c * xChannel; }
  int64_t wAt(int64_t c, int64_t o) const {
    return c * wChannel + o % outputsPerGroup * wOutput;
  }

  int64_t xBatch, xChannel, wChannel, wOutput, outputsPerGroup,
      channelsPerGroup;
};

} // namespace rune::graph
