// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the operators that run along a sequence share: where its elements stand,
// and which sizes go together.
#pragma once

#include "graph/ops/common.h"

#include <array>

namespace rune::graph {

/// Weights, recurrent weights and bias have the rows of these gates in this
/// order, each as many as there are hidden elements.
enum Gate : size_t { InputGate, OutputGate, ForgetGate, CellGate, gateCount };

/// The attribute `layout`: TNC (time, batch, channels) or NTC.
AttributeSpec sequenceLayoutSpec();

/// Which inputs hold what; x, weights and recurrent weights are 0, 1 and 2.
struct RecurrentInputs {
  size_t bias;
  size_t h;
  size_t c;
};

/// Constraints 2 (ranks) and 3 (sizes) of an LSTM, then the types of y, h and
/// c.
Result<Types> inferLstm(const InferContext &context,
                        const RecurrentInputs &inputs);
/// One constraint 3: `input` is a vector of `factor` times as many elements as
/// there are hidden ones.
Result<> checkVector(const InferContext &context, size_t input, int64_t factor);

/// The sizes of a sequence, at run time.
struct Sequence {
  explicit Sequence(const EvalContext &context);

  /// Number of the row of x and y for one step of one batch element.
  int64_t row(int64_t step, int64_t element) const {
    return stepsFirst ? step * batch + element : element * steps + step;
  }
  /// Multiplications of one step.
  uint64_t work() const {
    return static_cast<uint64_t>(hidden) * gateCount *
           static_cast<uint64_t>(channels + hidden);
  }

  bool stepsFirst;
  int64_t steps, batch, channels, hidden;
};

/// Result `index`, filled with the initial state in input `from`, zeros where
/// there is none.
Result<Tensor> initialState(const EvalContext &context, size_t index,
                            size_t from);
/// The results that the node has; the others are given back.
Tensors asMany(const EvalContext &context, Tensors results);

} // namespace rune::graph
