// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, BatchNormalization-1, 6, 7, 9, 14, 15
#include "import/onnx/node.h"

#include <algorithm>

namespace rune::import {
namespace {

using Parameters = std::vector<ValueId>;

/// Whether the statistics are those of this batch. Since 14 `training_mode`
/// says so; before, it shows in whether anyone reads the statistics.
Result<bool> trains(OnnxNode &node) {
  bool wanted =
      node.wants(1) || node.wants(2) || node.wants(3) || node.wants(4);
  if (node.opset() >= 14) {
    bool training = RUNE_TRY(node.flag("training_mode", false));
    if (wanted && !training)
      return node.fail("the statistics are outputs only with `training_mode`");
    return training;
  }
  if (node.opset() < 7) {
    auto test = RUNE_TRY(node.integer("is_test"));
    if (wanted && test.value_or(0) != 0)
      return node.fail("the statistics are outputs only without `is_test`");
    if (!wanted && test == 0)
      return node.unsupported(
          "training (`is_test` is 0) without the statistics as outputs");
  }
  return wanted;
}

Result<std::vector<ValueId>> normalize(OnnxNode &node, ValueId x,
                                       const Parameters &parameters,
                                       double epsilon, double momentum,
                                       bool training) {
  std::vector<ValueId> inputs = {x};
  inputs.insert(inputs.end(), parameters.begin(), parameters.end());
  return node.many(Op::BatchNormalization, std::move(inputs),
                   {{"epsilon", epsilon},
                    {"momentum", momentum},
                    {"training", int64_t{training}}},
                   training ? 3 : 1);
}

/// The dimensions as Reshape wants them; one may be unknown.
Result<Integers> shapeOf(const OnnxNode &node, ValueId x) {
  Integers shape;
  for (const Dim &dim : node.type(x).dims)
    shape.push_back(dim.isFixed() ? dim.size() : -1);
  if (std::ranges::count(shape, -1) > 1)
    return node.unsupported("`spatial` = 0 on `{}`, of which more than one "
                            "dimension is not known",
                            node.type(x).str());
  return shape;
}

/// spatial = 0: every feature of C x D1 x … has its own statistics, as if all
/// of them were channels.
Result<ValueId> perFeature(OnnxNode &node, ValueId x, Parameters parameters,
                           double epsilon) {
  Integers shape = RUNE_TRY(shapeOf(node, x));
  ValueId rows =
      RUNE_TRY(node.one(Op::Flatten, {x}, {{"axis", int64_t{1}}}, "features"));
  ValueId flat = node.constantIntegers("flat", {-1});
  for (size_t i = 0; i < parameters.size(); ++i)
    parameters[i] = RUNE_TRY(node.one(Op::Reshape, {parameters[i], flat}, {},
                                      fmt::format("parameter{}", i)));
  std::vector<ValueId> inputs = {rows};
  inputs.insert(inputs.end(), parameters.begin(), parameters.end());
  ValueId y = RUNE_TRY(node.one(Op::BatchNormalization, std::move(inputs),
                                {{"epsilon", epsilon}}, "normalized"));
  bool exact = std::ranges::count(shape, -1) == 0;
  return node.one(Op::Reshape, {y, node.constantIntegers("shape", shape)},
                  {{"allow_zero", int64_t{exact}}});
}

} // namespace

/// inputs  X [N, C, D1, …], scale, B, mean, var: [C]; with `spatial` = 0
/// (before
///         9) [C, D1, …]
/// result  scale·(X - mean)/√(var + epsilon) + B; when training with the mean
/// and
///         variance of X, and as further outputs the running ones:
///         old·momentum + X's·(1 - momentum)
/// errors  unsupported: saved_mean, saved_var (before 14) · training with
///         `spatial` = 0
Imported importBatchNormalization(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  Parameters parameters = {
      RUNE_TRY(node.input(1, "scale")), RUNE_TRY(node.input(2, "B")),
      RUNE_TRY(node.input(3, "mean")), RUNE_TRY(node.input(4, "var"))};
  if (node.opset() < 6)
    node.ignore("consumed_inputs");
  float epsilon = RUNE_TRY(node.number("epsilon", 1e-5f));
  float momentum = RUNE_TRY(node.number("momentum", 0.9f));
  bool spatial = node.opset() >= 9 || RUNE_TRY(node.flag("spatial", true));
  bool training = RUNE_TRY(trains(node));
  if (node.wants(3) || node.wants(4))
    return node.unsupported("the outputs `saved_mean` and `saved_var`");
  if (spatial || node.rank(x) <= 2)
    return normalize(node, x, parameters, epsilon, momentum, training);
  if (training)
    return node.unsupported("training with `spatial` = 0");
  return std::vector{RUNE_TRY(perFeature(node, x, parameters, epsilon))};
}

} // namespace rune::import
