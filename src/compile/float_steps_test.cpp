// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Requantisation in floats against the evaluator, for every sum that a column
// can have.
#include "compile/float_steps.h"

#include "compile/groups.h"
#include "compile/hints.h"
#include "graph/builder.h"
#include "graph/evaluate.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace rune::compile {
namespace {

using graph::GraphBuilder;
using graph::Op;
using graph::ValueId;

struct Case {
  std::string rounding = "tflite-double";
  std::string dtype = "i8";
  int32_t multiplier = 1 << 30, shift = -7;
  int64_t zero = 0, low = -128, high = 127;
  /// As many weights of one column.
  int64_t inner = 9;
};

Tensor integer(DType dtype, int64_t number) {
  Tensor tensor = *Tensor::zeros(dtype, {});
  std::memcpy(tensor.bytes().data(), &number, tensor.bytes().size());
  return tensor;
}

graph::Constant constantOf(Tensor tensor) {
  return graph::Constant::of(std::move(tensor));
}

ValueId requantize(GraphBuilder &builder, ValueId x, const Case &made) {
  return *builder.one(
      Op::Requantize, "y",
      {x,
       builder.constant("m", constantOf(integer(DType::I32, made.multiplier))),
       builder.constant("s", constantOf(integer(DType::I32, made.shift))),
       builder.constant(
           "z", constantOf(integer(made.dtype == "i8" ? DType::I8 : DType::U8,
                                   made.zero)))},
      {{"dtype", made.dtype},
       {"rounding", made.rounding},
       {"low", made.low},
       {"high", made.high}});
}

/// A product of one column, all weights 127, and its requantisation.
graph::Graph productOf(const Case &made) {
  GraphBuilder builder("steps");
  Tensor weights = *Tensor::zeros(DType::I8, {made.inner, 1});
  std::ranges::fill(weights.bytes(), uint8_t{127});
  ValueId x = builder.input("x", {DType::I8, {Dim(1), Dim(made.inner)}});
  ValueId sums =
      *builder.one(Op::MatMulInteger, "sums",
                   {x, builder.constant("w", constantOf(std::move(weights)))});
  builder.output(requantize(builder, sums, made), "y");
  return *std::move(builder).finish();
}

/// What the evaluator makes of all those sums.
Tensor expected(const Case &made, const Tensor &sums) {
  GraphBuilder builder("rule");
  ValueId x = builder.input("x", sums.type());
  builder.output(requantize(builder, x, made), "y");
  graph::Graph graph = *std::move(builder).finish();
  TensorView view = sums.view();
  return std::move((*graph::evaluate(graph, {&view, 1}))[0]);
}

int64_t inFloats(const FloatSteps &steps, int32_t x, const Case &made) {
  auto number = static_cast<float>(x);
  float offset = steps.hasBelow && x < 0 ? steps.below[0] : steps.above[0];
  float product = number * steps.factors[0];
  float sum = product + offset;
  if (steps.isFused)
    sum = std::fma(number, steps.factors[0], offset);
  return std::clamp<int64_t>(std::lrint(sum), made.low, made.high);
}

/// True if there are floats, which then agree.
bool agrees(const Case &made, uint8_t level) {
  graph::Graph graph = productOf(made);
  Group group;
  group.nodes = {0, 1};
  group.kind = Anchor::MatMulInteger;
  group.anchor = 0;
  machine::Target target = machine::hostTarget();
  target.level = level;
  auto steps = floatStepsOf(graph, group, target);
  if (!steps)
    return false;
  int64_t most = largestSums(graph, graph.nodes[0])->at(0);
  EXPECT_EQ(most, made.inner * 127 * 255);
  Tensor sums = *Tensor::zeros(DType::I32, {2 * most + 1});
  for (int64_t x = -most; x <= most; ++x)
    sums.as<int32_t>()[static_cast<size_t>(x + most)] = static_cast<int32_t>(x);
  Tensor wanted = expected(made, sums);
  for (size_t i = 0; i < sums.count(); ++i) {
    int64_t y = made.dtype == "i8"
                    ? static_cast<int64_t>(wanted.as<int8_t>()[i])
                    : static_cast<int64_t>(wanted.as<uint8_t>()[i]);
    int32_t x = sums.as<int32_t>()[i];
    if (inFloats(*steps, x, made) != y) {
      ADD_FAILURE() << made.rounding << " of " << x << " by " << made.multiplier
                    << ", " << made.shift << " is " << y << ", not "
                    << inFloats(*steps, x, made);
      break;
    }
  }
  return true;
}

TEST(FloatSteps, AreTheIntegersForAllSums) {
  std::mt19937 random(7);
  auto between = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  int found = 0, tried = 0;
  for (const char *rounding : {"tflite-double", "tflite-single", "onnx-even"})
    for (int i = 0; i < 12; ++i, ++tried) {
      Case made;
      made.rounding = rounding;
      made.multiplier = static_cast<int32_t>(between(1 << 30, INT32_MAX));
      made.shift = static_cast<int32_t>(between(-9, -2));
      made.inner = between(1, 40);
      if (i % 2 == 0) {
        made.dtype = "u8";
        made.low = 0, made.high = 255;
      }
      made.zero = between(made.low, made.high);
      if (i % 3 == 0)
        made.low = made.zero;
      found += agrees(made, static_cast<uint8_t>(2 + i % 2)) ? 1 : 0;
    }
  // nearly always there are such floats
  EXPECT_GE(found, tried - 2);
}

TEST(FloatSteps, LeaveWhatTheyCannotSay) {
  // larger than floats with halves
  EXPECT_FALSE(agrees({.shift = 0, .inner = 1000}, 3));
  EXPECT_FALSE(agrees({.rounding = "tflite-16x8"}, 3));
  EXPECT_FALSE(agrees({.multiplier = -5}, 3));
  EXPECT_FALSE(agrees({.multiplier = 0}, 3));
}

} // namespace
} // namespace rune::compile
