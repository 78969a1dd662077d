// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A compiled graph that can run: its code mapped, its arena allocated, and the
// plan between its regions interpreted.
#pragma once

#include "compile/compile.h"
#include "device/cpu/arena_memory.h"
#include "device/cpu/pool.h"
#include "graph/plan.h"
#include "machine/mapped_code.h"

namespace rune::device {

/// errors  `evaluate.memory-limit`: the arena is larger than allowed
Result<> checkMemory(const compile::Program &program,
                     const graph::EvaluateLimits &limits);

/// One run at a time.
class CpuRun {
public:
  /// Compiles `graph`, whose inputs have known sizes, for the workers of
  /// `pool`.
  ///
  /// errors  `compile.*`, `machine.out-of-memory`
  static Result<std::unique_ptr<CpuRun>>
  prepare(graph::Graph graph, compile::Options options = {},
          std::shared_ptr<Pool> pool = nullptr);

  /// Of a program that was compiled before, for this machine.
  ///
  /// in      `pool`: of no more workers than the program was compiled for; null
  ///         for none
  /// errors  `machine.out-of-memory`
  static Result<std::unique_ptr<CpuRun>>
  of(compile::Program program, std::shared_ptr<Pool> pool = nullptr);

  const graph::Graph &graph() const { return program_.graph; }
  const compile::Program &program() const { return program_; }
  /// Where the program's code stands.
  const uint8_t *code() const { return code_.data(); }
  /// Inputs and outputs that the last run copied.
  uint64_t copies() const { return copies_; }

  /// From the next run on the nanoseconds of each of the program's steps go
  /// there; null for no more of that.
  void timeSteps(std::vector<int64_t> *nanoseconds) {
    stepTimes_ = nanoseconds;
  }

  /// in      one item for each input, of its type
  ///         `state` as of graph::evaluate
  /// errors  `evaluate.*`
  Result<graph::Items> run(graph::Items inputs,
                           const graph::EvaluateLimits &limits,
                           graph::State &state);

private:
  CpuRun(compile::Program program, std::shared_ptr<Pool> pool)
      : program_(std::move(program)), pool_(std::move(pool)) {}
  Result<> place();
  Result<> bind(graph::Items inputs, graph::State &state);
  Result<> runRegion(const compile::Step &step,
                     const compile::Control &control);
  Result<> runPlan(size_t step, const graph::EvaluateLimits &limits);
  Result<> runStep(size_t index, const compile::Control &control,
                   const graph::EvaluateLimits &limits);
  Result<graph::Items> finish(graph::State &state);
  TensorView viewOf(graph::ValueId id) const;

  compile::Program program_;
  std::shared_ptr<Pool> pool_;
  machine::MappedCode code_;
  ArenaMemory arena_;
  /// A pointer for each value, and the scratch.
  std::vector<void *> table_;
  /// Of the values that have a place.
  std::vector<std::vector<int64_t>> sizes_;
  /// What came in, and what the plan made, in this run.
  std::vector<graph::Item> items_;
  /// Copies of inputs and constants that stand unaligned.
  std::vector<Bytes> aligned_;
  uint64_t copies_ = 0;
  std::vector<int64_t> *stepTimes_ = nullptr;
  /// For each step of the plan its nodes as a graph; what goes in and out.
  struct Piece {
    graph::Graph graph;
    std::vector<graph::ValueId> inputs, outputs;
  };
  std::vector<Piece> pieces_;
};

} // namespace rune::device
