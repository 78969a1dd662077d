// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/movement.h"

#include "compile/operands.h"
#include "graph/ops.h"

#include <algorithm>
#include <cstring>

namespace rune::compile {

namespace {

using graph::Constant;
using graph::Graph;
using graph::Node;
using graph::noValue;
using graph::Op;
using graph::ValueId;
using Sizes = std::vector<int64_t>;
using Moves = std::optional<std::vector<Move>>;

Sizes rowMajor(const Sizes &sizes) {
  Sizes steps(sizes.size());
  int64_t step = 1;
  for (size_t d = sizes.size(); d-- > 0; step *= sizes[d])
    steps[d] = step;
  return steps;
}

Sizes integersOf(const Constant &constant) {
  Sizes numbers;
  size_t width = dtypeBytes(constant.dtype);
  for (size_t at = 0; at + width <= constant.data.size(); at += width) {
    int32_t small;
    int64_t number;
    if (width == sizeof small) {
      std::memcpy(&small, constant.data.data() + at, sizeof small);
      number = small;
    } else {
      std::memcpy(&number, constant.data.data() + at, sizeof number);
    }
    numbers.push_back(number);
  }
  return numbers;
}

class Mover {
public:
  Mover(const Graph &graph, const Node &node, const Parts &parts)
      : graph_(graph), node_(node), parts_(parts) {}

  Moves moves() && {
    if (!find())
      return std::nullopt;
    std::erase_if(moves_, [](const Move &move) {
      return std::ranges::count(move.sizes, 0) > 0;
    });
    return std::move(moves_);
  }

private:
  bool find() {
    switch (node_.op) {
    case Op::Identity:
    case Op::Flatten:
    case Op::Reshape:
    case Op::Squeeze:
    case Op::Unsqueeze:
      return reshape();
    case Op::Transpose:
      return transpose();
    case Op::Expand:
      return expand();
    case Op::Concat:
      return concat();
    case Op::Split:
      return split();
    case Op::Slice:
      return slice();
    case Op::Gather:
      return gatherOne();
    case Op::Tile:
      return tile();
    case Op::Pad:
      return pad();
    default:
      return false;
    }
  }

  ValueId in() const { return node_.inputs[0]; }
  ValueId out() const { return node_.outputs[0]; }
  Sizes sizesOf(ValueId id) const { return graph_.values[id].type.sizes(); }
  /// Nothing for an input that is missing or not known.
  std::optional<Sizes> numbers(size_t input) const {
    const Constant *constant = constantOf(graph_, node_, input);
    return constant ? std::optional(integersOf(*constant)) : std::nullopt;
  }
  bool isUnknown(size_t input) const {
    return isGiven(node_, input) && !constantOf(graph_, node_, input);
  }

  Move &add(ValueId from, ValueId to, Sizes sizes) {
    Move move;
    move.to = parts_.of(to).whole;
    move.toOffset = parts_.of(to).offset;
    if (from != noValue) {
      move.from = parts_.of(from).whole;
      move.fromOffset = parts_.of(from).offset;
    }
    move.sizes = std::move(sizes);
    return moves_.emplace_back(std::move(move));
  }

  /// Each element of the result from one with those steps; `sizes` are the
  /// result's, or what they are made of.
  Move &addWhole(Sizes fromSteps) {
    Move &move = add(in(), out(), sizesOf(out()));
    move.fromSteps = std::move(fromSteps);
    move.toSteps = parts_.stepsOf(out());
    return move;
  }

  bool reshape() {
    Sizes from = sizesOf(in()), to = sizesOf(out());
    if (parts_.isDense(in())) {
      addWhole(rowMajor(to));
    } else if (!from.empty() && !to.empty() && from.back() == to.back()) {
      Sizes steps = rowMajor(to);
      for (size_t d = 0; d + 1 < steps.size(); ++d)
        steps[d] = steps[d] / to.back() * parts_.of(in()).rowStep;
      addWhole(std::move(steps));
    } else {
      Move &move = add(in(), out(), from);
      move.fromSteps = parts_.stepsOf(in());
      move.toSteps = rowMajor(from);
      return parts_.isDense(out());
    }
    return true;
  }

  bool transpose() {
    Sizes own = parts_.stepsOf(in()), steps;
    for (int64_t d : node_.integers("permutation"))
      steps.push_back(own[static_cast<size_t>(d)]);
    addWhole(std::move(steps));
    return true;
  }

  bool expand() {
    Sizes own = parts_.stepsOf(in()), sizes = sizesOf(in());
    Sizes steps(sizesOf(out()).size(), 0);
    size_t shift = steps.size() - sizes.size();
    for (size_t d = 0; d < sizes.size(); ++d)
      steps[shift + d] = sizes[d] == 1 ? 0 : own[d];
    addWhole(std::move(steps));
    return true;
  }

  bool concat() {
    auto axis = static_cast<size_t>(node_.integer("axis"));
    Sizes steps = parts_.stepsOf(out());
    int64_t at = 0;
    for (ValueId id : node_.inputs) {
      Move &move = add(id, out(), sizesOf(id));
      move.fromSteps = parts_.stepsOf(id);
      move.toSteps = steps;
      move.toOffset += at * steps[axis];
      at += move.sizes[axis];
    }
    return true;
  }

  bool split() {
    auto axis = static_cast<size_t>(node_.integer("axis"));
    Sizes steps = parts_.stepsOf(in());
    // what nobody takes has its size as well: but for one it can be told
    if (std::ranges::count(node_.outputs, noValue) > 0)
      return false;
    int64_t at = 0;
    for (ValueId id : node_.outputs) {
      Move &move = add(in(), id, sizesOf(id));
      move.fromSteps = steps;
      move.toSteps = parts_.stepsOf(id);
      move.fromOffset += at * steps[axis];
      at += move.sizes[axis];
    }
    return true;
  }

  static int64_t axisOf(const std::optional<Sizes> &axes, size_t i,
                        size_t rank) {
    int64_t axis = axes ? (*axes)[i] : static_cast<int64_t>(i);
    return axis < 0 ? axis + static_cast<int64_t>(rank) : axis;
  }

  bool slice() {
    auto starts = numbers(1), axes = numbers(3), strides = numbers(4);
    if (!starts || isUnknown(3) || isUnknown(4))
      return false;
    Sizes sizes = sizesOf(in()), result = sizesOf(out()),
          steps = parts_.stepsOf(in());
    int64_t offset = 0;
    for (size_t i = 0; i < starts->size(); ++i) {
      auto axis = static_cast<size_t>(axisOf(axes, i, sizes.size()));
      int64_t step = strides ? (*strides)[i] : 1, size = sizes[axis];
      int64_t first = (*starts)[i] < 0 ? (*starts)[i] + size : (*starts)[i];
      first = std::clamp<int64_t>(first, step > 0 ? 0 : -1,
                                  step > 0 ? size : size - 1);
      if (result[axis] == 0)
        continue;
      offset += first * steps[axis];
      steps[axis] *= result[axis] == 1 ? 1 : step;
    }
    addWhole(std::move(steps)).fromOffset += offset;
    return true;
  }

  /// At one place, which is known: a slice.
  bool gatherOne() {
    auto indices = numbers(1);
    if (!indices || indices->size() != 1)
      return false;
    auto axis = static_cast<size_t>(node_.integer("axis"));
    int64_t size = sizesOf(in())[axis], place = (*indices)[0];
    if (place < -size || place >= size)
      return false; // what the run refuses (gather.3)
    place += place < 0 ? size : 0;
    Sizes steps = parts_.stepsOf(in());
    int64_t offset = place * steps[axis];
    size_t rank = sizesOf(node_.inputs[1]).size();
    auto at = steps.begin() + static_cast<ptrdiff_t>(axis);
    steps.insert(steps.erase(at), rank, 0);
    addWhole(std::move(steps)).fromOffset += offset;
    return true;
  }

  /// Each dimension is two: which copy, and the place in it.
  bool tile() {
    Sizes own = sizesOf(in()), steps = parts_.stepsOf(in());
    Sizes result = sizesOf(out()), toSteps = parts_.stepsOf(out());
    Move &move = add(in(), out(), {});
    for (size_t d = 0; d < own.size(); ++d) {
      move.sizes.push_back(own[d] == 0 ? 0 : result[d] / own[d]);
      move.fromSteps.push_back(0);
      move.toSteps.push_back(toSteps[d] * own[d]);
      move.sizes.push_back(own[d]);
      move.fromSteps.push_back(steps[d]);
      move.toSteps.push_back(toSteps[d]);
    }
    return true;
  }

  /// What is kept, then for each dimension what stands before and behind it, as
  /// far as the dimensions before have not covered it.
  bool pad() {
    auto pads = numbers(1), axes = numbers(3);
    if (!pads || isUnknown(3) || node_.text("mode") != "constant")
      return false;
    Sizes sizes = sizesOf(in()), steps = parts_.stepsOf(in()),
          result = sizesOf(out()), toSteps = parts_.stepsOf(out());
    Sizes begins(sizes.size(), 0), ends(sizes.size(), 0);
    size_t count = pads->size() / 2;
    for (size_t i = 0; i < count; ++i) {
      auto axis = static_cast<size_t>(axisOf(axes, i, sizes.size()));
      begins[axis] = (*pads)[i];
      ends[axis] = (*pads)[count + i];
    }
    Move kept = add(in(), out(), sizes);
    kept.fromSteps = steps;
    kept.toSteps = toSteps;
    moves_.pop_back();
    Sizes covered = result;
    int64_t at = 0; // where in the result what is covered begins
    for (size_t d = 0; d < sizes.size(); ++d) {
      int64_t before = std::max<int64_t>(begins[d], 0),
              behind = std::max<int64_t>(ends[d], 0);
      kept.fromOffset += (before - begins[d]) * steps[d];
      kept.toOffset += before * toSteps[d];
      kept.sizes[d] = result[d] - before - behind;
      for (auto [first, size] : {std::pair(int64_t{0}, before),
                                 std::pair(result[d] - behind, behind)}) {
        Sizes border = covered;
        border[d] = size;
        addValue(std::move(border), at + first * toSteps[d]);
      }
      covered[d] = kept.sizes[d];
      at += before * toSteps[d];
    }
    moves_.push_back(std::move(kept));
    return true;
  }

  void addValue(Sizes sizes, int64_t offset) {
    Move &move = add(isGiven(node_, 2) ? node_.inputs[2] : noValue, out(),
                     std::move(sizes));
    move.fromSteps.assign(move.sizes.size(), 0);
    move.toSteps = parts_.stepsOf(out());
    move.toOffset += offset;
  }

  const Graph &graph_;
  const Node &node_;
  const Parts &parts_;
  std::vector<Move> moves_;
};

} // namespace

std::optional<std::vector<Move>> movesOf(const Graph &graph, const Node &node,
                                         const Parts &parts) {
  return Mover(graph, node, parts).moves();
}

bool isNothing(const Move &move) {
  if (move.from != move.to || move.fromOffset != move.toOffset)
    return false;
  for (size_t d = 0; d < move.sizes.size(); ++d)
    if (move.sizes[d] != 1 && move.fromSteps[d] != move.toSteps[d])
      return false;
  return true;
}

} // namespace rune::compile
