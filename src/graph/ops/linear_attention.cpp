// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// linear_attention(q, k, v, state, decay, beta, erase): attention whose past is
// one matrix S [d_k, d_v] a head, changed at each step:
//
//   gated:  S = exp(decay) · S
//   delta:  v = beta · (v - Sᵀ · (erase · k))
//           S = S + k · vᵀ            y = scale · Sᵀ · q
//
// source  ONNX LinearAttention-27; Yang et al. 2024, arXiv:2412.06464 (gated
//         delta rule)
#include "graph/ops/reals.h"

#include <cmath>

namespace rune::graph {

namespace {

enum Input : size_t { Q, K, V, State, Decay, Beta, Erase };
constexpr int64_t mostHeads = 1 << 16;

/// The size of one head, of `heads`; nothing if they do not divide.
std::optional<Dim> perHead(const Dim &dim, int64_t heads) {
  if (!dim.isFixed())
    return Dim::unknown();
  if (dim.size() % heads != 0)
    return std::nullopt;
  return Dim(dim.size() / heads);
}

Result<> checkKinds(const InferContext &context) {
  // linear_attention.1: floats; all but the state of one type
  for (size_t i = 0; i < context.inputs(); ++i)
    if (context.has(i) &&
        (!isFloat(context.dtype(i)) ||
         (i != State && context.dtype(i) != context.dtype(Q))))
      return context.fail(1, "needs floats of one type, got {} and {}",
                          context.type(Q).str(), context.type(i).str());
  // linear_attention.2: three dimensions, of the state four
  for (size_t i = 0; i < context.inputs(); ++i)
    if (context.has(i) && context.rank(i) != (i == State ? 4u : 3u))
      return context.fail(2, "{} must have {} dimensions",
                          context.type(i).str(), i == State ? 4 : 3);
  int64_t q = context.node.integer("q_heads"),
          kv = context.node.integer("kv_heads");
  // linear_attention.3: as many query heads for each key head
  if (q < 1 || q > mostHeads || kv < 1 || q % kv != 0)
    return context.fail(3, "{} query heads for {} key heads", q, kv);
  return {};
}

/// Batch and length are those of q, the last dimension one of the two.
Result<> checkPart(const InferContext &context, size_t input, const Dim &a,
                   const Dim &b) {
  if (!context.has(input))
    return {};
  const Dims &dims = context.dims(input), &q = context.dims(Q);
  // linear_attention.4: the sizes go together
  if (!unify(dims[0], q[0]) || !unify(dims[1], q[1]) ||
      (!unify(dims[2], a) && !unify(dims[2], b)))
    return context.fail(
        4, "{} beside q {}: the last dimension must be {} or {}",
        context.type(input).str(), context.type(Q).str(), a.str(), b.str());
  return {};
}

Result<Types> infer(const InferContext &context) {
  RUNE_TRY(checkKinds(context));
  int64_t queryHeads = context.node.integer("q_heads"),
          heads = context.node.integer("kv_heads");
  const Dims &q = context.dims(Q);
  auto size = perHead(q[2], queryHeads);
  auto keySize = perHead(context.dims(K)[2], heads);
  auto valueSize = perHead(context.dims(V)[2], heads);
  auto both = size && keySize ? unify(*size, *keySize) : std::nullopt;
  if (!both || !valueSize)
    return context.fail(4, "q {}, k {} and v {} for {} and {} heads",
                        context.type(Q).str(), context.type(K).str(),
                        context.type(V).str(), queryHeads, heads);
  Dim keys = both->isFixed() ? Dim(both->size() * heads) : Dim::unknown();
  const Dim &values = context.dims(V)[2];
  RUNE_TRY(checkPart(context, K, keys, keys));
  RUNE_TRY(checkPart(context, V, values, values));
  RUNE_TRY(checkPart(context, Decay, Dim(heads), keys));
  RUNE_TRY(checkPart(context, Beta, Dim(heads), Dim(1)));
  RUNE_TRY(checkPart(context, Erase, keys, keys));
  Dims state = {q[0], Dim(heads), *both, *valueSize};
  if (context.has(State))
    for (size_t i = 0; i < 4; ++i)
      if (!unify(state[i], context.dims(State)[i]))
        return context.fail(4, "the state is {}, must be [{}, {}, {}, {}]",
                            context.type(State).str(), state[0].str(),
                            state[1].str(), state[2].str(), state[3].str());
  // linear_attention.5: an erase gate only beside beta
  if (context.has(Erase) && !context.has(Beta))
    return context.fail(5, "an erase gate needs beta");
  int64_t all = 0;
  if (valueSize->isFixed() &&
      __builtin_mul_overflow(valueSize->size(), queryHeads, &all))
    return context.fail(4, "{} heads of {} elements", queryHeads,
                        valueSize->size());
  Dim out = valueSize->isFixed() ? Dim(all) : Dim::unknown();
  DType kept = context.has(State) ? context.dtype(State) : context.dtype(Q);
  return Types{{context.dtype(Q), {q[0], q[1], out}}, {kept, state}};
}

class Recurrence {
public:
  explicit Recurrence(const EvalContext &context) : context_(context) {}

  Result<Tensors> run() {
    Reals *parts[] = {&q_, &k_, &v_, &state_, &decay_, &beta_, &erase_};
    for (size_t i = 0; i < std::size(parts); ++i)
      *parts[i] = RUNE_TRY(Reals::of(context_, i));
    measure();
    if (!context_.has(State))
      state_ = RUNE_TRY(Reals::zeros(
          context_, cappedProduct(static_cast<uint64_t>(batch_ * heads_),
                                  static_cast<uint64_t>(size_ * values_))));
    y_ = RUNE_TRY(Reals::zeros(
        context_, RUNE_TRY(elementCount(context_.results[0].sizes()))));
    write_ = RUNE_TRY(Reals::zeros(context_, static_cast<uint64_t>(values_)));
    for (int64_t b = 0; b < (steps_ == 0 ? 0 : batch_); ++b)
      for (int64_t t = 0; t < steps_; ++t)
        for (int64_t h = 0; h < heads_; ++h) {
          if (!context_.budget.spend(
                  cappedProduct(static_cast<uint64_t>(size_ * values_),
                                static_cast<uint64_t>(3 + group_))))
            return context_.budget.expired();
          step(b * steps_ + t, b, h);
        }
    Tensors results;
    results.push_back(RUNE_TRY(narrowed(context_, y_, 0)));
    if (context_.results.size() > 1)
      results.push_back(RUNE_TRY(narrowed(context_, state_, 1)));
    return results;
  }

private:
  void measure() {
    batch_ = context_.input(Q).sizes[0];
    steps_ = context_.input(Q).sizes[1];
    heads_ = context_.node.integer("kv_heads");
    size_ = context_.input(K).sizes[2] / heads_;
    values_ = context_.input(V).sizes[2] / heads_;
    group_ = context_.node.integer("q_heads") / heads_;
    scale_ = context_.node.number("scale");
    if (scale_ == 0)
      scale_ = 1 / std::sqrt(static_cast<double>(size_));
    if (context_.has(Decay))
      decayPerHead_ = context_.input(Decay).sizes[2] == heads_;
    if (context_.has(Beta))
      betaPerHead_ = context_.input(Beta).sizes[2] == heads_;
  }

  void step(int64_t row, int64_t b, int64_t h) {
    double *state = state_.from((b * heads_ + h) * size_ * values_);
    int64_t head = row * heads_ + h;
    const double *k = k_.from(head * size_);
    const double *v = v_.from(head * values_);
    if (context_.has(Decay))
      for (int64_t d = 0; d < size_; ++d) {
        double kept = std::exp(decay_[decayPerHead_ ? head : head * size_ + d]);
        for (int64_t m = 0; m < values_; ++m)
          state[d * values_ + m] *= kept;
      }
    for (int64_t m = 0; m < values_; ++m) {
      write_[m] = v[m];
      if (!context_.has(Beta))
        continue;
      double found = 0;
      for (int64_t d = 0; d < size_; ++d)
        found += state[d * values_ + m] * k[d] *
                 (context_.has(Erase) ? erase_[head * size_ + d] : 1);
      write_[m] = beta_[betaPerHead_ ? head : row] * (v[m] - found);
    }
    for (int64_t d = 0; d < size_; ++d)
      for (int64_t m = 0; m < values_; ++m)
        state[d * values_ + m] += k[d] * write_[m];
    for (int64_t g = 0; g < group_; ++g) {
      int64_t query = head * group_ + g;
      for (int64_t d = 0; d < size_; ++d)
        for (int64_t m = 0; m < values_; ++m)
          y_[query * values_ + m] +=
              scale_ * q_[query * size_ + d] * state[d * values_ + m];
    }
  }

  const EvalContext &context_;
  Reals q_, k_, v_, state_, decay_, beta_, erase_, y_, write_;
  int64_t batch_ = 0, heads_ = 0, size_ = 0, values_ = 0, steps_ = 0,
          group_ = 1;
  double scale_ = 0;
  bool decayPerHead_ = false, betaPerHead_ = false;
};

Result<Tensors> evaluate(const EvalContext &context) {
  return Recurrence(context).run();
}

} // namespace

OpDefinition defineLinearAttention() {
  return {{3, 7},
          {1, 2},
          {{"kv_heads", AttributeKind::Integer, std::nullopt, {}},
           {"q_heads", AttributeKind::Integer, std::nullopt, {}},
           {"scale", AttributeKind::Number, 0.0, {}}},
          infer,
          evaluate};
}

} // namespace rune::graph
