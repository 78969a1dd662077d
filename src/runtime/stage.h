// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The stages of a running Rune behind one interface, so that the driver knows
// only edges.
#pragma once

#include "engine/engine.h"
#include "runtime/block_instance.h"
#include "runtime/capability/capability.h"
#include "runtime/device.h"

namespace rune::runtime {

using SharedTensor = std::shared_ptr<const Tensor>;

/// What one step may use.
struct StepLimits {
  engine::Deadline deadline;
  /// Bytes that the step's tensors may take.
  uint64_t tensorBytes = Tensor::defaultMaxBytes;
};

class Stage {
public:
  virtual ~Stage() = default;
  /// One step. State that the stage keeps stays until the next.
  virtual Result<std::vector<SharedTensor>>
  run(std::span<const TensorView> inputs, const StepLimits &limits) = 0;
};

std::unique_ptr<Stage> makeCapabilityStage(std::unique_ptr<Capability> source);
std::unique_ptr<Stage> makeBlockStage(BlockInstance block);

/// in      `inputs`, `stage.outputs`: what the Rune says of the model's tensors
/// errors  what loading the model says; `runtime.model-mismatch`
Result<std::unique_ptr<Stage>>
makeModelStage(Device &device, const container::Stage &stage,
               const container::Model &model,
               std::span<const TensorType> inputs);

} // namespace rune::runtime
