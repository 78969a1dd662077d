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

/// Calls `sumOf(n, o, c0, reaches)` for each result, `c0` the first channel of
/// its group, and puts what it gives in its place.
///
/// errors  `evaluate.deadline`, `evaluate.memory-limit`
template <class T, class F>
Result<> eachTransposed(const EvalContext &context, Tensor &result, F &&sumOf) {
  Layout layout(context);
  std::span<const int64_t> x = context.input(0).sizes;
  const std::vector<int64_t> &y = result.sizes();
  int64_t groups = context.node.integer("groups");
  int64_t outputs = y[layout.channel], inputs = x[layout.channel];
  int64_t taps = inputs / groups;
  Strides yStrides = rowMajorStrides(y), ySteps = spatialStrides(y, layout);
  ReachFinder finder(context);
  // without channels there is nothing to tap, however large the kernel
  uint64_t scratch = inputs == 0 ? 0 : finder.scratchBytes();
  RUNE_TRY(context.budget.reserve(scratch));
  Odometer place(
      std::span<const int64_t>(y).subspan(layout.spatial, layout.spatialRank));
  T *out = elementsOf<T>(result);
  do {
    std::span<const Reach> reaches;
    if (inputs != 0)
      reaches = RUNE_TRY(finder.at(context.budget, place.at()));
    for (int64_t n = 0; n < y[0]; ++n)
      for (int64_t o = 0; o < outputs; ++o) {
        if (!context.budget.spend(static_cast<uint64_t>(taps) * reaches.size()))
          return context.budget.expired();
        int64_t group = o / (outputs / groups);
        out[n * yStrides[0] + o * yStrides[layout.channel] +
            place.offset(ySteps)] =
            narrow<T>(sumOf(n, o, group * taps, reaches));
      }
  } while (place.advance());
  context.budget.release(scratch);
  return {};
}

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
