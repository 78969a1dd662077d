// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Recurrent layers over many steps carry each rounding on, and large recurrent
// weights make it grow: two right answers in f32 may part by more than either's
// bound. So f64 judges, and the fast kernel may be as far from it as the
// evaluator in f32 is, or within docs/ops.md's bound.
#include "compile/prepack.h"
#include "device/cpu/run_graph.h"

#include "graph/builder.h"
#include "graph/evaluate.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace rune::device {
namespace {

using graph::Op;
using graph::ValueId;
using Sizes = std::vector<int64_t>;

struct Layer {
  Op op;
  int64_t steps, batch, inputs, hidden;
  bool batchFirst, reverse, hasState;
  /// The largest recurrent weight; with many of 1 the steps are chaos.
  float recurrent = 1;
  bool resetAfter = false;
  std::string function = "tanh";
  bool hasBias = true;

  int64_t gates() const { return op == Op::Lstm ? 4 : op == Op::Gru ? 3 : 1; }
  /// Weights, and one bias or two.
  size_t lastWeight() const { return op == Op::Lstm ? 3 : 4; }
  bool isWeight(size_t input) const {
    return input >= 1 && input <= lastWeight();
  }

  std::vector<Sizes> sizes() const {
    std::vector<Sizes> all = {batchFirst ? Sizes{batch, steps, inputs}
                                         : Sizes{steps, batch, inputs},
                              {gates() * hidden, inputs},
                              {gates() * hidden, hidden}};
    all.resize(lastWeight() + 1, {gates() * hidden});
    if (hasState)
      all.insert(all.end(), op == Op::Lstm ? 2 : 1, {batch, hidden});
    return all;
  }

  std::vector<graph::Attribute> attributes() const {
    std::vector<graph::Attribute> all = {
        {"layout", std::string(batchFirst ? "NTC" : "TNC")},
        {"reverse", int64_t{reverse}}};
    if (op == Op::Gru)
      all.push_back({"reset_after", int64_t{resetAfter}});
    if (op != Op::Lstm)
      all.push_back({"hidden_activation", function});
    return all;
  }

  /// The weights are constants.
  graph::Graph graph(const std::vector<Tensor> &tensors) const {
    graph::GraphBuilder builder("layer");
    std::vector<ValueId> in;
    for (const Tensor &tensor : tensors)
      if (TensorView view = tensor.view(); !isWeight(in.size()))
        in.push_back(builder.input(
            "x", {view.dtype, Dims(view.sizes.begin(), view.sizes.end())}));
      else if (in.size() > 2 && !hasBias)
        in.push_back(graph::noValue);
      else
        in.push_back(
            builder.constant("w", graph::Constant::of(*Tensor::copyOf(view))));
    auto out =
        *builder.node(op, "layer", in, attributes(), op == Op::Lstm ? 3 : 2);
    for (ValueId id : out)
      builder.output(id, "y");
    return *std::move(builder).finish();
  }
};

template <class T>
std::vector<Tensor> inputsOf(const Layer &layer, DType dtype) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> next(-1, 1);
  std::vector<Tensor> all;
  for (const Sizes &sizes : layer.sizes()) {
    all.push_back(*Tensor::zeros(dtype, sizes));
    for (T &x : all.back().as<T>())
      x = next(random) * (all.size() == 3 ? layer.recurrent : 1);
  }
  return all;
}

/// What is not a constant of the graph.
std::vector<TensorView> givenViews(const Layer &layer,
                                   const std::vector<Tensor> &tensors) {
  std::vector<TensorView> views;
  for (size_t i = 0; i < tensors.size(); ++i)
    if (!layer.isWeight(i))
      views.push_back(tensors[i].view());
  return views;
}

double furthest(std::span<const float> from, std::span<const double> exact) {
  double most = 0;
  for (size_t i = 0; i < from.size(); ++i)
    most = std::max(most, std::fabs(from[i] - exact[i]));
  return most;
}

void expectClose(const Layer &layer) {
  SCOPED_TRACE(fmt::format("{} steps of {}", layer.steps, layer.hidden));
  auto narrow = inputsOf<float>(layer, DType::F32);
  auto wide = inputsOf<double>(layer, DType::F64);
  auto narrowViews = givenViews(layer, narrow),
       wideViews = givenViews(layer, wide);
  graph::Graph graph = layer.graph(narrow);
  ASSERT_NE(compile::packableAs(graph, graph.nodes[0], machine::hostTarget()),
            compile::Anchor::None);
  auto plain = graph::evaluate(graph, narrowViews);
  auto exact = graph::evaluate(layer.graph(wide), wideViews);
  ASSERT_TRUE(plain.ok() && exact.ok());
  auto fast = runOnce(std::move(graph), narrowViews);
  ASSERT_TRUE(fast.ok()) << fast.error().message;
  for (size_t i = 0; i < exact->size(); ++i) {
    auto judge = (*exact)[i].as<double>();
    double largest = 1;
    for (double x : judge)
      largest = std::max(largest, std::fabs(x));
    double bound =
        8 * 0x1p-24 * std::sqrt(double(layer.inputs + layer.hidden)) * largest;
    Tensor own = *Tensor::copyOf((*fast)[i].view());
    EXPECT_LE(furthest(own.as<float>(), judge),
              std::max(bound, furthest((*plain)[i].as<float>(), judge)))
        << "result " << i;
  }
}

TEST(FastRecurrent, LstmIsAsCloseToF64AsTheEvaluator) {
  for (const Layer &layer :
       {Layer{Op::Lstm, 7, 1, 5, 3, false, false, false},
        Layer{Op::Lstm, 9, 5, 17, 20, false, true, true},
        Layer{Op::Lstm, 9, 5, 17, 20, true, false, false},
        Layer{Op::Lstm, 7, 2, 8, 9, true, true, false},
        Layer{Op::Lstm, 1, 1, 64, 33, false, false, true},
        Layer{Op::Lstm, 300, 1, 3, 32, false, true, false},
        Layer{Op::Lstm, 100, 3, 4, 128, false, false, false, 0.1f}})
    expectClose(layer);
}

/// In f64 the evaluator keeps its state in f64, in f32 as well: it is nearer
/// than sums in f32 can be, so it is the bound that judges. Recurrent weights
/// are such that a step does not make the last one's error grow.
TEST(FastRecurrent, GruStaysWithinItsBound) {
  for (bool after : {false, true})
    for (const Layer &layer :
         {Layer{Op::Gru, 7, 1, 5, 3, false, false, false, 0.3f, after},
          Layer{Op::Gru, 9, 5, 17, 20, false, true, true, 0.1f, after},
          Layer{Op::Gru, 9, 7, 17, 20, true, false, false, 0.1f, after},
          Layer{Op::Gru, 1, 1, 64, 33, false, false, true, 0.1f, after},
          Layer{Op::Gru, 40, 2, 3, 16, true, true, true, 0.1f, after, "tanh",
                false},
          Layer{Op::Gru, 300, 1, 3, 32, false, true, false, 0.1f, after}})
      expectClose(layer);
}

TEST(FastRecurrent, RnnStaysWithinItsBound) {
  for (const char *function : {"tanh", "sigmoid", "relu"})
    for (const Layer &layer : {Layer{Op::Rnn, 7, 1, 5, 3, false, false, false,
                                     0.3f, false, function},
                               Layer{Op::Rnn, 9, 5, 17, 20, true, true, true,
                                     0.05f, false, function},
                               Layer{Op::Rnn, 40, 2, 3, 16, false, true, true,
                                     0.05f, false, function, false},
                               Layer{Op::Rnn, 200, 1, 3, 33, false, false,
                                     false, 0.03f, false, function}})
      expectClose(layer);
}

/// What the kernels do not do.
TEST(FastRecurrent, OthersRunAsTheyDid) {
  for (Layer layer :
       {Layer{Op::Rnn, 5, 2, 3, 4, false, false, true, 1, false, "softsign"},
        Layer{Op::Gru, 5, 2, 3, 4, false, false, true, 1, false, "relu"}}) {
    auto tensors = inputsOf<float>(layer, DType::F32);
    graph::Graph graph = layer.graph(tensors);
    EXPECT_EQ(compile::packableAs(graph, graph.nodes[0], machine::hostTarget()),
              compile::Anchor::None);
    auto views = givenViews(layer, tensors);
    auto plain = graph::evaluate(graph, views);
    auto compiled = runOnce(std::move(graph), views);
    ASSERT_TRUE(plain.ok() && compiled.ok());
    for (size_t i = 0; i < plain->size(); ++i) {
      Tensor own = *Tensor::copyOf((*compiled)[i].view());
      for (size_t k = 0; k < own.count(); ++k)
        ASSERT_NEAR(own.as<float>()[k], (*plain)[i].as<float>()[k], 1e-5);
    }
  }
}

} // namespace
} // namespace rune::device
