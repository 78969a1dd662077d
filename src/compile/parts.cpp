// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/parts.h"

#include "compile/movement.h"
#include "graph/ops.h"

#include <algorithm>

namespace rune::compile {

namespace {

using graph::Graph;
using graph::Node;
using graph::noValue;
using graph::Op;
using graph::ValueId;
using Sizes = std::vector<int64_t>;

/// Rows of fewer bytes are copied in less time than it takes elementwise loops
/// to go from one to the next.
constexpr int64_t leastRow = 64;

bool keepsOrder(Op op) {
  return op == Op::Identity || op == Op::Flatten || op == Op::Reshape ||
         op == Op::Squeeze || op == Op::Unsqueeze;
}

class Finder {
public:
  Finder(const Graph &graph, const Groups &groups,
         const std::set<std::string> &library)
      : graph_(graph), groups_(groups), parts_(graph),
        uses_(graph.values.size()),
        producer_(graph.values.size(), Groups::none),
        isFree_(graph.values.size(), false),
        isWhole_(graph.values.size(), false) {
    for (uint32_t i = 0; i < graph.nodes.size(); ++i)
      look(i, isCompiled(graph, graph.nodes[i], library));
    // what leaves the graph stands by itself
    auto keep = [&](ValueId id) { isFree_[id] = false; };
    for (const Node &node : plan_)
      for (const auto *ids : {&node.inputs, &node.outputs})
        for (ValueId id : *ids)
          if (id != noValue)
            keep(id);
    std::ranges::for_each(graph.outputs, keep);
    for (const graph::Variable &variable : graph.variables)
      keep(variable.output);
  }

  Parts find() && {
    // the last result first: what joins it may have joined others before
    for (auto i = static_cast<uint32_t>(graph_.nodes.size()); i-- > 0;)
      if (parts_.isMoved(i))
        makeInPlace(graph_.nodes[i]);
    for (uint32_t i = 0; i < graph_.nodes.size(); ++i)
      if (parts_.isMoved(i))
        readInPlace(graph_.nodes[i]);
    return std::move(parts_);
  }

private:
  struct Use {
    uint32_t node;
    size_t input;
  };

  void look(uint32_t i, bool isCompiled) {
    const Node &node = graph_.nodes[i];
    if (isCompiled && groups_.of[i] == Groups::none &&
        movesOf(graph_, node, parts_))
      parts_.setMoved(i);
    if (!isCompiled)
      plan_.push_back(node);
    for (size_t k = 0; k < node.inputs.size(); ++k)
      if (node.inputs[k] != noValue)
        uses_[node.inputs[k]].push_back({i, k});
    for (ValueId id : node.outputs)
      if (id != noValue) {
        producer_[id] = i;
        isFree_[id] = isCompiled;
      }
  }

  int64_t rowBytes(ValueId id) const {
    const graph::ValueType &type = graph_.values[id].type;
    return type.dims.empty() ? 0
                             : type.dims.back().size() *
                                   static_cast<int64_t>(dtypeBytes(type.dtype));
  }

  /// True if the node that makes the value can leave gaps between its rows.
  bool canMakeApart(ValueId id) const {
    uint32_t from = producer_[id];
    if (groups_.of[from] == Groups::none)
      return parts_.isMoved(from) && !keepsOrder(graph_.nodes[from].op);
    Anchor kind = groups_.all[groups_.of[from]].kind;
    return !writesResults(kind) &&
           (kind != Anchor::None || rowBytes(id) >= leastRow);
  }

  /// True if all who need the value can read it with gaps between its rows.
  bool canReadApart(ValueId id) const {
    return std::ranges::all_of(uses_[id], [&](const Use &use) {
      uint32_t group = groups_.of[use.node];
      if (group == Groups::none)
        return parts_.isMoved(use.node) &&
               (use.input == 0 || graph_.nodes[use.node].op == Op::Concat);
      const Group &all = groups_.all[group];
      bool isAnchor = (all.kind != Anchor::None && use.node == all.anchor) ||
                      std::ranges::any_of(all.feeder, [&](const Group &feeder) {
                        return use.node == feeder.anchor;
                      });
      return !isAnchor && !hasParameters(use) && rowBytes(id) >= leastRow;
    });
  }
  /// Those stand along an axis, not at the right.
  bool hasParameters(const Use &use) const {
    Op op = graph_.nodes[use.node].op;
    return use.input > 0 &&
           (op == Op::Requantize || op == Op::Quantize || op == Op::Dequantize);
  }

  bool isDense(const Part &part, const Sizes &sizes) const {
    int64_t rows = 1;
    for (size_t d = 0; d + 1 < sizes.size(); ++d)
      rows *= sizes[d];
    return rows <= 1 || part.rowStep == sizes.back();
  }

  /// Operands that are moved as a whole are made where they belong.
  void makeInPlace(const Node &node) {
    auto moves = movesOf(graph_, node, parts_);
    for (const Move &move : *moves) {
      ValueId id = move.from;
      if (id == noValue || !isFree_[id] || parts_.isInside(id) ||
          graph_.values[id].type.sizes() != move.sizes ||
          std::ranges::count(node.inputs, id) != 1 || id == move.to)
        continue;
      auto rowStep = rowStepOf(move.sizes, move.toSteps);
      if (!rowStep || *rowStep < 0 || move.fromOffset != 0 ||
          parts_.stepsOf(id) != move.fromSteps)
        continue;
      Part part{move.to, move.toOffset, *rowStep};
      if (isDense(part, move.sizes) || (canMakeApart(id) && canReadApart(id)))
        put(id, part);
    }
  }

  /// Results that are part of an operand are read where they stand.
  void readInPlace(const Node &node) {
    auto moves = movesOf(graph_, node, parts_);
    for (const Move &move : *moves) {
      ValueId id = move.to;
      if (!isFree_[id] || parts_.isInside(id) || isWhole_[id] ||
          move.from == noValue ||
          graph_.values[id].type.sizes() != move.sizes ||
          std::ranges::count(node.outputs, id) != 1)
        continue;
      auto rowStep = rowStepOf(move.sizes, move.fromSteps);
      if (!rowStep || *rowStep < 0)
        continue;
      Part part{move.from, move.fromOffset, *rowStep};
      if (isDense(part, move.sizes) || canReadApart(id))
        put(id, part);
    }
  }

  void put(ValueId id, const Part &part) {
    parts_.put(id, part);
    isWhole_[part.whole] = true;
  }

  const Graph &graph_;
  const Groups &groups_;
  Parts parts_;
  std::vector<std::vector<Use>> uses_;
  std::vector<uint32_t> producer_;
  /// False where a value must stand by itself.
  std::vector<bool> isFree_;
  /// True for values that others lie in.
  std::vector<bool> isWhole_;
  std::vector<Node> plan_;
};

} // namespace

Parts::Parts(const Graph &graph)
    : graph_(graph), all_(graph.values.size()),
      isMoved_(graph.nodes.size(), false) {
  for (ValueId id = 0; id < all_.size(); ++id) {
    all_[id].whole = id;
    const graph::ValueType &type = graph.values[id].type;
    if (type.isTensor() && !type.dims.empty() && type.dims.back().isFixed())
      all_[id].rowStep = type.dims.back().size();
  }
}

bool Parts::isDense(ValueId id) const {
  Sizes sizes = graph_.values[id].type.sizes(), steps = stepsOf(id);
  int64_t step = 1;
  for (size_t d = sizes.size(); d-- > 0; step *= sizes[d])
    if (sizes[d] > 1 && steps[d] != step)
      return false;
  return true;
}

Sizes Parts::stepsOf(ValueId id) const {
  Sizes sizes = graph_.values[id].type.sizes(), steps(sizes.size(), 1);
  int64_t step = all_[id].rowStep;
  for (size_t d = sizes.empty() ? 0 : sizes.size() - 1; d-- > 0;
       step *= sizes[d])
    steps[d] = step;
  return steps;
}

std::optional<int64_t> rowStepOf(const Sizes &sizes, const Sizes &steps) {
  if (sizes.empty())
    return 0;
  if (sizes.back() != 1 && steps.back() != 1)
    return std::nullopt;
  std::optional<int64_t> rowStep;
  int64_t rows = 1;
  for (size_t d = sizes.size() - 1; d-- > 0;) {
    if (sizes[d] == 1)
      continue;
    if (!rowStep)
      rowStep = steps[d];
    else if (steps[d] != *rowStep * rows)
      return std::nullopt;
    rows *= sizes[d];
  }
  return rowStep.value_or(sizes.back());
}

Parts findParts(const Graph &graph, const Groups &groups,
                const std::set<std::string> &library) {
  return Finder(graph, groups, library).find();
}

} // namespace rune::compile
