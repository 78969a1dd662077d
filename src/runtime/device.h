// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What runs models. A device turns a stored graph into a Program once and runs
// it as often as asked. The evaluator is the first and judges the rest.
#pragma once

#include "base/tensor.h"
#include "container/rune_file.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

namespace rune::runtime {

/// What one run of a model may use.
struct RunLimits {
  std::optional<std::chrono::steady_clock::time_point> deadline;
  uint64_t memoryBytes = uint64_t{1} << 30;
};

struct NamedType {
  std::string name;
  TensorType type;
};

/// A model made ready on one device. Runs one at a time; a model with state
/// keeps it from run to run.
class Program {
public:
  virtual ~Program() = default;
  virtual const std::vector<NamedType> &inputs() const = 0;
  virtual const std::vector<NamedType> &outputs() const = 0;

  /// in      one view per input, row-major
  /// result  one tensor per output, owned by the caller
  /// errors  `device.input-mismatch`, `device.deadline`, `device.memory-limit`,
  ///         `device.failed` (an operator refused its values)
  virtual Result<std::vector<Tensor>> run(std::span<const TensorView> inputs,
                                          const RunLimits &limits) = 0;
  /// Forgets the state: the next run is a first one again.
  virtual void reset() {}
};

class Device {
public:
  virtual ~Device() = default;
  /// "evaluator", "cpu", …: an open name.
  virtual std::string_view name() const = 0;

  /// The model's bytes must outlive the program.
  ///
  /// errors  `device.unsupported` (encoding or operator), what reading the
  /// graph says
  virtual Result<std::unique_ptr<Program>>
  load(const container::Model &model) = 0;
};

} // namespace rune::runtime
