// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What rnn and gru share: one direction of a sequence, one hidden state.
//
//   x [T, N, I] or [N, T, I], weights [G·H, I], recurrent [G·H, H],
//   bias and recurrent_bias [G·H], h [N, H], lengths i32[N] → (y, h)
#pragma once

#include "graph/ops/reals.h"

namespace rune::graph {

enum UnrolledInput : size_t {
  UnrolledX,
  UnrolledWeights,
  UnrolledRecurrent,
  UnrolledBias,
  UnrolledRecurrentBias,
  UnrolledState,
  UnrolledLengths
};

/// Constraints 1 (types), 2 (ranks), 3 (sizes) and 4 (numbers), then the types
/// of y and h. `flags` are attributes that are 0 or 1.
Result<Types> inferUnrolled(const InferContext &context, int64_t gates,
                            std::span<const std::string_view> flags);

/// Everything as doubles, while the steps are made.
class Unrolled {
public:
  Unrolled(const EvalContext &context, int64_t gates)
      : context_(context), gates_(gates) {}
  virtual ~Unrolled() = default;

  /// Makes all steps.
  ///
  /// errors  constraint 5: a length outside of the sequence
  Result<Tensors> run();

protected:
  /// The next h of a unit from the sums of its gates: `inputs` of x, weights
  /// and bias.
  virtual double unit(int64_t unit) = 0;
  /// Called before the units of a step; all inputs are in `input_`.
  virtual void prepare() {}

  /// weights · x + bias of gate and unit, for this step.
  double input(int64_t gate, int64_t unit) const {
    return input_[gate * hidden_ + unit];
  }
  /// recurrent · values of a gate and unit, without the bias.
  double product(int64_t gate, int64_t unit, const double *values) const;
  double recurrentBias(int64_t gate, int64_t unit) const {
    return recurrentBias_.empty() ? 0 : recurrentBias_[gate * hidden_ + unit];
  }

  const EvalContext &context_;
  int64_t gates_, hidden_ = 0;
  /// The state before this step.
  const double *h_ = nullptr;

private:
  Result<> load();
  Result<int64_t> stepsOf(int64_t element) const;
  void multiply(int64_t row);
  int64_t row(int64_t step, int64_t element) const {
    return stepsFirst_ ? step * batch_ + element : element * steps_ + step;
  }

  Reals x_, weights_, recurrent_, bias_, recurrentBias_, state_, y_, input_,
      next_;
  bool stepsFirst_ = true;
  int64_t steps_ = 0, batch_ = 0, channels_ = 0;
};

} // namespace rune::graph
