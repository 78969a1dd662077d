// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/byte_steps.h"

#include "compile/groups.h"
#include "compile/operands.h"
#include "compile/requantise_rule.h"
#include "graph/ops.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace rune::compile {

namespace {

using graph::Graph;
using graph::Node;
using graph::noValue;
using graph::Op;
using graph::ValueId;

bool isByte(const Graph &graph, ValueId id) {
  DType dtype = graph.values[id].type.dtype;
  return dtype == DType::I8 || dtype == DType::U8;
}

/// The smallest of the 256 numbers of a byte.
int64_t leastOf(const Graph &graph, ValueId id) {
  return graph.values[id].type.dtype == DType::I8 ? -128 : 0;
}

/// What the body computes (library/fast/bodies.cpp).
int64_t inFloats(const ByteSteps &steps, int64_t a, int64_t b) {
  constexpr float magic = 0x1.8p23f;
  auto first = static_cast<float>(a), second = static_cast<float>(b);
  float sum = steps.offset;
  auto add = [&](float x, float factor) {
    float product = x * factor;
    float plain = product + sum;
    sum = steps.isFused ? std::fma(x, factor, sum) : plain;
  };
  if (steps.isSum)
    add(second, steps.b.factor);
  add(first, steps.a.factor);
  float shifted = sum + magic;
  return std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(magic);
}

class Finder {
public:
  Finder(const Graph &graph, const Group &group, machine::Target target)
      : graph_(graph), group_(group) {
    isFused_ = target.family == machine::Family::X86_64 && target.level >= 3;
  }

  std::optional<ByteSteps> find(uint32_t member) const {
    const Node &node = graph_.nodes[member];
    if (node.op != Op::Requantize || !isByte(graph_, node.outputs[0]) ||
        isSummed(member))
      return {};
    ByteSteps steps;
    steps.node = member;
    steps.isFused = isFused_;
    if (isByte(graph_, node.inputs[0])) {
      steps.a.node = member;
      return ofOne(steps, node);
    }
    auto sum = producer(node.inputs[0]);
    if (!sum ||
        (graph_.nodes[*sum].op != Op::Add && graph_.nodes[*sum].op != Op::Sub))
      return {};
    steps.isSum = true;
    return ofTwo(steps, node, graph_.nodes[*sum]);
  }

private:
  /// What takes the anchor's sums is float_steps.h's.
  bool isSummed(uint32_t member) const {
    return group_.steps && group_.steps->node == member;
  }
  /// The member of the group that makes a value.
  std::optional<uint32_t> producer(ValueId id) const {
    for (uint32_t member : group_.nodes)
      if (graph_.nodes[member].outputs[0] == id)
        return member;
    return {};
  }
  std::optional<RequantiseRule> ruleFor(const Node &node) const {
    auto several = parametersOf(graph_, node);
    return several == 1 ? ruleOf(graph_, node, 0) : std::nullopt;
  }

  std::optional<ByteSteps> ofOne(ByteSteps steps, const Node &node) const {
    auto rule = ruleFor(node);
    if (!rule || rule->left > 20)
      return {};
    steps.a.factor = static_cast<float>(rule->factor());
    double offset = static_cast<double>(rule->zero) -
                    static_cast<double>(rule->inputZero) * rule->factor();
    int64_t least = leastOf(graph_, node.inputs[0]);
    return tried(steps, offset, *rule, [&] {
      for (int64_t a = least; a < least + 256; ++a)
        if (!isRight(steps, *rule, a, 0, (*rule)(a)))
          return false;
      return true;
    });
  }

  std::optional<ByteSteps> ofTwo(ByteSteps steps, const Node &node,
                                 const Node &sum) const {
    auto first = producer(sum.inputs[0]), second = producer(sum.inputs[1]);
    auto rule = ruleFor(node);
    if (!first || !second || !rule || rule->left != 0)
      return {};
    steps.a.node = *first;
    steps.b.node = *second;
    double offset = static_cast<double>(rule->zero);
    std::vector<int64_t> terms[2];
    int64_t least[2];
    for (int i = 0; i < 2; ++i) {
      ByteSteps::Operand &operand = i == 0 ? steps.a : steps.b;
      const Node &from = graph_.nodes[operand.node];
      if (from.op != Op::Requantize || !isByte(graph_, from.inputs[0]))
        return {};
      auto own = ruleFor(from);
      if (!own || own->left > 20)
        return {};
      bool isLess = i == 1 && sum.op == Op::Sub;
      least[i] = leastOf(graph_, from.inputs[0]);
      for (int64_t x = least[i]; x < least[i] + 256; ++x)
        terms[i].push_back(isLess ? -(*own)(x) : (*own)(x));
      if (std::ranges::any_of(
              terms[i], [](int64_t term) { return std::abs(term) >= 1 << 30; }))
        return {};
      double factor = own->factor() * rule->factor() * (isLess ? -1 : 1);
      operand.factor = static_cast<float>(factor);
      offset -= static_cast<double>(own->inputZero) * factor;
    }
    return tried(steps, offset, *rule, [&] {
      for (size_t a = 0; a < 256; ++a)
        for (size_t b = 0; b < 256; ++b)
          if (!isRight(steps, *rule, least[0] + static_cast<int64_t>(a),
                       least[1] + static_cast<int64_t>(b),
                       (*rule)(terms[0][a] + terms[1][b])))
            return false;
      return true;
    });
  }

  static bool isRight(const ByteSteps &steps, const RequantiseRule &rule,
                      int64_t a, int64_t b, int64_t wanted) {
    return std::clamp(inFloats(steps, a, b), rule.low, rule.high) == wanted;
  }

  /// With that offset, or one a little beside it.
  template <class F>
  static std::optional<ByteSteps> tried(ByteSteps &steps, double offset,
                                        const RequantiseRule &rule,
                                        const F &isRightForAll) {
    // far from where floats have no halves
    double largest = std::abs(offset) + 255 * (std::abs(steps.a.factor) +
                                               std::abs(steps.b.factor));
    if (!(largest < 1e6) || rule.low < -256 || rule.high > 256)
      return {};
    for (int away : {0, 1, -1, 2, -2, 3, -3, 5, -5, 8, -8, 16, -16, 64}) {
      steps.offset = static_cast<float>(offset + away * 0x1p-19);
      if (isRightForAll())
        return steps;
    }
    return {};
  }

  const Graph &graph_;
  const Group &group_;
  bool isFused_ = false;
};

} // namespace

std::vector<ByteSteps> byteStepsOf(const Graph &graph, const Group &group,
                                   machine::Target target) {
  Finder finder(graph, group, target);
  std::vector<ByteSteps> all;
  for (uint32_t member : group.nodes)
    if (auto steps = finder.find(member))
      all.push_back(*steps);
  return all;
}

} // namespace rune::compile
