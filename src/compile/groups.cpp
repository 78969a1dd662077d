// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/groups.h"

#include "compile/anchors.h"
#include "compile/chains.h"
#include "compile/library/fast/blocking.h"
#include "compile/narrow_weights.h"
#include "compile/operands.h"
#include "compile/prepack.h"
#include "compile/recurrent.h"
#include "graph/ops.h"

#include <algorithm>
#include <cstring>

namespace rune::compile {

namespace {

using graph::Graph;
using graph::Node;
using graph::noValue;
using graph::Op;
using graph::ValueId;

/// Compiling is quick as long as no function grows beyond this.
constexpr size_t mostNodes = 24;

/// The largest and the smallest shift of a requantisation.
std::optional<std::pair<int32_t, int32_t>> shiftsOf(const Graph &graph,
                                                    const Node &node) {
  const graph::Constant *shifts = constantOf(graph, node.inputs[2]);
  if (!shifts)
    return {};
  int32_t least = INT32_MAX, most = INT32_MIN;
  for (size_t i = 0; i < shifts->data.size(); i += sizeof(int32_t)) {
    int32_t shift;
    std::memcpy(&shift, shifts->data.data() + i, sizeof shift);
    least = std::min(least, shift);
    most = std::max(most, shift);
  }
  return std::pair(least, most);
}

/// True if every shift is one that the rule takes (requantize.7), and no
/// product leaves 62 bits.
bool canRequantize(const Graph &graph, const Node &node) {
  auto shifts = shiftsOf(graph, node);
  if (!shifts || shifts->first < -31 ||
      shifts->second > (node.text("rounding") == "tflite-16x8" ? 14 : 30))
    return false;
  uint64_t bits = 8 * dtypeBytes(graph.values[node.inputs[0]].type.dtype);
  int64_t left = node.integer("left_shift");
  return bits + static_cast<uint64_t>(left) <= 31 ||
         (bits == 32 && left == 0 && !isGiven(node, 4));
}

/// What a body's name does not say.
bool canStandInside(const Graph &graph, const Node &node) {
  if (node.op == Op::Requantize)
    return canRequantize(graph, node);
  if (node.op == Op::Quantize || node.op == Op::Dequantize)
    return node.integer("block") == 0;
  return true;
}

/// What a node may be in a group: neither if it is called alone.
struct Role {
  Anchor anchor = Anchor::None;
  bool isBody = false;
};

class Finder {
public:
  Finder(const Graph &graph, const std::set<std::string> &library,
         machine::Target target)
      : graph_(graph), library_(library), target_(target) {
    groups_.of.assign(graph.nodes.size(), Groups::none);
    for (const Node &node : graph.nodes)
      roles_.push_back(roleOf(node));
    producer_.assign(graph.values.size(), Groups::none);
    uses_.assign(graph.values.size(), 0);
    for (uint32_t i = 0; i < graph.nodes.size(); ++i) {
      for (ValueId id : graph.nodes[i].inputs)
        if (id != noValue)
          ++uses_[id];
      for (ValueId id : graph.nodes[i].outputs)
        if (id != noValue)
          producer_[id] = i;
    }
    // what leaves the graph is used once more
    for (ValueId id : graph.outputs)
      ++uses_[id];
    for (const graph::Variable &variable : graph.variables)
      ++uses_[variable.output];
  }

  Groups find() && {
    for (auto i = static_cast<uint32_t>(graph_.nodes.size()); i-- > 0;)
      if (groups_.of[i] == Groups::none)
        grow(i);
    chain();
    return std::move(groups_);
  }

private:
  Role roleOf(const Node &node) const {
    if (!isCompiled(graph_, node, library_) || node.outputs[0] == noValue)
      return {};
    Role role;
    role.anchor = packableAs(graph_, node, target_);
    if (role.anchor == Anchor::None)
      role.anchor = unpackedAnchor(graph_, node);
    if (!library_.contains(fastKernelName(role.anchor, target_)))
      role.anchor = Anchor::None;
    role.isBody = node.outputs.size() == 1 &&
                  library_.contains(bodyName(graph_, node)) &&
                  canStandInside(graph_, node);
    return role;
  }

  void grow(uint32_t root) {
    Role role = roles_[root];
    if ((role.anchor == Anchor::None && !role.isBody) ||
        isEmpty(graph_.nodes[root].outputs[0]))
      return;
    Group group;
    group.nodes = {root};
    group.kind = role.anchor;
    group.anchor = root;
    if (group.kind == Anchor::None)
      while (absorb(group))
        ;
    std::ranges::sort(group.nodes);
    for (uint32_t member : group.nodes)
      groups_.of[member] = static_cast<uint32_t>(groups_.all.size());
    groups_.all.push_back(std::move(group));
  }

  /// Depthwise convolutions take in what makes their input, if nobody else
  /// needs it.
  void chain() {
    std::vector<bool> isTaken(groups_.all.size());
    for (Group &group : groups_.all) {
      if (!library_.contains(fastKernelName(Anchor::DepthwiseChain, target_)) ||
          !fitsPanels(graph_, group, target_))
        continue;
      uint32_t feeder = feederOf(group);
      if (feeder != Groups::none) {
        isTaken[feeder] = true;
        group = chained(std::move(groups_.all[feeder]), std::move(group));
      } else {
        group.kind = Anchor::DepthwisePanel;
      }
    }
    std::vector<Group> left;
    for (size_t i = 0; i < groups_.all.size(); ++i) {
      if (isTaken[i])
        continue;
      for (uint32_t member : groups_.all[i].allNodes())
        groups_.of[member] = static_cast<uint32_t>(left.size());
      left.push_back(std::move(groups_.all[i]));
    }
    groups_.all = std::move(left);
  }

  /// The group that makes the input of a depthwise one's anchor, if it is worth
  /// joining.
  uint32_t feederOf(const Group &depthwise) const {
    ValueId between = graph_.nodes[depthwise.anchor].inputs[0];
    uint32_t from = producer_[between];
    if (from == Groups::none || groups_.of[from] == Groups::none ||
        uses_[between] != 1)
      return Groups::none;
    const Group &feeder = groups_.all[groups_.of[from]];
    return feeder.last() == from &&
                   isWorthChaining(graph_, feeder, depthwise, target_)
               ? groups_.of[from]
               : Groups::none;
  }

  bool isEmpty(ValueId id) const {
    return std::ranges::any_of(graph_.values[id].type.dims,
                               [](const Dim &dim) { return dim.size() == 0; });
  }

  /// Takes in the latest node that may come in.
  bool absorb(Group &group) const {
    if (group.nodes.size() >= mostNodes)
      return false;
    uint32_t best = Groups::none;
    Anchor bestKind = Anchor::None;
    for (uint32_t member : group.nodes) {
      if (group.kind != Anchor::None && member == group.anchor)
        continue;
      for (ValueId id : graph_.nodes[member].inputs) {
        uint32_t from = id == noValue ? Groups::none : producer_[id];
        if (from == Groups::none || (best != Groups::none && from <= best) ||
            !mayPassInside(group, id, from))
          continue;
        Anchor kind =
            group.kind == Anchor::None ? roles_[from].anchor : Anchor::None;
        if (writesResults(kind) ||
            (kind == Anchor::None && !roles_[from].isBody) ||
            (group.kind != Anchor::None && narrowsSums(from)))
          continue;
        best = from;
        bestKind = kind;
      }
    }
    if (best == Groups::none)
      return false;
    group.nodes.push_back(best);
    if (bestKind != Anchor::None) {
      group.kind = bestKind;
      group.anchor = best;
    }
    return true;
  }

  /// True for what makes bytes of the sums of an anchor that nobody else wants:
  /// it stays with them, as they would be four times as long.
  bool narrowsSums(uint32_t node) const {
    graph::Op op = graph_.nodes[node].op;
    if ((op != Op::Requantize && op != Op::Quantize) ||
        dtypeBytes(graph_.values[graph_.nodes[node].outputs[0]].type.dtype) > 1)
      return false;
    for (;;) {
      ValueId id = graph_.nodes[node].inputs[0];
      node = producer_[id];
      if (node == Groups::none || uses_[id] != 1 ||
          groups_.of[node] != Groups::none)
        return false;
      if (roles_[node].anchor != Anchor::None)
        return sumsIntegers(roles_[node].anchor);
      if (!roles_[node].isBody || graph_.nodes[node].inputs[0] == noValue)
        return false;
    }
  }

  bool mayPassInside(const Group &group, ValueId id, uint32_t from) const {
    const auto &root = graph_.nodes[group.nodes.front()];
    if (groups_.of[from] != Groups::none ||
        std::ranges::find(group.nodes, from) != group.nodes.end() ||
        graph_.values[id].type.dims != graph_.values[root.outputs[0]].type.dims)
      return false;
    size_t inside = 0;
    for (uint32_t member : group.nodes)
      inside += static_cast<size_t>(
          std::ranges::count(graph_.nodes[member].inputs, id));
    return inside == uses_[id];
  }

  const Graph &graph_;
  const std::set<std::string> &library_;
  machine::Target target_;
  Groups groups_;
  std::vector<Role> roles_;
  std::vector<uint32_t> producer_;
  std::vector<size_t> uses_;
};

} // namespace

std::vector<uint32_t> Group::allNodes() const {
  std::vector<uint32_t> all = nodes;
  for (const Group &group : feeder)
    all.insert(all.end(), group.nodes.begin(), group.nodes.end());
  std::ranges::sort(all);
  return all;
}

Groups findGroups(const Graph &graph, const std::set<std::string> &library,
                  machine::Target target) {
  return Finder(graph, library, target).find();
}

int vectorBytes(machine::Target target) {
  if (target.family != machine::Family::X86_64 || target.base() < 3)
    return 16;
  return target.base() == 3 ? 32 : 64;
}

bool dotsTakeSigned(machine::Target target) {
  return target.family == machine::Family::AArch64;
}

std::string fastKernelName(Anchor kind, machine::Target target) {
  constexpr std::string_view names[] = {
#define RUNE_ANCHOR(name, kernel) kernel,
#include "compile/anchors.def"
#undef RUNE_ANCHOR
  };
  std::string_view name = names[static_cast<size_t>(kind)];
  if (kind == Anchor::None)
    return fmt::format("rune_fast_{}", name);
  std::string_view element =
      kind != Anchor::ConvDots && kind != Anchor::MatMulDots ? ""
      : dotsTakeSigned(target)                               ? "I8"
                                                             : "U8";
  return fmt::format("rune_fast_{}{}_{}", name, element, vectorBytes(target));
}

std::string bodyName(const Graph &graph, const Node &node) {
  if (node.inputs.empty() || node.inputs[0] == noValue ||
      node.outputs[0] == noValue)
    return {};
  auto nameOf = [&](ValueId id) {
    return dtypeName(graph.values[id].type.dtype);
  };
  return fmt::format("rune_body_{}_{}_{}", enumeratorName(node.op),
                     nameOf(node.inputs[0]), nameOf(node.outputs[0]));
}

std::vector<int64_t> alignedSizes(const Graph &graph, const Node &node,
                                  size_t input, size_t rank) {
  std::vector<int64_t> sizes = graph.values[node.inputs[input]].type.sizes();
  bool alongAxis = node.op == Op::Requantize || node.op == Op::Quantize ||
                   node.op == Op::Dequantize;
  if (!alongAxis || input == 0 || sizes.empty() || sizes[0] == 1)
    return sizes;
  sizes.resize(rank - static_cast<size_t>(node.integer("axis")), 1);
  return sizes;
}

int tileColumns(Anchor kind, machine::Target target) {
  int bytes = vectorBytes(target);
  switch (kind) {
  case Anchor::None:
    return 0;
  case Anchor::Depthwise:
    return library::depthwiseF32(bytes).columns();
  case Anchor::DepthwiseInteger:
  case Anchor::DepthwiseBands:
    return library::depthwiseI16(bytes).columns();
  case Anchor::ConvDots:
  case Anchor::MatMulDots:
    return library::productDots(bytes).columns();
  case Anchor::Conv:
  case Anchor::MatMul:
  case Anchor::ConvInteger:
  case Anchor::MatMulInteger:
  case Anchor::ThinInteger:
  case Anchor::MatMulDynamic:
  case Anchor::Lstm:
  case Anchor::Gru:
  case Anchor::Rnn:
  case Anchor::RowI4:
  case Anchor::RowBF16:
  case Anchor::RowF16:
  case Anchor::RowI8:
  case Anchor::DepthwiseChain:
  case Anchor::DepthwisePanel:
    return library::productF32(bytes).columns();
  default: // as many as a row has
    return 0;
  }
}

bool shiftsOnlyRight(const Graph &graph, const Node &node) {
  auto shifts =
      node.op == Op::Requantize ? shiftsOf(graph, node) : std::nullopt;
  return shifts && shifts->second < 0 && node.text("rounding") != "tflite-16x8";
}

size_t bodyOperands(const Node &node) {
  switch (node.op) {
  case Op::Requantize:
    return 5;
  case Op::Clamp:
  case Op::Quantize:
  case Op::Dequantize:
    return 3;
  default:
    return node.inputs.size();
  }
}

Scratch scratchOf(const Graph &graph, const Group &group,
                  machine::Target target) {
  if (group.kind == Anchor::None)
    return {};
  const Node &node = graph.nodes[group.anchor];
  if (!isPacked(group.kind))
    return {0, alignTo(static_cast<uint64_t>(unpackedScratch(
                           graph, node, group.kind, vectorBytes(target))),
                       64)};
  std::vector<int64_t> x = graph.values[node.inputs[0]].type.sizes();
  std::vector<int64_t> weights = graph.values[node.inputs[1]].type.sizes();
  int bytes = vectorBytes(target);
  library::TileShape product = library::productF32(bytes);
  int64_t taps = 1, elements = 1;
  for (size_t d = 2; d < weights.size(); ++d)
    taps *= weights[d];
  for (int64_t size : x)
    elements *= size;
  const std::vector<int64_t> y = graph.values[node.outputs[0]].type.sizes();
  int64_t rows = 1;
  for (size_t d = 0; d + 1 < y.size(); ++d)
    rows *= y[d];
  // pairs of 16 bits, an odd channel filled up
  auto widened = [&](int64_t channels) {
    return elements / channels * ((channels + 1) / 2) * 4;
  };
  // four bytes
  auto aligned = [&](int64_t channels) {
    bool asItStands = library::dotsReadInPlace(
        channels, graph.values[node.inputs[0]].type.dtype == DType::I8,
        dotsTakeSigned(target));
    return asItStands ? 0 : elements / channels * ((channels + 3) / 4) * 4;
  };
  int64_t shared = 0, worker = 0;
  switch (group.kind) {
  case Anchor::Conv:
    worker = library::windowScratch(product, taps, weights[1]);
    if (taps == 1)
      worker = library::sumsAt(product, weights[1]) +
               library::longProductScratch(product, weights[1]) +
               library::interleavedBytes(product, weights[1], rows);
    break;
  case Anchor::Depthwise:
    worker =
        library::windowScratch(library::depthwiseF32(bytes), taps, x.back());
    break;
  case Anchor::DepthwiseInteger:
    worker =
        library::windowScratch(library::depthwiseI16(bytes), taps, x.back());
    break;
  case Anchor::ConvInteger:
    shared = widened(weights[1]);
    worker = library::windowScratch(product, taps, (weights[1] + 1) / 2);
    break;
  case Anchor::MatMulInteger:
    shared = widened(x.back());
    break;
  case Anchor::ConvDots:
    shared = aligned(weights[1]);
    worker = library::windowScratch(library::productDots(bytes), taps,
                                    (weights[1] + 3) / 4);
    break;
  case Anchor::MatMulDots:
    shared = aligned(x.back());
    break;
  case Anchor::ThinInteger:
  case Anchor::DepthwiseBands:
    worker = windowShapeOf(graph, node).scratchBytes();
    break;
  case Anchor::MatMul:
    worker = library::longProductScratch(product, x.back()) +
             library::interleavedBytes(product, x.back(), rows);
    break;
  case Anchor::DepthwiseChain:
    worker =
        chainShape(graph, &graph.nodes[group.feeder[0].anchor], node, target)
            .scratchBytes();
    break;
  case Anchor::DepthwisePanel:
    worker = chainShape(graph, nullptr, node, target).scratchBytes();
    break;
  case Anchor::Lstm:
  case Anchor::Gru:
  case Anchor::Rnn:
    worker = recurrentScratch(graph, node, bytes);
    break;
  case Anchor::RowI4:
  case Anchor::RowBF16:
  case Anchor::RowF16:
  case Anchor::RowI8:
    worker = narrowRowScratch(group.kind, x.back());
    break;
  default:
    break;
  }
  return {alignTo(static_cast<uint64_t>(shared), 64),
          alignTo(static_cast<uint64_t>(worker), 64)};
}

} // namespace rune::compile
