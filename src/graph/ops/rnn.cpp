// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// rnn(x, weights, recurrent, bias, recurrent_bias, h, lengths): one direction
// of the plain recurrent network,
//
//   h = f(weights · x + bias + recurrent · h + recurrent_bias)
//
// source  ONNX RNN-22
#include "graph/ops/activation.h"
#include "graph/ops/recurrent.h"
#include "graph/ops/unrolled.h"

namespace rune::graph {

namespace {

constexpr std::string_view flags[] = {"reverse"};

class Rnn : public Unrolled {
public:
  explicit Rnn(const EvalContext &context)
      : Unrolled(context, 1), function_(activationOf(context.node, "hidden")),
        clip_(context.node.number("clip")) {}

private:
  double unit(int64_t u) override {
    double sum = input(0, u) + product(0, u, h_) + recurrentBias(0, u);
    return function_(within(sum, clip_));
  }

  Activation function_;
  double clip_;
};

Result<Types> infer(const InferContext &context) {
  return inferUnrolled(context, 1, flags);
}

Result<Tensors> evaluate(const EvalContext &context) {
  return Rnn(context).run();
}

} // namespace

OpDefinition defineRnn() {
  return {{3, 7},
          {1, 2},
          {{"clip", AttributeKind::Number, 0.0, {}},
           activationSpec("hidden_activation", "tanh"),
           {"hidden_alpha", AttributeKind::Number, 0.0, {}},
           {"hidden_beta", AttributeKind::Number, 0.0, {}},
           sequenceLayoutSpec(),
           flagSpec("reverse")},
          infer,
          evaluate};
}

} // namespace rune::graph
