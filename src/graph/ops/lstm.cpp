// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lstm(x, weights, recurrent, bias, h, c, peephole, lengths): long short-term
// memory along one direction of a sequence.
//
//   i, f, g, o = gates of x · weightsᵀ + bias + h · recurrentᵀ
//   c = f · c + i · g        h = o · hidden(c)
//
// source  ONNX LSTM-22; TensorFlow Lite's UNIDIRECTIONAL_SEQUENCE_LSTM
#include "graph/ops/activation.h"
#include "graph/ops/recurrent.h"

#include <algorithm>
#include <cmath>

namespace rune::graph {

namespace {

constexpr RecurrentInputs recurrentInputs = {3, 4, 5};
constexpr size_t peepholeInput = 6;
constexpr size_t lengthsInput = 7;

Result<> checkNumbers(const InferContext &context) {
  for (std::string_view name : {"reverse", "coupled"})
    // lstm.4: flags, and limits that are limits
    if (int64_t flag = context.node.integer(name); flag < 0 || flag > 1)
      return context.fail(4, "`{}` is {}, must be 0 or 1", name, flag);
  for (std::string_view name : {"clip", "cell_clip"})
    if (double clip = context.node.number(name); !(clip >= 0))
      return context.fail(4, "`{}` is {}, must be 0 (none) or more", name,
                          clip);
  return {};
}

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  for (size_t i = 0; i < context.inputs(); ++i) {
    DType wanted = i == lengthsInput ? DType::I32 : x.dtype;
    // lstm.1: floats of one type
    if (!isFloat(x.dtype) || (context.has(i) && context.dtype(i) != wanted))
      return context.fail(1,
                          "needs floats of one type and lengths of i32, got {} "
                          "and {}",
                          x.str(), context.has(i) ? context.type(i).str() : "");
  }
  Types types = RUNE_TRY(inferLstm(context, recurrentInputs));
  RUNE_TRY(checkVector(context, peepholeInput, 3));
  if (context.has(lengthsInput)) {
    const Dims &lengths = context.dims(lengthsInput);
    if (lengths.size() != 1 || !unify(lengths[0], types[1].dims[0]))
      return context.fail(3, "lengths are {}, must be [{}]",
                          context.type(lengthsInput).str(),
                          types[1].dims[0].str());
  }
  RUNE_TRY(checkNumbers(context));
  return types;
}

/// The three that were here first keep their bits: computed in the type of the
/// cell. The others are computed in double.
template <class A> A apply(const Activation &function, A x) {
  if (function.name == "tanh")
    return std::tanh(x);
  if (function.name == "relu")
    return x < 0 ? A(0) : x;
  if (function.name == "sigmoid")
    return A(1) / (A(1) + std::exp(-x));
  return static_cast<A>(function(x));
}

/// NaN stays NaN.
template <class A> A limited(A x, A limit) {
  return limit > 0 && x == x ? std::clamp(x, -limit, limit) : x;
}

/// Elements computed with, of an input that may be absent.
template <class A>
std::vector<A> widened(const EvalContext &context, size_t input, size_t count) {
  std::vector<A> all(count);
  if (context.has(input) && count > 0)
    Numbers<A>(context.input(input))
        .read({0, 1, static_cast<int64_t>(count)}, all.data());
  return all;
}

/// One LSTM; all numbers in the type they are computed in.
template <class A> class Cell {
public:
  explicit Cell(const EvalContext &context)
      : context_(context), sizes_(context), hidden_(at(sizes_.hidden)),
        gate_(activationOf(context.node, "gate")),
        cell_(activationOf(context.node, "cell")),
        output_(activationOf(context.node, "hidden")),
        clip_(static_cast<A>(context.node.number("clip"))),
        cellClip_(static_cast<A>(context.node.number("cell_clip"))),
        coupled_(context.node.integer("coupled") != 0) {}

  /// What is kept beside the results: `weights` and the small vectors.
  uint64_t scratchBytes() const {
    return sizeof(A) * (gateCount * hidden_ * (channels() + hidden_ + 1) +
                        channels() + 6 * hidden_);
  }

  /// Runs all steps; `y`, `h` and `c` are the results.
  Result<> run(Tensor &y, Tensor &h, Tensor &c) {
    weights_ = widened<A>(context_, 1, gateCount * hidden_ * channels());
    recurrent_ = widened<A>(context_, 2, gateCount * hidden_ * hidden_);
    bias_ = widened<A>(context_, recurrentInputs.bias, gateCount * hidden_);
    peephole_ = widened<A>(context_, peepholeInput, 3 * hidden_);
    x_.resize(channels());
    bool reverse = context_.node.integer("reverse") != 0;
    for (int64_t n = 0; n < sizes_.batch; ++n) {
      int64_t steps = RUNE_TRY(stepsOf(n));
      start(h, c, n * sizes_.hidden);
      for (int64_t i = 0; i < steps; ++i) {
        int64_t row = sizes_.row(reverse ? steps - 1 - i : i, n);
        if (!context_.budget.spend(sizes_.work()))
          return context_.budget.expired();
        step(row, y);
      }
      keep(h_, h, n * sizes_.hidden);
      keep(c_, c, n * sizes_.hidden);
    }
    return {};
  }

private:
  static size_t at(int64_t number) { return static_cast<size_t>(number); }
  size_t channels() const { return at(sizes_.channels); }

  Result<int64_t> stepsOf(int64_t element) const {
    if (!context_.has(lengthsInput))
      return sizes_.steps;
    int64_t length =
        Elements<int32_t>(context_.input(lengthsInput).data)[element];
    // lstm.5: lengths of what is there
    if (length < 0 || length > sizes_.steps)
      return context_.fail(5, "length {} is outside [0, {}]", length,
                           sizes_.steps);
    return length;
  }

  void start(const Tensor &h, const Tensor &c, int64_t from) {
    h_.resize(hidden_);
    c_.resize(hidden_);
    next_.resize(hidden_);
    Numbers<A>(h.view()).read({from, 1, sizes_.hidden}, h_.data());
    Numbers<A>(c.view()).read({from, 1, sizes_.hidden}, c_.data());
  }
  void keep(const std::vector<A> &values, Tensor &out, int64_t from) const {
    NumberSink<A>(out).write(values.data(), {from, 1, sizes_.hidden});
  }
  /// As an element holds it.
  A rounded(A x) const {
    roundToElements(context_.dtype(0), &x, 1);
    return x;
  }

  /// Σ weights · values for unit `unit` of every gate, values in order.
  std::array<A, gateCount> products(const std::vector<A> &weights,
                                    const std::vector<A> &values,
                                    size_t unit) const {
    std::array<A, gateCount> sums = {};
    const A *row = weights.data() + unit * values.size();
    size_t stride = hidden_ * values.size();
    for (size_t i = 0; i < values.size(); ++i)
      for (size_t gate = 0; gate < gateCount; ++gate)
        sums[gate] += row[gate * stride + i] * values[i];
    return sums;
  }

  void step(int64_t row, Tensor &y) {
    Numbers<A>(context_.input(0))
        .read({row * sizes_.channels, 1, sizes_.channels}, x_.data());
    for (size_t unit = 0; unit < hidden_; ++unit)
      next_[unit] = updated(unit);
    h_.swap(next_);
    keep(h_, y, row * sizes_.hidden);
  }

  /// The next h of a unit; its c is replaced.
  A updated(size_t unit) {
    auto sums = products(weights_, x_, unit);
    auto back = products(recurrent_, h_, unit);
    for (size_t gate = 0; gate < gateCount; ++gate)
      sums[gate] = (sums[gate] + bias_[gate * hidden_ + unit]) + back[gate];
    auto gate = [&](Gate which, const Activation &function, size_t peep, A c) {
      A sum = sums[which];
      if (context_.has(peepholeInput) && which != CellGate)
        sum += peephole_[peep * hidden_ + unit] * c;
      return apply(function, limited(sum, clip_));
    };
    A old = c_[unit];
    A input = gate(InputGate, gate_, 0, old);
    A forget = coupled_ ? A(1) - input : gate(ForgetGate, gate_, 2, old);
    A c = forget * old + input * gate(CellGate, cell_, 0, old);
    c_[unit] = rounded(limited(c, cellClip_));
    A output = gate(OutputGate, gate_, 1, c_[unit]);
    return rounded(output * apply(output_, c_[unit]));
  }

  const EvalContext &context_;
  Sequence sizes_;
  size_t hidden_;
  Activation gate_, cell_, output_;
  A clip_, cellClip_;
  bool coupled_;
  std::vector<A> weights_, recurrent_, bias_, peephole_;
  std::vector<A> x_, h_, c_, next_;
};

Result<Tensors> evaluate(const EvalContext &context) {
  Tensors results;
  results.push_back(RUNE_TRY(context.allocate(0)));
  results.push_back(RUNE_TRY(initialState(context, 1, recurrentInputs.h)));
  results.push_back(RUNE_TRY(initialState(context, 2, recurrentInputs.c)));
  RUNE_TRY(
      withFloatNumbers(context.dtype(0), [&]<class A>(Type<A>) -> Result<> {
        Cell<A> cell(context);
        RUNE_TRY(context.budget.reserve(cell.scratchBytes()));
        RUNE_TRY(cell.run(results[0], results[1], results[2]));
        context.budget.release(cell.scratchBytes());
        return {};
      }));
  return asMany(context, std::move(results));
}

AttributeSpec numberSpec(std::string_view name) {
  return {name, AttributeKind::Number, 0.0, {}};
}

} // namespace

OpDefinition defineLstm() {
  return {{3, 8},
          {1, 3},
          {activationSpec("cell_activation", "tanh"), numberSpec("cell_alpha"),
           numberSpec("cell_beta"), numberSpec("cell_clip"), numberSpec("clip"),
           flagSpec("coupled"), activationSpec("gate_activation", "sigmoid"),
           numberSpec("gate_alpha"), numberSpec("gate_beta"),
           activationSpec("hidden_activation", "tanh"),
           numberSpec("hidden_alpha"), numberSpec("hidden_beta"),
           sequenceLayoutSpec(), flagSpec("reverse")},
          infer,
          evaluate};
}

} // namespace rune::graph
