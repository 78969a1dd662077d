// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Models that were quantised with pairs of quantise and dequantise around each
// layer (QDQ) say in floats what is meant in integers. Here
//
//   - a convolution or product of dequantised values becomes an integer one,
//     whose sums are dequantised: exact sums instead of sums of rounded floats;
//   - what is done to such sums on the way to a quantise is done in steps of
//     the result, so that nothing is divided: y / s for each of them;
//   - a dequantise goes behind what only moves or picks elements, or a quantise
//     before it; where they meet and have the same steps both go.
//
// The last is the same to the bit, the others within one step of what the
// floats give, where those come near the middle of two steps (docs/passes.md).
//
// source  docs/ops.md: quantize, dequantize; Jacob et al. 2018,
//         arXiv:1712.05877
#include "compile/passes/pipeline.h"
#include "compile/passes/quantised.h"
#include "compile/passes/rewriter.h"

#include "graph/numeric.h"
#include "graph/ops.h"

#include <algorithm>
#include <map>

namespace rune::compile {

namespace {

using graph::Attribute;
using graph::Constant;
using graph::Node;
using graph::noValue;
using graph::Op;
using graph::ValueId;

/// Operators that stand between a product and its quantise, and moves in front
/// of one: beyond so many the graph stays as it is.
constexpr int mostSteps = 64;

Constant constantOf(DType dtype, std::vector<int64_t> sizes,
                    const std::vector<double> &numbers) {
  auto tensor = Tensor::zeros(dtype, std::move(sizes));
  RUNE_CHECK(tensor, "no more elements than a constant of the graph");
  graph::withNumeric(dtype, [&]<class T>(graph::Type<T>) {
    for (size_t i = 0; i < numbers.size(); ++i)
      if constexpr (std::is_integral_v<T>)
        tensor->as<T>()[i] = static_cast<T>(numbers[i]);
      else
        tensor->as<T>()[i] = graph::narrow<T>(numbers[i]);
  });
  return Constant::of(*std::move(tensor));
}

std::vector<double> realsOf(const std::vector<int32_t> &integers) {
  return {integers.begin(), integers.end()};
}

/// The inputs of an operator that moves or picks elements, and takes any type;
/// none for others.
std::vector<size_t> movedInputs(const Node &node) {
  switch (node.op) {
  case Op::Reshape:
  case Op::Flatten:
  case Op::Squeeze:
  case Op::Unsqueeze:
  case Op::Transpose:
  case Op::Slice:
  case Op::Identity:
  case Op::MaxPool:
    return {0};
  case Op::Concat: {
    std::vector<size_t> all(node.inputs.size());
    for (size_t i = 0; i < all.size(); ++i)
      all[i] = i;
    return all;
  }
  default:
    return {};
  }
}

/// Moves integers instead of what they stand for.
class Sinking {
public:
  explicit Sinking(graph::Graph graph)
      : old_(std::move(graph)), now_(old_.graph()) {}

  Result<graph::Graph> run() {
    for (const Node &node : old_.graph().nodes) {
      if (node.op == Op::Dequantize)
        steps_[node.outputs[0]] = isOfAll(node) ? &node : nullptr;
      RUNE_TRY(isSunk(node) ? sink(node) : now_.copy(node));
    }
    return std::move(now_).finish();
  }

private:
  /// True for numbers of the run whose step is one for all.
  bool isOfAll(const Node &node) {
    auto x = steppedOf(old_, node.outputs[0]);
    return x && x->scales.size() == 1 && x->zeros.size() <= 1 &&
           !old_.constantOf(x->integers);
  }

  /// What gives the value its steps; null where nothing does.
  const Node *stepsOf(ValueId id) const {
    auto place = steps_.find(id);
    return place == steps_.end() ? nullptr : place->second;
  }

  bool isSunk(const Node &node) const {
    std::vector<size_t> inputs = movedInputs(node);
    if (inputs.empty() || node.outputs.size() != 1)
      return false;
    const Node *first = stepsOf(node.inputs[0]);
    return first && std::ranges::all_of(inputs, [&](size_t i) {
             const Node *steps = stepsOf(node.inputs[i]);
             return steps && isSame(*steps, *first);
           });
  }

  bool isSame(const Node &a, const Node &b) const {
    auto same = [&](size_t i) {
      bool has = i < a.inputs.size() && a.inputs[i] != noValue;
      if (has != (i < b.inputs.size() && b.inputs[i] != noValue))
        return false;
      return !has || std::ranges::equal(old_.constantOf(a.inputs[i])->data,
                                        old_.constantOf(b.inputs[i])->data);
    };
    return old_.value(a.inputs[0]).type.dtype ==
               old_.value(b.inputs[0]).type.dtype &&
           same(1) && same(2);
  }

  Result<> sink(const Node &node) {
    const Node &steps = *stepsOf(node.inputs[0]);
    std::vector<ValueId> inputs;
    for (ValueId id : node.inputs)
      inputs.push_back(now_[id]);
    for (size_t i : movedInputs(node))
      inputs[i] = integersOfValue(node.inputs[i]);
    auto whole = RUNE_TRY(now_.add(node, std::move(inputs), node.attributes));
    inputs.assign({whole[0]});
    for (size_t i = 1; i < steps.inputs.size(); ++i)
      inputs.push_back(now_[steps.inputs[i]]);
    ValueId y = RUNE_TRY(now_.builder().one(
        Op::Dequantize, steps.name, std::move(inputs), steps.attributes));
    now_.replace(node.outputs[0], y);
    integers_[node.outputs[0]] = whole[0];
    steps_[node.outputs[0]] = &steps;
    return {};
  }

  /// In the new graph.
  ValueId integersOfValue(ValueId id) const {
    auto place = integers_.find(id);
    return place != integers_.end() ? place->second
                                    : now_[stepsOf(id)->inputs[0]];
  }

  Editor old_;
  Rewriter now_;
  std::map<ValueId, const Node *> steps_;
  std::map<ValueId, ValueId> integers_;
};

/// A quantise with one known step for all.
struct Target {
  const Node *node = nullptr;
  double scale = 1;
  int32_t zero = 0;
  DType dtype = DType::U8;
};

class Folding {
public:
  explicit Folding(graph::Graph graph)
      : old_(std::move(graph)), now_(old_.graph()) {}

  Result<graph::Graph> run() {
    for (const Node &node : old_.graph().nodes)
      RUNE_TRY(fold(node));
    return std::move(now_).finish();
  }

private:
  Result<> fold(const Node &node) {
    if (auto target = targetOf(node)) {
      ValueId y = RUNE_TRY(quantised(node.inputs[0], *target, 0));
      now_.replace(node.outputs[0], y);
      return {};
    }
    if (node.outputs.size() == 1 && node.outputs[0] != noValue)
      if (const SteppedProduct *product = productAt(node.outputs[0])) {
        ValueId y = RUNE_TRY(dequantised(*product, 1));
        now_.replace(node.outputs[0], y);
        return {};
      }
    return now_.copy(node);
  }

  std::optional<Target> targetOf(const Node &node) const {
    if (node.op != Op::Quantize || node.text("rounding") != "even" ||
        node.integer("block") != 0)
      return std::nullopt;
    const Constant *scale = old_.constantOf(node.inputs[1]);
    DType dtype = old_.value(node.outputs[0]).type.dtype;
    if (!scale || scale->dtype != DType::F32 ||
        scale->data.size() != sizeof(float) ||
        (dtype != DType::I8 && dtype != DType::U8))
      return std::nullopt;
    Target target{&node, rune::compile::realsOf(*scale)[0], 0, dtype};
    if (node.inputs.size() > 2 && node.inputs[2] != noValue) {
      const Constant *zero = old_.constantOf(node.inputs[2]);
      if (!zero)
        return std::nullopt;
      target.zero = integersOf(*zero)[0];
    }
    return isUsualScale(target.scale) ? std::optional(target) : std::nullopt;
  }

  const SteppedProduct *productAt(ValueId id) {
    auto [place, isNew] = products_.try_emplace(id);
    if (isNew)
      place->second = steppedProduct(old_, id);
    return place->second ? &*place->second : nullptr;
  }

  ValueId constant(const std::string &name, DType dtype,
                   std::vector<int64_t> sizes,
                   const std::vector<double> &numbers) {
    return now_.builder().constant(
        name, constantOf(dtype, std::move(sizes), numbers));
  }
  /// A scalar or a vector.
  ValueId list(const std::string &name, DType dtype,
               const std::vector<double> &numbers) {
    std::vector<int64_t> sizes;
    if (numbers.size() != 1)
      sizes.push_back(static_cast<int64_t>(numbers.size()));
    return constant(name, dtype, std::move(sizes), numbers);
  }

  /// The sums of a product, in its steps.
  Result<ValueId> sums(const SteppedProduct &product) {
    // a matmul stands with and without the bias behind it
    std::pair key(product.node, product.bias.empty());
    auto [place, isNew] = sums_.try_emplace(key, noValue);
    if (!isNew)
      return place->second;
    const Node &node = *product.node;
    std::string name = node.name + "/sums";
    auto zerosOf = [&](const Stepped &of) {
      return of.zeros.empty()
                 ? noValue
                 : list(name + "/zero", of.dtype, realsOf(of.zeros));
    };
    ValueId weights = product.weights.integers == noValue
                          ? now_.builder().constant(name + "/weights",
                                                    *product.weights.constant)
                          : now_[product.weights.integers];
    ValueId bias = product.bias.empty()
                       ? noValue
                       : constant(name + "/bias", DType::I32, {product.columns},
                                  realsOf(product.bias));
    std::vector<ValueId> inputs = {now_[product.x.integers], weights, bias,
                                   zerosOf(product.x),
                                   zerosOf(product.weights)};
    while (inputs.back() == noValue)
      inputs.pop_back();
    std::vector<Attribute> attributes = node.attributes;
    for (Attribute &attribute : attributes)
      if (attribute.name == "accumulator")
        attribute.value = std::string("i32");
    Op op = node.op == Op::Conv ? Op::ConvInteger : Op::MatMulInteger;
    ValueId y = RUNE_TRY(
        now_.builder().one(op, name, std::move(inputs), std::move(attributes)));
    sums_[key] = y;
    return y;
  }

  /// Real numbers divided by `by`.
  Result<ValueId> dequantised(const SteppedProduct &product, double by) {
    const Node &node = *product.node;
    ValueId whole = RUNE_TRY(sums(product));
    size_t rank = old_.value(node.outputs[0]).type.dims.size();
    bool channelsFirst = node.op == Op::Conv && node.text("layout") == "NCX";
    size_t axis = channelsFirst ? 1 : rank - 1;
    std::vector<double> scales = product.scales;
    for (double &scale : scales)
      scale /= by;
    std::vector<Attribute> attributes;
    if (scales.size() > 1)
      attributes.push_back({"axis", static_cast<int64_t>(axis)});
    ValueId y = RUNE_TRY(now_.builder().one(
        Op::Dequantize, node.name + "/real",
        {whole, list(node.name + "/scale", DType::F32, scales)}, attributes));
    if (product.realBias.empty())
      return y;
    std::vector<int64_t> sizes(rank - axis, 1);
    sizes[0] = product.columns;
    std::vector<double> bias = product.realBias;
    for (double &number : bias)
      number /= by;
    return now_.builder().one(
        Op::Add, node.name + "/biased",
        {y, constant(node.name + "/bias", DType::F32, sizes, bias)});
  }

  bool isOnlyUse(ValueId id) const { return old_.uses(id) == 1; }

  /// Relu and clamp that the limits of the result do anyway.
  ValueId withoutLimits(ValueId id, const Target &target) {
    bool fromZero = target.zero == (target.dtype == DType::I8 ? -128 : 0);
    while (const Node *node = old_.madeBy(id, {Op::Relu})) {
      if (!fromZero)
        break;
      id = node->inputs[0];
    }
    return id;
  }

  /// `id` as the target has it.
  Result<ValueId> quantised(ValueId id, const Target &target, int depth) {
    id = withoutLimits(id, target);
    if (auto x = steppedOf(old_, id); x && isSame(*x, target))
      return now_[x->integers];
    if (isMoved(id, depth))
      return moved(*old_.producerOf(id), target, depth);
    bool hasSums = false;
    if (isScalable(id, hasSums, 0) && hasSums) {
      ValueId y = RUNE_TRY(scaled(id, target.scale));
      return quantise(y, 1, target);
    }
    return quantise(now_[id], target.scale, target);
  }

  static bool isSame(const Stepped &x, const Target &target) {
    int32_t zero = x.zeros.empty() ? 0 : x.zeros[0];
    return x.scales.size() == 1 && x.zeros.size() <= 1 &&
           x.dtype == target.dtype && x.scales[0] == target.scale &&
           zero == target.zero;
  }

  Result<ValueId> quantise(ValueId x, double scale, const Target &target) {
    const Node &node = *target.node;
    std::vector<ValueId> inputs = {x, now_[node.inputs[1]]};
    if (scale != target.scale)
      inputs[1] = constant(node.name + "/one", DType::F32,
                           old_.constantOf(node.inputs[1])->sizes, {scale});
    if (node.inputs.size() > 2)
      inputs.push_back(now_[node.inputs[2]]);
    return now_.builder().one(Op::Quantize, node.name, std::move(inputs),
                              node.attributes);
  }

  /// True for a value that is made by moving dequantised ones, for nobody else.
  bool isMoved(ValueId id, int depth) {
    const Node *node = old_.producerOf(id);
    if (depth > mostSteps || !node || node->outputs.size() != 1 ||
        !isOnlyUse(id))
      return false;
    return std::ranges::any_of(movedInputs(*node), [&](size_t i) {
      return leadsToSteps(node->inputs[i], depth + 1);
    });
  }
  bool leadsToSteps(ValueId id, int depth) {
    return steppedOf(old_, id) || (isOnlyUse(id) && productAt(id)) ||
           isMoved(id, depth);
  }

  Result<ValueId> moved(const Node &node, const Target &target, int depth) {
    std::vector<ValueId> inputs;
    for (ValueId id : node.inputs)
      inputs.push_back(now_[id]);
    for (size_t i : movedInputs(node))
      inputs[i] = RUNE_TRY(quantised(node.inputs[i], target, depth + 1));
    auto results = RUNE_TRY(now_.add(node, std::move(inputs), node.attributes));
    return results[0];
  }

  bool isKnown(ValueId id) const { return old_.constantOf(id) != nullptr; }

  /// True for what can be made in steps of the result: sums, dequantised
  /// values, constants, and what keeps a common factor of them.
  bool isScalable(ValueId id, bool &hasSums, int depth) {
    if (id == noValue || depth > mostSteps ||
        old_.value(id).type.dtype != DType::F32)
      return false;
    if (isKnown(id) || steppedOf(old_, id))
      return true;
    if (!isOnlyUse(id))
      return false;
    if (productAt(id)) {
      hasSums = true;
      return true;
    }
    const Node *node = old_.madeBy(id, {Op::Relu, Op::Clamp, Op::Add, Op::Sub});
    return node && std::ranges::all_of(node->inputs, [&](ValueId input) {
             return input == noValue || isScalable(input, hasSums, depth + 1);
           });
  }

  Result<ValueId> scaled(ValueId id, double by) {
    if (const Constant *known = old_.constantOf(id)) {
      std::vector<double> numbers = rune::compile::realsOf(*known);
      for (double &number : numbers)
        number /= by;
      return constant(old_.value(id).name, DType::F32, known->sizes, numbers);
    }
    if (const SteppedProduct *product = productAt(id))
      return dequantised(*product, by);
    const Node &node = *old_.producerOf(id);
    std::vector<ValueId> inputs;
    if (auto x = steppedOf(old_, id)) {
      for (ValueId input : node.inputs)
        inputs.push_back(now_[input]);
      for (double &scale : x->scales)
        scale /= by;
      inputs[1] = constant(node.name + "/scale", DType::F32,
                           old_.constantOf(node.inputs[1])->sizes, x->scales);
    } else {
      for (ValueId input : node.inputs)
        inputs.push_back(input == noValue ? noValue
                                          : RUNE_TRY(scaled(input, by)));
    }
    auto results = RUNE_TRY(now_.add(node, std::move(inputs), node.attributes));
    return results[0];
  }

  /// Only asked: what was there.
  Editor old_;
  Rewriter now_;
  std::map<ValueId, std::optional<SteppedProduct>> products_;
  std::map<std::pair<const Node *, bool>, ValueId> sums_;
};

} // namespace

Result<graph::Graph> foldQuantisation(graph::Graph graph) {
  graph::Graph sunk = RUNE_TRY(Sinking(std::move(graph)).run());
  return Folding(std::move(sunk)).run();
}

} // namespace rune::compile
