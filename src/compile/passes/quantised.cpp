// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/passes/quantised.h"

#include "graph/builder.h"
#include "graph/evaluate.h"
#include "graph/numeric.h"
#include "graph/ops.h"

#include <algorithm>
#include <cmath>

namespace rune::compile {

namespace {

using graph::Constant;
using graph::Node;
using graph::noValue;
using graph::Op;
using graph::ValueId;

template <class T> std::vector<T> elementsOf(const Constant &constant) {
  std::vector<T> numbers(constant.data.size() / dtypeBytes(constant.dtype));
  graph::withNumeric(constant.dtype, [&]<class E>(graph::Type<E>) {
    for (size_t i = 0; i < numbers.size(); ++i) {
      E element;
      std::memcpy(&element, constant.data.data() + i * sizeof element,
                  sizeof element);
      numbers[i] = static_cast<T>(graph::widen(element));
    }
  });
  return numbers;
}

bool isGiven(const Node &node, size_t input) {
  return input < node.inputs.size() && node.inputs[input] != noValue;
}

bool isByte(DType dtype) { return dtype == DType::I8 || dtype == DType::U8; }

/// One node, computed on these constants.
std::optional<Constant> computed(const Node &node,
                                 const std::vector<Constant> &inputs) {
  graph::GraphBuilder builder("constant");
  std::vector<ValueId> ids;
  for (const Constant &constant : inputs)
    ids.push_back(builder.constant("x", constant));
  auto y = builder.one(node.op, "y", ids, node.attributes);
  if (!y)
    return std::nullopt;
  builder.output(*y, "y");
  auto graph = std::move(builder).finish();
  if (!graph)
    return std::nullopt;
  auto results = graph::evaluate(*graph, {});
  if (!results)
    return std::nullopt;
  return Constant::of(std::move((*results)[0]));
}

/// A constant, or what a quantisation makes of constants.
std::optional<Constant> knownIntegers(Editor &graph, ValueId id) {
  if (const Constant *constant = graph.constantOf(id))
    return *constant;
  const Node *node = graph.madeBy(id, {Op::Quantize});
  if (!node)
    return std::nullopt;
  std::vector<Constant> inputs;
  for (ValueId input : node->inputs) {
    const Constant *constant = graph.constantOf(input);
    if (!constant)
      return std::nullopt;
    inputs.push_back(*constant);
  }
  return computed(*node, inputs);
}

/// Steps and zero points of a dequantisation.
std::optional<Stepped> parametersOf(Editor &graph, const Node &node) {
  const Constant *scale = graph.constantOf(node.inputs[1]);
  if (!scale || scale->dtype != DType::F32 || node.integer("block") != 0)
    return std::nullopt;
  Stepped stepped;
  stepped.scales = realsOf(*scale);
  if (stepped.scales.empty() ||
      !std::ranges::all_of(stepped.scales, isUsualScale))
    return std::nullopt;
  stepped.axis = static_cast<size_t>(node.integer("axis"));
  if (isGiven(node, 2)) {
    const Constant *zero = graph.constantOf(node.inputs[2]);
    if (!zero)
      return std::nullopt;
    stepped.zeros = integersOf(*zero);
    if (std::ranges::all_of(stepped.zeros, [](int32_t z) { return z == 0; }))
      stepped.zeros.clear();
  }
  return stepped;
}

/// What one of the operands stands for, as i32 in steps of `scales`, or as it
/// is where they cannot say it.
struct Bias {
  std::vector<int32_t> integers;
  std::vector<double> reals;
};

/// The real numbers of a known vector of `count`, dimensions of 1 before it and
/// `behind` of them behind it.
std::optional<std::vector<double>> knownVector(Editor &graph, ValueId id,
                                               int64_t count) {
  const Node *node = graph.madeBy(id, {Op::Dequantize});
  const Constant *constant = graph.constantOf(node ? node->inputs[0] : id);
  if (!constant || constant->sizes.empty() || constant->sizes.back() != count ||
      static_cast<int64_t>(constant->data.size() /
                           dtypeBytes(constant->dtype)) != count)
    return std::nullopt;
  if (!node)
    return constant->dtype == DType::F32
               ? std::optional(elementsOf<double>(*constant))
               : std::nullopt;
  auto steps = parametersOf(graph, *node);
  if (!steps || constant->dtype != DType::I32 || !steps->zeros.empty())
    return std::nullopt;
  std::vector<double> numbers = elementsOf<double>(*constant);
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] *= steps->scales[steps->scales.size() > 1 ? i : 0];
  return numbers;
}

/// A bias is meant to be whole in the steps of the sums: scales are rounded to
/// f32, so a little is missing.
Bias inSteps(std::vector<double> numbers, const std::vector<double> &scales) {
  Bias bias;
  for (size_t i = 0; i < numbers.size(); ++i) {
    double step = scales[scales.size() > 1 ? i : 0];
    double whole = std::nearbyint(numbers[i] / step);
    if (!(std::abs(whole) < 0x1p30) ||
        std::abs(whole * step - numbers[i]) > 0x1p-21 * std::abs(numbers[i]))
      return {{}, std::move(numbers)};
    bias.integers.push_back(static_cast<int32_t>(whole));
  }
  return bias;
}

/// The most that x can be away from its zero point.
int64_t reachOf(const Stepped &x) {
  int64_t low = x.dtype == DType::I8 ? -128 : 0, high = low + 255;
  int64_t zero = x.zeros.empty() ? 0 : x.zeros[0];
  return std::max(high - zero, zero - low);
}

/// True if no sum of products, bias included, leaves 32 bits.
bool fitsSums(const SteppedProduct &product, size_t axis) {
  const Constant &weights = *product.weights.constant;
  std::vector<int32_t> numbers = integersOf(weights);
  size_t inner = 1;
  for (size_t d = axis + 1; d < weights.sizes.size(); ++d)
    inner *= static_cast<size_t>(weights.sizes[d]);
  auto columns = static_cast<size_t>(product.columns);
  std::vector<int64_t> sums(columns);
  const std::vector<int32_t> &zeros = product.weights.zeros;
  for (size_t i = 0; i < numbers.size(); ++i) {
    size_t column = i / inner % columns;
    int32_t zero = zeros.empty() ? 0 : zeros[zeros.size() > 1 ? column : 0];
    sums[column] += std::abs(int64_t{numbers[i]} - zero);
  }
  for (size_t column = 0; column < columns; ++column) {
    int64_t bias =
        product.bias.empty() ? 0 : std::abs(int64_t{product.bias[column]});
    if (sums[column] > (INT32_MAX - bias) / reachOf(product.x))
      return false;
  }
  return true;
}

/// The axis of the weights that counts columns; nothing for products that have
/// no integer form, or one that is slower.
std::optional<size_t> columnsAxis(const Editor &graph, const Node &node) {
  const Dims &weights = graph.value(node.inputs[1]).type.dims;
  if (node.text("accumulator") != "f32")
    return std::nullopt;
  if (node.op == Op::Conv)
    return 0;
  if (weights.size() != 2 || node.integer("transpose_a") != 0 ||
      graph.value(node.inputs[0]).type.dims.size() < 2)
    return std::nullopt;
  return node.integer("transpose_b") != 0 ? 0 : 1;
}

std::optional<SteppedProduct> productOf(Editor &graph, const Node &node) {
  auto axis = columnsAxis(graph, node);
  auto x = axis ? steppedOf(graph, node.inputs[0]) : std::nullopt;
  if (!x || x->scales.size() != 1 || x->zeros.size() > 1)
    return std::nullopt;
  auto weights = steppedWeights(graph, node.inputs[1]);
  if (!weights || (weights->scales.size() > 1 && weights->axis != *axis))
    return std::nullopt;
  SteppedProduct product{&node, *std::move(x), *std::move(weights), {}, {}, {}};
  product.columns = product.weights.constant->sizes[*axis];
  for (double scale : product.weights.scales)
    product.scales.push_back(product.x.scales[0] * scale);
  if (!std::ranges::all_of(product.scales, isUsualScale))
    return std::nullopt;
  return product;
}

bool addBias(Editor &graph, SteppedProduct &product, ValueId id) {
  auto numbers = knownVector(graph, id, product.columns);
  if (!numbers)
    return false;
  Bias bias = inSteps(*std::move(numbers), product.scales);
  product.bias = std::move(bias.integers);
  product.realBias = std::move(bias.reals);
  return true;
}

} // namespace

bool isUsualScale(double scale) { return scale > 0x1p-60 && scale < 0x1p60; }

std::vector<int32_t> integersOf(const Constant &constant) {
  return elementsOf<int32_t>(constant);
}
std::vector<double> realsOf(const Constant &constant) {
  return elementsOf<double>(constant);
}

std::optional<Stepped> steppedOf(Editor &graph, ValueId id) {
  const Node *node = graph.madeBy(id, {Op::Dequantize});
  if (!node)
    return std::nullopt;
  DType dtype = graph.value(node->inputs[0]).type.dtype;
  auto stepped = isByte(dtype) ? parametersOf(graph, *node) : std::nullopt;
  if (stepped) {
    stepped->integers = node->inputs[0];
    stepped->dtype = dtype;
  }
  return stepped;
}

std::optional<Stepped> steppedWeights(Editor &graph, ValueId id) {
  const Node *turned = graph.madeBy(id, {Op::Transpose});
  auto stepped = steppedOf(graph, turned ? turned->inputs[0] : id);
  if (!stepped)
    return std::nullopt;
  stepped->constant = knownIntegers(graph, stepped->integers);
  if (!stepped->constant || stepped->constant->data.empty())
    return std::nullopt;
  if (!graph.constantOf(stepped->integers))
    stepped->integers = noValue;
  if (!turned)
    return stepped;
  stepped->constant = computed(*turned, {*stepped->constant});
  stepped->integers = noValue;
  const auto &order = turned->integers("permutation");
  auto place = std::ranges::find(order, static_cast<int64_t>(stepped->axis));
  stepped->axis = static_cast<size_t>(place - order.begin());
  return stepped->constant ? stepped : std::nullopt;
}

std::optional<SteppedProduct> steppedProduct(Editor &graph, ValueId id) {
  Node *node = graph.madeBy(id, {Op::Conv, Op::MatMul, Op::Add});
  if (!node || graph.value(id).type.dtype != DType::F32)
    return std::nullopt;
  std::optional<SteppedProduct> product;
  if (node->op != Op::Add) {
    product = productOf(graph, *node);
    if (product && node->op == Op::Conv && isGiven(*node, 2) &&
        !addBias(graph, *product, node->inputs[2]))
      return std::nullopt;
  } else {
    for (size_t side : {0, 1}) {
      const Node *inner = graph.onlyFor(node->inputs[side], {Op::MatMul});
      if (!inner || graph.value(id).type != graph.value(inner->outputs[0]).type)
        continue;
      product = productOf(graph, *inner);
      if (product && addBias(graph, *product, node->inputs[1 - side]))
        break;
      product.reset();
    }
  }
  if (!product || !fitsSums(*product, *columnsAxis(graph, *product->node)))
    return std::nullopt;
  return product;
}

} // namespace rune::compile
