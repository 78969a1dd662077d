// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/cpu/cpu_model.h"

#include "graph/specialise.h"

namespace rune::device {

Result<CpuModel::Sizes> CpuModel::sizesOf(const graph::Items &inputs) const {
  if (inputs.size() != graph_.inputs.size())
    return error("evaluate.input-mismatch", "needs {} inputs, got {}",
                 graph_.inputs.size(), inputs.size());
  Sizes sizes(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const graph::Value &value = graph_.values[graph_.inputs[i]];
    if (inputs[i].form != value.type.form ||
        inputs[i].dtype != value.type.dtype)
      return error("evaluate.input-mismatch", "input `{}` needs {}, got {}",
                   value.name, value.type.str(), inputs[i].str());
    if (inputs[i].tensor)
      sizes[i].assign(inputs[i].view().sizes.begin(),
                      inputs[i].view().sizes.end());
  }
  return sizes;
}

Result<CpuRun *> CpuModel::runFor(const Sizes &sizes) {
  if (auto found = runs_.find(sizes); found != runs_.end())
    return found->second.get();
  graph::Graph graph = RUNE_TRY(graph::specialise(graph_, sizes));
  auto run = RUNE_TRY(CpuRun::prepare(std::move(graph)));
  return (runs_[sizes] = std::move(run)).get();
}

Result<graph::Items> CpuModel::run(graph::Items inputs,
                                   const graph::EvaluateLimits &limits) {
  CpuRun *run = RUNE_TRY(runFor(RUNE_TRY(sizesOf(inputs))));
  return run->run(std::move(inputs), limits, state_);
}

} // namespace rune::device
