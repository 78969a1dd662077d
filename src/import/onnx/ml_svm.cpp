// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Support vector machines: the kernels are matrix products, and so are the sums
// over the vectors of each pair of classes.
//
// source  ONNX ai.onnx.ml, SVMRegressor-1, SVMClassifier-1; Chang and Lin 2011,
//         "LIBSVM"
#include "import/onnx/ml.h"

#include <algorithm>

namespace rune::import {
namespace {

struct Kernel {
  std::string type = "LINEAR";
  double gamma = 0, offset = 0, degree = 0;
};

Result<Kernel> kernelOf(OnnxNode &node) {
  Kernel kernel;
  kernel.type = RUNE_TRY(node.text("kernel_type")).value_or("LINEAR");
  std::vector<double> parameters = RUNE_TRY(mlNumbers(node, "kernel_params"));
  if (!parameters.empty() && parameters.size() != 3)
    return node.fail("{} `kernel_params`, needs 3", parameters.size());
  if (!parameters.empty()) {
    kernel.gamma = parameters[0];
    kernel.offset = parameters[1];
    kernel.degree = parameters[2];
  }
  return kernel;
}

/// gamma · p + offset
Result<ValueId> scaled(Composer &make, ValueId p, const Kernel &kernel) {
  return make.add(RUNE_TRY(make.mul(p, make.scalar(kernel.gamma, p))),
                  make.scalar(kernel.offset, p));
}

/// |x - v|² for each row of x and each vector, from their products.
Result<ValueId> distances(Composer &make, ValueId x, ValueId products,
                          const std::vector<double> &vectors, int64_t count) {
  std::vector<double> squares(static_cast<size_t>(count));
  size_t width = vectors.size() / squares.size();
  for (size_t i = 0; i < vectors.size(); ++i)
    squares[i / width] += vectors[i] * vectors[i];
  ValueId own =
      RUNE_TRY(make.reduce(Op::ReduceSum, RUNE_TRY(make.mul(x, x)), {1}, true));
  ValueId sum = RUNE_TRY(
      make.add(own, RUNE_TRY(make.constant(DType::F64, {count}, squares))));
  ValueId cross = RUNE_TRY(make.mul(products, make.scalar(2, products)));
  ValueId square = RUNE_TRY(make.sub(sum, cross));
  return make.one(Op::Maximum, {square, make.scalar(0, square)});
}

/// [N, count], of x [N, F] in f64.
Result<ValueId> kernels(Composer &make, ValueId x, const Kernel &kernel,
                        const std::vector<double> &vectors, int64_t count) {
  OnnxNode &node = make.node();
  auto total = static_cast<int64_t>(vectors.size());
  if (count < 1 || total == 0 || total % count != 0)
    return node.fail("{} numbers for {} vectors", total, count);
  ValueId matrix =
      RUNE_TRY(make.constant(DType::F64, {count, total / count}, vectors));
  ValueId p = RUNE_TRY(
      make.one(Op::MatMul, {x, matrix}, {{"transpose_b", int64_t{1}}}));
  if (kernel.type == "LINEAR")
    return p;
  if (kernel.type == "POLY") {
    ValueId base = RUNE_TRY(scaled(make, p, kernel));
    return make.one(Op::Pow, {base, make.scalar(kernel.degree, base)});
  }
  if (kernel.type == "SIGMOID")
    return make.one(Op::Tanh, {RUNE_TRY(scaled(make, p, kernel))});
  if (kernel.type != "RBF")
    return node.fail("`kernel_type` is `{}`", kernel.type);
  ValueId square = RUNE_TRY(distances(make, x, p, vectors, count));
  return make.one(
      Op::Exp,
      {RUNE_TRY(make.mul(square, make.scalar(-kernel.gamma, square)))});
}

Result<ValueId> rowsOf(Composer &make, ValueId x) {
  x = RUNE_TRY(mlReal(make, x));
  x = RUNE_TRY(make.cast(x, DType::F64));
  return make.node().rank(x) == 1 ? make.reshape(x, {1, -1}) : x;
}

// --- the classifier ---------------------------------------------------------

/// One against one: who meets whom, and with which vectors.
struct Pairs {
  size_t classes = 0, vectors = 0;
  /// [vectors, pairs]
  std::vector<double> weights;
  /// [pairs, classes]: who gets the vote if the score is positive, and if not.
  std::vector<double> first, second;
  size_t count() const { return classes * (classes - 1) / 2; }
};

Result<Pairs> pairsOf(const OnnxNode &node, const Integers &perClass,
                      const std::vector<double> &coefficients) {
  Pairs pairs;
  pairs.classes = perClass.size();
  std::vector<size_t> starts;
  for (int64_t count : perClass) {
    if (count < 0 || count > int64_t{1} << 31)
      return node.fail("{} vectors of a class", count);
    starts.push_back(pairs.vectors);
    pairs.vectors += static_cast<size_t>(count);
  }
  if (pairs.classes < 2 || pairs.classes > 4096 || pairs.vectors == 0 ||
      coefficients.size() != (pairs.classes - 1) * pairs.vectors)
    return node.fail("{} coefficients for {} vectors of {} classes",
                     coefficients.size(), pairs.vectors, pairs.classes);
  starts.push_back(pairs.vectors);
  size_t count = pairs.count(), pair = 0;
  if (count > (size_t{1} << 28) / pairs.vectors)
    return node.unsupported("{} pairs of classes with {} vectors", count,
                            pairs.vectors);
  pairs.weights.resize(pairs.vectors * count);
  pairs.first.resize(count * pairs.classes);
  pairs.second.resize(count * pairs.classes);
  for (size_t i = 0; i < pairs.classes; ++i)
    for (size_t j = i + 1; j < pairs.classes; ++j, ++pair) {
      for (size_t v = starts[i]; v < starts[i + 1]; ++v)
        pairs.weights[v * count + pair] =
            coefficients[(j - 1) * pairs.vectors + v];
      for (size_t v = starts[j]; v < starts[j + 1]; ++v)
        pairs.weights[v * count + pair] = coefficients[i * pairs.vectors + v];
      pairs.first[pair * pairs.classes + i] = 1;
      pairs.second[pair * pairs.classes + j] = 1;
    }
  return pairs;
}

Result<ValueId> added(Composer &make, ValueId scores,
                      const std::vector<double> &rho, size_t columns) {
  if (rho.size() != 1 && rho.size() != columns)
    return make.node().fail("{} `rho` for {} scores", rho.size(), columns);
  return make.add(
      scores, RUNE_TRY(make.constant(DType::F64,
                                     {static_cast<int64_t>(rho.size())}, rho)));
}

/// How many meetings each class wins.
Result<ValueId> votesOf(Composer &make, ValueId scores, const Pairs &pairs) {
  Integers sizes = {static_cast<int64_t>(pairs.count()),
                    static_cast<int64_t>(pairs.classes)};
  ValueId wins = RUNE_TRY(
      make.cast(RUNE_TRY(make.one(Op::Less, {make.scalar(0, scores), scores})),
                DType::F64));
  ValueId losses = RUNE_TRY(make.sub(make.scalar(1, wins), wins));
  ValueId first = RUNE_TRY(make.one(
      Op::MatMul,
      {wins, RUNE_TRY(make.constant(DType::F64, sizes, pairs.first))}));
  ValueId second = RUNE_TRY(make.one(
      Op::MatMul,
      {losses, RUNE_TRY(make.constant(DType::F64, sizes, pairs.second))}));
  return make.add(first, second);
}

/// The probabilities of two classes: Platt's sigmoid of their score.
Result<ValueId> probabilities(Composer &make, ValueId score, double a,
                              double b) {
  ValueId line = RUNE_TRY(make.add(
      RUNE_TRY(make.mul(score, make.scalar(a, score))), make.scalar(b, score)));
  ValueId second = RUNE_TRY(make.one(Op::Sigmoid, {line}));
  second = RUNE_TRY(make.one(Op::Clamp, {second, make.scalar(1e-7, second),
                                         make.scalar(1 - 1e-7, second)}));
  ValueId first = RUNE_TRY(make.sub(make.scalar(1, second), second));
  return make.one(Op::Concat, {first, second}, {{"axis", int64_t{1}}});
}

Result<ValueId> largest(Composer &make, ValueId scores) {
  return make.one(Op::ArgMax, {scores},
                  {{"axis", int64_t{1}}, {"keep_dims", int64_t{0}}});
}

} // namespace

/// inputs  X [N, F]
/// result  f32 [N, 1]: Σ coefficients · kernel + rho; with `one_class` its sign
Imported importMlSVMRegressor(OnnxNode &node) {
  Composer make(node);
  ValueId x = RUNE_TRY(rowsOf(make, RUNE_TRY(node.input(0, "X"))));
  Kernel kernel = RUNE_TRY(kernelOf(node));
  std::vector<double> coefficients = RUNE_TRY(mlNumbers(node, "coefficients")),
                      vectors = RUNE_TRY(mlNumbers(node, "support_vectors")),
                      rho = RUNE_TRY(mlNumbers(node, "rho"));
  int64_t supports = RUNE_TRY(node.integer("n_supports", 0));
  bool oneClass = RUNE_TRY(node.integer("one_class", 0)) != 0;
  std::string transform = RUNE_TRY(postTransformOf(node));
  ValueId y = noValue;
  if (supports > 0) {
    if (static_cast<int64_t>(coefficients.size()) != supports)
      return node.fail("{} coefficients for {} vectors", coefficients.size(),
                       supports);
    ValueId k = RUNE_TRY(kernels(make, x, kernel, vectors, supports));
    ValueId weights =
        RUNE_TRY(make.constant(DType::F64, {supports, 1}, coefficients));
    y = RUNE_TRY(make.one(Op::MatMul, {k, weights}));
  } else {
    y = RUNE_TRY(kernels(make, x, Kernel(), coefficients, 1));
  }
  if (!rho.empty())
    y = RUNE_TRY(added(make, y, {rho[0]}, 1));
  if (oneClass) {
    ValueId above = RUNE_TRY(make.one(Op::Less, {make.scalar(0, y), y}));
    y = RUNE_TRY(make.choose(above, make.scalar(1, y), make.scalar(-1, y)));
  }
  y = RUNE_TRY(postTransform(make, y, transform));
  return std::vector{RUNE_TRY(make.finish(y, DType::F32))};
}

/// inputs  X [N, F]
/// result  [N], labels; f32 scores: of each pair of classes (of two classes
/// both
///         signs of the one), or of each class where it is linear; with prob_a
///         the probabilities
/// errors  unsupported: probabilities of more than two classes
Imported importMlSVMClassifier(OnnxNode &node) {
  Composer make(node);
  ValueId x = RUNE_TRY(rowsOf(make, RUNE_TRY(node.input(0, "X"))));
  Kernel kernel = RUNE_TRY(kernelOf(node));
  std::vector<double> coefficients = RUNE_TRY(mlNumbers(node, "coefficients")),
                      vectors = RUNE_TRY(mlNumbers(node, "support_vectors")),
                      rho = RUNE_TRY(mlNumbers(node, "rho")),
                      a = RUNE_TRY(mlNumbers(node, "prob_a")),
                      b = RUNE_TRY(mlNumbers(node, "prob_b"));
  Integers perClass = RUNE_TRY(mlIntegers(node, "vectors_per_class"));
  MlLabels labels =
      RUNE_TRY(mlLabels(make, "classlabels_ints", "classlabels_strings"));
  std::string transform = RUNE_TRY(postTransformOf(node));
  ValueId scores = noValue, place = noValue;
  if (perClass.empty()) {
    size_t classes = std::max<size_t>(labels.count, 1);
    scores = RUNE_TRY(kernels(make, x, Kernel(), coefficients,
                              static_cast<int64_t>(classes)));
    scores = RUNE_TRY(added(make, scores, rho, classes));
    place = RUNE_TRY(largest(make, scores));
  } else {
    Pairs pairs = RUNE_TRY(pairsOf(node, perClass, coefficients));
    ValueId k = RUNE_TRY(
        kernels(make, x, kernel, vectors, static_cast<int64_t>(pairs.vectors)));
    auto count = static_cast<int64_t>(pairs.count());
    scores = RUNE_TRY(make.one(
        Op::MatMul,
        {k, RUNE_TRY(make.constant(DType::F64,
                                   {static_cast<int64_t>(pairs.vectors), count},
                                   pairs.weights))}));
    scores = RUNE_TRY(added(make, scores, rho, pairs.count()));
    place = RUNE_TRY(largest(make, RUNE_TRY(votesOf(make, scores, pairs))));
    if (!a.empty() && pairs.classes > 2)
      return node.unsupported("probabilities of {} classes", pairs.classes);
    if (!a.empty() && b.size() != a.size())
      return node.fail("{} `prob_a` and {} `prob_b`", a.size(), b.size());
    if (!a.empty())
      scores = RUNE_TRY(probabilities(make, scores, a[0], b[0]));
    else if (count == 1)
      scores = RUNE_TRY(
          make.one(Op::Concat, {RUNE_TRY(make.one(Op::Neg, {scores})), scores},
                   {{"axis", int64_t{1}}}));
  }
  scores = RUNE_TRY(postTransform(make, scores, transform));
  ValueId label = labels.count > 0
                      ? RUNE_TRY(make.one(Op::Gather, {labels.values, place}))
                      : place;
  return std::vector{RUNE_TRY(node.one(Op::Identity, {label})),
                     RUNE_TRY(make.cast(scores, DType::F32))};
}

} // namespace rune::import
