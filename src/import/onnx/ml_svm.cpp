// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Support vector machines: the kernels are matrix products, and so are the sums
// over the vectors of each pair of classes.
//
// source  ONNX ai.onnx.ml, SVMRegressor-1, SVMClassifier-1; Chang and Lin 2011,
//         "LIBSVM"
#include "import/onnx/bodies.h"
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

/// libsvm stops after so many rounds, and where its error is below this by the
/// number of classes.
constexpr int64_t mostRounds = 100;
constexpr double leastError = 0.005;
/// Each is a few nodes.
constexpr size_t mostClasses = 64;

/// [N, classes²]: how likely the class of the row is beside that of the column,
/// from the scores of the pairs; 0 beside itself.
Result<ValueId> pairwise(Composer &make, ValueId scores, const Pairs &pairs,
                         const std::vector<double> &a,
                         const std::vector<double> &b) {
  auto count = static_cast<int64_t>(pairs.count());
  ValueId line = RUNE_TRY(
      make.add(RUNE_TRY(make.mul(
                   scores, RUNE_TRY(make.constant(DType::F64, {count}, a)))),
               RUNE_TRY(make.constant(DType::F64, {count}, b))));
  ValueId second = RUNE_TRY(make.one(Op::Sigmoid, {line}));
  second = RUNE_TRY(make.one(Op::Clamp, {second, make.scalar(1e-7, second),
                                         make.scalar(1 - 1e-7, second)}));
  ValueId first = RUNE_TRY(make.sub(make.scalar(1, second), second));
  ValueId none = RUNE_TRY(make.sub(first, first));
  ValueId all = RUNE_TRY(
      make.one(Op::Concat, {first, second, none}, {{"axis", int64_t{1}}}));
  size_t classes = pairs.classes;
  Integers places(classes * classes, 2 * count);
  int64_t pair = 0;
  for (size_t i = 0; i < classes; ++i)
    for (size_t j = i + 1; j < classes; ++j, ++pair) {
      places[i * classes + j] = pair;
      places[j * classes + i] = count + pair;
    }
  ValueId chosen = RUNE_TRY(make.one(Op::Gather, {all, make.integers(places)},
                                     {{"axis", int64_t{1}}}));
  auto size = static_cast<int64_t>(classes);
  return make.reshape(RUNE_TRY(make.cast(chosen, DType::F32)),
                      {-1, size, size});
}

/// Q of the second method: what libsvm minimises is pᵀ·Q·p.
Result<ValueId> coupling(Composer &make, ValueId r, size_t classes) {
  ValueId turned = RUNE_TRY(
      make.one(Op::Transpose, {r}, {{"permutation", Integers{0, 2, 1}}}));
  ValueId sums =
      RUNE_TRY(make.reduce(Op::ReduceSum, RUNE_TRY(make.mul(r, r)), {1}, true));
  auto size = static_cast<int64_t>(classes);
  std::vector<double> unit(classes * classes);
  for (size_t i = 0; i < classes; ++i)
    unit[i * classes + i] = 1;
  ValueId diagonal = RUNE_TRY(
      make.mul(sums, RUNE_TRY(make.constant(DType::F32, {size, size}, unit))));
  return make.sub(diagonal, RUNE_TRY(make.mul(r, turned)));
}

/// One round: each class in turn, then all scaled to a sum of 1.
Result<ValueId> improved(Composer &make, ValueId q, ValueId p, ValueId qp,
                         ValueId pqp, size_t classes) {
  auto size = static_cast<int64_t>(classes);
  for (size_t t = 0; t < classes; ++t) {
    std::vector<double> here(classes);
    here[t] = 1;
    ValueId only = RUNE_TRY(make.constant(DType::F32, {1, size}, here));
    // [N, classes]: row t of Q
    ValueId row = RUNE_TRY(make.one(
        Op::Gather, {q, make.scalarOf(static_cast<double>(t), DType::I64)},
        {{"axis", int64_t{1}}}));
    auto at = [&](ValueId vector) -> Result<ValueId> {
      return make.reduce(Op::ReduceSum, RUNE_TRY(make.mul(vector, only)), {1},
                         true);
    };
    ValueId self = RUNE_TRY(at(row)), slope = RUNE_TRY(at(qp));
    ValueId change = RUNE_TRY(make.div(RUNE_TRY(make.sub(pqp, slope)), self));
    ValueId scale = RUNE_TRY(make.add(change, make.scalar(1, change)));
    p = RUNE_TRY(make.div(
        RUNE_TRY(make.add(p, RUNE_TRY(make.mul(change, only)))), scale));
    ValueId twice = RUNE_TRY(make.add(slope, slope));
    ValueId gain = RUNE_TRY(make.mul(
        change, RUNE_TRY(make.add(RUNE_TRY(make.mul(change, self)), twice))));
    pqp = RUNE_TRY(make.div(
        RUNE_TRY(make.div(RUNE_TRY(make.add(pqp, gain)), scale)), scale));
    qp = RUNE_TRY(make.div(
        RUNE_TRY(make.add(qp, RUNE_TRY(make.mul(change, row)))), scale));
  }
  return p;
}

/// (turn, going, p) → (whether a row went on, p)
Result<Body> roundOf(OnnxNode &node, ValueId q, size_t classes) {
  auto make = [&](Bodies &inside, graph::GraphBuilder &builder) -> Imported {
    OnnxNode here = node.within(inside, builder);
    Composer c(here);
    auto size = static_cast<int64_t>(classes);
    builder.input("turn", {DType::I64, Dims{}});
    builder.input("going", {DType::Bool, Dims{}});
    ValueId p =
        builder.input("p", TensorType{DType::F32, {Dim::unknown(), Dim(size)}});
    ValueId matrix = inside.reach(q);
    ValueId column = RUNE_TRY(c.one(Op::Unsqueeze, {p, c.integers({2})}));
    ValueId qp = RUNE_TRY(
        c.one(Op::Squeeze, {RUNE_TRY(c.one(Op::MatMul, {matrix, column})),
                            c.integers({2})}));
    ValueId pqp =
        RUNE_TRY(c.reduce(Op::ReduceSum, RUNE_TRY(c.mul(p, qp)), {1}, true));
    ValueId off = RUNE_TRY(c.one(Op::Abs, {RUNE_TRY(c.sub(qp, pqp))}));
    ValueId worst = RUNE_TRY(c.reduce(Op::ReduceMax, off, {1}, true));
    ValueId least = c.scalar(leastError / static_cast<double>(classes), worst);
    ValueId done = RUNE_TRY(c.one(Op::Less, {worst, least}));
    ValueId next = RUNE_TRY(improved(c, matrix, p, qp, pqp, classes));
    ValueId ongoing =
        RUNE_TRY(c.cast(RUNE_TRY(c.one(Op::LogicalNot, {done})), DType::I64));
    ValueId count = RUNE_TRY(c.reduce(Op::ReduceSum, ongoing, {0, 1}, false));
    ValueId going = RUNE_TRY(c.one(Op::Less, {c.scalar(0, count), count}));
    return std::vector{going, RUNE_TRY(c.choose(done, p, next))};
  };
  return node.bodies().build("coupling", make);
}

/// The probabilities of the classes, from those of each pair (Platt's sigmoid
/// of its score), as libsvm couples them: rounds until the error is small, of
/// two classes too, as ONNX Runtime has it.
///
/// source  Wu, Lin and Weng 2004, "Probability estimates for multi-class
///         classification by pairwise coupling", the second method
Result<ValueId> coupled(Composer &make, ValueId scores, const Pairs &pairs,
                        const std::vector<double> &a,
                        const std::vector<double> &b) {
  OnnxNode &node = make.node();
  size_t classes = pairs.classes;
  if (classes > mostClasses)
    return node.unsupported("probabilities of {} classes, at most {}", classes,
                            mostClasses);
  if (a.size() != pairs.count())
    return node.fail("{} `prob_a` for {} pairs of classes", a.size(),
                     pairs.count());
  ValueId r = RUNE_TRY(pairwise(make, scores, pairs, a, b));
  ValueId q = RUNE_TRY(coupling(make, r, classes));
  // as likely as each other at first
  ValueId sums = RUNE_TRY(make.reduce(Op::ReduceSum, r, {1}, false));
  ValueId start =
      RUNE_TRY(make.add(RUNE_TRY(make.sub(sums, sums)),
                        make.scalar(1.0 / static_cast<double>(classes), sums)));
  Body body = RUNE_TRY(roundOf(node, q, classes));
  std::vector<ValueId> inputs = {make.scalarOf(mostRounds, DType::I64), noValue,
                                 start};
  inputs.insert(inputs.end(), body.captures.begin(), body.captures.end());
  std::vector<graph::Graph> bodies;
  bodies.push_back(std::move(body.graph));
  auto results = RUNE_TRY(
      node.graph().node(Op::Loop, make.part("coupling"), std::move(inputs),
                        {{"carried", int64_t{1}}}, 1, std::move(bodies)));
  return results[0];
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
/// errors  unsupported: probabilities of more than 64 classes
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
    if (!a.empty() && b.size() != a.size())
      return node.fail("{} `prob_a` and {} `prob_b`", a.size(), b.size());
    if (!a.empty())
      scores = RUNE_TRY(coupled(make, scores, pairs, a, b));
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
