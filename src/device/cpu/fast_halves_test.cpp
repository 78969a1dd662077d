// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layers of 16-bit floats, compiled, beside the evaluator: each operator rounds
// once, so they agree but for roundings that fall on the other side, which
// later layers carry on.
#include "device/cpu/run_graph.h"

#include "graph/builder.h"
#include "graph/evaluate.h"
#include "graph/numeric.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace rune::device {
namespace {

using graph::Op;
using graph::ValueId;
using Sizes = std::vector<int64_t>;

class Layers {
public:
  explicit Layers(DType dtype) : dtype_(dtype), builder_("halves") {}

  ValueId input(const Sizes &sizes) {
    inputs.push_back(random(sizes));
    return builder_.input("x", {dtype_, Dims(sizes.begin(), sizes.end())});
  }
  ValueId weights(const Sizes &sizes) {
    return builder_.constant("w", graph::Constant::of(random(sizes)));
  }
  ValueId one(Op op, std::vector<ValueId> in,
              std::vector<graph::Attribute> attributes = {}) {
    return *builder_.one(op, "n", std::move(in), std::move(attributes));
  }

  /// Within `roundings` of the coarsest kind.
  void expectClose(ValueId y, double roundings) {
    builder_.output(y, "y");
    graph::Graph graph = *std::move(builder_).finish();
    auto views = viewsOf(inputs);
    auto plain = graph::evaluate(graph, views);
    ASSERT_TRUE(plain.ok());
    auto fast = runOnce(std::move(graph), views);
    ASSERT_TRUE(fast.ok()) << fast.error().message;
    Tensor own = *Tensor::copyOf((*fast)[0].view());
    ASSERT_EQ(own.dtype(), dtype_);
    graph::withFloat(dtype_, [&]<class T>(graph::Type<T>) {
      double largest = 0;
      for (T e : (*plain)[0].as<T>())
        largest = std::max(largest, std::fabs(double(graph::widen(e))));
      double unit = dtype_ == DType::F16 ? 0x1p-10 : 0x1p-7;
      for (size_t i = 0; i < own.count(); ++i)
        ASSERT_NEAR(double(graph::widen(own.as<T>()[i])),
                    double(graph::widen((*plain)[0].as<T>()[i])),
                    roundings * unit * largest)
            << i;
    });
  }

  std::vector<Tensor> inputs;

private:
  Tensor random(const Sizes &sizes) {
    Tensor tensor = *Tensor::zeros(dtype_, sizes);
    std::uniform_real_distribution<float> next(-1, 1);
    graph::withFloat(dtype_, [&]<class T>(graph::Type<T>) {
      for (T &element : tensor.as<T>())
        element = graph::narrow<T>(next(engine_));
    });
    return tensor;
  }

  DType dtype_;
  graph::GraphBuilder builder_;
  std::mt19937 engine_{11};
};

class FastHalves : public testing::TestWithParam<DType> {};

TEST_P(FastHalves, Products) {
  Layers layers(GetParam());
  ValueId y =
      layers.one(Op::MatMul, {layers.input({5, 40}), layers.weights({40, 33})});
  y = layers.one(Op::Add, {y, layers.weights({33})});
  layers.expectClose(y, 1);
}
TEST_P(FastHalves, PerceptronAndSoftmax) {
  Layers layers(GetParam());
  ValueId y =
      layers.one(Op::MatMul, {layers.input({5, 40}), layers.weights({40, 33})});
  y = layers.one(Op::Gelu, {layers.one(Op::Add, {y, layers.weights({33})})});
  y = layers.one(Op::MatMul, {y, layers.weights({33, 20})});
  layers.expectClose(
      layers.one(Op::Softmax, {y}, {{"axes", std::vector<int64_t>{1}}}), 8);
}
TEST_P(FastHalves, Convolutions) {
  Layers layers(GetParam());
  ValueId y = layers.one(
      Op::Conv,
      {layers.input({1, 7, 9, 11}), layers.weights({18, 7, 3, 3}),
       layers.weights({18})},
      {{"layout", std::string("NCX")}, {"pads", std::vector<int64_t>(4, 1)}});
  layers.expectClose(layers.one(Op::Relu, {y}), 1);
}
/// As many weights as are packed in 16 bits.
TEST_P(FastHalves, OneRow) {
  Layers layers(GetParam());
  layers.expectClose(layers.one(Op::MatMul, {layers.input({1, 300}),
                                             layers.weights({300, 130})}),
                     1);
}

INSTANTIATE_TEST_SUITE_P(All, FastHalves,
                         testing::Values(DType::F16, DType::BF16),
                         [](const auto &info) {
                           return std::string(dtypeName(info.param));
                         });

} // namespace
} // namespace rune::device
