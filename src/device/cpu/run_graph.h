// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For tests and fuzzers: a graph, compiled and run once.
#pragma once

#include "device/cpu/cpu_run.h"
#include "device/cpu/written_case.h"

namespace rune::device {

/// Tensors as inputs of a run; they outlive it.
inline graph::Items borrowed(std::span<const TensorView> views) {
  graph::Items items;
  for (const TensorView &view : views)
    items.push_back(graph::Item::borrowed(view));
  return items;
}

inline std::vector<TensorView> viewsOf(std::span<const Tensor> tensors) {
  std::vector<TensorView> views;
  for (const Tensor &tensor : tensors)
    views.push_back(tensor.view());
  return views;
}

/// Kernels as the processor of that name takes them, in the best instructions
/// that both have: none of AArch64 run here, its kernels do.
inline compile::Options kernelsOf(std::string_view target) {
  compile::Options options;
  machine::Target kernels = machine::parseTarget(target).value();
  machine::Target base{kernels.family, kernels.base()};
  for (machine::Target code : {base, kernels})
    if (machine::runsOn(code, machine::hostTarget()))
      options.target = code;
  options.kernels = kernels;
  return options;
}

/// errors  as CpuRun::prepare, CpuRun::run, writeCase
inline Result<graph::Items> runOnce(const graph::Graph &graph,
                                    std::span<const TensorView> inputs,
                                    const compile::Options &options = {},
                                    std::shared_ptr<Pool> pool = nullptr) {
  auto run = RUNE_TRY(CpuRun::prepare(graph, options, std::move(pool)));
  graph::State state;
  graph::Items results = RUNE_TRY(run->run(borrowed(inputs), {}, state));
  RUNE_TRY(writeCase(graph, options, inputs, results));
  return results;
}

} // namespace rune::device
