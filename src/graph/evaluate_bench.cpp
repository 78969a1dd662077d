// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The evaluator is not meant to be fast; it must stay fast enough to judge in
// CI.
#include "graph/builder.h"
#include "graph/evaluate.h"

#include <benchmark/benchmark.h>

namespace rune::graph {
namespace {

Constant zeros(std::vector<int64_t> sizes) {
  return Constant::of(Tensor::zeros(DType::F32, std::move(sizes)).value());
}

void run(benchmark::State &state, const Graph &graph, double macs) {
  auto input =
      Tensor::zeros(DType::F32, graph.values[graph.inputs[0]].type.sizes());
  TensorView view = input->view();
  for (auto _ : state) {
    auto outputs = evaluate(graph, {&view, 1});
    if (!outputs)
      state.SkipWithError(outputs.error().message.c_str());
    benchmark::DoNotOptimize(outputs);
  }
  state.counters["macs"] =
      benchmark::Counter(macs, benchmark::Counter::kIsIterationInvariantRate);
}

void conv3x3(benchmark::State &state) {
  GraphBuilder builder("conv");
  ValueId x = builder.input("x", {DType::F32, {1, 16, 28, 28}});
  ValueId w = builder.constant("w", zeros({32, 16, 3, 3}));
  auto y = builder.one(Op::Conv, "conv", {x, w},
                       {{"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  builder.output(y.value(), "y");
  run(state, std::move(builder).finish().value(), 28. * 28 * 32 * 16 * 9);
}
BENCHMARK(conv3x3);

void matmul(benchmark::State &state) {
  GraphBuilder builder("matmul");
  ValueId x = builder.input("x", {DType::F32, {128, 128}});
  ValueId w = builder.constant("w", zeros({128, 128}));
  builder.output(builder.one(Op::MatMul, "matmul", {x, w}).value(), "y");
  run(state, std::move(builder).finish().value(), 128. * 128 * 128);
}
BENCHMARK(matmul);

} // namespace
} // namespace rune::graph
