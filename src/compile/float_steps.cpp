// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/float_steps.h"

#include "compile/groups.h"
#include "compile/hints.h"
#include "compile/operands.h"
#include "compile/requantise_rule.h"
#include "graph/ops.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace rune::compile {

namespace {

using graph::Graph;
using graph::Node;
using graph::Op;

/// For sums that are not larger, and not smaller than the negative of it.
struct Rule : RequantiseRule {
  int64_t most = 0;
};

/// The first sum at which a result is reached.
struct Step {
  int64_t sum, result;
};

std::vector<Step> stepsOf(const Rule &rule) {
  std::vector<Step> steps;
  double factor = rule.factor();
  for (int64_t y = rule.low + 1; y <= rule.high; ++y) {
    double near = (static_cast<double>(y - rule.zero) - 0.5) / factor;
    auto most = static_cast<double>(rule.most);
    auto x = static_cast<int64_t>(std::floor(std::clamp(near, -most, most)));
    while (x > -rule.most && rule(x - 1) >= y)
      --x;
    while (x <= rule.most && rule(x) < y)
      ++x;
    steps.push_back({x, y});
  }
  return steps;
}

/// What the body computes (library/fast/bodies.cpp).
struct Floats {
  float factor = 0, above = 0, below = 0;

  int64_t operator()(int64_t x, bool isFused) const {
    constexpr float magic = 0x1.8p23f;
    auto number = static_cast<float>(x);
    float offset = x < 0 ? below : above;
    float product = number * factor;
    float sum = product + offset;
    if (isFused)
      sum = std::fma(number, factor, offset);
    float shifted = sum + magic;
    return std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(magic);
  }
};

/// Between what bounds an offset has every step where it belongs.
struct Bounds {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();

  bool isEmpty() const { return low >= high; }
  /// A place of the way from low to high.
  float at(double part) const {
    if (std::isinf(low) && std::isinf(high))
      return 0;
    if (std::isinf(low) || std::isinf(high))
      return static_cast<float>(std::isinf(low) ? high - 0.25 : low + 0.25);
    return static_cast<float>(low + (high - low) * part);
  }
};

class Search {
public:
  Search(const Rule &rule, bool isFused)
      : rule_(rule), isFused_(isFused), steps_(stepsOf(rule)) {}

  std::optional<Floats> find() const {
    auto first = static_cast<float>(rule_.factor());
    for (int away : {0, 1, -1, 2, -2, 3, -3}) {
      float factor = first;
      for (int i = 0; i < std::abs(away); ++i)
        factor = std::nextafter(
            factor, away > 0 ? std::numeric_limits<float>::infinity() : 0);
      if (auto floats = withFactor(factor))
        return floats;
    }
    return {};
  }

private:
  std::optional<Floats> withFactor(float factor) const {
    Bounds above, below;
    for (const Step &step : steps_) {
      double y = static_cast<double>(step.result) - 0.5;
      auto needed = [&](int64_t x) {
        return y - static_cast<double>(x) * static_cast<double>(factor);
      };
      if (step.sum <= rule_.most) {
        double &low = (step.sum < 0 ? below : above).low;
        low = std::max(low, needed(step.sum));
      }
      if (step.sum > -rule_.most) {
        double &high = (step.sum - 1 < 0 ? below : above).high;
        high = std::min(high, needed(step.sum - 1));
      }
    }
    if (above.isEmpty() || below.isEmpty())
      return {};
    Bounds both{std::max(above.low, below.low),
                std::min(above.high, below.high)};
    for (double part : {0.5, 0.25, 0.75}) {
      Floats one{factor, both.at(part), both.at(part)};
      if (!both.isEmpty() && isRight(one))
        return one;
      Floats two{factor, above.at(part),
                 std::min(above.at(part), below.at(part))};
      if (isRight(two))
        return two;
    }
    return {};
  }
  /// Both never go down: equal at both sides of each step is equal everywhere.
  bool isRight(const Floats &floats) const {
    if (floats.below > floats.above)
      return false;
    return std::ranges::all_of(steps_, [&](const Step &step) {
      return (step.sum > rule_.most ||
              floats(step.sum, isFused_) >= step.result) &&
             (step.sum <= -rule_.most ||
              floats(step.sum - 1, isFused_) < step.result);
    });
  }

  const Rule &rule_;
  bool isFused_;
  std::vector<Step> steps_;
};

/// The constants of a requantisation of sums.
class Rules {
public:
  static std::optional<Rules> of(const Graph &graph, const Node &node,
                                 std::vector<int64_t> sums) {
    DType to = graph.values[node.outputs[0]].type.dtype;
    auto several = parametersOf(graph, node);
    size_t rank = graph.values[node.outputs[0]].type.dims.size();
    if ((to != DType::I8 && to != DType::U8) || !several ||
        node.integer("left_shift") != 0 || isGiven(node, 4) ||
        (*several > 1 &&
         (*several != sums.size() ||
          node.integer("axis") + 1 != static_cast<int64_t>(rank))))
      return {};
    return Rules{graph, node, std::move(sums)};
  }
  size_t columns() const { return sums_.size(); }

  std::optional<Rule> at(size_t column) const {
    auto known = ruleOf(graph_, node_, column);
    // below 2^22, where floats still have halves
    if (!known || sums_[column] >= INT32_MAX ||
        static_cast<double>(sums_[column]) * known->factor() > 4000000)
      return {};
    return Rule{*known, sums_[column]};
  }

private:
  Rules(const Graph &graph, const Node &node, std::vector<int64_t> sums)
      : graph_(graph), node_(node), sums_(std::move(sums)) {}

  const Graph &graph_;
  const Node &node_;
  std::vector<int64_t> sums_;
};

/// The one requantisation that takes the anchor's sums.
std::optional<uint32_t> requantisationOf(const Graph &graph,
                                         const Group &group) {
  graph::ValueId sums = graph.nodes[group.anchor].outputs[0];
  for (uint32_t member : group.nodes)
    if (const Node &node = graph.nodes[member];
        node.op == Op::Requantize && node.inputs[0] == sums)
      return member;
  return {};
}

} // namespace

uint64_t FloatSteps::tableBytes() const {
  return alignTo(factors.size() * sizeof(float), 64);
}

Bytes FloatSteps::bytes() const {
  Bytes all(tables() * tableBytes());
  const std::vector<float> *each[] = {&factors, &above, &below};
  for (size_t i = 0; i < tables(); ++i)
    std::memcpy(all.data() + i * tableBytes(), each[i]->data(),
                each[i]->size() * sizeof(float));
  return all;
}

std::optional<FloatSteps> floatStepsOf(const Graph &graph, const Group &group,
                                       machine::Target target) {
  auto member =
      sumsIntegers(group.kind) ? requantisationOf(graph, group) : std::nullopt;
  auto sums =
      member ? largestSums(graph, graph.nodes[group.anchor]) : std::nullopt;
  auto rules = sums ? Rules::of(graph, graph.nodes[*member], *std::move(sums))
                    : std::nullopt;
  if (!rules)
    return {};
  FloatSteps steps;
  steps.node = *member;
  steps.isFused = target.family == machine::Family::X86_64 && target.level >= 3;
  for (size_t column = 0; column < rules->columns(); ++column) {
    auto rule = rules->at(column);
    auto floats = rule ? Search(*rule, steps.isFused).find() : std::nullopt;
    if (!floats)
      return {};
    steps.factors.push_back(floats->factor);
    steps.above.push_back(floats->above);
    steps.below.push_back(floats->below);
    steps.hasBelow = steps.hasBelow || floats->above != floats->below;
  }
  return steps;
}

} // namespace rune::compile
