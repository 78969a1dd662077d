// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tree_ensemble(x[N, F], nodes i64[n, 4], splits[n], roots i64[t], leaves
// i64[l, 2], targets i64[e], weights[e]): each row of x falls through every
// tree; the leaf it reaches gives weights to targets, which are aggregated.
//
// A node is [feature, mode, if true, if false]: it compares x[feature] with its
// split. Where it leads, and a root, is the number of a node, or ~k for leaf k.
// Leaf k gives the entries from leaves[k, 0] to leaves[k, 1]. A node leads only
// to nodes behind it: no tree has a cycle, and all may be checked before the
// run. Aggregated in f64.
//
// source  ONNX ai.onnx.ml TreeEnsemble-5, TreeEnsembleRegressor-3
#include "graph/ops/common.h"

#include <algorithm>
#include <limits>

namespace rune::graph {
namespace {

enum Input : size_t { X, Nodes, Splits, Roots, Leaves, Targets, Weights };

/// Bits of a node's mode: which comparison, and where NaN goes.
enum Mode : int64_t { Leq, Lt, Geq, Gt, Eq, Neq, ModeCount };
constexpr int64_t nanIsTrue = 8;

bool isMatrix(const TensorType &type, const Dim &columns) {
  return type.dtype == DType::I64 && type.dims.size() == 2 &&
         unify(type.dims[1], columns);
}
bool isList(const TensorType &type) {
  return type.dtype == DType::I64 && type.dims.size() == 1;
}

Result<> checkTypes(const InferContext &context) {
  DType dtype = context.dtype(Splits);
  // tree_ensemble.1: x is [N, F]; splits and weights f32 or f64 of x's type
  if (context.rank(X) != 2 || (dtype != DType::F32 && dtype != DType::F64) ||
      context.dtype(X) != dtype || context.dtype(Weights) != dtype)
    return context.fail(
        1, "needs [N, F], splits and weights of f32 or f64, got {}, {} and {}",
        context.type(X).str(), context.type(Splits).str(),
        context.type(Weights).str());
  // tree_ensemble.2: nodes i64[n, 4], leaves i64[l, 2], the others vectors
  bool fits = isMatrix(context.type(Nodes), 4) &&
              isMatrix(context.type(Leaves), 2) &&
              isList(context.type(Roots)) && isList(context.type(Targets)) &&
              context.rank(Splits) == 1 && context.rank(Weights) == 1;
  if (!fits || !unify(context.dims(Nodes)[0], context.dims(Splits)[0]) ||
      !unify(context.dims(Targets)[0], context.dims(Weights)[0]))
    return context.fail(2,
                        "nodes {}, splits {}, roots {}, leaves {}, targets {}, "
                        "weights {} do not go together",
                        context.type(Nodes).str(), context.type(Splits).str(),
                        context.type(Roots).str(), context.type(Leaves).str(),
                        context.type(Targets).str(),
                        context.type(Weights).str());
  return {};
}

/// Those of the lists that are known.
Result<> checkLists(const InferContext &context) {
  auto nodes = context.integers(Nodes), roots = context.integers(Roots),
       leaves = context.integers(Leaves), targets = context.integers(Targets);
  if (!nodes || !roots || !leaves || !targets)
    return {};
  auto count = static_cast<int64_t>(nodes->size() / 4),
       leafCount = static_cast<int64_t>(leaves->size() / 2),
       entries = static_cast<int64_t>(targets->size());
  auto leads = [&](int64_t to, int64_t from) {
    return to < 0 ? ~to < leafCount : to > from && to < count;
  };
  const Dim &features = context.dims(X)[1];
  for (int64_t i = 0; i < count; ++i) {
    const int64_t *node = nodes->data() + 4 * i;
    // tree_ensemble.4: a node looks at a feature, in a known mode
    if (node[0] < 0 || (features.isFixed() && node[0] >= features.size()) ||
        node[1] < 0 || (node[1] & ~nanIsTrue) >= ModeCount)
      return context.fail(4, "node {} has feature {} of {} and mode {}", i,
                          node[0], features.str(), node[1]);
    // tree_ensemble.5: it leads to nodes behind it, or to leaves
    if (!leads(node[2], i) || !leads(node[3], i))
      return context.fail(
          5, "node {} leads to {} and {}; there are {} nodes and {} leaves", i,
          node[2], node[3], count, leafCount);
  }
  for (int64_t root : *roots)
    // tree_ensemble.6: roots are nodes or leaves
    if (!leads(root, -1))
      return context.fail(6, "root {} of {} nodes and {} leaves", root, count,
                          leafCount);
  for (int64_t i = 0; i < leafCount; ++i)
    // tree_ensemble.7: leaves are pieces of the entries
    if ((*leaves)[2 * i] < 0 || (*leaves)[2 * i] > (*leaves)[2 * i + 1] ||
        (*leaves)[2 * i + 1] > entries)
      return context.fail(7, "leaf {} from {} to {} of {} entries", i,
                          (*leaves)[2 * i], (*leaves)[2 * i + 1], entries);
  int64_t most = context.node.integer("targets");
  for (int64_t target : *targets)
    // tree_ensemble.8: targets below `targets`
    if (target < 0 || target >= most)
      return context.fail(8, "target {} of {}", target, most);
  return {};
}

Result<Types> infer(const InferContext &context) {
  RUNE_TRY(checkTypes(context));
  int64_t targets = context.node.integer("targets");
  // tree_ensemble.3: at least one target
  if (targets < 1)
    return context.fail(3, "{} targets", targets);
  RUNE_TRY(checkLists(context));
  return Types{{context.dtype(X), {context.dims(X)[0], Dim(targets)}}};
}

template <class T> bool compare(int64_t mode, T x, T split) {
  if (std::isnan(x) && (mode & nanIsTrue) != 0)
    return true;
  switch (mode & ~nanIsTrue) {
  case Leq:
    return x <= split;
  case Lt:
    return x < split;
  case Geq:
    return x >= split;
  case Gt:
    return x > split;
  case Eq:
    return x == split;
  default:
    return x != split;
  }
}

/// What the leaves give one target.
struct Total {
  double value = 0;
  bool isSet = false;

  void add(std::string_view how, double weight) {
    if (!isSet)
      value = weight;
    else if (how == "min")
      value = std::min(value, weight);
    else if (how == "max")
      value = std::max(value, weight);
    else
      value += weight;
    isSet = true;
  }
};

template <class T> class Ensemble {
public:
  explicit Ensemble(const EvalContext &context)
      : context_(context), x_(context.input(X).data),
        splits_(context.input(Splits).data),
        weights_(context.input(Weights).data),
        nodes_(context.input(Nodes).data), roots_(context.input(Roots).data),
        leaves_(context.input(Leaves).data),
        targets_(context.input(Targets).data),
        trees_(context.input(Roots).sizes[0]),
        features_(context.input(X).sizes[1]),
        how_(context.node.text("aggregate")) {}

  Result<> row(int64_t row, std::vector<Total> &totals) const {
    std::ranges::fill(totals, Total());
    for (int64_t tree = 0; tree < trees_; ++tree) {
      uint64_t steps = 0;
      int64_t leaf = fall(roots_[tree], row * features_, steps);
      int64_t end = leaves_[2 * leaf + 1];
      for (int64_t i = leaves_[2 * leaf]; i < end; ++i, ++steps)
        totals[static_cast<size_t>(targets_[i])].add(
            how_, static_cast<double>(weights_[i]));
      if (!context_.budget.spend(steps))
        return context_.budget.expired();
    }
    return {};
  }
  T result(const Total &total) const {
    return static_cast<T>(how_ == "average" && trees_ > 0
                              ? total.value / static_cast<double>(trees_)
                              : total.value);
  }

private:
  int64_t fall(int64_t at, int64_t x, uint64_t &steps) const {
    for (; at >= 0; ++steps)
      at = compare<T>(nodes_[4 * at + 1], x_[x + nodes_[4 * at]], splits_[at])
               ? nodes_[4 * at + 2]
               : nodes_[4 * at + 3];
    return ~at;
  }

  const EvalContext &context_;
  Elements<T> x_, splits_, weights_;
  Elements<int64_t> nodes_, roots_, leaves_, targets_;
  int64_t trees_, features_;
  const std::string &how_;
};

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  auto targets = static_cast<size_t>(result.sizes()[1]);
  RUNE_TRY(context.budget.reserve(targets * sizeof(Total)));
  std::vector<Total> totals(targets);
  auto run = [&]<class T>(Type<T>) -> Result<> {
    Ensemble<T> ensemble(context);
    T *out = elementsOf<T>(result);
    for (int64_t row = 0; row < result.sizes()[0]; ++row) {
      RUNE_TRY(ensemble.row(row, totals));
      for (const Total &total : totals)
        *out++ = ensemble.result(total);
    }
    return {};
  };
  RUNE_TRY(result.dtype() == DType::F64 ? run(Type<double>{})
                                        : run(Type<float>{}));
  context.budget.release(targets * sizeof(Total));
  return single(std::move(result));
}

} // namespace

OpDefinition defineTreeEnsemble() {
  return {{7, 7},
          {1, 1},
          {{"aggregate",
            AttributeKind::Text,
            std::string("sum"),
            {"sum", "average", "min", "max"}},
           {"targets", AttributeKind::Integer, int64_t{1}, {}}},
          infer,
          evaluate};
}

} // namespace rune::graph
