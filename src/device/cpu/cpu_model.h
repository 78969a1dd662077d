// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A graph that is compiled when it first meets inputs of certain sizes, and
// remembers the code for them.
#pragma once

#include "device/cpu/cpu_run.h"

#include <map>

namespace rune::device {

class CpuModel {
public:
  explicit CpuModel(graph::Graph graph) : graph_(std::move(graph)) {}

  const graph::Graph &graph() const { return graph_; }

  /// errors  `evaluate.*`, `compile.*`, `graph.invalid` where the graph cannot
  ///         work with these sizes
  Result<graph::Items> run(graph::Items inputs,
                           const graph::EvaluateLimits &limits = {});
  /// Forgets the state: the next run is a first one again.
  void reset() { state_.clear(); }

private:
  using Sizes = std::vector<std::vector<int64_t>>;
  Result<Sizes> sizesOf(const graph::Items &inputs) const;
  Result<CpuRun *> runFor(const Sizes &sizes);

  graph::Graph graph_;
  graph::State state_;
  std::map<Sizes, std::unique_ptr<CpuRun>> runs_;
};

} // namespace rune::device
