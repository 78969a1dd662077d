// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What runs models in this build, by the names that `--device` takes.
#pragma once

#include "cli/layer.h"
#include "graph/plan.h"
#include "runtime/device.h"

#include <CLI/App.hpp>

#include <functional>

namespace rune {
class FileBytes;
}

namespace rune::cli {

/// The slow one that is always right first.
std::vector<std::string> deviceNames();

/// One line on each of them.
std::string describeDevice(std::string_view name);

using Notes = std::function<void(const Diagnostic &)>;

/// What `--device` and `--exact` choose.
struct DeviceChoice {
  /// One of `deviceNames`.
  std::string name = "evaluator";
  /// Layers between dequantise and quantise stay in floats.
  bool exact = false;
};

/// in      `what`: what the device does with what, for the help
void addDeviceFlags(CLI::App &app, DeviceChoice &choice, const char *what);

/// With this user's cache of compiled models, where there is one.
///
/// in      `note`: gets what a cache could not do, and what is not `exact`
std::unique_ptr<runtime::Device> makeDevice(const DeviceChoice &choice,
                                            Notes note);

using GraphRunner = std::function<Result<graph::Items>(
    graph::Items, const graph::EvaluateLimits &)>;
/// Runs a graph outside of any Rune, each time as if it were the first. The
/// graph outlives the runner.
GraphRunner makeRunner(const graph::Graph &graph, const DeviceChoice &device);

/// A graph made ready on a device for inputs of the sizes that it states.
class PreparedGraph {
public:
  virtual ~PreparedGraph() = default;
  /// What runs: the graph after the device's passes.
  virtual const graph::Graph &graph() const = 0;
  /// State goes from run to run.
  virtual Result<graph::Items> run(graph::Items inputs,
                                   const graph::EvaluateLimits &limits) = 0;
  /// Memory for the values of a run; nothing where it is not planned.
  virtual uint64_t arenaBytes() const { return 0; }
  virtual uint64_t codeBytes() const { return 0; }
  /// Of constants, as they are read.
  virtual uint64_t weightBytes() const = 0;
  /// Inputs and outputs that the last run copied.
  virtual uint64_t copies() const { return 0; }
  /// What runs one after another; nothing where the code was made before.
  virtual std::vector<Layer> layers() const = 0;
  /// Of a graph that is prepared to be timed: from the next run on the
  /// nanoseconds of each layer go there; null for no more of that.
  virtual void timeLayers(std::vector<int64_t> *nanoseconds) = 0;
};

/// A model that is a file, by which a cache may know it.
struct ModelFileName {
  std::string path;
  std::shared_ptr<const FileBytes> file;
  /// What else settled the graph: sizes, a signature.
  std::string how;
};

struct Preparation {
  DeviceChoice device;
  /// That a run may use, where the device has any.
  uint32_t threads = 1;
  /// So that `timeLayers` works.
  bool isTimed = false;
  /// Null to compile anew, whatever is kept.
  const ModelFileName *cachedAs = nullptr;
};

/// in      `sizes`: of each input
/// errors  of specialising and compiling
Result<std::unique_ptr<PreparedGraph>>
prepareGraph(const graph::Graph &graph,
             const std::vector<std::vector<int64_t>> &sizes,
             const Preparation &how, const Notes &note);

/// The sizes of the inputs, 1 where the graph leaves them open; a note on each
/// of these.
std::vector<std::vector<int64_t>>
sizesOf(const graph::Graph &graph, const std::string &name, const Notes &note);

} // namespace rune::cli
