// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is used by whom: channel numbers, and warnings of what nobody uses.
#include "check/checking.h"

#include <algorithm>

namespace rune::check {

/// For each resource, whether a model or an argument names it.
static std::vector<bool> usedResources(const Pipeline &pipeline) {
  std::vector<bool> used(pipeline.resources.size(), false);
  for (const Stage &stage : pipeline.stages) {
    if (stage.modelResource)
      used[*stage.modelResource] = true;
    for (const Argument &argument : stage.arguments)
      if (auto *name = std::get_if<ResourceReference>(&argument.value))
        used[name->resource] = true;
  }
  return used;
}

void numberChannels(Pipeline &pipeline) {
  uint32_t next = 1;
  auto number = [&](StageKind kind) {
    for (Stage &stage : pipeline.stages)
      if (stage.kind == kind)
        stage.channel = next++;
  };
  number(StageKind::Capability);
  next +=
      static_cast<uint32_t>(std::ranges::count(usedResources(pipeline), true));
  number(StageKind::Model);
  number(StageKind::Out);
}

static void checkStages(Checking &checking) {
  const std::vector<Stage> &stages = checking.pipeline.stages;
  std::vector<bool> used(stages.size(), false);
  bool hasOut = false;
  for (const Stage &stage : stages) {
    hasOut |= stage.kind == StageKind::Out;
    for (const Edge &edge : stage.inputs)
      used[edge.stage] = true;
  }
  for (size_t i = 0; hasOut && i < stages.size(); ++i)
    if (!used[i] && stages[i].kind != StageKind::Out)
      checking.report
          .warning("check.unused-stage", stages[i].where,
                   "nothing uses what `{}` gives", stages[i].name)
          .withHelp("make it an input of a stage, or remove it");
  if (stages.empty())
    checking
        .lenient("check.empty-pipeline", checking.tree.image.where,
                 "the pipeline has no stages")
        .withHelp("add a capability and an out below `pipeline:`");
  else if (!hasOut)
    checking
        .lenient("check.no-out", stages.back().where,
                 "the pipeline has no out: it computes and shows nothing")
        .withHelp("add a stage with `out: SERIAL`");
}

void checkUse(Checking &checking) {
  if (!checking.report.failed())
    checkStages(checking);
  std::vector<bool> used = usedResources(checking.pipeline);
  for (size_t i = 0; i < used.size(); ++i)
    if (const Resource &resource = checking.pipeline.resources[i];
        !used[i] && !checking.report.failed())
      checking.report
          .warning("check.unused-resource", resource.where,
                   "nothing uses the resource `{}`", resource.name)
          .withHelp(fmt::format("write `${}` as an argument or a model, or "
                                "remove it",
                                resource.name));
}

} // namespace rune::check
