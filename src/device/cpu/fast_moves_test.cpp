// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What only moves elements, compiled, against the evaluator, to the bit: random
// graphs of moves with elementwise operators between them, whose values lie in
// one another, and large ones, which are cut into pieces and turned in
// registers.
#include "device/cpu/cpu_run.h"

#include "graph/builder.h"
#include "graph/evaluate.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace rune::device {
namespace {

using graph::GraphBuilder;
using graph::Op;
using graph::ValueId;
using List = std::vector<int64_t>;

Tensor counted(DType dtype, const List &sizes) {
  auto tensor = Tensor::zeros(dtype, sizes);
  // small whole numbers: sums of them are exact in every type
  uint32_t next = 1;
  auto fill = [&](auto elements) {
    for (auto &element : elements)
      element = static_cast<std::remove_reference_t<decltype(element)>>(
          (next = next * 1664525 + 1013904223) >> 26);
  };
  switch (dtype) {
  case DType::F32:
    fill(tensor->as<float>());
    break;
  case DType::I16:
    fill(tensor->as<int16_t>());
    break;
  case DType::I64:
    fill(tensor->as<int64_t>());
    break;
  default:
    fill(tensor->bytes());
  }
  return std::move(*tensor);
}

void expectEvaluated(const graph::Graph &graph, uint32_t workers) {
  std::vector<Tensor> inputs;
  std::vector<TensorView> views;
  for (ValueId id : graph.inputs)
    inputs.push_back(
        counted(graph.values[id].type.dtype, graph.values[id].type.sizes()));
  for (const Tensor &input : inputs)
    views.push_back(input.view());
  auto expected = graph::evaluate(graph, views);
  ASSERT_TRUE(expected.ok()) << expected.error().message;
  compile::Options options;
  options.workers = workers;
  auto prepared =
      CpuRun::prepare(graph, options, std::make_shared<Pool>(workers));
  ASSERT_TRUE(prepared.ok()) << prepared.error().message;
  graph::State state;
  for (int repeat = 0; repeat < 2; ++repeat) {
    graph::Items items;
    for (TensorView view : views)
      items.push_back(graph::Item::borrowed(view));
    auto results = (*prepared)->run(std::move(items), {}, state);
    ASSERT_TRUE(results.ok()) << results.error().message;
    for (size_t i = 0; i < expected->size(); ++i) {
      TensorView actual = (*results)[i].view();
      ASSERT_TRUE(std::ranges::equal(actual.sizes, (*expected)[i].sizes()));
      ASSERT_TRUE(std::ranges::equal(actual.data, (*expected)[i].bytes()))
          << "output " << i;
    }
  }
}

class RandomMoves {
public:
  RandomMoves(uint32_t seed, DType dtype)
      : engine_(seed), builder_("moves"), dtype_(dtype) {}

  graph::Graph make() {
    List sizes;
    for (int64_t d = between(1, 4); d > 0; --d)
      sizes.push_back(between(1, oneIn(3) ? 40 : 6));
    for (int64_t i = between(1, 2); i > 0; --i) {
      TensorType type{dtype_, {}};
      for (int64_t size : sizes)
        type.dims.push_back(Dim(size));
      values_.push_back({builder_.input(name(), type), 0});
    }
    for (int64_t i = between(4, 14); i > 0; --i)
      addNode();
    for (const auto &[id, uses] : values_)
      if (uses == 0 || oneIn(12))
        builder_.output(id, name());
    return *std::move(builder_).finish();
  }

private:
  struct Known {
    ValueId id;
    int uses;
  };

  int64_t between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine_);
  }
  bool oneIn(int64_t n) { return between(1, n) == 1; }
  std::string name() { return fmt::format("n{}", names_++); }

  ValueId any() {
    Known &known =
        values_[static_cast<size_t>(between(0, std::ssize(values_) - 1))];
    ++known.uses;
    return known.id;
  }
  List sizesOf(ValueId id) { return builder_.type(id).sizes(); }
  int64_t axisOf(ValueId id) { return between(0, std::ssize(sizesOf(id)) - 1); }
  ValueId integers(const List &numbers) {
    auto tensor =
        Tensor::zeros(DType::I64, List{static_cast<int64_t>(numbers.size())});
    std::ranges::copy(numbers, tensor->as<int64_t>().begin());
    return builder_.constant(name(), graph::Constant::of(std::move(*tensor)));
  }
  std::vector<ValueId> add(Op op, std::vector<ValueId> inputs,
                           std::vector<graph::Attribute> attributes = {},
                           size_t results = 1) {
    auto made = builder_.node(op, name(), std::move(inputs),
                              std::move(attributes), results);
    if (!made) {
      ADD_FAILURE() << made.error().message;
      return {};
    }
    for (ValueId id : *made)
      values_.push_back({id, 0});
    return *made;
  }
  ValueId one(Op op, std::vector<ValueId> inputs,
              std::vector<graph::Attribute> attributes = {}) {
    return add(op, std::move(inputs), std::move(attributes)).at(0);
  }

  /// Something else of the same shape, made by a group or by a move.
  ValueId like(ValueId x) {
    switch (between(0, 3)) {
    case 0:
      ++use(x);
      return x;
    case 1:
      return one(Op::Maximum, {x, x});
    case 2:
      return one(Op::Add, {x, x});
    default:
      return one(Op::Transpose,
                 {one(Op::Transpose, {x}, {{"permutation", reversed(x)}})},
                 {{"permutation", reversed(x)}});
    }
  }
  int &use(ValueId id) {
    return std::ranges::find(values_, id, &Known::id)->uses;
  }
  List reversed(ValueId x) {
    List order(sizesOf(x).size());
    for (size_t i = 0; i < order.size(); ++i)
      order[i] = static_cast<int64_t>(order.size() - 1 - i);
    return order;
  }

  void addNode() {
    constexpr int64_t most = 1 << 15;
    ValueId x = any();
    List sizes = sizesOf(x);
    int64_t count = 1;
    for (int64_t size : sizes)
      count *= size;
    switch (between(0, count > most ? 5 : 11)) {
    case 0: {
      int64_t axis = axisOf(x), size = sizes[static_cast<size_t>(axis)];
      int64_t first = between(0, size);
      add(Op::Split, {x, integers({first, size - first})}, {{"axis", axis}}, 2);
      return;
    }
    case 1: {
      int64_t axis = axisOf(x), size = sizes[static_cast<size_t>(axis)];
      int64_t step = std::array<int64_t, 4>{
          1, 1, 2, -1}[static_cast<size_t>(between(0, 3))];
      int64_t start = between(0, size), end = between(start, size);
      if (step < 0)
        one(Op::Slice, {x, integers({size - 1}), integers({start - size - 1}),
                        integers({axis}), integers({step})});
      else
        one(Op::Slice, {x, integers({start}), integers({end}), integers({axis}),
                        integers({step})});
      return;
    }
    case 2: {
      List order(sizes.size());
      for (size_t i = 0; i < order.size(); ++i)
        order[i] = static_cast<int64_t>(i);
      std::ranges::shuffle(order, engine_);
      one(Op::Transpose, {x}, {{"permutation", order}});
      return;
    }
    case 3: {
      List shape = {-1};
      if (count > 0)
        shape = oneIn(2) ? List{sizes[0], -1} : List{-1, sizes.back()};
      one(Op::Reshape, {x, integers(shape)});
      return;
    }
    case 4:
      one(Op::Maximum, {x, x});
      return;
    case 5:
      if (sizes.back() > 0)
        one(Op::Gather,
            {x, integers({between(-sizes.back(), sizes.back() - 1)})},
            {{"axis", std::ssize(sizes) - 1}});
      return;
    case 6: {
      List pads;
      for (int side : {0, 1})
        for (int64_t size : sizes)
          pads.push_back(between(size > 1 && side == 0 ? -1 : 0, 2));
      one(Op::Pad, {x, integers(pads)});
      return;
    }
    case 7: {
      List repeats;
      for (size_t i = 0; i < sizes.size(); ++i)
        repeats.push_back(between(1, 2));
      one(Op::Tile, {x, integers(repeats)});
      return;
    }
    case 8: {
      List wider = sizes;
      wider.insert(wider.begin(), between(1, 3));
      one(Op::Expand, {x, integers(wider)});
      return;
    }
    default: {
      std::vector<ValueId> joined;
      for (int64_t i = between(2, 4); i > 0; --i)
        joined.push_back(like(x));
      one(Op::Concat, joined, {{"axis", axisOf(x)}});
    }
    }
  }

  std::mt19937 engine_;
  GraphBuilder builder_;
  DType dtype_;
  std::vector<Known> values_;
  uint32_t names_ = 0;
};

class FastMoves : public testing::TestWithParam<DType> {};

TEST_P(FastMoves, RandomGraphsAgreeToTheBit) {
  auto first = static_cast<uint32_t>(GetParam()) * 100;
  for (uint32_t seed = first; seed < first + 4; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    expectEvaluated(RandomMoves(seed, GetParam()).make(), 1 + seed % 3);
    if (HasFailure())
      return;
  }
}

/// Sizes that leave remainders of a square, of a strip and of a piece.
TEST_P(FastMoves, TurnsMatricesOfAllSizes) {
  GraphBuilder builder("turn");
  uint32_t next = 0;
  auto turn = [&](const List &sizes, const List &order) {
    TensorType type{GetParam(), {}};
    for (int64_t size : sizes)
      type.dims.push_back(Dim(size));
    ValueId x = builder.input(fmt::format("x{}", next), type);
    builder.output(*builder.one(Op::Transpose, fmt::format("t{}", next), {x},
                                {{"permutation", order}}),
                   fmt::format("y{}", next));
    ++next;
  };
  for (int64_t rows : {2, 3, 7, 16, 33, 201})
    for (int64_t columns : {2, 3, 5, 16, 35, 150})
      turn({rows, columns}, {1, 0});
  turn({3, 9000}, {1, 0});
  turn({9000, 3}, {1, 0});
  turn({300, 310}, {1, 0});
  turn({2, 5, 4, 33, 3}, {0, 3, 1, 4, 2});
  turn({4, 3, 50, 2}, {0, 2, 1, 3});
  turn({6, 50, 40}, {1, 0, 2});
  turn({5, 30, 7, 8}, {0, 2, 1, 3});
  expectEvaluated(*std::move(builder).finish(), 2);
}

TEST_P(FastMoves, CopiesAndFillsOfAllLengths) {
  GraphBuilder builder("copy");
  ValueId x = builder.input("x", {GetParam(), {Dim(7), Dim(30011)}});
  auto integers = [&](const char *name, int64_t number) {
    auto tensor = Tensor::zeros(DType::I64, List{1});
    tensor->as<int64_t>()[0] = number;
    return builder.constant(name, graph::Constant::of(std::move(*tensor)));
  };
  ValueId zero = integers("zero", 0), last = integers("axis", 1);
  for (int64_t length : {1, 3, 5, 11, 15, 16, 17, 31, 33, 100, 30000}) {
    auto name = fmt::format("c{}", length);
    ValueId end = integers((name + "e").c_str(), length);
    ValueId part = *builder.one(Op::Slice, name, {x, zero, end, last});
    // twice in one result: one of them is moved
    builder.output(
        *builder.one(Op::Concat, name + "j", {part, part}, {{"axis", 1}}),
        name + "y");
  }
  TensorType single{GetParam(), {Dim(1), Dim(1)}};
  ValueId element = builder.input("element", single);
  auto tensor = Tensor::zeros(DType::I64, List{2});
  tensor->as<int64_t>()[0] = 3;
  tensor->as<int64_t>()[1] = 20011;
  ValueId sizes =
      builder.constant("sizes", graph::Constant::of(std::move(*tensor)));
  builder.output(*builder.one(Op::Expand, "wide", {element, sizes}), "filled");
  expectEvaluated(*std::move(builder).finish(), 3);
}

INSTANTIATE_TEST_SUITE_P(All, FastMoves,
                         testing::Values(DType::U8, DType::I16, DType::F32,
                                         DType::I64),
                         [](const auto &info) {
                           return std::string(dtypeName(info.param));
                         });

/// What a layer of a dense block adds is made where the next ones read it.
TEST(FastMoves, BlocksOfLayersNeedOneMemory) {
  auto arenaOf = [](int layers) {
    GraphBuilder builder("dense");
    ValueId all = builder.input("x", {DType::F32, {Dim(1), Dim(64), Dim(32)}});
    auto integer = [&](const char *name, int64_t number) {
      auto tensor = Tensor::zeros(DType::I64, List{1});
      tensor->as<int64_t>()[0] = number;
      return builder.constant(name, graph::Constant::of(std::move(*tensor)));
    };
    ValueId begin = integer("begin", 0), end = integer("end", 32),
            axis = integer("axis", 2);
    for (int i = 0; i < layers; ++i) {
      ValueId next = *builder.one(Op::Slice, fmt::format("s{}", i),
                                  {all, begin, end, axis});
      next = *builder.one(Op::Relu, fmt::format("r{}", i), {next});
      all = *builder.one(Op::Concat, fmt::format("c{}", i), {all, next},
                         {{"axis", 2}});
    }
    builder.output(*builder.one(Op::Relu, "last", {all}), "y");
    return compile::compile(*std::move(builder).finish())->arenaBytes;
  };
  // the block, and the result
  uint64_t each = 64 * 32 * 4;
  EXPECT_LE(arenaOf(4), 2 * 5 * each + 4096);
  EXPECT_LE(arenaOf(8), 2 * 9 * each + 4096);
}

} // namespace
} // namespace rune::device
