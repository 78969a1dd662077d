// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Dropout-1, 6, 7, 10, 12, 13, 22
#include "import/onnx/node.h"
#include "import/onnx/scalar.h"

#include <algorithm>

namespace rune::import {
namespace {

/// A mask of ones is a constant of the model's own size; one that is larger is
/// not worth its memory.
constexpr uint64_t maxMaskElements = 1 << 24;

/// What every element survived.
Result<ValueId> maskLike(OnnxNode &node, ValueId x) {
  const TensorType &type = node.type(x);
  if (!type.isStatic())
    return node.unsupported(
        "the output `mask` of `{}`, whose size is not known", type.str());
  uint64_t count = RUNE_TRY(elementCount(type.sizes()));
  DType dtype = node.opset() >= 10 ? DType::Bool : type.dtype;
  if (count > maxMaskElements || dtype == DType::Utf8)
    return node.unsupported("the output `mask` of `{}`", type.str());
  Tensor mask = RUNE_TRY(Tensor::zeros(dtype, type.sizes()));
  Tensor one = scalarOf(dtype, 1);
  for (size_t at = 0; at < mask.bytes().size(); at += one.bytes().size())
    std::ranges::copy(one.bytes(), mask.bytes().begin() + at);
  return node.graph().constant(node.name() + "/mask",
                               graph::Constant::of(std::move(mask)));
}

/// Since 12 training is an input; it must be known that nothing is dropped.
Result<> checkInputs(OnnxNode &node) {
  auto known = [&](ValueId value) {
    auto constant = node.graph().constantOf(value);
    return constant ? scalarIn(*constant) : std::nullopt;
  };
  ValueId ratio = node.optionalInput(1), training = node.optionalInput(2);
  if (training == noValue || known(training) == 0.0)
    return {};
  if (ratio != noValue && known(ratio) == 0.0)
    return {};
  return node.unsupported("training, which drops elements at random");
}

} // namespace

/// inputs  data; since 12 ratio?, training_mode?
/// result  data, as at inference · mask, all ones
/// errors  unsupported: training (`is_test` = 0 before 7, `training_mode` since
///         12, unless the ratio is 0) · a mask whose size is not known
Imported importDropout(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "data"));
  if (node.opset() < 6)
    node.ignore("consumed_inputs");
  if (node.opset() < 7 && !RUNE_TRY(node.flag("is_test", true)))
    return node.unsupported("training (`is_test` is 0)");
  if (node.opset() < 12) {
    RUNE_TRY(node.number("ratio"));
  } else {
    node.ignore("seed");
    RUNE_TRY(checkInputs(node));
  }
  std::vector<ValueId> results = {RUNE_TRY(node.one(Op::Identity, {x}))};
  if (node.wants(1))
    results.push_back(RUNE_TRY(maskLike(node, x)));
  return results;
}

} // namespace rune::import
