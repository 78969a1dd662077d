// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/cpu/cpu_model.h"

#include "graph/specialise.h"

namespace rune::device {

Result<Sizes> CpuModel::sizesOf(const graph::Items &inputs) const {
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

Result<compile::Program> CpuModel::programFor(const Sizes &sizes) const {
  Sha256 key;
  if (keeping_.cache) {
    key = keeping_.cache->keyOf(keeping_.model, sizes, options_);
    if (auto found = keeping_.cache->find(key, constants_))
      return std::move(*found);
  }
  graph::Graph graph = RUNE_TRY(graph::specialise(graph_, sizes));
  auto program = RUNE_TRY(compile::compile(std::move(graph), options_));
  if (keeping_.cache) {
    auto kept = keeping_.cache->keep(key, program, constants_);
    if (!kept && keeping_.note)
      keeping_.note(kept.error());
  }
  return program;
}

Result<CpuRun *> CpuModel::prepare(const Sizes &sizes) {
  if (auto found = runs_.find(sizes); found != runs_.end())
    return found->second.get();
  auto run = RUNE_TRY(CpuRun::of(RUNE_TRY(programFor(sizes)), pool_));
  return (runs_[sizes] = std::move(run)).get();
}

Result<graph::Items> CpuModel::run(graph::Items inputs,
                                   const graph::EvaluateLimits &limits) {
  CpuRun *run = RUNE_TRY(prepare(RUNE_TRY(sizesOf(inputs))));
  return run->run(std::move(inputs), limits, state_);
}

} // namespace rune::device
