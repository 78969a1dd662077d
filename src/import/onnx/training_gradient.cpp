// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gradient differentiates what stands before it: `y` as a function of the
// values called `xs` (and `zs`, which are not differentiated), at the place
// that its inputs are. The layers between were imported already, so it works
// on our nodes: those between are repeated for the given place where that is
// another one, then walked from the end, each adding to the derivatives of its
// operands.
//
// source  ONNX ai.onnx.preview.training, Gradient-1; Baydin et al. 2018,
//         "Automatic differentiation in machine learning", reverse mode
#include "import/onnx/bodies.h"
#include "import/onnx/compose.h"

#include <algorithm>
#include <map>
#include <set>

namespace rune::import {
namespace {

using Values = std::map<ValueId, ValueId>;

/// Derivatives of y, by the value; of those that have any.
class Derivatives {
public:
  /// in  the values whose derivatives lead to one that is asked for
  Derivatives(Composer &make, std::set<ValueId> asked)
      : make_(make), asked_(std::move(asked)) {}

  std::optional<ValueId> of(ValueId value) const {
    auto found = sums_.find(value);
    return found == sums_.end() ? std::nullopt : std::optional(found->second);
  }
  /// One more path from `value` to y. What was broadcast is summed.
  Result<> add(ValueId value, ValueId part) {
    if (!asked_.contains(value))
      return {};
    part = RUNE_TRY(shrunk(part, make_.node().type(value)));
    auto [at, isNew] = sums_.try_emplace(value, part);
    if (!isNew)
      at->second = RUNE_TRY(make_.add(at->second, part));
    return {};
  }

private:
  Result<ValueId> shrunk(ValueId part, const TensorType &type) {
    OnnxNode &node = make_.node();
    const TensorType given = node.type(part);
    if (given.dims == type.dims)
      return part;
    if (!given.isStatic() || !type.isStatic())
      return node.unsupported("the gradient of `{}` spread to `{}`: their "
                              "sizes must be known",
                              type.str(), given.str());
    Integers axes, sizes = type.sizes();
    size_t more = given.dims.size() - type.dims.size();
    for (size_t i = 0; i < given.dims.size(); ++i)
      if (i < more ||
          (type.dims[i - more] == Dim(1) && given.dims[i] != Dim(1)))
        axes.push_back(static_cast<int64_t>(i));
    if (!axes.empty())
      part = RUNE_TRY(make_.reduce(Op::ReduceSum, part, axes, true));
    return make_.reshape(part, sizes);
  }

  Composer &make_;
  std::set<ValueId> asked_;
  std::map<ValueId, ValueId> sums_;
};

/// The last two dimensions exchanged.
Result<ValueId> exchanged(Composer &make, ValueId x) {
  Integers order;
  for (int64_t i = 0; i < make.node().rank(x); ++i)
    order.push_back(i);
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return make.one(Op::Transpose, {x}, {{"permutation", order}});
}

/// One of our nodes, its derivative g, and what its operands get.
class Rule {
public:
  Rule(Composer &make, const graph::Node &node, std::vector<ValueId> inputs,
       ValueId output, ValueId g, Derivatives &all)
      : make_(make), node_(node), inputs_(std::move(inputs)), output_(output),
        g_(g), all_(all) {}

  /// errors  `import.unsupported`: an operator without a rule
  Result<> apply();

private:
  ValueId in(size_t index) const { return inputs_[index]; }
  Result<> to(size_t index, Result<ValueId> part) {
    return all_.add(in(index), RUNE_TRY(std::move(part)));
  }
  Result<ValueId> neg(ValueId x) { return make_.one(Op::Neg, {x}); }
  ValueId constant(double value) { return make_.scalar(value, g_); }
  /// g · factor
  Result<> times(Result<ValueId> factor) {
    return to(0, make_.mul(g_, RUNE_TRY(std::move(factor))));
  }
  Result<> quotient();
  Result<> power();
  Result<> product();
  Result<> fold(bool isMean);
  Result<> chosen();
  Result<> movement();

  Composer &make_;
  const graph::Node &node_;
  std::vector<ValueId> inputs_;
  ValueId output_, g_;
  Derivatives &all_;
};

/// a / b: g / b and -g · (a / b) / b
Result<> Rule::quotient() {
  RUNE_TRY(to(0, make_.div(g_, in(1))));
  ValueId part = RUNE_TRY(make_.mul(g_, output_));
  return to(1, neg(RUNE_TRY(make_.div(part, in(1)))));
}

/// aᵇ: g · b · aᵇ⁻¹ and g · aᵇ · log a
Result<> Rule::power() {
  ValueId less = RUNE_TRY(make_.sub(in(1), make_.scalar(1, in(1))));
  ValueId slope =
      RUNE_TRY(make_.mul(in(1), RUNE_TRY(make_.one(Op::Pow, {in(0), less}))));
  RUNE_TRY(to(0, make_.mul(g_, slope)));
  ValueId log = RUNE_TRY(make_.one(Op::Log, {in(0)}));
  return to(1, make_.mul(g_, RUNE_TRY(make_.mul(output_, log))));
}

/// a · b of matrices: g · bᵀ and aᵀ · g
Result<> Rule::product() {
  OnnxNode &node = make_.node();
  if (node.rank(in(0)) < 2 || node.rank(in(1)) < 2 ||
      node_.integer("transpose_a") != 0 || node_.integer("transpose_b") != 0)
    return node.unsupported("the gradient of a product of `{}` and `{}`",
                            node.type(in(0)).str(), node.type(in(1)).str());
  RUNE_TRY(
      to(0, make_.one(Op::MatMul, {g_, RUNE_TRY(exchanged(make_, in(1)))})));
  return to(1, make_.one(Op::MatMul, {RUNE_TRY(exchanged(make_, in(0))), g_}));
}

/// Sums and means: g for each element that was folded.
Result<> Rule::fold(bool isMean) {
  OnnxNode &node = make_.node();
  const TensorType type = node.type(in(0));
  if (!type.isStatic() || (inputs_.size() > 1 && in(1) != noValue))
    return node.unsupported("the gradient of a sum over `{}`: its sizes and "
                            "the axes must be known",
                            type.str());
  Integers sizes = type.sizes();
  double count = 1;
  for (int64_t axis : node_.integers("axes")) {
    count *= static_cast<double>(type.sizes()[static_cast<size_t>(axis)]);
    sizes[static_cast<size_t>(axis)] = 1;
  }
  ValueId part = RUNE_TRY(make_.reshape(g_, sizes));
  if (isMean)
    part = RUNE_TRY(make_.div(part, make_.scalar(count, part)));
  return to(0, make_.one(Op::Expand, {part, make_.integers(type.sizes())}));
}

/// max(x, 0): g where x is above 0
Result<> Rule::chosen() {
  ValueId above = RUNE_TRY(make_.one(Op::Less, {constant(0), in(0)}));
  return to(0, make_.choose(above, g_, constant(0)));
}

/// The same elements elsewhere.
Result<> Rule::movement() {
  OnnxNode &node = make_.node();
  if (node_.op == Op::Transpose) {
    const Integers &order = node_.integers("permutation");
    Integers back(order.size());
    for (size_t i = 0; i < order.size(); ++i)
      back[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
    return to(0, make_.one(Op::Transpose, {g_}, {{"permutation", back}}));
  }
  const TensorType type = node.type(in(0));
  if (!type.isStatic())
    return node.unsupported("the gradient of `{}` in another shape: its sizes "
                            "must be known",
                            type.str());
  return to(0, make_.reshape(g_, type.sizes()));
}

Result<> Rule::apply() {
  switch (node_.op) {
  case Op::Identity:
    return to(0, g_);
  case Op::Add:
    RUNE_TRY(to(0, g_));
    return to(1, g_);
  case Op::Sub:
    RUNE_TRY(to(0, g_));
    return to(1, neg(g_));
  case Op::Mul:
    RUNE_TRY(to(0, make_.mul(g_, in(1))));
    return to(1, make_.mul(g_, in(0)));
  case Op::Div:
    return quotient();
  case Op::Pow:
    return power();
  case Op::MatMul:
    return product();
  case Op::Neg:
    return to(0, neg(g_));
  case Op::Abs:
    return times(make_.one(Op::Sign, {in(0)}));
  case Op::Exp:
    return times(output_);
  case Op::Log:
    return to(0, make_.div(g_, in(0)));
  case Op::Sqrt:
    return to(0, make_.div(g_, RUNE_TRY(make_.add(output_, output_))));
  case Op::Sin:
    return times(make_.one(Op::Cos, {in(0)}));
  case Op::Cos:
    return times(neg(RUNE_TRY(make_.one(Op::Sin, {in(0)}))));
  case Op::Tanh: // 1 - y²
    return times(make_.sub(constant(1), RUNE_TRY(make_.mul(output_, output_))));
  case Op::Sigmoid: // y · (1 - y)
    return times(make_.mul(output_, RUNE_TRY(make_.sub(constant(1), output_))));
  case Op::Relu:
    return chosen();
  case Op::ReduceSum:
    return fold(false);
  case Op::ReduceMean:
    return fold(true);
  case Op::Reshape:
  case Op::Flatten:
  case Op::Squeeze:
  case Op::Unsqueeze:
  case Op::Transpose:
    return movement();
  default:
    return make_.node().unsupported("the gradient of `{}`, which became `{}`",
                                    node_.name, opName(node_.op));
  }
}

/// The nodes on which y depends and that depend on one of `from`, in order.
/// Copies: the graph's own move while it grows.
std::vector<graph::Node> between(const graph::Graph &graph, const Values &from,
                                 ValueId y) {
  std::vector<bool> reached(graph.values.size(), false),
      needed(graph.values.size(), false);
  for (auto [value, place] : from)
    reached[value] = true;
  auto any = [](const std::vector<ValueId> &values,
                const std::vector<bool> &marks) {
    return std::ranges::any_of(values, [&](ValueId value) {
      return value != noValue && marks[value];
    });
  };
  auto isGiven = [&](ValueId value) { return from.contains(value); };
  for (const graph::Node &node : graph.nodes)
    if (any(node.inputs, reached))
      for (ValueId output : node.outputs)
        reached[output] = true;
  needed[y] = true;
  std::vector<graph::Node> nodes;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const graph::Node &node = graph.nodes[i];
    if (!any(node.outputs, needed) || !any(node.inputs, reached) ||
        std::ranges::all_of(node.outputs, isGiven))
      continue;
    for (ValueId input : node.inputs)
      if (input != noValue)
        needed[input] = true;
    nodes.push_back(node);
  }
  std::ranges::reverse(nodes);
  return nodes;
}

ValueId placeOf(const Values &places, ValueId value) {
  auto found = places.find(value);
  return found == places.end() ? value : found->second;
}

/// The nodes again, where their operands stand elsewhere.
Result<> repeat(Composer &make, const std::vector<graph::Node> &nodes,
                Values &places) {
  for (const graph::Node &node : nodes) {
    std::vector<ValueId> inputs;
    for (ValueId input : node.inputs)
      inputs.push_back(placeOf(places, input));
    if (inputs == node.inputs)
      continue;
    if (!node.bodies.empty())
      return make.node().unsupported("the gradient of `{}`, which became `{}`",
                                     node.name, opName(node.op));
    auto outputs = RUNE_TRY(
        make.node().graph().node(node.op, make.part("again"), std::move(inputs),
                                 node.attributes, node.outputs.size()));
    for (size_t i = 0; i < outputs.size(); ++i)
      places.try_emplace(node.outputs[i], outputs[i]);
  }
  return {};
}

Result<ValueId> valueNamed(OnnxNode &node, const std::string &name) {
  auto found = node.bodies().named(name);
  if (!found)
    return node.fail("nothing before it makes `{}`", name);
  return *found;
}

/// A tensor of one number, as large as `like`.
Result<ValueId> filled(Composer &make, ValueId like, double value) {
  ValueId shape = RUNE_TRY(make.one(Op::Shape, {like}));
  return make.one(Op::Expand, {make.scalar(value, like), shape});
}

} // namespace

/// inputs  a place for each of `xs`, then of `zs`
/// result  for each of `xs` the derivative of the sum of `y` by it
/// errors  names that nobody knows · `import.unsupported`: an operator on the
///         way without a rule, sums over sizes that are not known
Imported importTrainingGradient(OnnxNode &node) {
  Composer make(node);
  auto names = RUNE_TRY(node.texts("xs"));
  auto others = RUNE_TRY(node.texts("zs"));
  auto target = RUNE_TRY(node.text("y"));
  if (!names || names->empty() || !target)
    return node.fail("needs `xs` and `y`");
  std::vector<std::string> all = *names;
  if (others)
    all.insert(all.end(), others->begin(), others->end());
  if (all.size() != node.inputs())
    return node.fail("{} inputs for {} names", node.inputs(), all.size());
  ValueId y = RUNE_TRY(valueNamed(node, *target));
  if (!isFloat(node.dtype(y)))
    return node.fail("`{}` is `{}`, needs floats", *target, node.type(y).str());
  Values places;
  std::vector<ValueId> wanted;
  for (size_t i = 0; i < all.size(); ++i) {
    ValueId x = RUNE_TRY(valueNamed(node, all[i]));
    ValueId place = RUNE_TRY(node.input(i, all[i]));
    if (node.dtype(x) != node.dtype(place))
      return node.fail("`{}` is `{}`, its place `{}`", all[i],
                       node.type(x).str(), node.type(place).str());
    places[x] = place;
    if (i < names->size())
      wanted.push_back(x);
  }
  std::vector<graph::Node> nodes = between(node.graph().soFar(), places, y);
  RUNE_TRY(repeat(make, nodes, places));
  std::set<ValueId> asked;
  for (ValueId x : wanted)
    asked.insert(placeOf(places, x));
  for (const graph::Node &each : nodes)
    for (ValueId output : each.outputs)
      asked.insert(placeOf(places, output));
  Derivatives derivatives(make, std::move(asked));
  RUNE_TRY(derivatives.add(placeOf(places, y),
                           RUNE_TRY(filled(make, placeOf(places, y), 1))));
  for (size_t i = nodes.size(); i-- > 0;) {
    ValueId output = placeOf(places, nodes[i].outputs[0]);
    auto g = derivatives.of(output);
    if (!g)
      continue;
    std::vector<ValueId> inputs;
    for (ValueId input : nodes[i].inputs)
      inputs.push_back(placeOf(places, input));
    RUNE_TRY(Rule(make, nodes[i], std::move(inputs), output, *g, derivatives)
                 .apply());
  }
  std::vector<ValueId> results;
  for (ValueId x : wanted) {
    ValueId place = placeOf(places, x);
    auto found = derivatives.of(place);
    results.push_back(RUNE_TRY(make.one(
        Op::Identity, {found ? *found : RUNE_TRY(filled(make, place, 0))})));
  }
  return results;
}

} // namespace rune::import
