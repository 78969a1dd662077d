// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What tests of passes share: small graphs, what a pass made of them, and that
// the evaluator sees no difference.
#pragma once

#include "compile/passes/pipeline.h"

#include "graph/bounds.h"
#include "graph/evaluate.h"
#include "graph/one_node.h"
#include "graph/ops.h"
#include "graph/text.h"
#include "graph/verify.h"

#include <gtest/gtest.h>

#include <random>

namespace rune::compile::test {

using graph::Attribute;
using graph::Graph;
using graph::GraphBuilder;
using graph::Op;
using graph::ValueId;
using graph::test::List;

/// Numbers of a tensor in tests; floats within ±1 (or from `low` on), integers
/// small.
inline Tensor randomTensor(const TensorType &type, uint32_t seed,
                           double low = -1) {
  auto tensor = Tensor::zeros(type.dtype, type.sizes());
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> numbers(low, 1);
  graph::withNumeric(type.dtype, [&]<class T>(graph::Type<T>) {
    for (T &element : tensor->as<T>())
      element = isFloat(type.dtype)
                    ? graph::narrow<T>(numbers(random))
                    : graph::narrow<T>(static_cast<int64_t>(random() % 100));
  });
  return std::move(*tensor);
}

/// Adds nodes whose constants are random.
class Sketch {
public:
  GraphBuilder builder{"test"};

  ValueId input(const std::string &type) {
    return builder.input(fmt::format("x{}", next_++), *parseTensorType(type));
  }
  ValueId weights(const std::string &type, double low = -1) {
    ++next_;
    return builder.constant(
        fmt::format("w{}", next_),
        graph::Constant::of(randomTensor(*parseTensorType(type), next_, low)));
  }
  ValueId numbers(const std::string &type, const std::string &text) {
    return builder.constant(
        fmt::format("c{}", next_++),
        graph::test::constantOf(*parseTensorType(type), text));
  }
  ValueId one(Op op, std::vector<ValueId> inputs,
              std::vector<Attribute> attributes = {}) {
    auto made = builder.one(op, fmt::format("{}{}", graph::opName(op), next_++),
                            std::move(inputs), std::move(attributes));
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made.ok() ? *made : 0;
  }
  Graph finish(std::vector<ValueId> outputs) {
    for (size_t i = 0; i < outputs.size(); ++i)
      builder.output(outputs[i], fmt::format("y{}", i));
    auto made = std::move(builder).finish();
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made.ok() ? *std::move(made) : Graph();
  }

private:
  uint32_t next_ = 0;
};

inline size_t count(const Graph &graph, Op op) {
  return static_cast<size_t>(
      std::ranges::count(graph.nodes, op, &graph::Node::op));
}

/// The results of both on the same random inputs agree within the bounds.
inline void expectSame(const Graph &before, const Graph &after) {
  std::vector<Tensor> tensors;
  std::vector<TensorView> inputs;
  for (size_t i = 0; i < before.inputs.size(); ++i)
    tensors.push_back(randomTensor(before.values[before.inputs[i]].type,
                                   77 + static_cast<uint32_t>(i)));
  for (const Tensor &tensor : tensors)
    inputs.push_back(tensor.view());
  auto expected = graph::evaluate(before, inputs);
  auto actual = graph::evaluate(after, inputs);
  ASSERT_TRUE(expected.ok()) << expected.error().message;
  ASSERT_TRUE(actual.ok()) << actual.error().message;
  ASSERT_EQ(actual->size(), expected->size());
  graph::FloatBound bound = graph::boundOf(before);
  for (size_t i = 0; i < expected->size(); ++i) {
    const Tensor &a = (*actual)[i], &e = (*expected)[i];
    ASSERT_EQ(a.type().str(), e.type().str());
    EXPECT_EQ(before.values[before.outputs[i]].name,
              after.values[after.outputs[i]].name);
    if (!isFloat(e.dtype())) {
      EXPECT_TRUE(std::ranges::equal(a.bytes(), e.bytes())) << "output " << i;
      continue;
    }
    graph::withFloat(e.dtype(), [&]<class T>(graph::Type<T>) {
      double largest = 1;
      for (T element : e.as<T>())
        largest = std::max(largest, std::abs(double(graph::widen(element))));
      for (size_t k = 0; k < e.count(); ++k)
        ASSERT_NEAR(double(graph::widen(a.as<T>()[k])),
                    double(graph::widen(e.as<T>()[k])),
                    bound.relativeTo(e.dtype()) * largest)
            << "output " << i << ", element " << k;
    });
  }
}

/// What the pass makes of a graph; it is valid and computes the same.
inline Graph passed(std::string_view pass, const Graph &before) {
  const Pass *found = passNamed(pass);
  EXPECT_NE(found, nullptr);
  auto after = found->run(before);
  EXPECT_TRUE(after.ok()) << after.error().message;
  if (!after.ok())
    return before;
  auto good = graph::verify(*after);
  EXPECT_TRUE(good.ok()) << good.error().message << graph::renderText(*after);
  expectSame(before, *after);
  return *std::move(after);
}

} // namespace rune::compile::test
