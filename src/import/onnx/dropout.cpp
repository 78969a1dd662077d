// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Dropout-1, 6, 7, 10, 12, 13, 22
#include "import/onnx/random.h"
#include "import/onnx/scalar.h"

namespace rune::import {
namespace {

/// What the layer knows of itself: whether it trains, and how much it drops.
struct Mode {
  /// noValue where it is known.
  ValueId training = noValue, ratio = noValue;
  bool mayTrain = false;
  double known = 0.5;
};

std::optional<double> knownScalar(const OnnxNode &node, ValueId value) {
  auto constant = node.graph().constantOf(value);
  return constant ? scalarIn(*constant) : std::nullopt;
}

/// Before 12 attributes, since then inputs.
Result<Mode> modeOf(OnnxNode &node) {
  Mode mode;
  if (node.opset() < 7)
    mode.mayTrain = !RUNE_TRY(node.flag("is_test", true));
  if (node.opset() < 12) {
    mode.known = RUNE_TRY(node.number("ratio", 0.5f));
    return mode;
  }
  ValueId ratio = node.optionalInput(1), training = node.optionalInput(2);
  if (ratio != noValue) {
    auto known = knownScalar(node, ratio);
    mode.known = known.value_or(0.5);
    if (!known)
      mode.ratio = RUNE_TRY(node.asScalar(ratio, "ratio"));
  }
  if (training != noValue) {
    auto known = knownScalar(node, training);
    mode.mayTrain = !known || *known != 0;
    if (!known)
      mode.training = RUNE_TRY(node.asScalar(training, "training_mode"));
  }
  return mode;
}

/// True for each element that survives.
Result<ValueId> survivors(Composer &make, ValueId x, ValueId ratio,
                          const Mode &mode) {
  ValueId number =
      RUNE_TRY(randomNumbers(make, "uniform", x, true, make.node().dtype(ratio),
                             RUNE_TRY(seedOf(make.node()))));
  ValueId kept = RUNE_TRY(make.one(Op::LessEqual, {ratio, number}));
  if (mode.training == noValue)
    return kept;
  ValueId rests = RUNE_TRY(make.one(Op::LogicalNot, {mode.training}));
  return make.one(Op::LogicalOr, {kept, rests});
}

/// x / (1 - ratio) where it survives, else 0; x itself while it does not train.
Result<std::vector<ValueId>> drop(OnnxNode &node, ValueId x, const Mode &mode) {
  Composer make(node);
  DType dtype = node.dtype(x), wide = Composer::wideOf(dtype);
  if (!isFloat(dtype))
    return node.fail("`data` is `{}`, needs floats", node.type(x).str());
  ValueId ratio = mode.ratio == noValue ? make.scalarOf(mode.known, wide)
                                        : RUNE_TRY(make.cast(mode.ratio, wide));
  ValueId kept = RUNE_TRY(survivors(make, x, ratio, mode));
  ValueId data = RUNE_TRY(make.cast(x, wide));
  ValueId rest = RUNE_TRY(make.sub(make.scalarOf(1, wide), ratio));
  ValueId y = RUNE_TRY(make.choose(kept, RUNE_TRY(make.div(data, rest)),
                                   make.scalarOf(0, wide)));
  if (mode.training != noValue)
    y = RUNE_TRY(make.choose(mode.training, y, data));
  ValueId mask =
      RUNE_TRY(make.cast(kept, node.opset() >= 10 ? DType::Bool : dtype));
  return std::vector{RUNE_TRY(make.finish(y, dtype)), mask};
}

/// At inference: the data, and a mask of ones.
Result<std::vector<ValueId>> pass(OnnxNode &node, ValueId x) {
  std::vector<ValueId> results = {RUNE_TRY(node.one(Op::Identity, {x}))};
  if (!node.wants(1))
    return results;
  DType dtype = node.opset() >= 10 ? DType::Bool : node.dtype(x);
  if (node.dtype(x) == DType::Utf8 || isStorage(dtype))
    return node.unsupported("the output `mask` of `{}`", node.type(x).str());
  // any element is false, or not false: its sizes are all that counts
  Composer make(node);
  ValueId flat = RUNE_TRY(make.cast(x, DType::Bool));
  ValueId same = RUNE_TRY(make.one(Op::LogicalNot, {flat}));
  ValueId ones = RUNE_TRY(make.one(Op::LogicalOr, {flat, same}));
  results.push_back(RUNE_TRY(make.cast(ones, dtype)));
  return results;
}

} // namespace

/// inputs  data; since 12 ratio?, training_mode?, known before the run or not
/// result  data, as at inference · mask, all ones. In training (`is_test` = 0
/// before
///         7, `training_mode` since 12) elements are 0 with the probability
///         `ratio`, the others grow by 1 / (1 - ratio)
/// errors  a ratio outside [0, 1)
Imported importDropout(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "data"));
  if (node.opset() < 6)
    node.ignore("consumed_inputs");
  Mode mode = RUNE_TRY(modeOf(node));
  bool mayDrop = mode.mayTrain && (mode.ratio != noValue || mode.known != 0);
  if (!mayDrop) {
    node.ignore("seed");
    return pass(node, x);
  }
  if (mode.ratio == noValue && !(mode.known >= 0 && mode.known < 1))
    return node.fail("the ratio is {}, needs to be in [0, 1)", mode.known);
  return drop(node, x, mode);
}

} // namespace rune::import
