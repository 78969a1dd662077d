// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, NegativeLogLikelihoodLoss-12, 13, 22;
//         SoftmaxCrossEntropyLoss-12, 13
#include "import/onnx/log_softmax.h"

namespace rune::import {
namespace {

/// The loss of log-probabilities `x`, under the name of the layer.
Result<ValueId> lossOf(Composer &make, ValueId x, ValueId target,
                       ValueId weight, DType dtype) {
  OnnxNode &node = make.node();
  std::string reduction = RUNE_TRY(node.text("reduction")).value_or("mean");
  if (reduction != "none" && reduction != "mean" && reduction != "sum")
    return node.fail("`reduction` is `{}`, needs `none`, `sum` or `mean`",
                     reduction);
  auto ignored = RUNE_TRY(node.integer("ignore_index"));
  std::vector<ValueId> inputs = {x, target};
  if (weight != noValue)
    inputs.push_back(RUNE_TRY(make.cast(weight, node.dtype(x))));
  ValueId loss = RUNE_TRY(make.one(Op::NllLoss, std::move(inputs),
                                   {{"reduction", reduction},
                                    {"ignores", int64_t{ignored.has_value()}},
                                    {"ignored", ignored.value_or(0)}}));
  return make.finish(loss, dtype);
}

} // namespace

/// inputs  input [N, C, d…], log-probabilities; target [N, d…]; weight [C]?
/// result  -input[target]·weight[target]; its sum or mean, by `reduction`
/// errors  in the run: targets outside [0, C) but `ignore_index`
Imported importNegativeLogLikelihoodLoss(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId target = RUNE_TRY(node.input(1, "target"));
  ValueId weight = node.optionalInput(2);
  Composer make(node);
  DType dtype = node.dtype(x);
  x = RUNE_TRY(make.cast(x, Composer::wideOf(dtype)));
  return std::vector{RUNE_TRY(lossOf(make, x, target, weight, dtype))};
}

/// inputs  scores [N, C, d…]; labels [N, d…]; weights [C]?
/// result  the loss of their log-softmax along C; that log-softmax
Imported importSoftmaxCrossEntropyLoss(OnnxNode &node) {
  ValueId scores = RUNE_TRY(node.input(0, "scores"));
  ValueId labels = RUNE_TRY(node.input(1, "labels"));
  ValueId weights = node.optionalInput(2);
  DType dtype = node.dtype(scores);
  if (node.rank(scores) < 2)
    return node.fail("`scores` is `{}`, needs at least two dimensions",
                     node.type(scores).str());
  Composer make(node);
  ValueId logs = RUNE_TRY(logSoftmax(make, scores, {1}));
  ValueId loss = RUNE_TRY(lossOf(make, logs, labels, weights, dtype));
  return std::vector{loss, RUNE_TRY(make.cast(logs, dtype))};
}

} // namespace rune::import
