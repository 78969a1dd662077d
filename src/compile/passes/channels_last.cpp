// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ONNX keeps pictures as [N, C, H, W]; vector code wants the channels of one
// place side by side. Every convolution is given its input with the channels
// last, and what stands between convolutions (elements, pools, reductions,
// concatenations, paddings, reshapes) takes its input as it stands: so values
// are transposed only where somebody needs another order, a transpose of the
// model costs nothing until then, and two that meet are gone. Where dimensions
// are 1 a transpose is a reshape.
//
// The graph is made anew; which order each value has is a matter of this pass
// alone. If it does not pay (bytes moved against multiplications that became
// fast), the graph stays as it was.
#include "compile/passes/arrangement.h"
#include "compile/passes/pipeline.h"

#include "graph/ops.h"
#include "graph/statistics.h"

#include <algorithm>
#include <numeric>

namespace rune::compile {

namespace {

using graph::Attribute;
using graph::Node;
using graph::noValue;
using graph::Op;
using graph::ValueId;

/// How an operator sees the order of its inputs.
enum class Kind {
  /// Wants [N, …, C] and pays for it.
  Convolution,
  /// Has a `layout`, and takes what comes.
  Layout,
  /// Element by element of several inputs, stretched to each other.
  Broadcast,
  /// Element by element of the first input; the others are single elements.
  Elements,
  /// The same with vectors along `axis`.
  AlongAxis,
  Concat,
  Split,
  Axes,
  Reduce,
  ArgReduce,
  Slice,
  Pad,
  Resize,
  Expand,
  Tile,
  Transpose,
  Reshape,
  LayerNormalization,
  /// Takes its inputs as they are written.
  Plain
};

Kind kindOf(Op op) {
  switch (op) {
  case Op::Conv:
  case Op::ConvInteger:
  case Op::ConvTranspose:
  case Op::ConvTransposeInteger:
    return Kind::Convolution;
  case Op::MaxPool:
  case Op::AveragePool:
  case Op::LpPool:
  case Op::BatchNormalization:
  case Op::GroupNormalization:
  case Op::LocalResponseNormalization:
    return Kind::Layout;
  case Op::Add:
  case Op::Sub:
  case Op::Mul:
  case Op::Div:
  case Op::Minimum:
  case Op::Maximum:
  case Op::Pow:
  case Op::Mod:
  case Op::Equal:
  case Op::Less:
  case Op::LessEqual:
  case Op::LogicalAnd:
  case Op::LogicalOr:
  case Op::BitwiseAnd:
  case Op::BitwiseOr:
  case Op::BitwiseXor:
  case Op::BitShift:
  case Op::Where:
    return Kind::Broadcast;
  case Op::Relu:
  case Op::Clamp:
  case Op::Abs:
  case Op::Neg:
  case Op::Sign:
  case Op::Exp:
  case Op::Log:
  case Op::Sqrt:
  case Op::Sin:
  case Op::Cos:
  case Op::Tan:
  case Op::Asin:
  case Op::Acos:
  case Op::Atan:
  case Op::Sinh:
  case Op::Cosh:
  case Op::Asinh:
  case Op::Acosh:
  case Op::Atanh:
  case Op::Tanh:
  case Op::Sigmoid:
  case Op::Erf:
  case Op::Elu:
  case Op::Gelu:
  case Op::Softplus:
  case Op::Floor:
  case Op::Ceil:
  case Op::Round:
  case Op::Cast:
  case Op::BitCast:
  case Op::LogicalNot:
  case Op::Lookup:
  case Op::Identity:
    return Kind::Elements;
  case Op::Quantize:
  case Op::Dequantize:
  case Op::Requantize:
    return Kind::AlongAxis;
  case Op::Concat:
    return Kind::Concat;
  case Op::Split:
    return Kind::Split;
  case Op::Softmax:
    return Kind::Axes;
  case Op::ReduceMean:
  case Op::ReduceSum:
  case Op::ReduceProd:
  case Op::ReduceMax:
  case Op::ReduceMin:
    return Kind::Reduce;
  case Op::ArgMax:
  case Op::ArgMin:
    return Kind::ArgReduce;
  case Op::Slice:
    return Kind::Slice;
  case Op::Pad:
    return Kind::Pad;
  case Op::Resize:
  case Op::ResizeNearest:
  case Op::ResizeLinear:
    return Kind::Resize;
  case Op::Expand:
    return Kind::Expand;
  case Op::Tile:
    return Kind::Tile;
  case Op::Transpose:
    return Kind::Transpose;
  case Op::Reshape:
  case Op::Flatten:
  case Op::Squeeze:
  case Op::Unsqueeze:
    return Kind::Reshape;
  case Op::LayerNormalization:
    return Kind::LayerNormalization;
  default:
    return Kind::Plain;
  }
}

/// A node in other words, and the order of its results. Nothing where the node
/// has to see its inputs as they are written.
struct Reworded {
  std::vector<ValueId> inputs;
  std::vector<Attribute> attributes;
  std::vector<Order> orders;
};
using Maybe = Result<std::optional<Reworded>>;

void put(std::vector<Attribute> &attributes, std::string_view name,
         graph::AttributeValue value) {
  std::ranges::find(attributes, name, &Attribute::name)->value =
      std::move(value);
}

class ChannelsLast {
public:
  explicit ChannelsLast(const graph::Graph &graph)
      : graph_(graph), rewriter_(graph), values_(rewriter_) {}

  Result<graph::Graph> run() {
    for (const Node &node : graph_.nodes)
      RUNE_TRY(take(node));
    for (ValueId id : graph_.outputs)
      rewriter_.set(id, RUNE_TRY(values_.plain(id)));
    for (const graph::Variable &variable : graph_.variables)
      rewriter_.set(variable.output, RUNE_TRY(values_.plain(variable.output)));
    return std::move(rewriter_).finish();
  }

  /// Multiplications of the convolutions that found their channels last.
  uint64_t gained() const { return gained_; }

private:
  Result<> take(const Node &node) {
    Kind kind = kindOf(node.op);
    auto known = [&](ValueId id) {
      return id == noValue || values_.isKnown(id);
    };
    bool isKnown = node.bodies.empty() &&
                   std::ranges::all_of(node.inputs, known) &&
                   std::ranges::all_of(node.outputs, known);
    if (isKnown && kind == Kind::Reshape)
      return reshape(node);
    if (isKnown && kind == Kind::Transpose)
      return transpose(node);
    std::optional<Reworded> reworded;
    if (isKnown && kind != Kind::Plain)
      reworded = RUNE_TRY(reword(node, kind));
    if (!reworded)
      return plain(node);
    auto outputs = RUNE_TRY(rewriter_.add(node, std::move(reworded->inputs),
                                          std::move(reworded->attributes)));
    for (size_t i = 0; i < outputs.size(); ++i)
      values_.set(node.outputs[i], reworded->orders[i], outputs[i]);
    return {};
  }

  Result<> plain(const Node &node) {
    for (ValueId id : node.inputs)
      if (id != noValue)
        rewriter_.set(id, RUNE_TRY(values_.plain(id)));
    RUNE_TRY(rewriter_.copy(node));
    for (ValueId id : node.outputs)
      values_.set(id, plainOrder(graph_.values[id].type.dims.size()),
                  rewriter_[id]);
    return {};
  }

  /// No element moves: what it did is remembered.
  Result<> transpose(const Node &node) {
    ValueId x = node.inputs[0];
    const auto &permutation = node.integers("permutation");
    Order order;
    for (int64_t axis : values_.orderOf(x))
      order.push_back(placeOf(permutation, axis));
    ValueId now = RUNE_TRY(values_.get(x, values_.orderOf(x)));
    values_.set(node.outputs[0], std::move(order), now);
    return {};
  }

  Result<> reshape(const Node &node) {
    ValueId x = node.inputs[0], y = node.outputs[0];
    Sizes sizes = values_.sizesOf(y);
    auto orders = regroup(values_.sizesOf(x), values_.orderOf(x), sizes);
    if (!orders)
      return plain(node);
    ValueId now = RUNE_TRY(values_.getOnes(x, orders->from));
    now = RUNE_TRY(values_.reshaped(now, stored(sizes, orders->to)));
    values_.set(y, std::move(orders->to), now);
    return {};
  }

  Maybe reword(const Node &node, Kind kind) {
    switch (kind) {
    case Kind::Convolution:
      return convolution(node);
    case Kind::Layout:
      return layout(node);
    case Kind::Broadcast:
      return broadcast(node);
    case Kind::Elements:
      return leading(node, node.attributes, values_.orderOf(node.inputs[0]));
    case Kind::Concat:
      return concat(node);
    case Kind::AlongAxis:
    case Kind::Split:
      return alongAxis(node);
    case Kind::Axes:
      return axes(node);
    case Kind::Reduce:
    case Kind::ArgReduce:
      return reduce(node, kind);
    case Kind::Slice:
      return slice(node);
    case Kind::Pad:
      return pad(node);
    case Kind::Resize:
      return resize(node);
    case Kind::Expand:
    case Kind::Tile:
      return sized(node, kind);
    case Kind::LayerNormalization:
      return layerNormalization(node);
    default:
      return std::optional<Reworded>();
    }
  }

  /// The first input in `order`, the others as they are; results in `order`.
  Maybe leading(const Node &node, std::vector<Attribute> attributes,
                const Order &order) {
    Reworded made;
    made.inputs.push_back(RUNE_TRY(values_.get(node.inputs[0], order)));
    for (size_t i = 1; i < node.inputs.size(); ++i)
      made.inputs.push_back(RUNE_TRY(values_.plain(node.inputs[i])));
    made.attributes = std::move(attributes);
    made.orders.assign(node.outputs.size(), order);
    return std::optional(std::move(made));
  }

  Maybe convolution(const Node &node) {
    if (node.text("layout") != "NCX")
      return std::optional<Reworded>();
    gained_ += graph::macs(graph_, node);
    return withChannelsLast(node);
  }

  Maybe withChannelsLast(const Node &node) {
    auto attributes = node.attributes;
    put(attributes, "layout", std::string("NXC"));
    return leading(node, std::move(attributes),
                   lastOrder(values_.sizesOf(node.inputs[0]).size()));
  }

  Maybe layout(const Node &node) {
    ValueId x = node.inputs[0];
    const Order &order = values_.orderOf(x);
    if (node.text("layout") != "NCX" || order == plainOrder(order.size()) ||
        node.outputs.size() > (node.op == Op::MaxPool ? 2 : 1))
      return std::optional<Reworded>();
    return withChannelsLast(node);
  }

  /// The order for the result of several inputs that moves the fewest elements;
  /// of equal ones not the plain one.
  Order cheapest(const Node &node, size_t rank) const {
    Order best = plainOrder(rank);
    uint64_t least = UINT64_MAX;
    auto moved = [&](const Order &order) {
      uint64_t sum = 0;
      for (ValueId id : node.inputs)
        if (!values_.has(id, values_.ownOrder(id, order))) {
          uint64_t count = 1;
          for (int64_t size : values_.sizesOf(id))
            count *= static_cast<uint64_t>(size);
          sum += count;
        }
      return sum;
    };
    for (ValueId id : node.inputs) {
      const Order &order = values_.orderOf(id);
      if (order.size() != rank || graph_.values[id].constant)
        continue;
      if (uint64_t sum = moved(order);
          sum < least || (sum == least && best == plainOrder(rank))) {
        least = sum;
        best = order;
      }
    }
    return best;
  }

  Maybe broadcast(const Node &node) {
    Reworded made;
    Order order = cheapest(node, values_.sizesOf(node.outputs[0]).size());
    for (ValueId id : node.inputs)
      made.inputs.push_back(RUNE_TRY(values_.stretched(id, order)));
    made.attributes = node.attributes;
    made.orders = {order};
    return std::optional(std::move(made));
  }

  Maybe concat(const Node &node) {
    Reworded made;
    Order order = cheapest(node, values_.sizesOf(node.outputs[0]).size());
    for (ValueId id : node.inputs)
      made.inputs.push_back(RUNE_TRY(values_.get(id, order)));
    made.attributes = node.attributes;
    put(made.attributes, "axis", placeOf(order, node.integer("axis")));
    made.orders = {order};
    return std::optional(std::move(made));
  }

  Maybe alongAxis(const Node &node) {
    const Order &order = values_.orderOf(node.inputs[0]);
    bool blocks = std::ranges::any_of(node.attributes, [](const Attribute &a) {
      return a.name == "block" && a.value != graph::AttributeValue(int64_t{0});
    });
    if (blocks)
      return std::optional<Reworded>();
    auto attributes = node.attributes;
    if (!order.empty())
      put(attributes, "axis", placeOf(order, node.integer("axis")));
    return leading(node, std::move(attributes), order);
  }

  Maybe axes(const Node &node) {
    const Order &order = values_.orderOf(node.inputs[0]);
    auto attributes = node.attributes;
    put(attributes, "axes", placesOf(order, node.integers("axes")));
    return leading(node, std::move(attributes), order);
  }

  Maybe reduce(const Node &node, Kind kind) {
    if (node.inputs.size() > 1)
      return std::optional<Reworded>();
    const Order &order = values_.orderOf(node.inputs[0]);
    std::vector<int64_t> axes;
    auto attributes = node.attributes;
    if (kind == Kind::ArgReduce) {
      axes = {node.integer("axis")};
      put(attributes, "axis", placeOf(order, axes[0]));
    } else {
      axes = node.integers("axes");
      put(attributes, "axes", placesOf(order, axes));
    }
    auto made = RUNE_TRY(leading(node, std::move(attributes), order));
    if (node.integer("keep_dims") == 0) {
      Order left;
      for (int64_t axis : order)
        if (!std::ranges::count(axes, axis))
          left.push_back(axis - std::ranges::count_if(
                                    axes, [&](int64_t a) { return a < axis; }));
      made->orders = {left};
    }
    return made;
  }

  /// The axes that input `at` names, or the first `count` of them.
  std::optional<std::vector<int64_t>> namedAxes(const Node &node, size_t at,
                                                size_t count, size_t rank) {
    std::vector<int64_t> axes(count);
    std::iota(axes.begin(), axes.end(), 0);
    if (node.inputs.size() <= at || node.inputs[at] == noValue)
      return axes;
    auto given = values_.constant(node.inputs[at]);
    if (given)
      for (int64_t &axis : *given)
        axis += axis < 0 ? static_cast<int64_t>(rank) : 0;
    return given;
  }

  /// `node` with input `at` naming where the axes stand.
  Maybe withAxes(const Node &node, size_t at, std::vector<int64_t> axes,
                 const Order &order) {
    for (int64_t &axis : axes)
      axis = placeOf(order, axis);
    auto made = RUNE_TRY(leading(node, node.attributes, order));
    made->inputs.resize(std::max(made->inputs.size(), at + 1), noValue);
    made->inputs[at] = values_.integers("axes", axes);
    return made;
  }

  Maybe slice(const Node &node) {
    const Order &order = values_.orderOf(node.inputs[0]);
    auto count = static_cast<size_t>(values_.sizesOf(node.inputs[1])[0]);
    auto axes = namedAxes(node, 3, count, order.size());
    if (!axes || order == plainOrder(order.size()))
      return std::optional<Reworded>();
    return withAxes(node, 3, *std::move(axes), order);
  }

  Maybe pad(const Node &node) {
    const Order &order = values_.orderOf(node.inputs[0]);
    auto count = static_cast<size_t>(values_.sizesOf(node.inputs[1])[0]) / 2;
    auto axes = namedAxes(node, 3, count, order.size());
    if (!axes || order == plainOrder(order.size()))
      return std::optional<Reworded>();
    return withAxes(node, 3, *std::move(axes), order);
  }

  /// The elements of a constant vector in another order.
  std::optional<ValueId> permuted(ValueId old, const std::vector<int64_t> &by) {
    const graph::Value &value = graph_.values[old];
    if (!value.constant)
      return std::nullopt;
    const graph::Constant &constant = graph_.constants[*value.constant];
    auto tensor = Tensor::zeros(constant.dtype, constant.sizes);
    RUNE_CHECK(tensor && by.size() == tensor->count(), "a small vector");
    size_t width = dtypeBytes(constant.dtype);
    for (size_t i = 0; i < by.size(); ++i)
      std::memcpy(tensor->bytes().data() + i * width,
                  constant.data.data() + static_cast<size_t>(by[i]) * width,
                  width);
    return rewriter_.builder().constant(
        value.name, graph::Constant::of(*std::move(tensor)));
  }

  /// Axes stand in ascending order beside scales and sizes, so these move too.
  Maybe resize(const Node &node) {
    const Order &order = values_.orderOf(node.inputs[0]);
    if (order == plainOrder(order.size()))
      return std::optional<Reworded>();
    const auto &axes = node.integers("axes");
    std::vector<int64_t> by(axes.size());
    std::iota(by.begin(), by.end(), 0);
    std::ranges::sort(by, {}, [&](int64_t i) {
      return placeOf(order, axes[static_cast<size_t>(i)]);
    });
    std::vector<int64_t> twice = by; // of regions: all begins, then all ends
    for (int64_t i : by)
      twice.push_back(i + static_cast<int64_t>(by.size()));
    auto attributes = node.attributes;
    put(attributes, "axes", placesOf(order, axes));
    auto made = RUNE_TRY(leading(node, std::move(attributes), order));
    for (size_t i = 1; i < node.inputs.size(); ++i) {
      ValueId id = node.inputs[i];
      if (id == noValue)
        continue;
      auto moved = permuted(id, i == 3 ? twice : by);
      if (!moved)
        return std::optional<Reworded>();
      made->inputs[i] = *moved;
    }
    return made;
  }

  /// expand and tile, whose second input has a number for each dimension.
  Maybe sized(const Node &node, Kind kind) {
    const Order &own = values_.orderOf(node.inputs[0]);
    Sizes sizes = values_.sizesOf(node.outputs[0]);
    if (own.size() != sizes.size() || own == plainOrder(own.size()))
      return std::optional<Reworded>();
    auto numbers = kind == Kind::Expand ? std::optional(sizes)
                                        : values_.constant(node.inputs[1]);
    if (!numbers)
      return std::optional<Reworded>();
    auto made = RUNE_TRY(leading(node, node.attributes, own));
    made->inputs[1] = values_.integers("sizes", stored(*numbers, own));
    return made;
  }

  /// Only where the dimensions it normalises stand last, as they are written.
  Maybe layerNormalization(const Node &node) {
    const Order &order = values_.orderOf(node.inputs[0]);
    for (auto axis = static_cast<size_t>(node.integer("axis"));
         axis < order.size(); ++axis)
      if (order[axis] != static_cast<int64_t>(axis))
        return std::optional<Reworded>();
    bool stretches = false; // scales of more dimensions than these
    for (size_t i = 1; i < node.inputs.size(); ++i)
      stretches |= node.inputs[i] != noValue &&
                   values_.sizesOf(node.inputs[i]).size() +
                           static_cast<size_t>(node.integer("axis")) >
                       order.size();
    if (stretches)
      return std::optional<Reworded>();
    return leading(node, node.attributes, order);
  }

  const graph::Graph &graph_;
  Rewriter rewriter_;
  Arrangements values_;
  uint64_t gained_ = 0;
};

/// Elements that transposes move.
uint64_t movedBy(const graph::Graph &graph) {
  uint64_t moved = 0;
  for (const Node &node : graph.nodes)
    if (const graph::ValueType &type = graph.values[node.outputs[0]].type;
        node.op == Op::Transpose && type.isTensor() && type.isStatic())
      if (auto count = elementCount(type.sizes()))
        moved += *count;
  return moved;
}

} // namespace

Result<graph::Graph> channelsLast(graph::Graph graph) {
  ChannelsLast pass(graph);
  graph::Graph made = RUNE_TRY(pass.run());
  // A fast convolution makes a dozen multiplications while a plain one makes
  // one; moving an element takes about as long as two of the plain ones.
  uint64_t before = movedBy(graph), after = movedBy(made);
  bool pays = pass.gained() > 0
                  ? after <= before || (after - before) < pass.gained() / 2
                  : after < before;
  return pays ? std::move(made) : std::move(graph);
}

} // namespace rune::compile
