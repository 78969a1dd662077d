// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One step of an optimiser, for several tensors at once.
//
// source  ONNX ai.onnx.preview.training, Adagrad-1, Adam-1, Momentum-1
#include "import/onnx/compose.h"

namespace rune::import {
namespace {

/// R and T, then for each of n tensors: X, its gradient, and the state.
struct Step {
  ValueId rate = noValue, count = noValue;
  size_t tensors = 0;
};

Result<Step> stepOf(OnnxNode &node, size_t lists) {
  Step step{RUNE_TRY(node.input(0, "R")), RUNE_TRY(node.input(1, "T"))};
  if (node.inputs() <= 2 || (node.inputs() - 2) % lists != 0)
    return node.fail("{} inputs, needs 2 and {} for each tensor", node.inputs(),
                     lists);
  step.tensors = (node.inputs() - 2) / lists;
  return step;
}

Result<ValueId> tensorOf(OnnxNode &node, const Step &step, size_t list,
                         size_t index) {
  return node.input(2 + list * step.tensors + index, "inputs");
}

/// a·x + b·y
Result<ValueId> mix(Composer &make, double a, ValueId x, double b, ValueId y) {
  ValueId left = RUNE_TRY(make.mul(make.scalar(a, x), x));
  ValueId right = RUNE_TRY(make.mul(make.scalar(b, y), y));
  return make.add(left, right);
}

/// x - rate · change, for a rate of another type
Result<ValueId> descend(Composer &make, ValueId x, ValueId rate,
                        ValueId change) {
  rate = RUNE_TRY(make.cast(rate, make.node().dtype(x)));
  return make.sub(x, RUNE_TRY(make.mul(rate, change)));
}

Result<double> needed(OnnxNode &node, std::string_view name) {
  auto value = RUNE_TRY(node.number(name));
  if (!value)
    return node.fail("attribute `{}` is missing", name);
  return double{*value};
}

/// 1 - base^T
Result<ValueId> bias(Composer &make, double base, ValueId count) {
  ValueId power =
      RUNE_TRY(make.one(Op::Pow, {make.scalar(base, count), count}));
  return make.sub(make.scalar(1, count), power);
}

} // namespace

/// inputs  R, T, X…, G…, H…
/// result  X…, H…: h + g², x - R / (1 + T·decay_factor) · g / (√h + epsilon),
/// with
///         g = norm_coefficient·x + G
Imported importTrainingAdagrad(OnnxNode &node) {
  Step step = RUNE_TRY(stepOf(node, 3));
  double decay = RUNE_TRY(node.number("decay_factor", 0)),
         epsilon = RUNE_TRY(node.number("epsilon", 0)),
         norm = RUNE_TRY(node.number("norm_coefficient", 0));
  Composer make(node);
  ValueId count = RUNE_TRY(make.cast(step.count, DType::F64));
  ValueId slow =
      RUNE_TRY(make.add(make.scalar(1, count),
                        RUNE_TRY(make.mul(count, make.scalar(decay, count)))));
  ValueId rate =
      RUNE_TRY(make.div(RUNE_TRY(make.cast(step.rate, DType::F64)), slow));
  std::vector<ValueId> weights, squares;
  for (size_t i = 0; i < step.tensors; ++i) {
    ValueId x = RUNE_TRY(tensorOf(node, step, 0, i)),
            h = RUNE_TRY(tensorOf(node, step, 2, i));
    ValueId g =
        RUNE_TRY(mix(make, norm, x, 1, RUNE_TRY(tensorOf(node, step, 1, i))));
    h = RUNE_TRY(make.add(h, RUNE_TRY(make.mul(g, g))));
    ValueId root = RUNE_TRY(
        make.add(RUNE_TRY(make.one(Op::Sqrt, {h})), make.scalar(epsilon, h)));
    weights.push_back(
        RUNE_TRY(descend(make, x, rate, RUNE_TRY(make.div(g, root)))));
    squares.push_back(h);
  }
  weights.insert(weights.end(), squares.begin(), squares.end());
  return weights;
}

/// inputs  R, T, X…, G…, V…, H…
/// result  X…, V…, H…: v = alpha·v + (1 - alpha)·g, h = beta·h + (1 - beta)·g²,
///         x - r·v / (√h + epsilon), r = R·√(1 - beta^T) / (1 - alpha^T) if T >
///         0
Imported importTrainingAdam(OnnxNode &node) {
  Step step = RUNE_TRY(stepOf(node, 4));
  double alpha = RUNE_TRY(node.number("alpha", 0.9f)),
         beta = RUNE_TRY(node.number("beta", 0.999f)),
         epsilon = RUNE_TRY(node.number("epsilon", 0)),
         norm = RUNE_TRY(node.number("norm_coefficient", 0)),
         after = RUNE_TRY(node.number("norm_coefficient_post", 0));
  Composer make(node);
  ValueId count = RUNE_TRY(make.cast(step.count, DType::F64));
  ValueId rate = RUNE_TRY(make.cast(step.rate, DType::F64));
  ValueId root =
      RUNE_TRY(make.one(Op::Sqrt, {RUNE_TRY(bias(make, beta, count))}));
  ValueId adjusted = RUNE_TRY(make.div(RUNE_TRY(make.mul(rate, root)),
                                       RUNE_TRY(bias(make, alpha, count))));
  ValueId started =
      RUNE_TRY(make.one(Op::Less, {make.scalar(0, count), count}));
  rate = RUNE_TRY(make.one(Op::Where, {started, adjusted, rate}));
  std::vector<ValueId> weights, momenta, squares;
  for (size_t i = 0; i < step.tensors; ++i) {
    ValueId x = RUNE_TRY(tensorOf(node, step, 0, i));
    ValueId g =
        RUNE_TRY(mix(make, norm, x, 1, RUNE_TRY(tensorOf(node, step, 1, i))));
    ValueId v = RUNE_TRY(
        mix(make, alpha, RUNE_TRY(tensorOf(node, step, 2, i)), 1 - alpha, g));
    ValueId h = RUNE_TRY(mix(make, beta, RUNE_TRY(tensorOf(node, step, 3, i)),
                             1 - beta, RUNE_TRY(make.mul(g, g))));
    ValueId divisor = RUNE_TRY(
        make.add(RUNE_TRY(make.one(Op::Sqrt, {h})), make.scalar(epsilon, h)));
    x = RUNE_TRY(descend(make, x, rate, RUNE_TRY(make.div(v, divisor))));
    weights.push_back(RUNE_TRY(make.mul(make.scalar(1 - after, x), x)));
    momenta.push_back(v);
    squares.push_back(h);
  }
  weights.insert(weights.end(), momenta.begin(), momenta.end());
  weights.insert(weights.end(), squares.begin(), squares.end());
  return weights;
}

/// inputs  R, T, X…, G…, V…
/// result  X…, V…: v = alpha·v + (T > 0 ? beta : 1)·g; x - R·v, with the mode
///         `nesterov` x - R·(g + alpha·v)
Imported importTrainingMomentum(OnnxNode &node) {
  Step step = RUNE_TRY(stepOf(node, 3));
  double alpha = RUNE_TRY(needed(node, "alpha")),
         beta = RUNE_TRY(needed(node, "beta")),
         norm = RUNE_TRY(needed(node, "norm_coefficient"));
  std::string mode = RUNE_TRY(node.text("mode")).value_or("");
  if (mode != "standard" && mode != "nesterov")
    return node.fail("`mode` is `{}`, needs `standard` or `nesterov`", mode);
  Composer make(node);
  ValueId started =
      RUNE_TRY(make.one(Op::Less, {make.scalar(0, step.count), step.count}));
  std::vector<ValueId> weights, momenta;
  for (size_t i = 0; i < step.tensors; ++i) {
    ValueId x = RUNE_TRY(tensorOf(node, step, 0, i)),
            v = RUNE_TRY(tensorOf(node, step, 2, i));
    ValueId g =
        RUNE_TRY(mix(make, norm, x, 1, RUNE_TRY(tensorOf(node, step, 1, i))));
    ValueId factor = RUNE_TRY(make.one(
        Op::Where, {started, make.scalar(beta, x), make.scalar(1, x)}));
    v = RUNE_TRY(make.add(RUNE_TRY(make.mul(make.scalar(alpha, v), v)),
                          RUNE_TRY(make.mul(factor, g))));
    ValueId change =
        mode == "nesterov" ? RUNE_TRY(mix(make, 1, g, alpha, v)) : v;
    weights.push_back(RUNE_TRY(descend(make, x, step.rate, change)));
    momenta.push_back(v);
  }
  weights.insert(weights.end(), momenta.begin(), momenta.end());
  return weights;
}

} // namespace rune::import
