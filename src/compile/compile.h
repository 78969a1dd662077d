// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a graph to machine code. Nodes whose sizes are known and whose operator
// has a kernel are compiled, neighbours together as a region; what is left (the
// plan: branches, loops, sequences, sizes that only the run knows) is named for
// whoever runs it to interpret. One arena holds all that regions make.
#pragma once

#include "base/bytes.h"
#include "graph/graph.h"
#include "machine/target.h"

#include <atomic>
#include <map>
#include <optional>

namespace rune::compile {

struct Options {
  machine::Target target = machine::hostTarget();
  /// Compiling stops with `compile.stopped` once this is true. May be null.
  const std::atomic<bool> *stop = nullptr;
  /// Threads that compile; 0: as many as the machine has. The code is the same.
  uint32_t compileThreads = 0;
  /// Threads that a run may use.
  uint32_t workers = 1;
  /// Off: each node calls its plain kernel, which judges the fast ones.
  bool fast = true;
  /// Each call of a kernel is a step of its own, so that whoever runs the
  /// program can take the time between them. The kernels are the same.
  bool stepForEachCall = false;
  /// Layers between dequantise and quantise are computed in floats, as the
  /// model says, instead of in integers (docs/passes.md).
  bool exact = false;
  /// For tests: kernels as another processor takes them, with its vectors and
  /// blocks, in the instructions of `target`.
  std::optional<machine::Target> kernels = {};
};

/// Where a run finds a value.
struct Place {
  enum Kind : uint8_t {
    /// Nobody needs it, or only the plan has it; constants that no region
    /// reads, as they were packed.
    Elsewhere,
    Arena,
    Constant,
    Input,
    /// The input of a variable: its state.
    State
  };
  Kind kind = Elsewhere;
  /// Offset in the arena; index of the constant, input or variable.
  uint64_t at = 0;
};

/// Neighbouring nodes that are run in one way.
struct Step {
  uint32_t firstNode = 0;
  uint32_t lastNode = 0; // not included
  /// Where the code of the region begins; nothing for steps of the plan.
  std::optional<uint32_t> entry;
};

/// What a region calls as one: a node, or a group of nodes fused into one loop.
struct Call {
  /// Ascending; it runs where the last one stands.
  std::vector<uint32_t> nodes;
  /// The one whose kernel it is; of elementwise operators alone the last.
  uint32_t anchor = 0;
  /// True for one of the fast kernels.
  bool isFast = false;
  /// The index of its packed weights.
  std::optional<uint32_t> packed;
  /// Symbols of all code that it may reach, with their bytes; some are those of
  /// other calls, too.
  std::map<std::string, uint32_t> code;
};

/// Bytes at a multiple of 64, shared with whoever made or mapped them.
struct Packed {
  ByteSpan data;
  std::shared_ptr<const void> owner;

  static Packed of(ByteSpan bytes);
};

/// A region's code: `uint64_t entry(void *const *table, const Control *)`, with
/// a pointer for each value of the graph that has a place, then the arena's
/// scratch, then one for each of the packed weights. The result
/// is 0, or `fault(node, status)` of the node that ended it.
struct Program {
  machine::Target target;
  /// Where the functions of the code begin, for profiles.
  std::map<std::string, uint32_t> symbols;
  /// What was compiled: the graph given, after the passes.
  graph::Graph graph;
  Bytes code;
  std::vector<Step> steps;
  /// In the order of the run, for profiles; nothing in programs that were
  /// stored.
  std::vector<Call> calls;
  /// One for each value of the graph.
  std::vector<Place> places;
  /// Weights as the code reads them.
  std::vector<Packed> packed;
  uint64_t arenaBytes = 0;
  /// Where in the arena kernels have their scratch, so much for each worker.
  uint64_t scratchAt = 0;
};

constexpr uint64_t fault(uint32_t node, int32_t status) {
  return (uint64_t{node} + 1) << 32 | static_cast<uint32_t>(status);
}

/// What regions poll; as library/call.h.
struct Control {
  const int32_t *stop;
  void (*share)(const Control *control, int64_t tasks,
                void (*task)(void *context, int64_t index, int64_t worker),
                void *context) = nullptr;
  int64_t workers = 1;
};

/// Compiles a verified graph.
///
/// in      `graph`: owned by the program from then on; its constants may be
///         borrowed and must outlive it
/// errors  `compile.stopped` · `compile.internal`: a fault of the compiler ·
///         `compile.too-large`: an arena beyond 2^40 bytes, more than 2^16
///         nodes, or code that would take minutes to make
///         `compile.only-ahead`: a target whose code cannot be mapped
Result<Program> compile(graph::Graph graph, const Options &options = {});

} // namespace rune::compile
