// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX ai.onnx.ml, TreeEnsemble-5, TreeEnsembleRegressor-1, 3, 5,
//         TreeEnsembleClassifier-1, 3, 5
#include "import/onnx/ml.h"
#include "import/onnx/ml_trees.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

namespace rune::import {
namespace {

constexpr std::string_view aggregates[] = {"average", "sum", "min", "max"};
constexpr std::string_view transforms[] = {"NONE", "SOFTMAX", "LOGISTIC",
                                           "SOFTMAX_ZERO", "PROBIT"};

/// Rows of features; a vector is one row.
Result<ValueId> rowsOf(Composer &make, ValueId x) {
  x = RUNE_TRY(mlReal(make, x));
  return make.node().rank(x) == 1 ? make.reshape(x, {1, -1}) : x;
}

Result<ValueId> withBase(Composer &make, ValueId scores,
                         const std::vector<double> &base, int64_t targets) {
  if (base.empty())
    return scores;
  if (base.size() != 1 && base.size() != static_cast<size_t>(targets))
    return make.node().fail("{} base values for {} targets", base.size(),
                            targets);
  DType dtype = make.node().dtype(scores);
  ValueId values =
      RUNE_TRY(make.constant(dtype, {static_cast<int64_t>(base.size())}, base));
  return make.add(scores, values);
}

// --- TreeEnsemble-5 ---------------------------------------------------------

Result<size_t> modeCount(const OnnxNode &node, size_t count, size_t other,
                         std::string_view name) {
  if (count != other)
    return node.fail("{} nodes, but `{}` has {} entries", count, name, other);
  return count;
}

/// The lists of members, one for each node that tests membership, in their
/// order; each ends with a NaN.
Result<std::vector<std::vector<double>>> memberLists(OnnxNode &node) {
  std::vector<std::vector<double>> lists;
  auto values = RUNE_TRY(mlTensor(node, "membership_values"));
  if (!values)
    return lists;
  std::vector<double> list;
  for (double value : values->values)
    if (std::isnan(value))
      lists.push_back(std::exchange(list, {}));
    else
      list.push_back(value);
  if (!list.empty())
    return node.fail("`membership_values` does not end with NaN");
  return lists;
}

/// A node that tests membership becomes a chain of tests for equality.
void addMembers(Trees &trees, size_t at, const std::vector<double> &members) {
  constexpr int64_t equal = 4;
  TreeNode first = trees.nodes[at];
  first.mode = equal;
  first.split =
      members.empty() ? std::numeric_limits<double>::quiet_NaN() : members[0];
  TreeTarget otherwise = first.ifFalse;
  for (size_t i = members.size(); i-- > 1;) {
    TreeNode next = first;
    next.split = members[i];
    next.ifFalse = otherwise;
    otherwise = static_cast<TreeTarget>(trees.nodes.size());
    trees.nodes.push_back(next);
  }
  first.ifFalse = otherwise;
  trees.nodes[at] = first;
}

Result<Trees> tensorTrees(OnnxNode &node, DType &dtype) {
  auto splits = RUNE_TRY(mlTensor(node, "nodes_splits")),
       modes = RUNE_TRY(mlTensor(node, "nodes_modes")),
       missing = std::optional<MlTensor>();
  auto weights = RUNE_TRY(mlTensor(node, "leaf_weights"));
  RUNE_TRY(mlTensor(node, "nodes_hitrates"));
  Integers features = RUNE_TRY(mlIntegers(node, "nodes_featureids")),
           ifTrue = RUNE_TRY(mlIntegers(node, "nodes_truenodeids")),
           ifFalse = RUNE_TRY(mlIntegers(node, "nodes_falsenodeids")),
           trueLeaf = RUNE_TRY(mlIntegers(node, "nodes_trueleafs")),
           falseLeaf = RUNE_TRY(mlIntegers(node, "nodes_falseleafs")),
           nan = RUNE_TRY(mlIntegers(node, "nodes_missing_value_tracks_true"));
  if (!splits || !modes || !weights)
    return node.fail("`nodes_splits`, `nodes_modes` or `leaf_weights` is "
                     "missing");
  dtype = splits->dtype;
  size_t count = splits->values.size();
  RUNE_TRY(modeCount(node, count, modes->values.size(), "nodes_modes"));
  RUNE_TRY(modeCount(node, count, features.size(), "nodes_featureids"));
  RUNE_TRY(modeCount(node, count, ifTrue.size(), "nodes_truenodeids"));
  RUNE_TRY(modeCount(node, count, ifFalse.size(), "nodes_falsenodeids"));
  RUNE_TRY(modeCount(node, count, trueLeaf.size(), "nodes_trueleafs"));
  RUNE_TRY(modeCount(node, count, falseLeaf.size(), "nodes_falseleafs"));
  if (!nan.empty())
    RUNE_TRY(
        modeCount(node, count, nan.size(), "nodes_missing_value_tracks_true"));
  Trees trees;
  trees.targets = RUNE_TRY(mlIntegers(node, "leaf_targetids"));
  trees.weights = weights->values;
  if (trees.targets.size() != trees.weights.size())
    return node.fail("{} leaves, but {} weights", trees.targets.size(),
                     trees.weights.size());
  for (size_t i = 0; i < trees.targets.size(); ++i)
    trees.leaves.emplace_back(i, i + 1);
  auto lists = RUNE_TRY(memberLists(node));
  size_t used = 0;
  // negative ids would read as leaves
  auto target = [](int64_t to, int64_t isLeaf) {
    return isLeaf != 0 ? ~std::max<int64_t>(to, 0) : std::max<int64_t>(to, 0);
  };
  for (size_t i = 0; i < count; ++i)
    trees.nodes.push_back({features[i], static_cast<int64_t>(modes->values[i]),
                           !nan.empty() && nan[i] != 0, splits->values[i],
                           target(ifTrue[i], trueLeaf[i]),
                           target(ifFalse[i], falseLeaf[i])});
  for (size_t i = 0; i < count; ++i) {
    constexpr double member = 6;
    if (ifTrue[i] < 0 || ifFalse[i] < 0 || modes->values[i] > member)
      return node.fail("node {} has mode {} and leads to {} and {}", i,
                       modes->values[i], ifTrue[i], ifFalse[i]);
    if (modes->values[i] != member)
      continue;
    if (used >= lists.size())
      return node.fail("`membership_values` has {} lists, too few",
                       lists.size());
    addMembers(trees, i, lists[used++]);
  }
  if (used != lists.size())
    return node.fail("`membership_values` has {} lists, {} nodes use one",
                     lists.size(), used);
  for (int64_t root : RUNE_TRY(mlIntegers(node, "tree_roots"))) {
    auto at = static_cast<size_t>(root);
    if (root < 0 || at >= count)
      return node.fail("root {} of {} nodes", root, count);
    // a tree of one leaf is written as a node with that leaf twice
    bool single = trueLeaf[at] && falseLeaf[at] && ifTrue[at] == ifFalse[at];
    trees.roots.push_back(single ? ~ifTrue[at] : root);
  }
  return inOrder(node, std::move(trees));
}

template <size_t N>
Result<std::string> chosen(OnnxNode &node, std::string_view name,
                           const std::string_view (&words)[N],
                           int64_t otherwise) {
  int64_t number = RUNE_TRY(node.integer(name, otherwise));
  if (number < 0 || number >= static_cast<int64_t>(N))
    return node.fail("`{}` is {}, needs to be below {}", name, number, N);
  return std::string(words[number]);
}

// --- the classifier ---------------------------------------------------------

/// Scores of one class only: the other one's follow.
Result<ValueId> bothClasses(Composer &make, ValueId scores, int64_t column,
                            std::string_view transform) {
  ValueId own = RUNE_TRY(make.one(Op::Gather, {scores, make.integers({column})},
                                  {{"axis", int64_t{1}}}));
  bool plain = transform == "NONE" || transform == "PROBIT";
  ValueId other = plain ? RUNE_TRY(make.sub(make.scalar(1, own), own))
                        : RUNE_TRY(make.one(Op::Neg, {own}));
  return make.one(Op::Concat, {other, own}, {{"axis", int64_t{1}}});
}

} // namespace

/// inputs  X [N, F]
/// result  [N, n_targets]: the aggregated weights of the leaves
/// errors  branches that lead nowhere, cycles · lists of other lengths
Imported importMlTreeEnsemble(OnnxNode &node) {
  Composer make(node);
  ValueId input = RUNE_TRY(node.input(0, "X"));
  DType dtype = DType::F32;
  Trees trees = RUNE_TRY(tensorTrees(node, dtype));
  int64_t targets = RUNE_TRY(node.integer("n_targets", 1));
  std::string aggregate =
      RUNE_TRY(chosen(node, "aggregate_function", aggregates, 1));
  std::string transform =
      RUNE_TRY(chosen(node, "post_transform", transforms, 0));
  ValueId x = RUNE_TRY(rowsOf(make, input));
  ValueId y = RUNE_TRY(treeEnsemble(make, x, trees, targets, aggregate));
  y = RUNE_TRY(postTransform(make, y, transform));
  return std::vector{RUNE_TRY(
      make.finish(y, isFloat(node.dtype(input)) ? node.dtype(input) : dtype))};
}

/// The same from lists, with base values; f32.
Imported importMlTreeEnsembleRegressor(OnnxNode &node) {
  Composer make(node);
  ValueId x = RUNE_TRY(rowsOf(make, RUNE_TRY(node.input(0, "X"))));
  Trees trees = RUNE_TRY(listedTrees(node, "target"));
  int64_t targets = RUNE_TRY(node.integer("n_targets", 1));
  std::string aggregate =
      RUNE_TRY(node.text("aggregate_function")).value_or("SUM");
  std::ranges::transform(aggregate, aggregate.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (std::ranges::count(aggregates, aggregate) == 0)
    return node.fail("`aggregate_function` is `{}`", aggregate);
  ValueId y = RUNE_TRY(treeEnsemble(make, x, trees, targets, aggregate));
  y = RUNE_TRY(withBase(make, y, RUNE_TRY(numbersOrTensor(node, "base_values")),
                        targets));
  y = RUNE_TRY(postTransform(make, y, RUNE_TRY(postTransformOf(node))));
  return std::vector{RUNE_TRY(make.finish(y, DType::F32))};
}

/// inputs  X [N, F]
/// result  [N], the label of the largest score; [N, classes], the scores, f32
Imported importMlTreeEnsembleClassifier(OnnxNode &node) {
  Composer make(node);
  ValueId x = RUNE_TRY(rowsOf(make, RUNE_TRY(node.input(0, "X"))));
  Trees trees = RUNE_TRY(listedTrees(node, "class"));
  MlLabels labels =
      RUNE_TRY(mlLabels(make, "classlabels_int64s", "classlabels_strings"));
  if (labels.count == 0)
    return node.fail("no class labels");
  auto classes = static_cast<int64_t>(labels.count);
  std::string transform = RUNE_TRY(postTransformOf(node));
  ValueId scores = RUNE_TRY(treeEnsemble(make, x, trees, classes, "sum"));
  scores = RUNE_TRY(withBase(
      make, scores, RUNE_TRY(numbersOrTensor(node, "base_values")), classes));
  std::set<int64_t> used(trees.targets.begin(), trees.targets.end());
  if (used.size() == 1 && classes <= 2)
    scores = RUNE_TRY(bothClasses(make, scores, *used.begin(), transform));
  scores = RUNE_TRY(postTransform(make, scores, transform));
  ValueId place = RUNE_TRY(make.one(
      Op::ArgMax, {scores}, {{"axis", int64_t{1}}, {"keep_dims", int64_t{0}}}));
  ValueId label = place;
  if (classes > 1)
    label = RUNE_TRY(make.one(Op::Gather, {labels.values, place}));
  else if (labels.numbers != Integers{1})
    return node.unsupported("one class label that is not 1");
  return std::vector{RUNE_TRY(node.one(Op::Identity, {label})),
                     RUNE_TRY(make.cast(scores, DType::F32))};
}

} // namespace rune::import
