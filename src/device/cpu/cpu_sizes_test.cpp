// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes at both ends: no elements at all, dimensions of one, six dimensions and
// more, products of matrices of 8192 rows, graphs of very many nodes.
#include "device/cpu/run_graph.h"

#include "graph/builder.h"
#include "graph/evaluate.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace rune::device {
namespace {

using graph::Attribute;
using graph::GraphBuilder;
using graph::Op;
using graph::ValueId;
using List = std::vector<int64_t>;

/// One operator; operands from `weights` on are constants.
struct Node {
  const char *what;
  Op op;
  std::vector<const char *> operands;
  std::vector<Attribute> attributes = {};
  size_t weights = 99;
};

/// Small whole numbers: sums of them are the same in any order.
Tensor wholeNumbers(const char *type, uint32_t seed) {
  auto parsed = parseTensorType(type);
  auto tensor = Tensor::zeros(parsed->dtype, parsed->sizes());
  std::mt19937 random(seed);
  for (float &x : tensor->as<float>())
    x = static_cast<float>(random() % 7) - 3;
  return std::move(*tensor);
}

std::vector<Tensor> operandsOf(const Node &node) {
  std::vector<Tensor> tensors;
  for (const char *type : node.operands)
    tensors.push_back(
        wholeNumbers(type, static_cast<uint32_t>(tensors.size() + 1)));
  return tensors;
}

graph::Graph graphOf(const Node &node, std::span<const Tensor> tensors) {
  GraphBuilder builder("one");
  std::vector<ValueId> ids;
  for (const Tensor &tensor : tensors)
    if (size_t i = ids.size(); i < node.weights)
      ids.push_back(builder.input(fmt::format("x{}", i),
                                  *parseTensorType(node.operands[i])));
    else
      ids.push_back(builder.constant(
          fmt::format("w{}", i),
          graph::Constant::of(*Tensor::copyOf(tensor.view()))));
  auto made = builder.one(node.op, "node", ids, node.attributes);
  EXPECT_TRUE(made.ok()) << node.what << ": " << made.error().message;
  if (made.ok())
    builder.output(*builder.one(Op::Neg, "behind", {*made}), "y");
  return *std::move(builder).finish();
}

void agreesWithTheEvaluator(const Node &node) {
  SCOPED_TRACE(node.what);
  std::vector<Tensor> tensors = operandsOf(node);
  graph::Graph graph = graphOf(node, tensors);
  auto given = viewsOf(
      std::span(tensors).first(std::min(node.weights, node.operands.size())));
  auto expected = graph::evaluate(graph, given);
  ASSERT_TRUE(expected.ok()) << expected.error().message;
  auto actual = runOnce(graph, given);
  ASSERT_TRUE(actual.ok()) << actual.error().message;
  TensorView view = (*actual)[0].view();
  const Tensor &wanted = (*expected)[0];
  ASSERT_EQ(view.type().str(), wanted.type().str());
  auto made = Tensor::copyOf(view);
  for (size_t i = 0; i < wanted.count(); ++i)
    ASSERT_FLOAT_EQ(made->as<float>()[i], wanted.as<float>()[i]) << i;
}

TEST(CpuSizes, NoElements) {
  for (const Node &node : std::initializer_list<Node>{
           {"no rows", Op::MatMul, {"f32[0, 8]", "f32[8, 5]"}, {}, 1},
           {"no columns", Op::MatMul, {"f32[3, 8]", "f32[8, 0]"}, {}, 1},
           {"sums of nothing", Op::MatMul, {"f32[3, 0]", "f32[0, 5]"}, {}, 1},
           {"sums of nothing, both known late",
            Op::MatMul,
            {"f32[3, 0]", "f32[0, 5]"}},
           {"no products", Op::MatMul, {"f32[0, 3, 4]", "f32[4, 5]"}},
           {"no pictures",
            Op::Conv,
            {"f32[0, 3, 8, 8]", "f32[4, 3, 3, 3]"},
            {},
            1},
           {"no filters",
            Op::Conv,
            {"f32[1, 3, 8, 8]", "f32[0, 3, 3, 3]"},
            {},
            1},
           {"no pictures for each channel",
            Op::Conv,
            {"f32[0, 8, 6, 6]", "f32[8, 1, 3, 3]"},
            {{"groups", int64_t{8}}},
            1},
           {"pools of no pictures",
            Op::MaxPool,
            {"f32[0, 4, 8, 8]"},
            {{"kernel", List{2, 2}}}},
           {"softmax of no rows",
            Op::Softmax,
            {"f32[0, 9]"},
            {{"axes", List{1}}}},
           {"softmax of empty rows",
            Op::Softmax,
            {"f32[9, 0]"},
            {{"axes", List{1}}}},
           {"no sums", Op::ReduceSum, {"f32[0, 9]"}, {{"axes", List{1}}}},
           {"sums of no rows",
            Op::ReduceSum,
            {"f32[0, 9]"},
            {{"axes", List{0}}}},
           {"nothing turned",
            Op::Transpose,
            {"f32[4, 0, 3]"},
            {{"permutation", List{2, 0, 1}}}},
           {"nothing joined",
            Op::Concat,
            {"f32[2, 0]", "f32[2, 0]"},
            {{"axis", int64_t{1}}}},
           {"nothing beside something",
            Op::Concat,
            {"f32[2, 0]", "f32[2, 3]"},
            {{"axis", int64_t{1}}}},
           {"nothing spread", Op::Add, {"f32[0, 1]", "f32[1, 7]"}},
       })
    agreesWithTheEvaluator(node);
}

TEST(CpuSizes, DimensionsOfOne) {
  for (const Node &node : std::initializer_list<Node>{
           {"one number", Op::MatMul, {"f32[1, 1]", "f32[1, 1]"}, {}, 1},
           {"a row by a column",
            Op::MatMul,
            {"f32[1, 300]", "f32[300, 1]"},
            {},
            1},
           {"a column by a row", Op::MatMul, {"f32[70, 1]", "f32[1, 70]"}},
           {"one pixel",
            Op::Conv,
            {"f32[1, 1, 1, 1]", "f32[1, 1, 1, 1]"},
            {},
            1},
           {"one pixel, larger filter",
            Op::Conv,
            {"f32[1, 1, 1, 1]", "f32[1, 1, 3, 3]"},
            {{"pads", List{1, 1, 1, 1}}},
            1},
           {"one row",
            Op::Conv,
            {"f32[1, 5, 1, 40]", "f32[6, 5, 1, 3]"},
            {},
            1},
           {"distributions of one",
            Op::Softmax,
            {"f32[5, 1]"},
            {{"axes", List{1}}}},
           {"a mean of one",
            Op::ReduceMean,
            {"f32[1, 1, 1]"},
            {{"axes", List{0, 2}}}},
           {"no dimensions", Op::Add, {"f32[]", "f32[]"}},
       })
    agreesWithTheEvaluator(node);
}

TEST(CpuSizes, SixDimensionsAndMore) {
  for (const Node &node : std::initializer_list<Node>{
           {"spread both ways",
            Op::Add,
            {"f32[2, 1, 3, 1, 2, 5]", "f32[1, 4, 3, 2, 1, 5]"}},
           {"eight",
            Op::Mul,
            {"f32[2, 1, 2, 1, 2, 1, 2, 3]", "f32[1, 2, 1, 2, 1, 2, 1, 3]"}},
           {"turned",
            Op::Transpose,
            {"f32[2, 3, 4, 2, 3, 5]"},
            {{"permutation", List{5, 2, 0, 4, 1, 3}}}},
           {"summed",
            Op::ReduceSum,
            {"f32[2, 3, 4, 2, 3, 5]"},
            {{"axes", List{0, 2, 5}}}},
           {"products of batches",
            Op::MatMul,
            {"f32[2, 1, 2, 1, 3, 4]", "f32[1, 2, 1, 3, 4, 5]"}},
           {"by a constant",
            Op::MatMul,
            {"f32[2, 1, 2, 3, 3, 4]", "f32[4, 5]"},
            {},
            1},
           {"three dimensions of space",
            Op::Conv,
            {"f32[2, 3, 4, 5, 6]", "f32[4, 3, 2, 2, 2]"},
            {},
            1},
           {"distributions inside",
            Op::Softmax,
            {"f32[2, 3, 4, 2, 3, 5]"},
            {{"axes", List{2}}}},
           {"joined",
            Op::Concat,
            {"f32[2, 3, 4, 2, 3, 5]", "f32[2, 3, 4, 1, 3, 5]"},
            {{"axis", int64_t{3}}}},
       })
    agreesWithTheEvaluator(node);
}

TEST(CpuSizes, ManyChannels) {
  List around = {1, 1, 1, 1};
  for (const Node &node : std::initializer_list<Node>{
           {"of several taps",
            Op::Conv,
            {"f32[1, 300, 7, 7]", "f32[70, 300, 3, 3]"},
            {{"pads", around}},
            1},
           {"of one tap",
            Op::Conv,
            {"f32[1, 600, 7, 7]", "f32[70, 600, 1, 1]"},
            {},
            1},
           {"each by itself",
            Op::Conv,
            {"f32[1, 300, 9, 9]", "f32[300, 1, 3, 3]"},
            {{"pads", around}, {"groups", int64_t{300}}},
            1},
           {"of two groups",
            Op::Conv,
            {"f32[1, 600, 5, 5]", "f32[140, 300, 3, 3]"},
            {{"pads", around}, {"groups", int64_t{2}}},
            1},
           {"of a matrix",
            Op::MatMul,
            {"f32[49, 700]", "f32[700, 130]"},
            {},
            1},
       })
    agreesWithTheEvaluator(node);
}

/// 1.1 * 10^12 operations. The evaluator would take an hour: f64 judges some of
/// the elements.
TEST(CpuSizes, ProductsOf8192Rows) {
  constexpr int64_t n = 8192;
  Node node{"large", Op::MatMul, {"f32[8192, 8192]", "f32[8192, 8192]"}};
  std::vector<Tensor> tensors = operandsOf(node);
  auto made = runOnce(graphOf(node, tensors), viewsOf(tensors), {},
                      std::make_shared<Pool>(2));
  ASSERT_TRUE(made.ok()) << made.error().message;
  auto floats = [](const TensorView &view) {
    return reinterpret_cast<const float *>(view.data.data());
  };
  const float *a = floats(tensors[0].view()), *b = floats(tensors[1].view()),
              *y = floats((*made)[0].view());
  std::mt19937 random(5);
  for (int sample = 0; sample < 500; ++sample) {
    // the ends of rows and columns among them
    int64_t row = sample % 5 ? random() % n : n - 1;
    int64_t column = sample % 3 ? random() % n : n - 1;
    double sum = 0;
    for (int64_t k = 0; k < n; ++k)
      sum += static_cast<double>(a[row * n + k]) * b[k * n + column];
    ASSERT_EQ(y[row * n + column], -sum) << row << ", " << column;
  }
}

TEST(CpuSizes, ManyNodesInARow) {
  GraphBuilder builder("row");
  ValueId x = builder.input("x", *parseTensorType("f32[8]"));
  for (int i = 0; i < 5000; ++i)
    x = *builder.one(i % 2 ? Op::Neg : Op::Relu, fmt::format("n{}", i), {x});
  builder.output(x, "y");
  Tensor zeros = *Tensor::zeros(DType::F32, {8});
  std::vector<TensorView> views = {zeros.view()};
  auto made = runOnce(*std::move(builder).finish(), views);
  ASSERT_TRUE(made.ok()) << made.error().message;
}

TEST(CpuSizes, ManyOperandsOfOneNode) {
  GraphBuilder builder("wide");
  ValueId x = builder.input("x", *parseTensorType("f32[2, 3]"));
  std::vector<ValueId> all;
  for (int i = 0; i < 500; ++i)
    all.push_back(
        *builder.one(i % 2 ? Op::Neg : Op::Abs, fmt::format("n{}", i), {x}));
  builder.output(*builder.one(Op::Concat, "all", all, {{"axis", int64_t{1}}}),
                 "y");
  Tensor ones = *Tensor::zeros(DType::F32, {2, 3});
  std::ranges::fill(ones.as<float>(), 1.0f);
  std::vector<TensorView> views = {ones.view()};
  auto made = runOnce(*std::move(builder).finish(), views);
  ASSERT_TRUE(made.ok()) << made.error().message;
  auto y = Tensor::copyOf((*made)[0].view());
  ASSERT_EQ(y->count(), 2u * 3 * 500);
  for (size_t i = 0; i < y->count(); ++i)
    ASSERT_EQ(y->as<float>()[i], i / 3 % 2 ? -1 : 1) << i;
}

} // namespace
} // namespace rune::device
