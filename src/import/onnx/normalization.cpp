// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Normalisations other than that of a batch. In the first versions `epsilon`
// and the rest meant what they mean today.
//
// source  ONNX operators, LayerNormalization-17, RMSNormalization-23,
//         GroupNormalization-18, 21, InstanceNormalization-1, 6, 22, LRN-1, 13
#include "import/onnx/node.h"

namespace rune::import {
namespace {

/// `stash_type` as a type of ours: in which the statistics come out.
Result<std::string> stashType(OnnxNode &node) {
  switch (int64_t type = RUNE_TRY(node.integer("stash_type", 1))) {
  case 1:
    return std::string("f32");
  case 10:
    return std::string("f16");
  case 11:
    return std::string("f64");
  case 16:
    return std::string("bf16");
  default:
    return node.fail("`stash_type` is {}, needs a float type", type);
  }
}

Imported normalize(OnnxNode &node, bool centered) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId scale = RUNE_TRY(node.input(1, centered ? "Scale" : "scale"));
  ValueId bias = centered ? node.optionalInput(2) : noValue;
  int64_t axis = RUNE_TRY(node.integer("axis", -1));
  axis = RUNE_TRY(node.axis(axis, node.rank(x), node.rank(x), true));
  float epsilon = RUNE_TRY(node.number("epsilon", 1e-5f));
  std::string statistics = RUNE_TRY(stashType(node));
  size_t outputs = !centered ? 1 : node.wants(2) ? 3 : node.wants(1) ? 2 : 1;
  return node.many(Op::LayerNormalization, {x, scale, bias},
                   {{"axis", axis},
                    {"centered", int64_t{centered}},
                    {"epsilon", double{epsilon}},
                    {"statistics", std::move(statistics)}},
                   outputs);
}

} // namespace

/// inputs  X rank r, Scale and B? that stretch to X
/// result  normalised over the dimensions from `axis` on; Mean and InvStdDev in
///         `stash_type`
/// errors  `axis` outside [-r, r)
Imported importLayerNormalization(OnnxNode &node) {
  return normalize(node, true);
}

/// inputs  X rank r, scale that stretches to X, whose type Y has
/// errors  `axis` outside [-r, r)
Imported importRMSNormalization(OnnxNode &node) {
  return normalize(node, false);
}

/// inputs  X [N, C, …]; scale, bias: since 21 [C], before [num_groups]
/// errors  `num_groups` missing, below 1
Imported importGroupNormalization(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId scale = RUNE_TRY(node.input(1, "scale"));
  ValueId bias = RUNE_TRY(node.input(2, "bias"));
  auto groups = RUNE_TRY(node.integer("num_groups"));
  if (!groups || *groups < 1)
    return node.fail("`num_groups` is {}, needs 1 or more",
                     groups ? std::to_string(*groups) : "missing");
  if (node.opset() >= 21)
    RUNE_TRY(stashType(node));
  float epsilon = RUNE_TRY(node.number("epsilon", 1e-5f));
  return std::vector{
      RUNE_TRY(node.one(Op::GroupNormalization, {x, scale, bias},
                        {{"epsilon", double{epsilon}}, {"groups", *groups}}))};
}

/// inputs  input [N, C, …]; scale, B: [C]
Imported importInstanceNormalization(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId scale = RUNE_TRY(node.input(1, "scale"));
  ValueId bias = RUNE_TRY(node.input(2, "B"));
  if (node.opset() < 6)
    node.ignore("consumed_inputs");
  float epsilon = RUNE_TRY(node.number("epsilon", 1e-5f));
  return std::vector{RUNE_TRY(node.one(Op::GroupNormalization, {x, scale, bias},
                                       {{"epsilon", double{epsilon}}}))};
}

/// inputs  X [N, C, …]
/// errors  `size` missing
Imported importLRN(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  auto size = RUNE_TRY(node.integer("size"));
  if (!size)
    return node.fail("attribute `size` is missing");
  double alpha = RUNE_TRY(node.number("alpha", 1e-4f));
  double beta = RUNE_TRY(node.number("beta", 0.75f));
  double bias = RUNE_TRY(node.number("bias", 1.0f));
  return std::vector{RUNE_TRY(node.one(
      Op::LocalResponseNormalization, {x},
      {{"alpha", alpha}, {"beta", beta}, {"bias", bias}, {"size", *size}}))};
}

} // namespace rune::import
