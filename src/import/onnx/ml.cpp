// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX ai.onnx.ml, `post_transform`; Winitzki 2008, "A handy
//         approximation for the error function and its inverse" (PROBIT)
#include "import/onnx/ml.h"

#include "graph/numeric.h"
#include "import/onnx/scalar.h"
#include "import/onnx/tensor_proto.h"

#include <numbers>

namespace rune::import {

Result<std::vector<double>> mlNumbers(OnnxNode &node, std::string_view name) {
  auto list = RUNE_TRY(node.numbers(name));
  return list ? std::vector<double>(list->begin(), list->end())
              : std::vector<double>();
}

Result<Integers> mlIntegers(OnnxNode &node, std::string_view name) {
  return RUNE_TRY(node.integers(name)).value_or(Integers());
}

Result<std::optional<MlTensor>> mlTensor(OnnxNode &node,
                                         std::string_view name) {
  const auto *proto = RUNE_TRY(node.tensor(name));
  if (!proto)
    return std::optional<MlTensor>();
  auto decoded = decodeTensor(*proto, node.owner());
  if (!decoded)
    return error(decoded.error().code, "{}: `{}`, {}", node.layer(), name,
                 decoded.error().message);
  TensorView view = decoded->view();
  if (!graph::isNumeric(view.dtype))
    return node.fail("`{}` is of {}, needs numbers", name,
                     dtypeName(view.dtype));
  MlTensor tensor{view.dtype, {}};
  size_t count = view.data.size() / dtypeBytes(view.dtype);
  graph::withNumeric(view.dtype, [&]<class T>(graph::Type<T>) {
    graph::Elements<T> elements(view.data);
    for (size_t i = 0; i < count; ++i)
      tensor.values.push_back(
          static_cast<double>(graph::widen(elements[static_cast<int64_t>(i)])));
  });
  return std::optional(std::move(tensor));
}

ValueId mlTexts(Composer &make, const std::vector<std::string> &texts) {
  OnnxNode &node = make.node();
  return node.graph().constant(
      fmt::format("{}/{}", node.name(), make.part("texts")),
      graph::Constant::of(
          Tensor::ofText({static_cast<int64_t>(texts.size())}, texts)));
}

Result<MlLabels> mlLabels(Composer &make, std::string_view integers,
                          std::string_view texts) {
  OnnxNode &node = make.node();
  MlLabels labels;
  labels.numbers = RUNE_TRY(mlIntegers(node, integers));
  auto words = RUNE_TRY(node.texts(texts)).value_or(std::vector<std::string>());
  if (!labels.numbers.empty() && !words.empty())
    return node.fail("both `{}` and `{}` are given", integers, texts);
  labels.count = labels.numbers.size() + words.size();
  if (!labels.numbers.empty())
    labels.values = make.integers(labels.numbers);
  else if (!words.empty())
    labels.values = mlTexts(make, words);
  return labels;
}

Result<std::string> postTransformOf(OnnxNode &node) {
  return RUNE_TRY(node.text("post_transform")).value_or("NONE");
}

namespace {

/// Softmax in which 0 stays 0.
Result<ValueId> softmaxZero(Composer &make, ValueId x) {
  ValueId largest = RUNE_TRY(make.reduce(Op::ReduceMax, x, {1}, true));
  ValueId size = RUNE_TRY(make.one(Op::Abs, {x}));
  ValueId counts = RUNE_TRY(make.one(Op::Less, {make.scalar(1e-7, x), size}));
  ValueId high = RUNE_TRY(make.one(Op::Exp, {RUNE_TRY(make.sub(x, largest))}));
  ValueId shrink =
      RUNE_TRY(make.one(Op::Exp, {RUNE_TRY(make.one(Op::Neg, {largest}))}));
  ValueId parts =
      RUNE_TRY(make.choose(counts, high, RUNE_TRY(make.mul(x, shrink))));
  ValueId sum = RUNE_TRY(make.reduce(Op::ReduceSum, parts, {1}, true));
  ValueId none = RUNE_TRY(make.one(Op::Equal, {sum, make.scalar(0, x)}));
  return make.choose(none, make.scalar(0.5, x), RUNE_TRY(make.div(parts, sum)));
}

/// √2·erf⁻¹(2x - 1), approximately; 0 at 0 and 1
Result<ValueId> probit(Composer &make, ValueId x) {
  constexpr double a = 0.147;
  ValueId one = make.scalar(1, x);
  ValueId z = RUNE_TRY(make.sub(RUNE_TRY(make.mul(x, make.scalar(2, x))), one));
  ValueId inside = RUNE_TRY(
      make.mul(RUNE_TRY(make.sub(one, z)), RUNE_TRY(make.add(one, z))));
  ValueId log = RUNE_TRY(make.one(Op::Log, {inside}));
  ValueId middle =
      RUNE_TRY(make.add(RUNE_TRY(make.mul(log, make.scalar(0.5, x))),
                        make.scalar(2 / (std::numbers::pi * a), x)));
  ValueId square =
      RUNE_TRY(make.sub(RUNE_TRY(make.mul(middle, middle)),
                        RUNE_TRY(make.mul(log, make.scalar(1 / a, x)))));
  ValueId root = RUNE_TRY(make.one(
      Op::Sqrt,
      {RUNE_TRY(make.sub(RUNE_TRY(make.one(Op::Sqrt, {square})), middle))}));
  ValueId value = RUNE_TRY(
      make.mul(RUNE_TRY(make.mul(root, RUNE_TRY(make.one(Op::Sign, {z})))),
               make.scalar(std::numbers::sqrt2, x)));
  ValueId zero = make.scalar(0, x);
  ValueId edge = RUNE_TRY(make.one(Op::Equal, {inside, zero}));
  return make.choose(edge, zero, value);
}

} // namespace

Result<ValueId> postTransform(Composer &make, ValueId scores,
                              std::string_view transform) {
  if (transform == "NONE")
    return scores;
  if (transform == "LOGISTIC")
    return make.one(Op::Sigmoid, {scores});
  if (transform == "SOFTMAX")
    return make.one(Op::Softmax, {scores}, {{"axes", Integers{1}}});
  if (transform == "SOFTMAX_ZERO")
    return softmaxZero(make, scores);
  if (transform == "PROBIT")
    return probit(make, scores);
  return make.node().fail("`post_transform` is `{}`", transform);
}

Result<ValueId> mlReal(Composer &make, ValueId x) {
  DType dtype = make.node().dtype(x);
  if (!graph::isNumeric(dtype))
    return make.node().fail("the input is `{}`, needs numbers",
                            make.node().type(x).str());
  bool wide = dtype == DType::F64 || isInteger(dtype);
  return make.cast(x, wide ? DType::F64 : DType::F32);
}

} // namespace rune::import
