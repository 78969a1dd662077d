// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exporters spell operators out in smaller ones. Where the list of ours has the
// whole, it stands for the parts again: it is rounded less often, and there is
// one loop for it.
//
//   layer normalisation   d = x - mean(x);  d / √(mean(d²) + e) · scale + bias
//   RMS normalisation     x / √(mean(x²) + e) · scale
//   GELU                  x/2 · (1 + erf(x/√2)), and with tanh
//   softmax               exp(x - max x) / Σ exp(x - max x)
//   sigmoid               1 / (1 + exp(-x))
//   clamp, relu           min(max(x, a), b)
//   squares               pow(x, 2)
//
// source  docs/ops.md: the operators' own sections
#include "compile/passes/editor.h"
#include "compile/passes/pipeline.h"

#include "graph/numeric.h"
#include "graph/ops.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace rune::compile {

namespace {

using graph::Node;
using graph::noValue;
using graph::Op;
using graph::ValueId;

/// Constants were rounded to some float on their way here.
bool isAbout(double number, double wanted) {
  return std::abs(number - wanted) <= 1e-7 * std::abs(wanted);
}

/// A product: its factors but for the constants, and these multiplied.
constexpr size_t mostFactors = 8;
struct Product {
  std::vector<ValueId> factors;
  double constant = 1;
};

class Recogniser {
public:
  explicit Recogniser(graph::Graph graph) : editor_(std::move(graph)) {}

  graph::Graph run() {
    for (Node &node : editor_.graph().nodes) {
      editor_.settle(node);
      if (node.outputs.size() == 1 && isFloats(node.outputs[0]))
        recognise(node);
    }
    return std::move(editor_).finish();
  }

private:
  void recognise(Node &node) {
    switch (node.op) {
    case Op::Pow:
      return square(node);
    case Op::Maximum:
      return largest(node);
    case Op::Minimum:
      return smallest(node);
    case Op::Div:
      (void)(normalisation(node, node.inputs[0], node.inputs[1]) ||
             softmax(node) || sigmoid(node));
      return;
    case Op::Mul:
      (void)(normalisationBy(node, 0) || normalisationBy(node, 1) ||
             scaled(node, 1) || gelu(node));
      return;
    case Op::Add:
      (void)scaled(node, 2);
      return;
    default:
      return;
    }
  }

  const graph::ValueType &typeOf(ValueId id) const {
    return editor_.value(id).type;
  }
  bool isFloats(ValueId id) const {
    return typeOf(id).isTensor() && typeOf(id).isStatic() &&
           isFloat(typeOf(id).dtype);
  }
  /// The side of a commutative node whose other side is this constant.
  std::optional<ValueId> besides(const Node &node, double number) const {
    for (size_t side : {0, 1})
      if (editor_.isNumber(node.inputs[side], number))
        return node.inputs[1 - side];
    return std::nullopt;
  }

  void square(Node &node) {
    ValueId x = node.inputs[0];
    if (editor_.isNumber(node.inputs[1], 2) &&
        typeOf(x) == typeOf(node.outputs[0]))
      editor_.become(node, Op::Mul, {x, x}, {});
  }

  /// A scalar, as clamp wants it.
  ValueId scalar(ValueId id) {
    graph::Constant constant = *editor_.constantOf(id);
    constant.sizes.clear();
    return editor_.addConstant(editor_.value(id).name, std::move(constant));
  }

  /// The operand of a minimum or maximum whose other one is a number.
  struct Bounded {
    ValueId x = noValue, bound = noValue;
    double number = 0;
  };
  std::optional<Bounded> bounded(const Node &node) const {
    for (size_t side : {1, 0}) {
      ValueId x = node.inputs[1 - side];
      auto number = editor_.numberOf(node.inputs[side]);
      if (number && !std::isnan(*number) &&
          typeOf(x) == typeOf(node.outputs[0]))
        return Bounded{x, node.inputs[side], *number};
    }
    return std::nullopt;
  }

  void largest(Node &node) {
    if (auto found = bounded(node); found && found->number == 0)
      editor_.become(node, Op::Relu, {found->x}, {});
    else if (found)
      editor_.become(node, Op::Clamp, {found->x, scalar(found->bound)}, {});
  }

  void smallest(Node &node) {
    auto found = bounded(node);
    if (!found)
      return;
    ValueId x = found->x, low = noValue;
    if (const Node *inner = editor_.onlyFor(x, {Op::Relu})) {
      x = inner->inputs[0];
      auto zero = Tensor::zeros(typeOf(x).dtype, {});
      RUNE_CHECK(zero, "a scalar");
      low = editor_.addConstant("zero", *std::move(zero));
    } else if (const Node *inner = editor_.onlyFor(x, {Op::Clamp});
               inner &&
               (inner->inputs.size() < 3 || inner->inputs[2] == noValue)) {
      x = inner->inputs[0];
      low = inner->inputs.size() > 1 ? inner->inputs[1] : noValue;
    }
    editor_.become(node, Op::Clamp, {x, low, scalar(found->bound)}, {});
  }

  /// The axis from which on `node`, a reduction that keeps dimensions, reduces
  /// all.
  std::optional<int64_t> trailing(const Node &node) const {
    const auto &axes = node.integers("axes");
    auto rank = static_cast<int64_t>(typeOf(node.inputs[0]).dims.size());
    if (node.inputs.size() != 1 || node.integer("keep_dims") == 0 ||
        axes.empty() || axes.back() != rank - 1 ||
        axes.front() != rank - static_cast<int64_t>(axes.size()))
      return std::nullopt;
    return axes.front();
  }

  /// √(mean(d²) + e)
  struct Deviation {
    ValueId of = noValue;
    int64_t axis = 0;
    double epsilon = 0;
  };
  std::optional<Deviation> deviation(ValueId id) {
    const Node *root = editor_.madeBy(id, {Op::Sqrt});
    const Node *sum =
        root ? editor_.madeBy(root->inputs[0], {Op::Add}) : nullptr;
    if (!sum)
      return std::nullopt;
    for (size_t side : {0, 1}) {
      const Node *mean = editor_.madeBy(sum->inputs[side], {Op::ReduceMean});
      auto epsilon = editor_.numberOf(sum->inputs[1 - side]);
      const Node *square =
          mean ? editor_.madeBy(mean->inputs[0], {Op::Mul}) : nullptr;
      auto axis = mean ? trailing(*mean) : std::nullopt;
      if (square && epsilon && axis && *epsilon >= 0 &&
          square->inputs[0] == square->inputs[1])
        return Deviation{square->inputs[0], *axis, *epsilon};
    }
    return std::nullopt;
  }

  /// numerator / denominator
  bool normalisation(Node &node, ValueId numerator, ValueId denominator) {
    auto found = deviation(denominator);
    if (!found || found->of != numerator ||
        typeOf(numerator) != typeOf(node.outputs[0]))
      return false;
    ValueId x = numerator;
    const Node *centre = editor_.madeBy(x, {Op::Sub});
    const Node *mean =
        centre ? editor_.madeBy(centre->inputs[1], {Op::ReduceMean}) : nullptr;
    bool centered = mean && mean->inputs[0] == centre->inputs[0] &&
                    trailing(*mean) == found->axis;
    if (centered)
      x = centre->inputs[0];
    editor_.become(node, Op::LayerNormalization, {x},
                   {{"axis", found->axis},
                    {"centered", int64_t{centered}},
                    {"epsilon", found->epsilon}});
    return true;
  }

  /// x · (1 / y)
  bool normalisationBy(Node &node, size_t side) {
    const Node *inverse = editor_.madeBy(node.inputs[side], {Op::Div});
    return inverse && editor_.isNumber(inverse->inputs[0], 1) &&
           normalisation(node, node.inputs[1 - side], inverse->inputs[1]);
  }

  /// A factor (input 1) or a term (input 2) after a normalisation.
  bool scaled(Node &node, size_t input) {
    for (size_t side : {0, 1}) {
      const Node *inner =
          editor_.onlyFor(node.inputs[side], {Op::LayerNormalization});
      ValueId other = node.inputs[1 - side];
      if (!inner || inner->inputs.size() > input || !isFloats(other) ||
          !stretches(*inner, other) ||
          typeOf(node.inputs[side]) != typeOf(node.outputs[0]))
        continue;
      std::vector<ValueId> inputs = inner->inputs;
      inputs.resize(input, noValue);
      inputs.push_back(other);
      editor_.become(node, Op::LayerNormalization, inputs, inner->attributes);
      return true;
    }
    return false;
  }

  /// True for a parameter of the normalised dimensions alone.
  bool stretches(const Node &node, ValueId other) const {
    const Dims &dims = typeOf(node.inputs[0]).dims;
    const Dims &own = typeOf(other).dims;
    auto axis = static_cast<size_t>(node.integer("axis"));
    if (own.size() > dims.size() - axis ||
        typeOf(other).dtype != typeOf(node.inputs[0]).dtype)
      return false;
    return std::equal(own.begin(), own.end(),
                      dims.end() - static_cast<std::ptrdiff_t>(own.size()));
  }

  /// Takes a product apart; one that others need too only at the root.
  void multiply(ValueId id, Product &product, bool isRoot = false) {
    if (auto number = editor_.numberOf(id)) {
      product.constant *= *number;
      return;
    }
    const Node *node = editor_.madeBy(id, {Op::Mul, Op::Div, Op::Pow});
    bool isOpen = node && product.factors.size() < mostFactors;
    if (isOpen && node->op == Op::Mul &&
        (isRoot || isSquare(*node) || editor_.uses(id) == 1)) {
      multiply(node->inputs[0], product);
      multiply(node->inputs[1], product);
    } else if (auto number =
                   isOpen ? editor_.numberOf(node->inputs[1]) : std::nullopt;
               number && node->op == Op::Div) {
      product.constant /= *number;
      multiply(node->inputs[0], product);
    } else if (number == 3.0 && node->op == Op::Pow) {
      product.factors.insert(product.factors.end(), 3, node->inputs[0]);
    } else {
      product.factors.push_back(id);
    }
  }
  static bool isSquare(const Node &node) {
    return node.inputs[0] == node.inputs[1];
  }
  Product productOf(ValueId id) {
    Product product;
    multiply(id, product, true);
    return product;
  }
  bool isPower(const Product &product, ValueId x, size_t power,
               double constant) const {
    return product.factors.size() == power &&
           std::ranges::count(product.factors, x) ==
               static_cast<std::ptrdiff_t>(power) &&
           isAbout(product.constant, constant);
  }

  bool gelu(Node &node) {
    Product product = productOf(node.outputs[0]);
    if (product.factors.size() != 2 || !isAbout(product.constant, 0.5))
      return false;
    for (size_t side : {0, 1}) {
      ValueId x = product.factors[1 - side];
      const Node *sum = editor_.madeBy(product.factors[side], {Op::Add});
      auto inner = sum ? besides(*sum, 1) : std::nullopt;
      const Node *function =
          inner ? editor_.madeBy(*inner, {Op::Erf, Op::Tanh}) : nullptr;
      if (!function || typeOf(x) != typeOf(node.outputs[0]))
        continue;
      bool isErf = function->op == Op::Erf;
      if (isErf ? !isPower(productOf(function->inputs[0]), x, 1,
                           1 / std::numbers::sqrt2)
                : !isCubic(function->inputs[0], x))
        continue;
      editor_.become(node, Op::Gelu, {x},
                     {{"approximate", isErf ? "none" : "tanh"}});
      return true;
    }
    return false;
  }

  /// √(2/π) · (x + 0.044715 · x³)
  bool isCubic(ValueId id, ValueId x) {
    constexpr double cubic = 0.044715;
    Product product = productOf(id);
    if (!isAbout(product.constant, std::sqrt(2 / std::numbers::pi)))
      return false;
    std::vector<ValueId> left = product.factors;
    bool isFactored = left.size() == 2 && std::erase(left, x) == 1;
    const Node *sum =
        left.size() == 1 ? editor_.madeBy(left[0], {Op::Add}) : nullptr;
    if (!sum)
      return false;
    for (size_t side : {0, 1}) {
      ValueId linear = sum->inputs[1 - side];
      if (isFactored ? !editor_.isNumber(linear, 1) : linear != x)
        continue;
      if (isPower(productOf(sum->inputs[side]), x, isFactored ? 2 : 3, cubic))
        return true;
    }
    return false;
  }

  bool softmax(Node &node) {
    const Node *exp = editor_.madeBy(node.inputs[0], {Op::Exp});
    const Node *sum = editor_.madeBy(node.inputs[1], {Op::ReduceSum});
    const Node *shift =
        exp ? editor_.madeBy(exp->inputs[0], {Op::Sub}) : nullptr;
    const Node *most =
        shift ? editor_.madeBy(shift->inputs[1], {Op::ReduceMax}) : nullptr;
    if (!sum || !most || sum->inputs.size() != 1 || most->inputs.size() != 1 ||
        sum->inputs[0] != node.inputs[0] ||
        most->inputs[0] != shift->inputs[0] || sum->integer("keep_dims") == 0 ||
        most->integer("keep_dims") == 0 ||
        sum->integers("axes") != most->integers("axes") ||
        sum->integers("axes").empty())
      return false;
    editor_.become(node, Op::Softmax, {shift->inputs[0]},
                   {{"axes", sum->integers("axes")}});
    return true;
  }

  bool sigmoid(Node &node) {
    const Node *sum = editor_.madeBy(node.inputs[1], {Op::Add});
    auto inner = sum ? besides(*sum, 1) : std::nullopt;
    const Node *exp = inner ? editor_.madeBy(*inner, {Op::Exp}) : nullptr;
    const Node *negative =
        exp ? editor_.madeBy(exp->inputs[0], {Op::Neg}) : nullptr;
    if (!negative || !editor_.isNumber(node.inputs[0], 1) ||
        typeOf(negative->inputs[0]) != typeOf(node.outputs[0]))
      return false;
    editor_.become(node, Op::Sigmoid, {negative->inputs[0]}, {});
    return true;
  }

  Editor editor_;
};

} // namespace

Result<graph::Graph> recognise(graph::Graph graph) {
  return Recogniser(std::move(graph)).run();
}

} // namespace rune::compile
