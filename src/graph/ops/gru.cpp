// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gru(x, weights, recurrent, bias, recurrent_bias, h, lengths): one direction
// of the gated recurrent unit; rows of update, reset and hidden gate. With a, b
// the sums of x and of h:
//
//   z = f(a_z + b_z)    r = f(a_r + b_r)
//   n = g(a_n + recurrent_n · (r · h) + recurrent_bias_n)
//   `reset_after`: n = g(a_n + r · (recurrent_n · h + recurrent_bias_n))
//   h = (1 - z) · n + z · h
//
// source  ONNX GRU-22; Cho et al. 2014, arXiv:1406.1078
#include "graph/ops/activation.h"
#include "graph/ops/recurrent.h"
#include "graph/ops/unrolled.h"

namespace rune::graph {

namespace {

enum GruGate : int64_t { Update, Reset, Hidden, gruGates };
constexpr std::string_view flags[] = {"reset_after", "reverse"};

class Gru : public Unrolled {
public:
  explicit Gru(const EvalContext &context)
      : Unrolled(context, gruGates), gate_(activationOf(context.node, "gate")),
        hiddenFunction_(activationOf(context.node, "hidden")),
        clip_(context.node.number("clip")),
        after_(context.node.integer("reset_after") != 0) {}

private:
  double gate(GruGate which, int64_t u) const {
    double sum =
        input(which, u) + product(which, u, h_) + recurrentBias(which, u);
    return gate_(within(sum, clip_));
  }

  void prepare() override {
    reset_.resize(static_cast<size_t>(hidden_));
    for (int64_t u = 0; u < hidden_; ++u) {
      double r = gate(Reset, u);
      reset_[static_cast<size_t>(u)] = after_ ? r : r * h_[u];
    }
  }

  double unit(int64_t u) override {
    double back = recurrentBias(Hidden, u);
    if (after_)
      back = reset_[static_cast<size_t>(u)] * (product(Hidden, u, h_) + back);
    else
      back += product(Hidden, u, reset_.data());
    double next = hiddenFunction_(within(input(Hidden, u) + back, clip_));
    double z = gate(Update, u);
    return (1 - z) * next + z * h_[u];
  }

  Activation gate_, hiddenFunction_;
  double clip_;
  bool after_;
  /// r · h, or with `reset_after` r alone.
  std::vector<double> reset_;
};

Result<Types> infer(const InferContext &context) {
  return inferUnrolled(context, gruGates, flags);
}

Result<Tensors> evaluate(const EvalContext &context) {
  return Gru(context).run();
}

} // namespace

OpDefinition defineGru() {
  return {{3, 7},
          {1, 2},
          {{"clip", AttributeKind::Number, 0.0, {}},
           activationSpec("gate_activation", "sigmoid"),
           {"gate_alpha", AttributeKind::Number, 0.0, {}},
           {"gate_beta", AttributeKind::Number, 0.0, {}},
           activationSpec("hidden_activation", "tanh"),
           {"hidden_alpha", AttributeKind::Number, 0.0, {}},
           {"hidden_beta", AttributeKind::Number, 0.0, {}},
           sequenceLayoutSpec(),
           flagSpec("reset_after"),
           flagSpec("reverse")},
          infer,
          evaluate};
}

} // namespace rune::graph
