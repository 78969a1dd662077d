// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A graph that is compiled when it first meets inputs of certain sizes, and
// remembers the code for them.
#pragma once

#include "device/cpu/cpu_run.h"
#include "device/cpu/program_cache.h"

#include <functional>
#include <map>

namespace rune::device {

/// Where compiled models are kept, and what this one is called there.
struct Keeping {
  /// Null: nowhere.
  std::shared_ptr<const ProgramCache> cache;
  ModelIdentity model;
  /// Gets what a cache could not keep, which costs only time, and layers that
  /// run in integers instead of floats.
  std::function<void(const Diagnostic &)> note;
};

class CpuModel {
public:
  explicit CpuModel(graph::Graph graph, Keeping keeping = {},
                    compile::Options options = {})
      : graph_(std::move(graph)), keeping_(std::move(keeping)),
        options_(options), constants_(compile::constantsOf(graph_)) {
    if (options_.workers > 1)
      pool_ = std::make_shared<Pool>(options_.workers);
  }

  const graph::Graph &graph() const { return graph_; }

  /// Makes ready for inputs of these sizes: compiles, or finds what was
  /// compiled before.
  ///
  /// in      `limits`: of the compilation too, which ends at the deadline
  /// errors  as `run`
  Result<CpuRun *> prepare(const Sizes &sizes,
                           const graph::EvaluateLimits &limits = {});
  /// Takes what was compiled of this graph elsewhere, for the sizes of its
  /// inputs.
  ///
  /// errors  `machine.out-of-memory`
  Result<> give(compile::Program program);

  /// errors  `evaluate.*`, `compile.*`, `graph.invalid` where the graph cannot
  ///         work with these sizes
  Result<graph::Items> run(graph::Items inputs,
                           const graph::EvaluateLimits &limits = {});
  /// Forgets the state: the next run is a first one again.
  void reset() { state_.clear(); }

private:
  Result<Sizes> sizesOf(const graph::Items &inputs) const;
  Result<compile::Program>
  programFor(const Sizes &sizes, const graph::EvaluateLimits &limits) const;
  Result<compile::Program>
  compiledFor(const Sizes &sizes, const graph::EvaluateLimits &limits) const;

  void noteIntegers(const graph::Graph &compiled) const;

  graph::Graph graph_;
  Keeping keeping_;
  compile::Options options_;
  std::shared_ptr<Pool> pool_;
  std::vector<ByteSpan> constants_;
  graph::State state_;
  std::map<Sizes, std::unique_ptr<CpuRun>> runs_;
};

} // namespace rune::device
