// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/devices.h"

#include "device/evaluator/evaluator_device.h"

#ifdef RUNE_HAS_LLVM
#include "device/cpu/cpu_device.h"
#include "device/cpu/cpu_model.h"
#endif

namespace rune::cli {

std::vector<std::string> deviceNames() {
#ifdef RUNE_HAS_LLVM
  return {"evaluator", "cpu"};
#else
  return {"evaluator"};
#endif
}

std::unique_ptr<runtime::Device> makeDevice(std::string_view name) {
#ifdef RUNE_HAS_LLVM
  if (name == "cpu")
    return device::makeCpu();
#endif
  RUNE_CHECK(name == "evaluator", "a device of this build");
  return device::makeEvaluator();
}

GraphRunner makeRunner(const graph::Graph &graph, std::string_view device) {
#ifdef RUNE_HAS_LLVM
  if (device == "cpu")
    return [model = std::make_shared<device::CpuModel>(graph)](
               graph::Items inputs, const graph::EvaluateLimits &limits) {
      model->reset();
      return model->run(std::move(inputs), limits);
    };
#endif
  RUNE_CHECK(device == "evaluator", "a device of this build");
  return [&graph](graph::Items inputs, const graph::EvaluateLimits &limits) {
    return graph::evaluateItems(graph, std::move(inputs), limits);
  };
}

} // namespace rune::cli
