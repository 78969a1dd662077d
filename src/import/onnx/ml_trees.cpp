// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/ml_trees.h"

#include "import/onnx/ml.h"

#include <algorithm>
#include <map>

namespace rune::import {
namespace {

enum class Mark : uint8_t { New, Open, Done };

/// Depth first, without recursion: nodes in the reverse of the order in which
/// they are finished.
class Sorter {
public:
  Sorter(const OnnxNode &node, const Trees &trees)
      : node_(node), trees_(trees), marks_(trees.nodes.size()) {}

  /// errors  `import.malformed`: cycles, targets that do not exist
  Result<> visit(TreeTarget root) {
    RUNE_TRY(check(root));
    if (root < 0 || mark(root) == Mark::Done)
      return {};
    open_.push_back({root, 0});
    mark(root) = Mark::Open;
    while (!open_.empty()) {
      auto [at, next] = open_.back();
      if (next == 2) {
        mark(at) = Mark::Done;
        finished_.push_back(at);
        open_.pop_back();
        continue;
      }
      ++open_.back().second;
      RUNE_TRY(enter(at, next == 0 ? nodeAt(at).ifTrue : nodeAt(at).ifFalse));
    }
    return {};
  }
  /// The nodes that were reached, each before those it leads to.
  std::vector<TreeTarget> order() const {
    return {finished_.rbegin(), finished_.rend()};
  }

private:
  const TreeNode &nodeAt(TreeTarget at) const {
    return trees_.nodes[static_cast<size_t>(at)];
  }
  Mark &mark(TreeTarget at) { return marks_[static_cast<size_t>(at)]; }

  Result<> check(TreeTarget to) const {
    bool exists = to < 0 ? static_cast<size_t>(~to) < trees_.leaves.size()
                         : static_cast<size_t>(to) < trees_.nodes.size();
    if (!exists)
      return node_.fail("a branch leads to {} {}, there are {} nodes and {} "
                        "leaves",
                        to < 0 ? "leaf" : "node", to < 0 ? ~to : to,
                        trees_.nodes.size(), trees_.leaves.size());
    return {};
  }
  Result<> enter(TreeTarget from, TreeTarget to) {
    RUNE_TRY(check(to));
    if (to < 0 || mark(to) == Mark::Done)
      return {};
    if (mark(to) == Mark::Open)
      return node_.fail("the trees have a cycle: node {} leads back to {}",
                        from, to);
    mark(to) = Mark::Open;
    open_.push_back({to, 0});
    return {};
  }

  const OnnxNode &node_;
  const Trees &trees_;
  std::vector<Mark> marks_;
  std::vector<std::pair<TreeTarget, int>> open_;
  std::vector<TreeTarget> finished_;
};

} // namespace

Result<Trees> inOrder(const OnnxNode &node, Trees trees) {
  Sorter sorter(node, trees);
  for (TreeTarget root : trees.roots)
    RUNE_TRY(sorter.visit(root));
  std::vector<TreeTarget> order = sorter.order();
  std::vector<TreeTarget> places(trees.nodes.size());
  for (size_t i = 0; i < order.size(); ++i)
    places[static_cast<size_t>(order[i])] = static_cast<TreeTarget>(i);
  auto moved = [&](TreeTarget to) {
    return to < 0 ? to : places[static_cast<size_t>(to)];
  };
  std::vector<TreeNode> nodes;
  for (TreeTarget at : order) {
    TreeNode next = trees.nodes[static_cast<size_t>(at)];
    next.ifTrue = moved(next.ifTrue);
    next.ifFalse = moved(next.ifFalse);
    nodes.push_back(next);
  }
  trees.nodes = std::move(nodes);
  std::ranges::transform(trees.roots, trees.roots.begin(), moved);
  return trees;
}

Result<ValueId> treeEnsemble(Composer &make, ValueId x, const Trees &trees,
                             int64_t targets, std::string_view aggregate) {
  DType dtype = make.node().dtype(x);
  Integers nodes, leaves;
  std::vector<double> splits;
  for (const TreeNode &node : trees.nodes) {
    nodes.insert(nodes.end(), {node.feature, node.mode + 8 * node.nanIsTrue,
                               node.ifTrue, node.ifFalse});
    splits.push_back(node.split);
  }
  for (auto [from, to] : trees.leaves)
    leaves.insert(leaves.end(), {from, to});
  auto sized = [](size_t count) { return static_cast<int64_t>(count); };
  std::vector<ValueId> inputs = {
      x,
      RUNE_TRY(make.constant({sized(splits.size()), 4}, nodes)),
      RUNE_TRY(make.constant(dtype, {sized(splits.size())}, splits)),
      make.integers(trees.roots),
      RUNE_TRY(make.constant({sized(trees.leaves.size()), 2}, leaves)),
      make.integers(trees.targets),
      RUNE_TRY(
          make.constant(dtype, {sized(trees.weights.size())}, trees.weights))};
  return make.one(
      Op::TreeEnsemble, std::move(inputs),
      {{"aggregate", std::string(aggregate)}, {"targets", targets}});
}

Result<std::vector<double>> numbersOrTensor(OnnxNode &node,
                                            const std::string &name) {
  std::vector<double> plain = RUNE_TRY(mlNumbers(node, name));
  if (node.opset() < 3)
    return plain;
  auto tensor = RUNE_TRY(mlTensor(node, name + "_as_tensor"));
  return tensor ? tensor->values : plain;
}

namespace {

using NodeId = std::pair<int64_t, int64_t>;

/// The lists that say what the nodes are; of one length.
struct Lists {
  Integers trees, ids, features, ifTrue, ifFalse, missing;
  std::vector<double> splits;
  std::vector<std::string> modes;
};

Result<Lists> readLists(OnnxNode &node) {
  Lists lists;
  lists.trees = RUNE_TRY(mlIntegers(node, "nodes_treeids"));
  lists.ids = RUNE_TRY(mlIntegers(node, "nodes_nodeids"));
  lists.features = RUNE_TRY(mlIntegers(node, "nodes_featureids"));
  lists.ifTrue = RUNE_TRY(mlIntegers(node, "nodes_truenodeids"));
  lists.ifFalse = RUNE_TRY(mlIntegers(node, "nodes_falsenodeids"));
  lists.missing = RUNE_TRY(mlIntegers(node, "nodes_missing_value_tracks_true"));
  lists.splits = RUNE_TRY(numbersOrTensor(node, "nodes_values"));
  lists.modes =
      RUNE_TRY(node.texts("nodes_modes")).value_or(std::vector<std::string>());
  RUNE_TRY(numbersOrTensor(node, "nodes_hitrates"));
  size_t count = lists.ids.size();
  for (size_t other :
       {lists.trees.size(), lists.features.size(), lists.ifTrue.size(),
        lists.ifFalse.size(), lists.splits.size(), lists.modes.size(),
        lists.missing.empty() ? count : lists.missing.size()})
    if (other != count)
      return node.fail("the lists of nodes have {} and {} entries", count,
                       other);
  return lists;
}

/// Nothing for a leaf.
Result<std::optional<int64_t>> modeNamed(const OnnxNode &node,
                                         std::string_view name) {
  constexpr std::string_view names[] = {"BRANCH_LEQ", "BRANCH_LT",
                                        "BRANCH_GTE", "BRANCH_GT",
                                        "BRANCH_EQ",  "BRANCH_NEQ"};
  if (name == "LEAF")
    return std::optional<int64_t>();
  auto place = std::ranges::find(names, name);
  if (place == std::end(names))
    return node.fail("a node has the mode `{}`", name);
  return std::optional<int64_t>(place - std::begin(names));
}

/// The entries of all leaves, each leaf's one behind the other.
Result<std::map<NodeId, TreeTarget>>
readLeaves(OnnxNode &node, const std::string &prefix, Trees &trees) {
  Integers treeIds = RUNE_TRY(mlIntegers(node, prefix + "_treeids")),
           nodeIds = RUNE_TRY(mlIntegers(node, prefix + "_nodeids")),
           ids = RUNE_TRY(mlIntegers(node, prefix + "_ids"));
  std::vector<double> weights =
      RUNE_TRY(numbersOrTensor(node, prefix + "_weights"));
  if (treeIds.size() != ids.size() || nodeIds.size() != ids.size() ||
      weights.size() != ids.size())
    return node.fail("the lists of leaves have {}, {}, {} and {} entries",
                     treeIds.size(), nodeIds.size(), ids.size(),
                     weights.size());
  std::map<NodeId, std::vector<size_t>> entries;
  for (size_t i = 0; i < ids.size(); ++i)
    entries[{treeIds[i], nodeIds[i]}].push_back(i);
  std::map<NodeId, TreeTarget> leaves;
  for (const auto &[id, list] : entries) {
    leaves[id] = ~static_cast<TreeTarget>(trees.leaves.size());
    auto from = static_cast<int64_t>(trees.targets.size());
    for (size_t i : list) {
      trees.targets.push_back(ids[i]);
      trees.weights.push_back(weights[i]);
    }
    trees.leaves.emplace_back(from, static_cast<int64_t>(trees.targets.size()));
  }
  return leaves;
}

} // namespace

Result<Trees> listedTrees(OnnxNode &node, const std::string &prefix) {
  Lists lists = RUNE_TRY(readLists(node));
  Trees trees;
  std::map<NodeId, TreeTarget> leaves =
      RUNE_TRY(readLeaves(node, prefix, trees));
  TreeTarget nothing = ~static_cast<TreeTarget>(trees.leaves.size());
  trees.leaves.emplace_back(0, 0); // a leaf without entries
  std::map<NodeId, TreeTarget> places;
  std::map<int64_t, TreeTarget> roots;
  std::vector<size_t> inner;
  for (size_t i = 0; i < lists.ids.size(); ++i) {
    NodeId id{lists.trees[i], lists.ids[i]};
    auto mode = RUNE_TRY(modeNamed(node, lists.modes[i]));
    TreeTarget place = static_cast<TreeTarget>(inner.size());
    if (!mode) {
      auto leaf = leaves.find(id);
      place = leaf == leaves.end() ? nothing : leaf->second;
    } else {
      inner.push_back(i);
      trees.nodes.push_back({lists.features[i], *mode,
                             !lists.missing.empty() && lists.missing[i] != 0,
                             lists.splits[i]});
    }
    if (!places.emplace(id, place).second)
      return node.fail("node {} of tree {} is there twice", id.second,
                       id.first);
    roots.emplace(id.first, place);
  }
  for (size_t k = 0; k < inner.size(); ++k)
    for (bool isTrue : {true, false}) {
      size_t i = inner[k];
      NodeId id{lists.trees[i], isTrue ? lists.ifTrue[i] : lists.ifFalse[i]};
      auto place = places.find(id);
      if (place == places.end())
        return node.fail("node {} of tree {} leads to {}, which is not there",
                         lists.ids[i], id.first, id.second);
      (isTrue ? trees.nodes[k].ifTrue : trees.nodes[k].ifFalse) = place->second;
    }
  for (auto [tree, place] : roots)
    trees.roots.push_back(place);
  return inOrder(node, std::move(trees));
}

} // namespace rune::import
