// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/unrolled.h"

#include <algorithm>

namespace rune::graph {

namespace {

bool stepsFirst(const Node &node) { return node.text("layout") == "TNC"; }

/// True if `dim` may be `factor` times `unit`.
bool isMultiple(const Dim &dim, int64_t factor, const Dim &unit) {
  return !dim.isFixed() ||
         (dim.size() % factor == 0 &&
          (!unit.isFixed() || dim.size() / factor == unit.size()));
}

Result<> checkKinds(const InferContext &context) {
  const TensorType &x = context.type(UnrolledX);
  constexpr size_t ranks[] = {3, 2, 2, 1, 1, 2, 1};
  for (size_t i = 0; i < context.inputs(); ++i) {
    if (!context.has(i))
      continue;
    // rnn.1 gru.1: floats of one type, lengths i32
    if (!isFloat(x.dtype) ||
        context.dtype(i) != (i == UnrolledLengths ? DType::I32 : x.dtype))
      return context.fail(
          1, "needs floats of one type and lengths of i32, got {} and {}",
          x.str(), context.type(i).str());
    // rnn.2 gru.2: ranks
    if (context.rank(i) != ranks[i])
      return context.fail(2, "{} must have {} dimensions",
                          context.type(i).str(), ranks[i]);
  }
  return {};
}

} // namespace

Result<Types> inferUnrolled(const InferContext &context, int64_t gates,
                            std::span<const std::string_view> flags) {
  RUNE_TRY(checkKinds(context));
  bool first = stepsFirst(context.node);
  const Dims &x = context.dims(UnrolledX);
  const Dims &weights = context.dims(UnrolledWeights);
  Dim hidden = context.dims(UnrolledRecurrent)[1];
  Dim batch = x[first ? 1 : 0];
  auto refuse = [&](size_t input) {
    return context.fail(3, "{} with x {} and {} hidden elements",
                        context.type(input).str(), context.type(0).str(),
                        hidden.str());
  };
  // rnn.3 gru.3: the sizes agree
  if (!unify(x[2], weights[1]))
    return refuse(UnrolledWeights);
  for (size_t i : {UnrolledWeights, UnrolledRecurrent, UnrolledBias,
                   UnrolledRecurrentBias})
    if (context.has(i) && !isMultiple(context.dims(i)[0], gates, hidden))
      return refuse(i);
  if (context.has(UnrolledState)) {
    const Dims &state = context.dims(UnrolledState);
    if (!unify(state[0], batch) || !unify(state[1], hidden))
      return refuse(UnrolledState);
    batch = *unify(batch, state[0]);
    hidden = *unify(hidden, state[1]);
  }
  if (context.has(UnrolledLengths)) {
    auto both = unify(context.dims(UnrolledLengths)[0], batch);
    if (!both)
      return refuse(UnrolledLengths);
    batch = *both;
  }
  // rnn.4 gru.4: flags, and a limit that is one
  for (std::string_view flag : flags)
    if (int64_t value = context.node.integer(flag); value >> 1 != 0)
      return context.fail(4, "`{}` is {}, must be 0 or 1", flag, value);
  if (double clip = context.node.number("clip"); !(clip >= 0))
    return context.fail(4, "`clip` is {}, must be 0 (none) or more", clip);
  Dims y = first ? Dims{x[0], batch, hidden} : Dims{batch, x[1], hidden};
  DType dtype = context.dtype(UnrolledX);
  return Types{{dtype, y}, {dtype, {batch, hidden}}};
}

Result<> Unrolled::load() {
  x_ = RUNE_TRY(Reals::of(context_, UnrolledX));
  weights_ = RUNE_TRY(Reals::of(context_, UnrolledWeights));
  recurrent_ = RUNE_TRY(Reals::of(context_, UnrolledRecurrent));
  bias_ = RUNE_TRY(Reals::of(context_, UnrolledBias));
  recurrentBias_ = RUNE_TRY(Reals::of(context_, UnrolledRecurrentBias));
  state_ = RUNE_TRY(Reals::of(context_, UnrolledState));
  std::span<const int64_t> x = context_.input(UnrolledX).sizes;
  stepsFirst_ = stepsFirst(context_.node);
  steps_ = x[stepsFirst_ ? 0 : 1];
  batch_ = x[stepsFirst_ ? 1 : 0];
  channels_ = x[2];
  hidden_ = context_.input(UnrolledRecurrent).sizes[1];
  auto size = [](int64_t a, int64_t b) {
    return cappedProduct(static_cast<uint64_t>(a), static_cast<uint64_t>(b));
  };
  if (!context_.has(UnrolledState))
    state_ = RUNE_TRY(Reals::zeros(context_, size(batch_, hidden_)));
  y_ = RUNE_TRY(Reals::zeros(
      context_, RUNE_TRY(elementCount(context_.results[0].sizes()))));
  input_ = RUNE_TRY(Reals::zeros(context_, size(gates_, hidden_)));
  next_ = RUNE_TRY(Reals::zeros(context_, size(1, hidden_)));
  return {};
}

Result<int64_t> Unrolled::stepsOf(int64_t element) const {
  if (!context_.has(UnrolledLengths))
    return steps_;
  int64_t length =
      Elements<int32_t>(context_.input(UnrolledLengths).data)[element];
  // rnn.5 gru.5: lengths of what is there
  if (length < 0 || length > steps_)
    return context_.fail(5, "length {} is outside [0, {}]", length, steps_);
  return length;
}

double Unrolled::product(int64_t gate, int64_t unit,
                         const double *values) const {
  const double *weights = recurrent_.from((gate * hidden_ + unit) * hidden_);
  double sum = 0;
  for (int64_t i = 0; i < hidden_; ++i)
    sum += weights[i] * values[i];
  return sum;
}

void Unrolled::multiply(int64_t row) {
  const double *x = x_.from(row * channels_);
  for (int64_t i = 0; i < gates_ * hidden_; ++i) {
    const double *weights = weights_.from(i * channels_);
    double sum = bias_.empty() ? 0 : bias_[i];
    for (int64_t c = 0; c < channels_; ++c)
      sum += weights[c] * x[c];
    input_[i] = sum;
  }
}

Result<Tensors> Unrolled::run() {
  RUNE_TRY(load());
  bool reverse = context_.node.integer("reverse") != 0;
  uint64_t work = cappedProduct(static_cast<uint64_t>(gates_ * hidden_),
                                static_cast<uint64_t>(channels_ + hidden_));
  bool idle = steps_ == 0 && !context_.has(UnrolledLengths);
  for (int64_t n = 0; n < (idle ? 0 : batch_); ++n) {
    int64_t steps = RUNE_TRY(stepsOf(n));
    double *state = state_.from(n * hidden_);
    h_ = state;
    for (int64_t i = 0; i < steps; ++i) {
      if (!context_.budget.spend(work))
        return context_.budget.expired();
      int64_t at = row(reverse ? steps - 1 - i : i, n);
      multiply(at);
      prepare();
      for (int64_t u = 0; u < hidden_; ++u)
        next_[u] = unit(u);
      std::copy_n(next_.from(0), hidden_, state);
      std::copy_n(next_.from(0), hidden_, y_.from(at * hidden_));
    }
  }
  Tensors results;
  results.push_back(RUNE_TRY(narrowed(context_, y_, 0)));
  if (context_.results.size() > 1)
    results.push_back(RUNE_TRY(narrowed(context_, state_, 1)));
  return results;
}

} // namespace rune::graph
