// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Graphs made of bytes, for tests that compare compiled code with the evaluator
// on what nobody thought of. Any bytes give a sound graph: what the builder
// refuses is left out. Of floats only what is smooth is computed, so that both
// stay near each other.
#pragma once

#include "graph/builder.h"
#include "graph/numeric.h"
#include "graph/ops.h"

#include <cmath>

namespace rune::device {

/// Decisions, a byte each; 0 at the end.
class Choices {
public:
  explicit Choices(ByteSpan bytes) : bytes_(bytes) {}
  /// Below `count`.
  size_t below(size_t count) {
    uint8_t byte = at_ < bytes_.size() ? bytes_[at_++] : 0;
    return byte % count;
  }
  bool atEnd() const { return at_ >= bytes_.size(); }

private:
  ByteSpan bytes_;
  size_t at_ = 0;
};

/// Small numbers, positive and negative, the same for the same `seed`.
inline Tensor patternOf(DType dtype, const std::vector<int64_t> &sizes,
                        uint64_t seed) {
  auto tensor = Tensor::zeros(dtype, sizes);
  RUNE_CHECK(tensor.ok(), "small tensors");
  auto fill = [&]<class T>(graph::Type<T>) {
    uint64_t state = seed * 2654435761u + 1;
    for (uint64_t i = 0; i < tensor->count(); ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      auto number = static_cast<double>(static_cast<int8_t>(state >> 56));
      bool isReal = isFloat(dtype);
      if (!isReal && dtypeKind(dtype) != DTypeKind::Signed)
        number = std::abs(number);
      tensor->as<T>()[i] =
          graph::narrow<T>(isReal ? number / 64 : std::round(number / 16));
    }
  };
  if (dtype == DType::Bool) {
    for (uint64_t i = 0; i < tensor->count(); ++i)
      tensor->bytes()[i] = (i + seed) % 3 == 0;
  } else {
    graph::withNumeric(dtype, fill);
  }
  return std::move(*tensor);
}

class RandomGraph {
public:
  explicit RandomGraph(ByteSpan bytes) : choices_(bytes), builder_("random") {}

  graph::Graph make() {
    constexpr DType dtypes[] = {DType::F64, DType::F32, DType::I32, DType::I8,
                                DType::U8,  DType::I64, DType::U16, DType::I16};
    dtype_ = dtypes[choices_.below(std::size(dtypes))];
    for (size_t i = 0, count = 1 + choices_.below(3); i < count; ++i)
      values_.push_back(builder_.input(fmt::format("x{}", i), sizes()));
    constexpr size_t mostNodes = 12;
    for (size_t i = 0; i < mostNodes && !choices_.atEnd(); ++i)
      addNode();
    for (size_t i = 0; i < values_.size(); ++i)
      builder_.output(values_[i], fmt::format("y{}", i));
    auto graph = std::move(builder_).finish();
    RUNE_CHECK(graph.ok(), "what the builder took is sound");
    return std::move(*graph);
  }

private:
  using Op = graph::Op;
  using Integers = std::vector<int64_t>;

  TensorType sizes() {
    TensorType type{dtype_, {}};
    constexpr int64_t most = 1 << 12;
    int64_t count = 1;
    for (size_t i = 0, rank = choices_.below(7); i < rank; ++i) {
      constexpr int64_t some[] = {1, 2, 3, 4, 5, 8, 9, 17, 2, 3, 1, 0};
      int64_t size = some[choices_.below(std::size(some))];
      if (count * size > most)
        size = 1;
      count *= size;
      type.dims.push_back(Dim(size));
    }
    return type;
  }
  graph::ValueId any() { return values_[choices_.below(values_.size())]; }
  size_t rankOf(graph::ValueId id) { return builder_.type(id).dims.size(); }
  graph::ValueId integers(Integers numbers) {
    auto count = static_cast<int64_t>(numbers.size());
    auto tensor = Tensor::zeros(DType::I64, std::vector<int64_t>{count});
    std::ranges::copy(numbers, tensor->as<int64_t>().begin());
    return builder_.constant(name("c"),
                             graph::Constant::of(std::move(*tensor)));
  }
  graph::ValueId pattern(const Integers &sizes) {
    return builder_.constant(
        name("w"), graph::Constant::of(patternOf(dtype_, sizes, ++names_)));
  }
  std::string name(std::string_view prefix) {
    return fmt::format("{}{}", prefix, names_++);
  }
  void add(Op op, std::vector<graph::ValueId> inputs,
           std::vector<graph::Attribute> attributes = {}, size_t outputs = 1) {
    auto results = builder_.node(op, name("n"), std::move(inputs),
                                 std::move(attributes), outputs);
    if (!results)
      return;
    graph::ValueId first = results->front();
    const graph::ValueType &type = builder_.type(first);
    int64_t count = 1;
    for (const Dim &dim : type.dims)
      count *= dim.isFixed() ? dim.size() : 1 << 20;
    constexpr int64_t largest = 1 << 14;
    // other types are results, but nothing goes on from them
    if (type.dtype == dtype_ && count <= largest)
      values_.push_back(first);
    else if (count <= largest)
      builder_.output(first, name("z"));
  }

  void addNode() {
    switch (choices_.below(8)) {
    case 0:
      return addUnary();
    case 1:
    case 2:
      return addBinary();
    case 3:
      return addMovement();
    case 4:
      return addReduction();
    case 5:
      return addWindow();
    case 6:
      return addProduct();
    default:
      return addOrder();
    }
  }

  void addUnary() {
    constexpr Op real[] = {Op::Relu, Op::Abs,  Op::Neg,  Op::Sigmoid, Op::Tanh,
                           Op::Erf,  Op::Gelu, Op::Atan, Op::Softplus};
    constexpr Op whole[] = {Op::Relu, Op::Abs, Op::Neg, Op::Sign};
    add(isFloat(dtype_) ? real[choices_.below(std::size(real))]
                        : whole[choices_.below(std::size(whole))],
        {any()});
  }
  void addBinary() {
    constexpr Op both[] = {Op::Add, Op::Sub, Op::Mul, Op::Minimum, Op::Maximum};
    constexpr Op whole[] = {Op::BitwiseAnd, Op::BitwiseXor, Op::Less,
                            Op::Equal};
    size_t which = choices_.below(std::size(both) + std::size(whole));
    add(which < std::size(both) || isFloat(dtype_)
            ? both[which % std::size(both)]
            : whole[which - std::size(both)],
        {any(), any()});
  }
  void addMovement() {
    graph::ValueId x = any();
    auto rank = static_cast<int64_t>(rankOf(x));
    switch (choices_.below(8)) {
    case 0: {
      Integers order;
      for (int64_t i = 0; i < rank; ++i)
        order.push_back((i + 1) % rank);
      return add(Op::Transpose, {x}, {{"permutation", order}});
    }
    case 1:
      return add(Op::Reshape, {x, integers({-1})});
    case 2:
      return add(Op::Concat, {x, x, any()},
                 {{"axis", static_cast<int64_t>(choices_.below(4))}});
    case 3:
      return add(Op::Slice,
                 {x, integers({static_cast<int64_t>(choices_.below(4)) - 2}),
                  integers({static_cast<int64_t>(choices_.below(9)) - 2}),
                  integers({rank - 1}),
                  integers({choices_.below(2) ? -1 : 2})});
    case 4: {
      Integers pads(static_cast<size_t>(2 * rank), 1);
      constexpr std::string_view modes[] = {"constant", "edge", "wrap"};
      return add(Op::Pad, {x, integers(pads)},
                 {{"mode", std::string(modes[choices_.below(3)])}});
    }
    case 5:
      return add(Op::Gather, {x, integers({0, -1, 0})},
                 {{"axis", static_cast<int64_t>(choices_.below(3))}});
    case 6: {
      Integers repeats(static_cast<size_t>(rank), 2);
      return add(Op::Tile, {x, integers(repeats)});
    }
    default:
      return add(Op::Unsqueeze,
                 {x, integers({static_cast<int64_t>(choices_.below(3))})});
    }
  }
  void addReduction() {
    constexpr Op ops[] = {Op::ReduceSum,  Op::ReduceMax, Op::ReduceMin,
                          Op::ReduceProd, Op::ArgMax,    Op::Softmax};
    // a place is no smooth function
    Op op = ops[choices_.below(std::size(ops) - (isFloat(dtype_) ? 0 : 1))];
    if (op == Op::ArgMax && isFloat(dtype_))
      op = Op::ReduceMean;
    auto axis = static_cast<int64_t>(choices_.below(3));
    if (op == Op::ArgMax)
      return add(op, {any()}, {{"axis", axis}});
    add(op, {any()}, {{"axes", Integers{axis}}});
  }
  void addWindow() {
    graph::ValueId x = any();
    size_t rank = rankOf(x);
    if (rank < 3)
      return;
    Integers kernel(rank - 2, 1 + static_cast<int64_t>(choices_.below(3)));
    Integers strides(rank - 2, 1 + static_cast<int64_t>(choices_.below(2)));
    Integers pads(2 * (rank - 2), static_cast<int64_t>(choices_.below(2)));
    bool last = choices_.below(2) != 0;
    std::vector<graph::Attribute> attributes = {
        {"layout", std::string(last ? "NXC" : "NCX")},
        {"pads", pads},
        {"strides", strides}};
    size_t kind = choices_.below(3);
    if (kind < 2) {
      attributes.insert(attributes.begin(), {"kernel", kernel});
      return add(kind == 0 ? Op::MaxPool : Op::AveragePool, {x}, attributes);
    }
    const graph::ValueType &type = builder_.type(x);
    const Dim &channels = type.dims[last ? rank - 1 : 1];
    Integers weights = {3, channels.size()};
    weights.insert(weights.end(), kernel.begin(), kernel.end());
    if (isFloat(dtype_))
      return add(Op::Conv, {x, pattern(weights), pattern({3})}, attributes);
    add(Op::ConvInteger, {x, pattern(weights)}, attributes);
  }
  void addProduct() {
    graph::ValueId x = any();
    if (rankOf(x) == 0)
      return;
    int64_t inner = builder_.type(x).dims.back().size();
    add(isFloat(dtype_) || choices_.below(2) ? Op::MatMul : Op::MatMulInteger,
        {x, pattern({inner, 3})});
  }
  void addOrder() {
    graph::ValueId x = any();
    auto axis = static_cast<int64_t>(choices_.below(3));
    switch (choices_.below(3)) {
    case 0:
      return add(Op::CumSum, {x}, {{"axis", axis}});
    case 1:
      return add(Op::Clamp, {x, pattern({}), graph::noValue});
    default:
      return add(Op::TopK, {x, integers({1})}, {{"axis", axis}}, 2);
    }
  }

  Choices choices_;
  graph::GraphBuilder builder_;
  DType dtype_ = DType::F32;
  std::vector<graph::ValueId> values_;
  size_t names_ = 0;
};

/// Empty if two results agree: integers to the bit, floats within what a chain
/// of roundings may do.
inline std::string differenceOf(const TensorView &a, const TensorView &b) {
  if (a.dtype != b.dtype || !std::ranges::equal(a.sizes, b.sizes))
    return "the types differ";
  if (!isFloat(a.dtype))
    return std::ranges::equal(a.data, b.data) ? "" : "the bytes differ";
  std::string fault;
  graph::withFloat(a.dtype, [&]<class T>(graph::Type<T>) {
    size_t count = a.data.size() / sizeof(T);
    auto at = [](const TensorView &view, size_t i) {
      return static_cast<double>(
          graph::widen(loadUnaligned<T>(view.data.data() + i * sizeof(T))));
    };
    double largest = 1;
    for (size_t i = 0; i < count; ++i)
      if (std::isfinite(at(a, i)))
        largest = std::max(largest, std::abs(at(a, i)));
    double allowed = (a.dtype == DType::F64 ? 1e-9 : 1e-3) * largest;
    for (size_t i = 0; i < count && fault.empty(); ++i) {
      double x = at(a, i), y = at(b, i);
      bool same = x == y || (std::isnan(x) && std::isnan(y)) ||
                  std::abs(x - y) <= allowed;
      // beyond what the type holds nobody is near
      if (!same && largest < 1e30)
        fault = fmt::format("element {}: {} and {}", i, x, y);
    }
  });
  return fault;
}

} // namespace rune::device
