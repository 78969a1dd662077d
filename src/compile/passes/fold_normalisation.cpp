// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A convolution or product with constant weights, then a constant factor and a
// constant term for each channel: (w · x + b) · s + t = (w · s) · x + (b · s +
// t). So batch normalisation, scaling and biases cost nothing. Weights are
// computed in f64 and rounded once; what would not be finite stays as it is.
//
// source  batch normalisation: docs/ops.md
#include "compile/passes/editor.h"
#include "compile/passes/pipeline.h"

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
using Numbers = std::vector<double>;

Numbers numbersOf(const Constant &constant) {
  Numbers numbers(constant.data.size() / dtypeBytes(constant.dtype));
  graph::withFloat(constant.dtype, [&]<class T>(graph::Type<T>) {
    for (size_t i = 0; i < numbers.size(); ++i) {
      T element;
      std::memcpy(&element, constant.data.data() + i * sizeof(T), sizeof(T));
      numbers[i] = graph::widen(element);
    }
  });
  return numbers;
}

/// Nothing if one of them is not finite in this type.
std::optional<Tensor> tensorOf(DType dtype, std::vector<int64_t> sizes,
                               const Numbers &numbers) {
  auto tensor = Tensor::zeros(dtype, std::move(sizes));
  if (!tensor)
    return std::nullopt;
  bool finite = true;
  graph::withFloat(dtype, [&]<class T>(graph::Type<T>) {
    for (size_t i = 0; i < numbers.size(); ++i) {
      tensor->as<T>()[i] = graph::narrow<T>(numbers[i]);
      finite &=
          std::isfinite(static_cast<double>(graph::widen(tensor->as<T>()[i])));
    }
  });
  return finite ? std::optional(*std::move(tensor)) : std::nullopt;
}

/// y = x · factor + term, each for a channel; absent: 1, 0.
struct Scaling {
  std::optional<Numbers> factor, term;
};

/// What makes y, one element after the other for each channel.
struct Layer {
  Node *node = nullptr;
  /// The dimension of y that counts channels, and how many there are.
  size_t axis = 0;
  int64_t channels = 0;
};

class Folding {
public:
  explicit Folding(graph::Graph graph) : editor_(std::move(graph)) {}

  graph::Graph run() {
    for (Node &node : editor_.graph().nodes) {
      editor_.settle(node);
      fold(node);
    }
    return std::move(editor_).finish();
  }

private:
  void fold(Node &node) {
    if (node.op != Op::BatchNormalization && node.op != Op::Add &&
        node.op != Op::Sub && node.op != Op::Mul && node.op != Op::Div)
      return;
    for (size_t side : {0, 1}) {
      if (side == 1 && node.op != Op::Add && node.op != Op::Mul)
        return;
      auto layer = layerOf(node.inputs[side]);
      if (!layer || editor_.value(node.outputs[0]).type !=
                        editor_.value(node.inputs[side]).type)
        continue;
      auto scaling = scalingOf(node, 1 - side, *layer);
      if (scaling && apply(*scaling, *layer, node))
        return;
    }
  }

  bool isFloats(ValueId id) const {
    const graph::ValueType &type = editor_.value(id).type;
    return type.isTensor() && type.isStatic() && isFloat(type.dtype);
  }

  std::optional<Layer> layerOf(ValueId y) {
    Node *node = editor_.onlyFor(y, {Op::Conv, Op::ConvTranspose, Op::MatMul});
    if (!node || !isFloats(y) || !editor_.constantOf(node->inputs[1]))
      return std::nullopt;
    const Dims &dims = editor_.value(y).type.dims;
    size_t axis = dims.size() - 1;
    if (node->op == Op::MatMul) {
      if (editor_.value(node->inputs[1]).type.dims.size() != 2 || dims.empty())
        return std::nullopt;
    } else {
      axis = node->text("layout") == "NCX" ? 1 : axis;
      if (hasBias(*node) && !editor_.constantOf(node->inputs[2]))
        return std::nullopt;
    }
    return Layer{node, axis, dims[axis].size()};
  }

  static bool hasBias(const Node &node) {
    return node.op != Op::MatMul && node.inputs.size() > 2 &&
           node.inputs[2] != noValue;
  }

  /// The numbers of a constant that has one for each channel, or one for all.
  std::optional<Numbers> perChannel(ValueId id, const Layer &layer) {
    const Constant *constant = editor_.constantOf(id);
    if (!constant || !isFloat(constant->dtype))
      return std::nullopt;
    const auto &dims = editor_.value(layer.node->outputs[0]).type.dims;
    if (constant->sizes.size() > dims.size())
      return std::nullopt;
    size_t missing = dims.size() - constant->sizes.size();
    for (size_t i = 0; i < constant->sizes.size(); ++i)
      if (constant->sizes[i] != 1 &&
          (missing + i != layer.axis || constant->sizes[i] != layer.channels))
        return std::nullopt;
    Numbers numbers = numbersOf(*constant);
    if (numbers.size() == 1)
      numbers.resize(static_cast<size_t>(layer.channels), numbers[0]);
    return numbers;
  }

  std::optional<Scaling> scalingOf(const Node &node, size_t other,
                                   const Layer &layer) {
    if (node.op == Op::BatchNormalization)
      return normalisation(node, layer);
    auto numbers = perChannel(node.inputs[other], layer);
    if (!numbers)
      return std::nullopt;
    if (node.op == Op::Sub)
      for (double &number : *numbers)
        number = -number;
    if (node.op == Op::Div)
      for (double &number : *numbers)
        number = 1 / number;
    if (node.op == Op::Add || node.op == Op::Sub)
      return Scaling{{}, numbers};
    return Scaling{numbers, {}};
  }

  std::optional<Scaling> normalisation(const Node &node, const Layer &layer) {
    const Dims &dims = editor_.value(node.inputs[0]).type.dims;
    size_t axis = node.text("layout") == "NCX" ? 1 : dims.size() - 1;
    if (node.outputs.size() != 1 || dims.size() < 2 || axis != layer.axis)
      return std::nullopt;
    std::array<Numbers, 4> all;
    for (size_t i = 0; i < all.size(); ++i) {
      const Constant *constant = editor_.constantOf(node.inputs[i + 1]);
      if (!constant)
        return std::nullopt;
      all[i] = numbersOf(*constant);
    }
    auto &[scale, bias, mean, variance] = all;
    for (size_t c = 0; c < scale.size(); ++c) {
      scale[c] /= std::sqrt(variance[c] + node.number("epsilon"));
      bias[c] -= mean[c] * scale[c];
    }
    return Scaling{scale, bias};
  }

  /// How weights go through the channels: `inner` elements of one, then of the
  /// next, `channels` of them; then again, each time for `outer / groups` rows.
  struct Walk {
    size_t outer = 1, channels = 1, inner = 1, groups = 1;
  };
  static Walk walkOf(const Node &node, const std::vector<int64_t> &sizes) {
    auto size = [&](size_t d) { return static_cast<size_t>(sizes[d]); };
    size_t kernel = 1;
    for (size_t d = 2; d < sizes.size(); ++d)
      kernel *= size(d);
    if (node.op == Op::ConvTranspose)
      return {size(0), size(1), kernel,
              static_cast<size_t>(node.integer("groups"))};
    if (node.op == Op::MatMul && !node.integer("transpose_b"))
      return {size(0), size(1), 1, 1};
    return {1, size(0), kernel * size(1), 1};
  }

  std::optional<Tensor> scaledWeights(const Layer &layer,
                                      const Numbers &factor) {
    const Constant &weights = *editor_.constantOf(layer.node->inputs[1]);
    auto scaled = Tensor::zeros(weights.dtype, weights.sizes);
    if (!scaled)
      return std::nullopt;
    Walk walk = walkOf(*layer.node, weights.sizes);
    bool finite = true;
    graph::withFloat(weights.dtype, [&]<class T>(graph::Type<T>) {
      const uint8_t *from = weights.data.data();
      T *to = scaled->as<T>().data();
      for (size_t o = 0; o < walk.outer; ++o)
        for (size_t c = 0; c < walk.channels; ++c) {
          size_t group = o / (walk.outer / walk.groups);
          double by = factor[group * walk.channels + c];
          for (size_t i = 0; i < walk.inner; ++i, from += sizeof(T), ++to) {
            T element;
            std::memcpy(&element, from, sizeof(T));
            *to = graph::narrow<T>(graph::widen(element) * by);
            finite &= std::isfinite(graph::widen(*to));
          }
        }
    });
    return finite ? std::optional(*std::move(scaled)) : std::nullopt;
  }

  /// `node` becomes the layer with other weights.
  bool apply(const Scaling &scaling, const Layer &layer, Node &node) {
    const Node &old = *layer.node;
    if (old.op == Op::MatMul && scaling.term)
      return false;
    std::vector<ValueId> inputs = old.inputs;
    std::optional<Tensor> weights, bias;
    if (scaling.factor)
      if (weights = scaledWeights(layer, *scaling.factor); !weights)
        return false;
    DType dtype = editor_.value(old.outputs[0]).type.dtype;
    if (hasBias(old) || scaling.term) {
      Numbers numbers(static_cast<size_t>(layer.channels));
      if (hasBias(old))
        numbers = numbersOf(*editor_.constantOf(old.inputs[2]));
      for (size_t c = 0; c < numbers.size(); ++c)
        numbers[c] = numbers[c] * (scaling.factor ? (*scaling.factor)[c] : 1) +
                     (scaling.term ? (*scaling.term)[c] : 0);
      if (bias = tensorOf(dtype, {layer.channels}, numbers); !bias)
        return false;
    }
    if (weights)
      inputs[1] = editor_.addConstant(editor_.value(inputs[1]).name,
                                      *std::move(weights));
    if (bias) {
      inputs.resize(3, noValue);
      inputs[2] = editor_.addConstant(node.name + "/bias", *std::move(bias));
    }
    std::string name = old.name;
    editor_.become(node, old.op, std::move(inputs), old.attributes);
    node.name = name;
    return true;
  }

  Editor editor_;
};

} // namespace

Result<graph::Graph> foldNormalisation(graph::Graph graph) {
  return Folding(std::move(graph)).run();
}

} // namespace rune::compile
