// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX ai.onnx.ml, LinearRegressor-1, LinearClassifier-1, Scaler-1,
//         Normalizer-1, Binarizer-1
#include "import/onnx/ml.h"

namespace rune::import {
namespace {

/// x · coefficientsᵀ + intercepts, for `rows` rows of coefficients.
Result<ValueId> linear(Composer &make, ValueId x, int64_t rows) {
  OnnxNode &node = make.node();
  std::vector<double> coefficients = RUNE_TRY(mlNumbers(node, "coefficients")),
                      intercepts = RUNE_TRY(mlNumbers(node, "intercepts"));
  auto count = static_cast<int64_t>(coefficients.size());
  if (rows < 1 || count == 0 || count % rows != 0)
    return node.fail("{} coefficients for {} rows", count, rows);
  DType dtype = node.dtype(x);
  ValueId weights =
      RUNE_TRY(make.constant(dtype, {rows, count / rows}, coefficients));
  ValueId y = RUNE_TRY(
      make.one(Op::MatMul, {x, weights}, {{"transpose_b", int64_t{1}}}));
  if (intercepts.empty())
    return y;
  if (intercepts.size() != 1 && static_cast<int64_t>(intercepts.size()) != rows)
    return node.fail("{} intercepts for {} rows", intercepts.size(), rows);
  return make.add(
      y, RUNE_TRY(make.constant(
             dtype, {static_cast<int64_t>(intercepts.size())}, intercepts)));
}

Result<ValueId> matrixOf(Composer &make, ValueId x) {
  x = RUNE_TRY(mlReal(make, x));
  return make.node().rank(x) == 1 ? make.reshape(x, {1, -1}) : x;
}

/// How many rows the coefficients are: the width of x says it, else the
/// intercepts, else the labels.
Result<int64_t> rowsOfClassifier(OnnxNode &node, ValueId x, size_t labels) {
  auto count =
      static_cast<int64_t>(RUNE_TRY(mlNumbers(node, "coefficients")).size());
  const Dims &dims = node.type(x).dims;
  if (dims.size() == 2 && dims[1].isFixed() && dims[1].size() > 0)
    return count / dims[1].size();
  auto intercepts =
      static_cast<int64_t>(RUNE_TRY(mlNumbers(node, "intercepts")).size());
  return intercepts > 0 ? intercepts
                        : std::max<int64_t>(static_cast<int64_t>(labels), 1);
}

/// The label of one score: above a threshold or not.
Result<ValueId> labelOfOne(Composer &make, ValueId scores,
                           const MlLabels &labels, std::string_view transform) {
  OnnxNode &node = make.node();
  if (labels.count > 0 && labels.numbers.empty())
    return node.unsupported("one class label that is a text");
  double threshold = transform == "NONE" ? 0 : 0.5;
  ValueId above = RUNE_TRY(
      make.one(Op::LessEqual, {make.scalar(threshold, scores), scores}));
  ValueId flat = RUNE_TRY(make.reshape(above, {-1}));
  auto number = [&](int64_t value) {
    return make.scalarOf(static_cast<double>(value), DType::I64);
  };
  return make.choose(flat, number(labels.count > 0 ? labels.numbers[0] : 1),
                     number(0));
}

/// A list of the width of x, or of one.
Result<ValueId> perColumn(Composer &make, ValueId x,
                          const std::vector<double> &values) {
  return make.constant(make.node().dtype(x),
                       {static_cast<int64_t>(values.size())}, values);
}

} // namespace

/// inputs  X [N, F]
/// result  f32 [N, targets]
Imported importMlLinearRegressor(OnnxNode &node) {
  Composer make(node);
  ValueId x = RUNE_TRY(matrixOf(make, RUNE_TRY(node.input(0, "X"))));
  int64_t targets = RUNE_TRY(node.integer("targets", 1));
  ValueId y = RUNE_TRY(linear(make, x, targets));
  y = RUNE_TRY(postTransform(make, y, RUNE_TRY(postTransformOf(node))));
  return std::vector{RUNE_TRY(make.finish(y, DType::F32))};
}

/// inputs  X [N, F]
/// result  [N], the label of the largest score; f32 [N, classes], the scores.
/// One
///         row of coefficients for two labels gives the score s as -s and s
Imported importMlLinearClassifier(OnnxNode &node) {
  Composer make(node);
  ValueId x = RUNE_TRY(matrixOf(make, RUNE_TRY(node.input(0, "X"))));
  node.ignore("multi_class");
  MlLabels labels =
      RUNE_TRY(mlLabels(make, "classlabels_ints", "classlabels_strings"));
  int64_t rows = RUNE_TRY(rowsOfClassifier(node, x, labels.count));
  std::string transform = RUNE_TRY(postTransformOf(node));
  ValueId scores = RUNE_TRY(linear(make, x, rows));
  if (rows == 1 && labels.count == 2)
    scores = RUNE_TRY(make.one(Op::Concat,
                               {RUNE_TRY(make.one(Op::Neg, {scores})), scores},
                               {{"axis", int64_t{1}}}));
  scores = RUNE_TRY(postTransform(make, scores, transform));
  ValueId label = noValue;
  if (rows == 1 && labels.count < 2) {
    label = RUNE_TRY(labelOfOne(make, scores, labels, transform));
  } else {
    label =
        RUNE_TRY(make.one(Op::ArgMax, {scores},
                          {{"axis", int64_t{1}}, {"keep_dims", int64_t{0}}}));
    if (labels.count > 0)
      label = RUNE_TRY(make.one(Op::Gather, {labels.values, label}));
  }
  return std::vector{RUNE_TRY(node.one(Op::Identity, {label})),
                     RUNE_TRY(make.cast(scores, DType::F32))};
}

/// result  f32 (X - offset) · scale, by the last dimension
Imported importMlScaler(OnnxNode &node) {
  Composer make(node);
  ValueId x = RUNE_TRY(mlReal(make, RUNE_TRY(node.input(0, "X"))));
  std::vector<double> offset = RUNE_TRY(mlNumbers(node, "offset")),
                      scale = RUNE_TRY(mlNumbers(node, "scale"));
  if (!offset.empty())
    x = RUNE_TRY(make.sub(x, RUNE_TRY(perColumn(make, x, offset))));
  if (!scale.empty())
    x = RUNE_TRY(make.mul(x, RUNE_TRY(perColumn(make, x, scale))));
  return std::vector{RUNE_TRY(make.finish(x, DType::F32))};
}

/// inputs  X [N, F] or [F]
/// result  f32: each row divided by the largest size of an element (MAX), the
/// sum
///         of the sizes (L1), or their root mean square times √F (L2); rows of
///         zeros stay
Imported importMlNormalizer(OnnxNode &node) {
  Composer make(node);
  ValueId x = RUNE_TRY(mlReal(make, RUNE_TRY(node.input(0, "X"))));
  int64_t rank = node.rank(x);
  if (rank < 1 || rank > 2)
    return node.fail("`X` is `{}`, needs one or two dimensions",
                     node.type(x).str());
  std::string norm = RUNE_TRY(node.text("norm")).value_or("MAX");
  x = RUNE_TRY(make.cast(x, DType::F64)); // squares of floats fit
  Integers axes = {rank - 1};
  ValueId size = RUNE_TRY(make.one(Op::Abs, {x}));
  ValueId sum = noValue;
  if (norm == "MAX")
    sum = RUNE_TRY(make.reduce(Op::ReduceMax, x, axes, true));
  else if (norm == "L1")
    sum = RUNE_TRY(make.reduce(Op::ReduceSum, size, axes, true));
  else if (norm == "L2")
    sum = RUNE_TRY(make.one(
        Op::Sqrt, {RUNE_TRY(make.reduce(Op::ReduceSum, RUNE_TRY(make.mul(x, x)),
                                        axes, true))}));
  else
    return node.fail("`norm` is `{}`, needs `MAX`, `L1` or `L2`", norm);
  ValueId none = RUNE_TRY(make.one(Op::Equal, {sum, make.scalar(0, sum)}));
  sum = RUNE_TRY(make.choose(none, make.scalar(1, sum), sum));
  ValueId y = RUNE_TRY(make.div(x, sum));
  return std::vector{RUNE_TRY(make.finish(y, DType::F32))};
}

/// result  1 where X is above `threshold`, else 0, of X's type
Imported importMlBinarizer(OnnxNode &node) {
  Composer make(node);
  ValueId x = RUNE_TRY(node.input(0, "X"));
  DType dtype = node.dtype(x);
  float threshold = RUNE_TRY(node.number("threshold", 0));
  ValueId real = RUNE_TRY(mlReal(make, x));
  ValueId above =
      RUNE_TRY(make.one(Op::Less, {make.scalar(threshold, real), real}));
  return std::vector{RUNE_TRY(make.finish(above, dtype))};
}

} // namespace rune::import
