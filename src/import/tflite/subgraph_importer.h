// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The walk over the operators of one graph of the file, into a frame: the
// model's own, or where it is called.
#pragma once

#include "base/source.h"
#include "import/tflite/file.h"
#include "import/tflite/frame.h"

#include <set>

namespace rune::import {

/// Constants that importers make (weights in our order, tables, multipliers),
/// in all: so often the size of the file, and this much more.
constexpr uint64_t maxDerivedTimes = 8;
constexpr uint64_t maxDerivedBytes = uint64_t{64} << 20;
/// Calls within one another.
constexpr size_t maxTfliteCallDepth = 64;
/// Operators that calls, branches and loops may add to those of the file.
constexpr uint64_t maxAddedOperators = 1 << 16;

/// A variable that has a name.
struct ResourceVariable {
  std::string name;
  /// Once its type is known.
  std::optional<CellId> cell = {};
};

/// What one import knows everywhere.
struct TfliteModel {
  const TfliteFile &file;
  SourcePtr source;
  Report &report;
  /// What importers may still make.
  uint64_t derivedBytes;
  /// Operators looked at, each time they are; and how many may be.
  uint64_t visited = 0;
  uint64_t mostVisited = 0;
  /// A limit was reached: more layers would only take more time.
  bool exhausted = false;
  std::vector<StateCell> cells = {};
  std::map<std::string, CellId> cellNames = {};
  std::vector<ResourceVariable> variables = {};
  std::map<std::string, size_t> variableNames = {};
  /// Subgraphs of CALL_ONCE whose work is done before the first run.
  std::set<size_t> done = {};
  /// Circular buffers that do not state their period.
  size_t buffersWithoutPeriod = 0;

  /// The cell of that key, made if there is none. A key holds what tells a
  /// cell from others, in any subgraph.
  ///
  /// errors  `import.unsupported`: it is of another type
  Result<CellId> cell(const std::string &key, StateCell facts);
};

/// A graph of the file that is being imported, and who asked for it.
struct TfliteCall {
  size_t subgraph = 0;
  /// Before the names of layers: "while1/body/".
  std::string path = {};
  const TfliteCall *caller = nullptr;
  size_t depth = 0;
};

/// The failure of something whose reasons are in the report.
Diagnostic inReport();

/// Imports the operators of a graph: its inputs are these values, its outputs
/// come back.
///
/// errors  `import.reported`: the reasons are in the report
Result<std::vector<graph::ValueId>>
importSubgraph(TfliteModel &model, TfliteFrame &frame, const TfliteFile &file,
               const TfliteCall &call, std::vector<graph::ValueId> inputs);

/// The same for a call: `part` names it within the layer that calls.
///
/// errors  `import.malformed`: no such graph, another number of inputs, a graph
///         that calls itself · `import.limit`: too deep · `import.reported`
Result<std::vector<graph::ValueId>>
callSubgraph(TfliteModel &model, TfliteFrame &frame, const TfliteCall &caller,
             int64_t subgraph, std::vector<graph::ValueId> inputs,
             const std::string &layer, std::string_view part);

/// The graphs that an operator calls, as the file numbers them.
std::vector<int64_t> calledBy(const TfliteFile &file, size_t node);

/// The graphs that are reached from one, that one first; each once.
std::vector<size_t> reachedFrom(const TfliteFile &file, size_t subgraph);

/// Reports all operators of those graphs that cannot be imported: one message
/// for each kind, with its layers.
void reportUnsupported(const TfliteModel &model,
                       const std::vector<size_t> &subgraphs);

/// What a layer is called: as its first output.
std::string layerNameOf(const TfliteFile &file, size_t node);

} // namespace rune::import
