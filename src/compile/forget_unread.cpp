// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/module.h"

#include <llvm/IR/Instructions.h>
#include <llvm/IR/Operator.h>

#include <algorithm>

namespace rune::compile {

namespace {

/// Marks the entries of its table that a region reads; false if that cannot be
/// told.
bool markReads(const llvm::Value &table, uint64_t offset,
               const llvm::DataLayout &layout, std::vector<bool> &isRead) {
  return std::ranges::all_of(table.users(), [&](const llvm::User *user) {
    if (llvm::isa<llvm::LoadInst>(user)) {
      uint64_t index = offset / layout.getPointerSize();
      if (index < isRead.size())
        isRead[index] = true;
      return user->getType()->isPointerTy();
    }
    const auto *step = llvm::dyn_cast<llvm::GEPOperator>(user);
    llvm::APInt distance(64, 0);
    return step && step->accumulateConstantOffset(layout, distance) &&
           markReads(*step, offset + distance.getZExtValue(), layout, isRead);
  });
}

} // namespace

void forgetUnread(ProgramModule &made) {
  Program &program = made.program;
  std::vector<bool> isRead(program.places.size());
  for (size_t i = 0; i < program.steps.size(); ++i) {
    if (!program.steps[i].entry)
      continue;
    const llvm::Function *region = made.module->getFunction(regionName(i));
    if (!region ||
        !markReads(*region->getArg(0), 0, made.module->getDataLayout(), isRead))
      return;
  }
  // the plan reads constants, and some are results
  auto keep = [&](graph::ValueId id) {
    if (id != graph::noValue)
      isRead[id] = true;
  };
  std::ranges::for_each(program.graph.outputs, keep);
  for (const graph::Variable &variable : program.graph.variables)
    keep(variable.output);
  for (const Step &step : program.steps)
    for (uint32_t i = step.firstNode; !step.entry && i < step.lastNode; ++i)
      std::ranges::for_each(program.graph.nodes[i].inputs, keep);
  for (size_t i = 0; i < program.places.size(); ++i)
    if (!isRead[i] && program.places[i].kind == Place::Constant)
      program.places[i] = {};
}

} // namespace rune::compile
