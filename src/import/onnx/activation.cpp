// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Activations. What is put together from several operators is computed in f32
// where the elements are floats of 16 bits, and rounded once.
//
// source  ONNX operators, Celu-12, Elu-1, 6, 22, Gelu-20, HardSigmoid-1, 6, 22,
//         HardSwish-14, 22, LeakyRelu-1, 6, 16, Mish-18, 22, PRelu-1, 6, 7, 9,
//         16, Selu-1, 6, 22, Shrink-9, Softplus-1, 22, Softsign-1, 22,
//         SwiGLU-28, Swish-24, ThresholdedRelu-10, 22
#include "import/onnx/compose.h"
#include "import/onnx/scalar.h"

#include <cmath>

namespace rune::import {
namespace {

/// The operand X in the type it is computed in, and how to come back.
class Activation {
public:
  static Result<Activation> of(OnnxNode &node) {
    if (node.opset() < 6)
      node.ignore("consumed_inputs");
    ValueId x = RUNE_TRY(node.input(0, "X"));
    if (!isFloat(node.dtype(x)))
      return node.fail("`X` is `{}`, needs floats", node.type(x).str());
    Activation made{Composer(node), x, node.dtype(x)};
    made.x = RUNE_TRY(made.wide(x));
    return made;
  }

  Result<ValueId> wide(ValueId value) {
    return compose.cast(value, Composer::wideOf(dtype));
  }
  ValueId scalar(double value) { return compose.scalar(value, x); }
  Result<ValueId> one(Op op, std::vector<ValueId> inputs) {
    return compose.one(op, std::move(inputs));
  }
  /// The last operator, of wide operands.
  Imported last(Op op, std::vector<ValueId> inputs) {
    if (Composer::wideOf(dtype) == dtype)
      return std::vector{RUNE_TRY(compose.node().one(op, std::move(inputs)))};
    ValueId y = RUNE_TRY(compose.one(op, std::move(inputs)));
    return std::vector{RUNE_TRY(compose.finish(y, dtype))};
  }
  /// Where `condition` holds a, else b.
  Imported choose(ValueId condition, ValueId a, ValueId b) {
    return last(Op::Where, {condition, a, b});
  }
  Result<ValueId> between(ValueId value, double low, double high) {
    return one(Op::Clamp, {value, scalar(low), scalar(high)});
  }

  Composer compose;
  ValueId x;
  DType dtype;
};

Imported elu(OnnxNode &node, double alpha, double beta, double gamma) {
  if (node.opset() < 6)
    node.ignore("consumed_inputs");
  ValueId x = RUNE_TRY(node.input(0, "X"));
  return std::vector{RUNE_TRY(node.one(
      Op::Elu, {x}, {{"alpha", alpha}, {"beta", beta}, {"gamma", gamma}}))};
}

/// Since 7 the slope is stretched to X; before, it is one number, or one for
/// each channel.
Result<ValueId> slopeOf(OnnxNode &node, ValueId x, ValueId slope) {
  if (node.opset() >= 7 || node.rank(slope) != 1 || node.rank(x) < 3 ||
      node.type(slope).dims[0] == Dim(1))
    return slope;
  Integers shape(static_cast<size_t>(node.rank(x) - 1), 1);
  shape[0] = 0;
  ValueId target = node.constantIntegers("slope/shape", shape);
  return node.one(Op::Reshape, {slope, target}, {}, "slope");
}

Result<ValueId> hardSigmoid(Activation &a, double alpha, double beta) {
  ValueId scaled = RUNE_TRY(a.one(Op::Mul, {a.x, a.scalar(alpha)}));
  ValueId moved = RUNE_TRY(a.one(Op::Add, {scaled, a.scalar(beta)}));
  return a.between(moved, 0, 1);
}

/// X · sigmoid(alpha · X)
Result<ValueId> gate(Activation &a, double alpha) {
  ValueId inner = a.x;
  if (alpha != 1)
    inner = RUNE_TRY(a.one(Op::Mul, {a.x, a.scalar(alpha)}));
  return a.one(Op::Sigmoid, {inner});
}

} // namespace

/// result  X, below 0 alpha · (exp(X) - 1)
Imported importElu(OnnxNode &node) {
  return elu(node, RUNE_TRY(node.number("alpha", 1)), 1, 1);
}

/// result  max(0, X) + min(0, alpha · (exp(X / alpha) - 1))
/// errors  `alpha` is 0
Imported importCelu(OnnxNode &node) {
  double alpha = RUNE_TRY(node.number("alpha", 1));
  if (alpha == 0)
    return node.fail("`alpha` is 0, X is divided by it");
  return elu(node, alpha, 1 / alpha, 1);
}

/// result  gamma · X, below 0 gamma · alpha · (exp(X) - 1)
Imported importSelu(OnnxNode &node) {
  bool old = node.opset() < 6;
  float alpha = RUNE_TRY(node.number("alpha", old ? 1.6732f : 1.67326319f));
  float gamma = RUNE_TRY(node.number("gamma", old ? 1.0507f : 1.05070102f));
  return elu(node, alpha, 1, gamma);
}

/// result  X · Φ(X); with `approximate` tanh the usual one
Imported importGelu(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  auto approximate = RUNE_TRY(node.text("approximate")).value_or("none");
  if (approximate != "none" && approximate != "tanh")
    return node.fail("`approximate` is `{}`, needs none or tanh", approximate);
  return std::vector{
      RUNE_TRY(node.one(Op::Gelu, {x}, {{"approximate", approximate}}))};
}

/// result  log(1 + exp(X))
Imported importSoftplus(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  return std::vector{RUNE_TRY(node.one(Op::Softplus, {x}))};
}

/// result  max(0, min(1, alpha · X + beta))
Imported importHardSigmoid(OnnxNode &node) {
  Activation a = RUNE_TRY(Activation::of(node));
  ValueId scaled = RUNE_TRY(
      a.one(Op::Mul, {a.x, a.scalar(RUNE_TRY(node.number("alpha", 0.2f)))}));
  ValueId moved = RUNE_TRY(
      a.one(Op::Add, {scaled, a.scalar(RUNE_TRY(node.number("beta", 0.5f)))}));
  return a.last(Op::Clamp, {moved, a.scalar(0), a.scalar(1)});
}

/// result  X · max(0, min(1, X / 6 + 1/2))
Imported importHardSwish(OnnxNode &node) {
  Activation a = RUNE_TRY(Activation::of(node));
  ValueId inner = RUNE_TRY(hardSigmoid(a, 1.0 / 6, 0.5));
  return a.last(Op::Mul, {a.x, inner});
}

/// result  X, below 0 alpha · X
Imported importLeakyRelu(OnnxNode &node) {
  Activation a = RUNE_TRY(Activation::of(node));
  ValueId alpha = a.scalar(RUNE_TRY(node.number("alpha", 0.01f)));
  ValueId less = RUNE_TRY(a.one(Op::Less, {a.x, a.scalar(0)}));
  ValueId scaled = RUNE_TRY(a.one(Op::Mul, {a.x, alpha}));
  return a.choose(less, scaled, a.x);
}

/// inputs  X, numbers; slope, which is stretched to X
/// result  X, below 0 slope · X
/// errors  a slope larger than X
Imported importPRelu(OnnxNode &node) {
  if (node.opset() < 6)
    node.ignore("consumed_inputs");
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId slope = RUNE_TRY(node.input(1, "slope"));
  if (!isFloat(node.dtype(x)) && !isInteger(node.dtype(x)))
    return node.fail("`X` is `{}`, needs numbers", node.type(x).str());
  slope = RUNE_TRY(slopeOf(node, x, slope));
  if (node.rank(slope) > node.rank(x))
    return node.fail("`slope` is `{}`, which does not stretch to `{}`",
                     node.type(slope).str(), node.type(x).str());
  ValueId zero = node.constantScalar("zero", node.dtype(x), 0);
  ValueId less = RUNE_TRY(node.one(Op::Less, {x, zero}, {}, "less"));
  ValueId scaled = RUNE_TRY(node.one(Op::Mul, {x, slope}, {}, "scaled"));
  return std::vector{RUNE_TRY(node.one(Op::Where, {less, scaled, x}))};
}

/// result  X above `alpha`, else 0
Imported importThresholdedRelu(OnnxNode &node) {
  Activation a = RUNE_TRY(Activation::of(node));
  ValueId alpha = a.scalar(RUNE_TRY(node.number("alpha", 1)));
  ValueId above = RUNE_TRY(a.one(Op::Less, {alpha, a.x}));
  return a.choose(above, a.x, a.scalar(0));
}

/// inputs  input, numbers
/// result  X + bias below -lambd, X - bias above lambd, else 0; in f64 for
///         integers
Imported importShrink(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  DType dtype = node.dtype(x);
  if (!isFloat(dtype) && !isInteger(dtype))
    return node.fail("`input` is `{}`, needs numbers", node.type(x).str());
  Composer c(node);
  double bias = RUNE_TRY(node.number("bias", 0));
  double lambda = RUNE_TRY(node.number("lambd", 0.5f));
  ValueId wide = RUNE_TRY(c.cast(x, Composer::realOf(dtype)));
  ValueId shift = c.scalar(bias, wide);
  ValueId below = RUNE_TRY(c.one(Op::Less, {wide, c.scalar(-lambda, wide)}));
  ValueId above = RUNE_TRY(c.one(Op::Less, {c.scalar(lambda, wide), wide}));
  ValueId raised = RUNE_TRY(c.add(wide, shift));
  ValueId lowered = RUNE_TRY(c.sub(wide, shift));
  ValueId upper =
      RUNE_TRY(c.one(Op::Where, {above, lowered, c.scalar(0, wide)}));
  ValueId y = RUNE_TRY(c.one(Op::Where, {below, raised, upper}));
  return std::vector{RUNE_TRY(c.finish(y, dtype))};
}

/// result  X / (1 + |X|)
Imported importSoftsign(OnnxNode &node) {
  Activation a = RUNE_TRY(Activation::of(node));
  ValueId size = RUNE_TRY(a.one(Op::Abs, {a.x}));
  ValueId sum = RUNE_TRY(a.one(Op::Add, {size, a.scalar(1)}));
  return a.last(Op::Div, {a.x, sum});
}

/// result  X · tanh(softplus(X))
Imported importMish(OnnxNode &node) {
  Activation a = RUNE_TRY(Activation::of(node));
  ValueId plus = RUNE_TRY(a.one(Op::Softplus, {a.x}));
  ValueId inner = RUNE_TRY(a.one(Op::Tanh, {plus}));
  return a.last(Op::Mul, {a.x, inner});
}

/// result  X · sigmoid(alpha · X)
Imported importSwish(OnnxNode &node) {
  Activation a = RUNE_TRY(Activation::of(node));
  ValueId inner = RUNE_TRY(gate(a, RUNE_TRY(node.number("alpha", 1))));
  return a.last(Op::Mul, {a.x, inner});
}

/// inputs  A, B of one shape
/// result  A · sigmoid(alpha · A) · B
Imported importSwiGLU(OnnxNode &node) {
  Activation a = RUNE_TRY(Activation::of(node));
  ValueId b = RUNE_TRY(node.input(1, "B"));
  if (node.rank(b) != node.rank(a.x) || node.dtype(b) != a.dtype)
    return node.fail("`A` is `{}` and `B` is `{}`, they need one shape",
                     node.type(a.x).str(), node.type(b).str());
  for (size_t i = 0; i < node.type(b).dims.size(); ++i) {
    const Dim &left = node.type(a.x).dims[i], &right = node.type(b).dims[i];
    if (left.isFixed() && right.isFixed() && left != right)
      return node.fail("`A` is `{}` and `B` is `{}`, they need one shape",
                       node.type(a.x).str(), node.type(b).str());
  }
  b = RUNE_TRY(a.wide(b));
  ValueId inner = RUNE_TRY(gate(a, RUNE_TRY(node.number("alpha", 1))));
  ValueId swish = RUNE_TRY(a.one(Op::Mul, {a.x, inner}));
  return a.last(Op::Mul, {swish, b});
}

} // namespace rune::import
