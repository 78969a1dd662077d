// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "check/checking.h"

namespace rune::check {

/// The stages in their order, edges renumbered.
static void sortStages(Pipeline &pipeline, const std::vector<size_t> &order) {
  std::vector<size_t> place(order.size());
  for (size_t i = 0; i < order.size(); ++i)
    place[order[i]] = i;
  std::vector<Stage> sorted;
  sorted.reserve(order.size());
  for (size_t stage : order)
    sorted.push_back(std::move(pipeline.stages[stage]));
  for (Stage &stage : sorted)
    for (Edge &edge : stage.inputs)
      edge.stage = place[edge.stage];
  pipeline.stages = std::move(sorted);
}

Result<Pipeline> check(const runefile::Runefile &tree,
                       SignatureSource &signatures, const CheckOptions &options,
                       Report &report) {
  size_t errorsBefore = report.errors();
  Checking checking{tree, signatures, options.strict, report, {}, {}, {}, {}};
  resolveNames(checking);
  findOrder(checking);
  bool connected = report.errors() == errorsBefore;
  for (size_t stage = 0; stage < tree.stages.size(); ++stage)
    readOwnArguments(checking, stage);
  if (!connected)
    findBlockResources(checking);
  // From here on every edge leads to a stage that comes before; blocks and
  // models are asked, each after its inputs.
  for (size_t stage : checking.order)
    if (connected)
      checkTypes(checking, stage);
  checkUse(checking);
  if (report.errors() > errorsBefore)
    return report.failure();
  numberChannels(checking.pipeline);
  sortStages(checking.pipeline, checking.order);
  return std::move(checking.pipeline);
}

} // namespace rune::check
