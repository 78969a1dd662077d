// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/calls.h"

#include <llvm/IR/Instructions.h>

namespace rune::compile {

namespace {

/// Functions that a function calls or hands on, those included that they call.
class Reach {
public:
  explicit Reach(const llvm::Function &root) {
    add(root);
    while (!open_.empty()) {
      const llvm::Function &function = *open_.back();
      open_.pop_back();
      for (const llvm::BasicBlock &block : function)
        for (const llvm::Instruction &instruction : block)
          for (const llvm::Value *operand : instruction.operands())
            visit(*operand);
    }
  }

  std::map<std::string, uint32_t> names() const {
    std::map<std::string, uint32_t> names;
    for (const llvm::Value *value : seen_)
      if (llvm::isa<llvm::Function>(value))
        names[value->getName().str()] = 0;
    return names;
  }

private:
  void add(const llvm::Function &function) {
    if (!function.isDeclaration() && seen_.insert(&function).second)
      open_.push_back(&function);
  }
  /// Constants may hold functions: tables of them.
  void visit(const llvm::Value &value) {
    if (auto *function = llvm::dyn_cast<llvm::Function>(&value))
      return add(*function);
    auto *constant = llvm::dyn_cast<llvm::Constant>(&value);
    if (!constant || !seen_.insert(constant).second)
      return;
    for (const llvm::Value *operand : constant->operands())
      visit(*operand);
  }

  std::set<const llvm::Value *> seen_;
  std::vector<const llvm::Function *> open_;
};

} // namespace

std::vector<Call> callsOf(std::span<const Step> steps, const Groups &groups,
                          const Parts &parts,
                          std::span<const std::optional<uint32_t>> packed) {
  std::vector<Call> calls;
  for (const Step &step : steps) {
    if (!step.entry)
      continue;
    for (uint32_t i = step.firstNode; i < step.lastNode; ++i) {
      if (groups.isInside(i))
        continue;
      Call &call = calls.emplace_back();
      uint32_t index = groups.of[i];
      if (index == Groups::none) {
        call.nodes = {i};
        call.anchor = i;
        call.isFast = parts.isMoved(i);
        continue;
      }
      const Group &group = groups.all[index];
      call.nodes = group.allNodes();
      call.anchor = group.kind == Anchor::None ? i : group.anchor;
      call.isFast = true;
      call.packed = packed[index];
    }
  }
  return calls;
}

std::vector<Step> splitSteps(std::span<const Step> steps,
                             const Groups &groups) {
  std::vector<Step> pieces;
  for (const Step &step : steps) {
    Step piece = step;
    for (uint32_t i = step.firstNode; i + 1 < step.lastNode; ++i)
      if (!step.entry || !groups.isInside(i)) {
        piece.lastNode = i + 1;
        pieces.push_back(piece);
        piece = step;
        piece.firstNode = i + 1;
      }
    pieces.push_back(piece);
  }
  return pieces;
}

void findCode(ProgramModule &made) {
  std::map<std::string, std::map<std::string, uint32_t>> known;
  for (size_t i = 0; i < made.program.calls.size(); ++i)
    for (const std::string &name : made.functions[i]) {
      auto [place, isNew] = known.try_emplace(name);
      const llvm::Function *root = made.module->getFunction(name);
      if (isNew && root && !root->isDeclaration())
        place->second = Reach(*root).names();
      made.program.calls[i].code.insert(place->second.begin(),
                                        place->second.end());
    }
}

} // namespace rune::compile
