// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Recurrent layers over many steps carry each rounding on, and large recurrent
// weights make it grow: two right answers in f32 may part by more than either's
// bound. So f64 judges, and the fast kernel may be as far from it as the
// evaluator in f32 is, or within docs/ops.md's bound.
#include "device/cpu/run_graph.h"

#include "graph/builder.h"
#include "graph/evaluate.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace rune::device {
namespace {

using graph::ValueId;
using Sizes = std::vector<int64_t>;

bool isWeight(size_t input) { return input >= 1 && input <= 3; }

struct Layer {
  int64_t steps, batch, inputs, hidden;
  bool batchFirst, reverse, hasState;
  /// The largest recurrent weight; with many of 1 the steps are chaos.
  float recurrent = 1;

  std::vector<Sizes> sizes() const {
    std::vector<Sizes> all = {batchFirst ? Sizes{batch, steps, inputs}
                                         : Sizes{steps, batch, inputs},
                              {4 * hidden, inputs},
                              {4 * hidden, hidden},
                              {4 * hidden}};
    if (hasState)
      all.insert(all.end(), 2, {batch, hidden});
    return all;
  }

  /// The weights are constants.
  graph::Graph graph(const std::vector<Tensor> &tensors) const {
    graph::GraphBuilder builder("layer");
    std::vector<ValueId> in;
    for (const Tensor &tensor : tensors)
      if (TensorView view = tensor.view(); isWeight(in.size()))
        in.push_back(
            builder.constant("w", graph::Constant::of(*Tensor::copyOf(view))));
      else
        in.push_back(builder.input(
            "x", {view.dtype, Dims(view.sizes.begin(), view.sizes.end())}));
    auto out =
        *builder.node(graph::Op::Lstm, "lstm", in,
                      {{"layout", std::string(batchFirst ? "NTC" : "TNC")},
                       {"reverse", int64_t{reverse}}},
                      3);
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
std::vector<TensorView> givenViews(const std::vector<Tensor> &tensors) {
  std::vector<TensorView> views;
  for (size_t i = 0; i < tensors.size(); ++i)
    if (!isWeight(i))
      views.push_back(tensors[i].view());
  return views;
}

double furthest(std::span<const float> from, std::span<const double> exact) {
  double most = 0;
  for (size_t i = 0; i < from.size(); ++i)
    most = std::max(most, std::fabs(from[i] - exact[i]));
  return most;
}

TEST(FastLstm, IsAsCloseToF64AsTheEvaluator) {
  for (const Layer &layer :
       {Layer{7, 1, 5, 3, false, false, false},
        Layer{9, 5, 17, 20, false, true, true},
        Layer{9, 5, 17, 20, true, false, false},
        Layer{7, 2, 8, 9, true, true, false},
        Layer{1, 1, 64, 33, false, false, true},
        Layer{300, 1, 3, 32, false, true, false},
        Layer{100, 3, 4, 128, false, false, false, 0.1f}}) {
    SCOPED_TRACE(fmt::format("{} steps of {}", layer.steps, layer.hidden));
    auto narrow = inputsOf<float>(layer, DType::F32);
    auto wide = inputsOf<double>(layer, DType::F64);
    auto narrowViews = givenViews(narrow), wideViews = givenViews(wide);
    auto plain = graph::evaluate(layer.graph(narrow), narrowViews);
    auto exact = graph::evaluate(layer.graph(wide), wideViews);
    ASSERT_TRUE(plain.ok() && exact.ok());
    auto fast = runOnce(layer.graph(narrow), narrowViews);
    ASSERT_TRUE(fast.ok()) << fast.error().message;
    for (size_t i = 0; i < exact->size(); ++i) {
      auto judge = (*exact)[i].as<double>();
      double largest = 1;
      for (double x : judge)
        largest = std::max(largest, std::fabs(x));
      double bound = 8 * 0x1p-24 *
                     std::sqrt(double(layer.inputs + layer.hidden)) * largest;
      Tensor own = *Tensor::copyOf((*fast)[i].view());
      EXPECT_LE(furthest(own.as<float>(), judge),
                std::max(bound, furthest((*plain)[i].as<float>(), judge)))
          << "result " << i;
    }
  }
}

} // namespace
} // namespace rune::device
