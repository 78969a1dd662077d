// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is left of quantised layers, and that their numbers are those of the
// floats but for those that stand in the middle of two steps.
#include "compile/passes/testing.h"

#include <cmath>

namespace rune::compile {
namespace {

using graph::Attribute;
using graph::noValue;
using test::count;
using test::Graph;
using test::List;
using test::Op;
using test::passed;
using test::Sketch;
using test::ValueId;

/// Numbers of all values of a type of 8 bits; floats within ±1.
Tensor wideTensor(const std::string &text, std::mt19937 &random) {
  TensorType type = *parseTensorType(text);
  Tensor tensor = *Tensor::zeros(type.dtype, type.sizes());
  graph::withNumeric(type.dtype, [&]<class T>(graph::Type<T>) {
    for (T &element : tensor.as<T>())
      element = isFloat(type.dtype)
                    ? graph::narrow<T>(double(random() % 2001) / 1000 - 1)
                    : graph::narrow<T>(static_cast<int64_t>(random()));
  });
  return tensor;
}

/// A sketch of quantised layers.
class Layers : public Sketch {
public:
  explicit Layers(uint32_t seed = 1) : random(seed) {}

  std::mt19937 random;

  ValueId constant(const std::string &type) {
    return builder.constant("c", graph::Constant::of(wideTensor(type, random)));
  }
  ValueId real(const std::string &number) { return numbers("f32[]", number); }
  ValueId steps(ValueId x, const std::string &scale, const std::string &zero) {
    return one(Op::Dequantize, {x, real(scale), zeroOf(x, zero)});
  }
  ValueId quantise(ValueId y, const std::string &scale, const std::string &type,
                   const std::string &zero) {
    return one(Op::Quantize, {y, real(scale), numbers(type + "[]", zero)},
               {{"dtype", type}});
  }
  /// Weights with a scale for each of `outputs` along `axis`.
  ValueId weightsOf(const std::string &type, int64_t outputs, int64_t axis,
                    double around = 0.01) {
    std::string scales;
    for (int64_t i = 0; i < outputs; ++i)
      scales += fmt::format("{} ", around * (1 + double(random() % 100) / 100));
    lastScales = numbers(fmt::format("f32[{}]", outputs), scales);
    return one(Op::Dequantize, {constant(type), lastScales}, {{"axis", axis}});
  }
  ValueId lastScales = noValue;

private:
  ValueId zeroOf(ValueId x, const std::string &zero) {
    if (zero.empty())
      return noValue;
    std::string dtype(dtypeName(builder.type(x).dtype));
    return numbers(dtype + "[]", zero);
  }
};

Graph folded(const Graph &before) {
  const Pass *pass = passNamed("fold-quantisation");
  auto after = pass->run(before);
  EXPECT_TRUE(after.ok()) << after.error().message;
  if (!after.ok())
    return before;
  auto good = graph::verify(*after);
  EXPECT_TRUE(good.ok()) << good.error().message << graph::renderText(*after);
  return *std::move(after);
}

/// How many elements differ; none by more than a step.
size_t compare(const Graph &before, const Graph &after, std::mt19937 &random) {
  std::vector<Tensor> tensors;
  std::vector<TensorView> inputs;
  for (ValueId id : before.inputs)
    tensors.push_back(wideTensor(before.values[id].type.str(), random));
  for (const Tensor &tensor : tensors)
    inputs.push_back(tensor.view());
  auto expected = graph::evaluate(before, inputs);
  auto actual = graph::evaluate(after, inputs);
  EXPECT_TRUE(expected.ok() && actual.ok());
  size_t different = 0;
  for (size_t i = 0; expected.ok() && i < expected->size(); ++i) {
    const Tensor &a = (*actual)[i], &e = (*expected)[i];
    EXPECT_EQ(a.type().str(), e.type().str());
    graph::withNumeric(e.dtype(), [&]<class T>(graph::Type<T>) {
      for (size_t k = 0; k < e.count(); ++k) {
        double gap = std::abs(double(graph::widen(a.as<T>()[k])) -
                              double(graph::widen(e.as<T>()[k])));
        if (isFloat(e.dtype()))
          EXPECT_LE(gap, 1e-4) << k;
        else
          EXPECT_LE(gap, 1) << "output " << i << ", element " << k;
        different += !isFloat(e.dtype()) && gap > 0;
      }
    });
  }
  return different;
}

/// A quantised convolution: u8 by i8 with a bias in steps of the sums.
ValueId convolution(Layers &layers, ValueId x, List pads = {0, 0, 0, 0}) {
  ValueId weights = layers.weightsOf("i8[4, 3, 3, 3]", 4, 0);
  const auto scales = layers.builder.constantOf(layers.lastScales);
  std::string steps;
  for (int i = 0; i < 4; ++i) {
    float scale;
    std::memcpy(&scale, scales->data.data() + 4 * i, 4);
    steps += fmt::format("{} ", scale * 0.02f);
  }
  ValueId bias =
      layers.one(Op::Dequantize, {layers.numbers("i32[4]", "1000 -2000 30 0"),
                                  layers.numbers("f32[4]", steps)});
  return layers.one(Op::Conv, {x, weights, bias}, {{"pads", pads}});
}

TEST(FoldQuantisation, ConvolutionsSumIntegers) {
  Layers layers;
  ValueId x = layers.steps(layers.input("u8[2, 3, 7, 6]"), "0.02", "117");
  ValueId y = convolution(layers, x, {1, 0, 1, 2});
  y = layers.one(Op::Relu, {y});
  y = layers.quantise(y, "0.05", "u8", "0");
  Graph before = layers.finish({y}), after = folded(before);
  EXPECT_EQ(count(after, Op::ConvInteger), 1u);
  EXPECT_EQ(count(after, Op::Conv), 0u);
  EXPECT_EQ(count(after, Op::Relu), 0u); // u8 from 0 on does it
  EXPECT_EQ(count(after, Op::Add), 0u);  // the bias is in the sums
  EXPECT_EQ(after.nodes.size(), 3u) << graph::renderText(after);
  EXPECT_LE(compare(before, after, layers.random), 2u);
}

TEST(FoldQuantisation, LimitsThatTheResultDoesNotHaveStay) {
  Layers layers;
  ValueId x = layers.steps(layers.input("u8[1, 3, 7, 6]"), "0.02", "117");
  ValueId y = layers.one(
      Op::Clamp, {convolution(layers, x), layers.real("0"), layers.real("3")});
  ValueId z = layers.one(Op::Relu, {convolution(layers, x)});
  Graph before = layers.finish({layers.quantise(y, "0.05", "u8", "3"),
                                layers.quantise(z, "0.05", "i8", "-100")});
  Graph after = folded(before);
  EXPECT_EQ(count(after, Op::ConvInteger), 2u);
  EXPECT_EQ(count(after, Op::Clamp), 1u);
  EXPECT_EQ(count(after, Op::Relu), 1u);
  EXPECT_LE(compare(before, after, layers.random), 3u);
}

TEST(FoldQuantisation, RealBiasesAreAddedToTheSums) {
  Layers layers;
  ValueId x = layers.steps(layers.input("i8[1, 3, 5, 5]"), "0.02", "");
  ValueId y = layers.one(Op::Conv, {x, layers.weightsOf("i8[4, 3, 1, 1]", 4, 0),
                                    layers.numbers("f32[4]", ".001 -7 3 .2")});
  Graph before = layers.finish({layers.quantise(y, "0.03", "i8", "5")});
  Graph after = folded(before);
  EXPECT_EQ(count(after, Op::ConvInteger), 1u);
  EXPECT_EQ(count(after, Op::Add), 1u);
  EXPECT_LE(compare(before, after, layers.random), 2u);
}

TEST(FoldQuantisation, ProductsAndTheBiasBehindThem) {
  for (bool transposed : {false, true}) {
    Layers layers;
    ValueId x = layers.steps(layers.input("u8[3, 20]"), "0.02", "100");
    ValueId weights = transposed ? layers.weightsOf("u8[9, 20]", 9, 0)
                                 : layers.weightsOf("u8[20, 9]", 9, 1);
    ValueId y = layers.one(Op::MatMul, {x, weights},
                           {{"transpose_b", int64_t{transposed}}});
    y = layers.one(Op::Add, {layers.constant("f32[1, 9]"), y});
    Graph before = layers.finish({layers.quantise(y, "0.9", "u8", "9")});
    Graph after = folded(before);
    EXPECT_EQ(count(after, Op::MatMulInteger), 1u);
    EXPECT_EQ(count(after, Op::MatMul), 0u);
    EXPECT_LE(compare(before, after, layers.random), 2u);
  }
}

TEST(FoldQuantisation, WholeBiasesBehindProductsAreInTheSums) {
  Layers layers;
  ValueId x = layers.steps(layers.input("u8[3, 20]"), "0.02", "100");
  ValueId w = layers.steps(layers.constant("i8[20, 4]"), "0.01", "");
  ValueId bias =
      layers.steps(layers.numbers("i32[4]", "9000 -8000 20000 1"), "2e-4", "");
  ValueId y = layers.one(Op::Add, {layers.one(Op::MatMul, {x, w}), bias});
  Graph before = layers.finish({layers.quantise(y, "0.05", "u8", "90")});
  Graph after = folded(before);
  EXPECT_EQ(count(after, Op::MatMulInteger), 1u);
  EXPECT_EQ(count(after, Op::Add), 0u);
  EXPECT_EQ(after.nodes.size(), 3u) << graph::renderText(after);
  EXPECT_LE(compare(before, after, layers.random), 1u);
}

// As PyTorch writes a linear layer: the weights are quantised and turned.
TEST(FoldQuantisation, WeightsThatAreQuantisedAndTurnedInTheModel) {
  Layers layers;
  ValueId x = layers.steps(layers.input("i8[2, 3, 20]"), "0.02", "3");
  ValueId scale = layers.numbers("f32[5]", "0.01 0.012 0.013 0.009 0.011");
  ValueId weights =
      layers.one(Op::Quantize, {layers.constant("f32[5, 20]"), scale},
                 {{"dtype", "i8"}, {"axis", int64_t{0}}});
  weights =
      layers.one(Op::Dequantize, {weights, scale}, {{"axis", int64_t{0}}});
  weights = layers.one(Op::Transpose, {weights}, {{"permutation", List{1, 0}}});
  ValueId y = layers.one(Op::MatMul, {x, weights});
  Graph before = layers.finish({layers.quantise(y, "0.05", "i8", "9")});
  Graph after = folded(before);
  EXPECT_EQ(count(after, Op::MatMulInteger), 1u);
  EXPECT_EQ(after.nodes.size(), 3u) << graph::renderText(after);
  EXPECT_LE(compare(before, after, layers.random), 2u);
}

TEST(FoldQuantisation, ResidualSums) {
  Layers layers;
  ValueId x = layers.steps(layers.input("u8[1, 3, 5, 5]"), "0.02", "100");
  ValueId other = layers.steps(layers.input("u8[1, 4, 5, 5]"), "0.037", "20");
  ValueId y = convolution(layers, x, {1, 1, 1, 1});
  y = layers.one(Op::Relu, {layers.one(Op::Add, {other, y})});
  Graph before = layers.finish({layers.quantise(y, "0.051", "u8", "0")});
  Graph after = folded(before);
  EXPECT_EQ(count(after, Op::ConvInteger), 1u);
  EXPECT_EQ(after.nodes.size(), 5u) << graph::renderText(after);
  EXPECT_LE(compare(before, after, layers.random), 2u);
}

// No product, no division saved: these are the same to the bit.
TEST(FoldQuantisation, SumsOfQuantisedValuesAlone) {
  Layers layers;
  ValueId a = layers.steps(layers.input("u8[9, 40]"), "0.02", "100");
  ValueId b = layers.steps(layers.input("u8[9, 40]"), "0.02", "20");
  ValueId y = layers.one(Op::Add, {a, b});
  Graph before = layers.finish({layers.quantise(y, "0.04", "u8", "100")});
  Graph after = passed("fold-quantisation", before);
  EXPECT_EQ(compare(before, after, layers.random), 0u);
}

TEST(FoldQuantisation, WhatMovesElementsMovesBytes) {
  Layers layers;
  ValueId x = layers.steps(layers.input("u8[1, 4, 6, 6]"), "0.02", "100");
  ValueId y = layers.one(Op::MaxPool, {x},
                         {{"kernel", List{2, 3}}, {"pads", List{1, 1, 0, 1}}});
  y = layers.one(Op::Transpose, {y}, {{"permutation", List{0, 2, 3, 1}}});
  y = layers.one(Op::Flatten, {y}, {{"axis", int64_t{1}}});
  Graph before = layers.finish({layers.quantise(y, "0.02", "u8", "100")});
  Graph after = passed("fold-quantisation", before);
  EXPECT_EQ(count(after, Op::Quantize), 0u);
  EXPECT_EQ(count(after, Op::Dequantize), 0u);
  EXPECT_EQ(after.nodes.size(), 3u);
  EXPECT_EQ(compare(before, after, layers.random), 0u);
}

TEST(FoldQuantisation, ConcatenationOfOtherSteps) {
  Layers layers;
  ValueId a = layers.steps(layers.input("u8[2, 7]"), "0.02", "100");
  ValueId b = layers.steps(layers.input("i8[2, 9]"), "0.03", "-5");
  ValueId y = layers.one(Op::Concat, {a, b}, {{"axis", int64_t{1}}});
  Graph before = layers.finish({layers.quantise(y, "0.02", "u8", "100")});
  Graph after = passed("fold-quantisation", before);
  EXPECT_EQ(count(after, Op::Quantize), 1u);
  EXPECT_EQ(count(after, Op::Dequantize), 1u);
  EXPECT_EQ(compare(before, after, layers.random), 0u);
}

TEST(FoldQuantisation, SumsThatFloatsNeedToo) {
  Layers layers;
  ValueId x = layers.steps(layers.input("u8[1, 3, 5, 5]"), "0.02", "100");
  ValueId y = convolution(layers, x);
  Graph before = layers.finish({y, layers.one(Op::Sigmoid, {y}),
                                layers.quantise(y, "0.051", "u8", "0")});
  Graph after = folded(before);
  EXPECT_EQ(count(after, Op::ConvInteger), 1u);
  EXPECT_EQ(count(after, Op::Conv), 0u);
  EXPECT_LE(compare(before, after, layers.random), 2u);
}

// Each of these lacks something: the graph stays.
TEST(FoldQuantisation, WhatIsLeftAsItIs) {
  auto stays = [](auto make) {
    Layers layers;
    Graph before = layers.finish({make(layers)});
    Graph after = passed("fold-quantisation", before);
    EXPECT_EQ(count(after, Op::MatMulInteger), 0u);
    EXPECT_EQ(count(after, Op::MatMul), count(before, Op::MatMul));
  };
  stays([](Layers &l) { // real operand
    return l.one(Op::MatMul,
                 {l.input("f32[3, 20]"), l.weightsOf("i8[20, 9]", 9, 1)});
  });
  stays([](Layers &l) { // real weights
    return l.one(Op::MatMul, {l.steps(l.input("u8[3, 20]"), "0.1", ""),
                              l.constant("f32[20, 9]")});
  });
  stays([](Layers &l) { // weights of the run
    return l.one(Op::MatMul, {l.steps(l.input("u8[3, 20]"), "0.1", ""),
                              l.steps(l.input("u8[20, 9]"), "0.1", "")});
  });
  stays([](Layers &l) { // a scale for each term of a sum
    return l.one(Op::MatMul, {l.steps(l.input("u8[3, 9]"), "0.1", ""),
                              l.weightsOf("i8[9, 9]", 9, 0)});
  });
  stays([](Layers &l) { // a scale of the run
    ValueId x = l.one(Op::Dequantize, {l.input("u8[3, 9]"), l.input("f32[]")});
    return l.one(Op::MatMul, {x, l.weightsOf("i8[9, 9]", 9, 1)});
  });
  stays([](Layers &l) { // no step to divide by
    return l.one(Op::MatMul, {l.steps(l.input("u8[3, 9]"), "1e-40", ""),
                              l.weightsOf("i8[9, 9]", 9, 1)});
  });
}

// 255 · 255 · 40000 is more than 32 bits hold.
TEST(FoldQuantisation, SumsThatWouldWrapStayFloats) {
  Layers layers;
  Tensor most = *Tensor::zeros(DType::U8, {40000, 1});
  std::ranges::fill(most.bytes(), uint8_t{255});
  ValueId weights =
      layers.builder.constant("w", graph::Constant::of(std::move(most)));
  ValueId y = layers.one(Op::MatMul,
                         {layers.steps(layers.input("u8[1, 40000]"), "0.1", ""),
                          layers.steps(weights, "0.1", "")});
  Graph after = folded(layers.finish({y}));
  EXPECT_EQ(count(after, Op::MatMul), 1u);
  EXPECT_EQ(count(after, Op::MatMulInteger), 0u);
}

TEST(FoldQuantisation, IsLeftOutWhereExactNumbersAreAskedFor) {
  Layers layers;
  ValueId x = layers.steps(layers.input("u8[1, 3, 5, 5]"), "0.02", "100");
  ValueId y = layers.quantise(convolution(layers, x), "0.051", "u8", "0");
  Graph before = layers.finish({y});
  PassOptions options;
  for (bool exact : {false, true}) {
    options.exact = exact;
    auto after = runPasses(before, options);
    ASSERT_TRUE(after.ok()) << after.error().message;
    EXPECT_EQ(count(*after, Op::ConvInteger), exact ? 0u : 1u);
    if (exact)
      test::expectSame(before, *after);
  }
}

// A quantised product, by the formula in f64: what differs from the floats
// stands in the middle of two steps.
class RandomQuantised : public testing::TestWithParam<uint32_t> {};

TEST_P(RandomQuantised, DiffersInTheMiddleOfTwoStepsOnly) {
  Layers layers(GetParam());
  std::mt19937 &random = layers.random;
  int64_t rows = 1 + random() % 5, inner = 1 + random() % 300,
          columns = 1 + random() % 20;
  const char *left = random() % 2 ? "u8" : "i8";
  const char *right = random() % 2 ? "u8" : "i8";
  const char *result = random() % 2 ? "u8" : "i8";
  int zero = static_cast<int>(random() % 120);
  double scale = 0.5 * std::sqrt(double(inner)) * (1 + random() % 100 / 100.);
  ValueId x = layers.input(fmt::format("{}[{}, {}]", left, rows, inner));
  Tensor weights =
      wideTensor(fmt::format("{}[{}, {}]", right, inner, columns), random);
  Tensor kept = *Tensor::copyOf(weights.view());
  ValueId w =
      layers.builder.constant("w", graph::Constant::of(std::move(weights)));
  ValueId y =
      layers.one(Op::MatMul, {layers.steps(x, "0.02", std::to_string(zero)),
                              layers.steps(w, "0.013", "")});
  y = layers.quantise(y, fmt::format("{}", scale), result, "3");
  Graph before = layers.finish({y}), after = folded(before);
  ASSERT_EQ(count(after, Op::MatMulInteger), 1u);
  Tensor input = wideTensor(before.values[x].type.str(), random);
  TensorView view = input.view();
  auto actual = graph::evaluate(after, {&view, 1});
  ASSERT_TRUE(actual.ok());
  auto at = [](const Tensor &tensor, int64_t i) {
    uint8_t byte = tensor.bytes()[static_cast<size_t>(i)];
    return tensor.dtype() == DType::I8 ? double(static_cast<int8_t>(byte))
                                       : double(byte);
  };
  double step = double(0.02f) * double(0.013f) / double(float(scale));
  auto [low, high] = std::string(result) == "i8" ? std::pair(-128., 127.)
                                                 : std::pair(0., 255.);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      double sum = 0;
      for (int64_t k = 0; k < inner; ++k)
        sum += (at(input, i * inner + k) - zero) * at(kept, k * columns + j);
      double quotient = sum * step;
      if (std::abs(quotient - std::floor(quotient) - 0.5) < 1e-3)
        continue;
      EXPECT_EQ(at((*actual)[0], i * columns + j),
                std::clamp(std::nearbyint(quotient) + 3, low, high));
    }
  EXPECT_LE(compare(before, after, random),
            1 + static_cast<size_t>(rows * columns / 20));
}

INSTANTIATE_TEST_SUITE_P(Some, RandomQuantised, testing::Range(0u, 60u));

} // namespace
} // namespace rune::compile
