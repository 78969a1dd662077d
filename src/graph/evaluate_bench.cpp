// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The evaluator is not meant to be fast; it must stay fast enough to judge in
// CI.
#include "graph/builder.h"
#include "graph/evaluate.h"
#include "graph/ops.h"

#include <benchmark/benchmark.h>

namespace rune::graph {
namespace {

Constant zeros(std::vector<int64_t> sizes, DType dtype = DType::F32) {
  return Constant::of(Tensor::zeros(dtype, std::move(sizes)).value());
}

void run(benchmark::State &state, const Graph &graph, double macs) {
  auto input = Tensor::zeros(graph.values[graph.inputs[0]].type.dtype,
                             graph.values[graph.inputs[0]].type.sizes());
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

/// A layer of a quantised image model: channels last.
void convInteger(benchmark::State &state, int64_t kernel, int64_t groups) {
  GraphBuilder builder("conv_integer");
  constexpr int64_t channels = 64, size = 28;
  int64_t pad = kernel / 2;
  ValueId x = builder.input("x", {DType::I8, {1, size, size, channels}});
  ValueId w = builder.constant(
      "w", zeros({channels, channels / groups, kernel, kernel}, DType::I8));
  ValueId zero = builder.constant("zero", zeros({}, DType::I8));
  auto y = builder.one(Op::ConvInteger, "conv", {x, w, noValue, zero},
                       {{"layout", "NXC"},
                        {"groups", groups},
                        {"pads", std::vector<int64_t>{pad, pad, pad, pad}}});
  builder.output(y.value(), "y");
  run(state, std::move(builder).finish().value(),
      static_cast<double>(size * size * channels * channels / groups * kernel *
                          kernel));
}
BENCHMARK_CAPTURE(convInteger, three, 3, 1);
BENCHMARK_CAPTURE(convInteger, one, 1, 1);
BENCHMARK_CAPTURE(convInteger, depthwise, 3, 64);

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
