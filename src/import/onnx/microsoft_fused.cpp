// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that ONNX Runtime's optimiser and exporters fuse from others, taken
// apart again.
//
// source  ONNX Runtime, contrib operators of com.microsoft, version 1:
// FusedConv,
//         FusedMatMul, FusedGemm, Gelu, BiasGelu, FastGelu, QuickGelu,
//         BiasAdd, SkipLayerNormalization, SkipSimplifiedLayerNormalization
#include "import/onnx/compose.h"
#include "import/onnx/window.h"

namespace rune::import {
namespace {

Result<> needFloats(const OnnxNode &node, ValueId x) {
  if (!isFloat(node.dtype(x)))
    return node.fail("an input is `{}`, needs floats", node.type(x).str());
  return {};
}

/// The numbers an activation takes.
struct Parameters {
  std::optional<float> alpha, beta;
};

/// An activation by its name in ONNX; x itself for none.
Result<ValueId> activated(Composer &c, ValueId x, const std::string &name,
                          Parameters p) {
  RUNE_TRY(needFloats(c.node(), x));
  if (name.empty())
    return x;
  if (name == "Relu")
    return c.one(Op::Relu, {x});
  if (name == "Tanh")
    return c.one(Op::Tanh, {x});
  if (name == "Sigmoid")
    return c.one(Op::Sigmoid, {x});
  if (name == "Clip")
    return c.one(Op::Clamp, {x, p.alpha ? c.scalar(*p.alpha, x) : noValue,
                             p.beta ? c.scalar(*p.beta, x) : noValue});
  if (name == "Elu")
    return c.one(Op::Elu, {x}, {{"alpha", double{p.alpha.value_or(1)}}});
  if (name == "LeakyRelu") {
    ValueId less = RUNE_TRY(c.one(Op::Less, {x, c.scalar(0, x)}));
    ValueId scaled = RUNE_TRY(c.mul(x, c.scalar(p.alpha.value_or(0.01f), x)));
    return c.one(Op::Where, {less, scaled, x});
  }
  if (name == "HardSigmoid") {
    ValueId scaled = RUNE_TRY(c.mul(x, c.scalar(p.alpha.value_or(0.2f), x)));
    ValueId moved = RUNE_TRY(c.add(scaled, c.scalar(p.beta.value_or(0.5f), x)));
    return c.one(Op::Clamp, {moved, c.scalar(0, x), c.scalar(1, x)});
  }
  return c.node().unsupported("the activation `{}`", name);
}

Result<ValueId> scaled(Composer &c, ValueId x, float factor) {
  return factor == 1 ? Result<ValueId>(x) : c.mul(x, c.scalar(factor, x));
}

Imported finished(Composer &c, ValueId y) {
  return std::vector{RUNE_TRY(c.finish(y, c.node().dtype(y)))};
}

} // namespace

/// inputs  X, W, B?, Z? as Conv; Z is added to its result
/// result  `activation` of it, with `activation_params`
Imported importMicrosoftFusedConv(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X")), w = RUNE_TRY(node.input(1, "W"));
  ValueId bias = node.optionalInput(2), z = node.optionalInput(3);
  std::vector<Attribute> window = RUNE_TRY(readConvolution(node, x, w));
  auto name = RUNE_TRY(node.text("activation")).value_or("");
  auto numbers = RUNE_TRY(node.numbers("activation_params"))
                     .value_or(std::vector<float>());
  Parameters parameters;
  if (!numbers.empty())
    parameters.alpha = numbers[0];
  if (numbers.size() > 1)
    parameters.beta = numbers[1];
  Composer c(node);
  ValueId y = RUNE_TRY(c.one(Op::Conv, {x, w, bias}, std::move(window)));
  if (z != noValue)
    y = RUNE_TRY(c.add(y, z));
  return finished(c, RUNE_TRY(activated(c, y, name, parameters)));
}

/// inputs  A, B, of which `transA`, `transB` transpose the last two dimensions
/// result  alpha · A · B
/// errors  unsupported: `transBatchA`, `transBatchB`
Imported importMicrosoftFusedMatMul(OnnxNode &node) {
  ValueId a = RUNE_TRY(node.input(0, "A")), b = RUNE_TRY(node.input(1, "B"));
  RUNE_TRY(needFloats(node, a));
  for (const char *name : {"transBatchA", "transBatchB"})
    if (RUNE_TRY(node.integer(name, 0)) != 0)
      return node.unsupported("`{}`", name);
  // A vector has nothing to transpose.
  int64_t transposeA =
      RUNE_TRY(node.integer("transA", 0)) != 0 && node.rank(a) > 1;
  int64_t transposeB =
      RUNE_TRY(node.integer("transB", 0)) != 0 && node.rank(b) > 1;
  float alpha = RUNE_TRY(node.number("alpha", 1));
  Composer c(node);
  ValueId y = RUNE_TRY(
      c.one(Op::MatMul, {a, b},
            {{"transpose_a", transposeA}, {"transpose_b", transposeB}}));
  return finished(c, RUNE_TRY(scaled(c, y, alpha)));
}

/// inputs  A, B, C? as Gemm
/// result  `activation` of alpha · A · B + beta · C
Imported importMicrosoftFusedGemm(OnnxNode &node) {
  ValueId a = RUNE_TRY(node.input(0, "A")), b = RUNE_TRY(node.input(1, "B"));
  ValueId bias = node.optionalInput(2);
  RUNE_TRY(needFloats(node, a));
  if (node.rank(a) != 2 || node.rank(b) != 2)
    return node.fail("`A` is `{}` and `B` is `{}`, they need two dimensions",
                     node.type(a).str(), node.type(b).str());
  int64_t transposeA = RUNE_TRY(node.integer("transA", 0)) != 0;
  int64_t transposeB = RUNE_TRY(node.integer("transB", 0)) != 0;
  float alpha = RUNE_TRY(node.number("alpha", 1));
  float beta = RUNE_TRY(node.number("beta", 1));
  auto name = RUNE_TRY(node.text("activation")).value_or("");
  Parameters parameters{RUNE_TRY(node.number("activation_alpha")),
                        RUNE_TRY(node.number("activation_beta"))};
  node.ignore("activation_gamma");
  Composer c(node);
  ValueId y = RUNE_TRY(
      c.one(Op::MatMul, {a, b},
            {{"transpose_a", transposeA}, {"transpose_b", transposeB}}));
  y = RUNE_TRY(scaled(c, y, alpha));
  if (bias != noValue)
    y = RUNE_TRY(c.add(y, RUNE_TRY(scaled(c, bias, beta))));
  return finished(c, RUNE_TRY(activated(c, y, name, parameters)));
}

namespace {

/// X, or X + bias, and then GELU.
Imported gelu(OnnxNode &node, bool withBias, bool byTanh) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId bias = withBias ? node.optionalInput(1) : noValue;
  if (bias != noValue)
    x = RUNE_TRY(node.one(Op::Add, {x, bias}, {}, "sum"));
  return std::vector{RUNE_TRY(
      node.one(Op::Gelu, {x}, {{"approximate", byTanh ? "tanh" : "none"}}))};
}

} // namespace

Imported importMicrosoftGelu(OnnxNode &node) {
  return gelu(node, false, false);
}
/// inputs  A, B; result GELU of A + B
Imported importMicrosoftBiasGelu(OnnxNode &node) {
  RUNE_TRY(node.input(1, "B"));
  return gelu(node, true, false);
}
/// inputs  X, bias?; result GELU by tanh of X + bias
Imported importMicrosoftFastGelu(OnnxNode &node) {
  return gelu(node, true, true);
}
/// result  X · sigmoid(alpha · X)
Imported importMicrosoftQuickGelu(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  RUNE_TRY(needFloats(node, x));
  DType dtype = node.dtype(x);
  Composer c(node);
  ValueId wide = RUNE_TRY(c.cast(x, Composer::wideOf(dtype)));
  float alpha = RUNE_TRY(node.number("alpha", 1.702f));
  ValueId inner =
      RUNE_TRY(c.one(Op::Sigmoid, {RUNE_TRY(scaled(c, wide, alpha))}));
  return std::vector{RUNE_TRY(c.finish(RUNE_TRY(c.mul(wide, inner)), dtype))};
}

/// inputs  X [N, S, C], bias [C], skip; result their sum
Imported importMicrosoftBiasAdd(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId bias = RUNE_TRY(node.input(1, "bias"));
  ValueId skip = RUNE_TRY(node.input(2, "skip"));
  ValueId sum = RUNE_TRY(node.one(Op::Add, {x, bias}, {}, "sum"));
  return std::vector{RUNE_TRY(node.one(Op::Add, {sum, skip}))};
}

namespace {

/// input + skip (+ bias), normalised; the sum is output 3.
Imported skipNormalized(OnnxNode &node, bool simplified) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId skip = RUNE_TRY(node.input(1, "skip"));
  ValueId gamma = RUNE_TRY(node.input(2, "gamma"));
  ValueId beta = simplified ? noValue : node.optionalInput(3);
  ValueId bias = node.optionalInput(simplified ? 3 : 4);
  RUNE_TRY(needFloats(node, x));
  if (node.rank(x) < 1)
    return node.fail("`input` is a scalar");
  double epsilon = RUNE_TRY(node.number("epsilon", 1e-12f));
  Composer c(node);
  ValueId sum = RUNE_TRY(c.add(x, skip));
  if (bias != noValue)
    sum = RUNE_TRY(c.add(sum, bias));
  size_t statistics = simplified || !(node.wants(1) || node.wants(2)) ? 1 : 3;
  if (simplified && (node.wants(1) || node.wants(2)))
    return node.unsupported("the outputs `mean` and `inv_std_var`");
  auto made = RUNE_TRY(node.many(Op::LayerNormalization, {sum, gamma, beta},
                                 {{"axis", node.rank(x) - 1},
                                  {"centered", int64_t{!simplified}},
                                  {"epsilon", epsilon},
                                  {"statistics", "f32"}},
                                 statistics));
  made.resize(3, noValue);
  made.push_back(sum);
  return made;
}

} // namespace

/// inputs  input, skip, gamma, beta?, bias?
/// result  the normalised sum; output 3 the sum
Imported importMicrosoftSkipLayerNormalization(OnnxNode &node) {
  return skipNormalized(node, false);
}
/// inputs  input, skip, gamma, bias?
Imported importMicrosoftSkipSimplifiedLayerNormalization(OnnxNode &node) {
  return skipNormalized(node, true);
}

/// inputs  X, scale, which stretches to X; of the standard domain, where ONNX
///         Runtime writes it though ONNX does not know it
/// result  X / √(mean of X² over the dimensions from `axis` on + epsilon) ·
/// scale
Imported importSimplifiedLayerNormalization(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId scale = RUNE_TRY(node.input(1, "scale"));
  int64_t rank = node.rank(x);
  int64_t axis =
      RUNE_TRY(node.axis(RUNE_TRY(node.integer("axis", -1)), rank, rank, true));
  double epsilon = RUNE_TRY(node.number("epsilon", 1e-5f));
  node.ignore("stash_type"); // of the output that is not supported
  return node.many(Op::LayerNormalization, {x, scale, noValue},
                   {{"axis", axis},
                    {"centered", int64_t{0}},
                    {"epsilon", epsilon},
                    {"statistics", "f32"}},
                   1);
}

} // namespace rune::import
