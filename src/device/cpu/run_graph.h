// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For tests and fuzzers: a graph, compiled and run once.
#pragma once

#include "device/cpu/cpu_run.h"

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

/// errors  as CpuRun::prepare, CpuRun::run
inline Result<graph::Items> runOnce(graph::Graph graph,
                                    std::span<const TensorView> inputs,
                                    const compile::Options &options = {},
                                    std::shared_ptr<Pool> pool = nullptr) {
  auto run =
      RUNE_TRY(CpuRun::prepare(std::move(graph), options, std::move(pool)));
  graph::State state;
  return run->run(borrowed(inputs), {}, state);
}

} // namespace rune::device
