// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/merge_alike.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/Hashing.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Instructions.h>

#include <algorithm>
#include <vector>

namespace rune::compile {

namespace {

/// What a constant beside the code holds, where only that counts.
const llvm::Value *heldBy(const llvm::Value *value) {
  auto *variable = llvm::dyn_cast<llvm::GlobalVariable>(value);
  return variable && variable->isConstant() && variable->hasInitializer() &&
                 variable->hasGlobalUnnamedAddr() && variable->hasLocalLinkage()
             ? variable->getInitializer()
             : value;
}

size_t hashOf(const llvm::Function &function) {
  llvm::hash_code hash = llvm::hash_combine(function.getFunctionType());
  for (const llvm::BasicBlock &block : function)
    for (const llvm::Instruction &instruction : block)
      hash = llvm::hash_combine(hash, instruction.getOpcode(),
                                instruction.getType());
  return hash;
}

/// Which accesses of a loop are independent: a list of each function's own.
bool isOwnList(const llvm::Metadata *hint) {
  auto *node = llvm::dyn_cast_or_null<llvm::MDNode>(hint);
  if (!node || node->getNumOperands() == 0)
    return false;
  auto *name = llvm::dyn_cast_or_null<llvm::MDString>(node->getOperand(0));
  return name && name->getString() == "llvm.loop.parallel_accesses";
}

/// The hints of two loops; the first operand is the list itself.
bool isSameLoop(const llvm::MDNode *one, const llvm::MDNode *other) {
  if (!one || !other)
    return one == other;
  if (one->getNumOperands() != other->getNumOperands())
    return false;
  for (unsigned i = 1; i < one->getNumOperands(); ++i)
    if (one->getOperand(i) != other->getOperand(i) &&
        !(isOwnList(one->getOperand(i)) && isOwnList(other->getOperand(i))))
      return false;
  return true;
}

class Comparison {
public:
  bool areAlike(const llvm::Function &one, const llvm::Function &other) {
    if (one.getFunctionType() != other.getFunctionType() ||
        one.getAttributes() != other.getAttributes() ||
        one.size() != other.size())
      return false;
    for (unsigned i = 0; i < one.arg_size(); ++i)
      pair(one.getArg(i), other.getArg(i));
    return std::ranges::equal(
               one, other,
               [&](const llvm::BasicBlock &a, const llvm::BasicBlock &b) {
                 pair(&a, &b);
                 return a.size() == b.size();
               }) &&
           std::ranges::equal(
               one, other,
               [&](const llvm::BasicBlock &a, const llvm::BasicBlock &b) {
                 return std::ranges::equal(a, b,
                                           [&](const auto &x, const auto &y) {
                                             pair(&x, &y);
                                             return isSame(x, y);
                                           });
               }) &&
           // a loop reads what stands behind it
           std::ranges::all_of(later_, [&](const auto &two) {
             return pairs_.lookup(two.first) == two.second;
           });
  }

private:
  void pair(const llvm::Value *a, const llvm::Value *b) { pairs_[a] = b; }

  bool isSame(const llvm::Instruction &a, const llvm::Instruction &b) {
    if (!a.isSameOperationAs(&b) || !a.hasSameSubclassOptionalData(&b) ||
        !isSameLoop(a.getMetadata(llvm::LLVMContext::MD_loop),
                    b.getMetadata(llvm::LLVMContext::MD_loop)))
      return false;
    for (unsigned i = 0; i < a.getNumOperands(); ++i)
      if (!isSame(a.getOperand(i), b.getOperand(i)))
        return false;
    auto *phi = llvm::dyn_cast<llvm::PHINode>(&a);
    for (unsigned i = 0; phi && i < phi->getNumIncomingValues(); ++i)
      later_.emplace_back(phi->getIncomingBlock(i),
                          llvm::cast<llvm::PHINode>(b).getIncomingBlock(i));
    return true;
  }
  bool isSame(const llvm::Value *a, const llvm::Value *b) {
    if (llvm::isa<llvm::Constant>(a))
      return heldBy(a) == heldBy(b);
    if (llvm::isa<llvm::MetadataAsValue>(a))
      return a == b;
    later_.emplace_back(a, b);
    return true;
  }

  llvm::DenseMap<const llvm::Value *, const llvm::Value *> pairs_;
  std::vector<std::pair<const llvm::Value *, const llvm::Value *>> later_;
};

/// One round: those that call what became one may be alike in the next.
bool mergeOnce(llvm::Module &module,
               std::map<std::string, std::string> &instead) {
  std::map<size_t, std::vector<llvm::Function *>> known;
  bool found = false;
  for (llvm::Function &function : llvm::make_early_inc_range(module)) {
    if (function.isDeclaration() || !function.hasLocalLinkage())
      continue;
    auto &like = known[hashOf(function)];
    auto same = std::ranges::find_if(like, [&](const llvm::Function *other) {
      return Comparison().areAlike(*other, function);
    });
    if (same == like.end()) {
      like.push_back(&function);
      continue;
    }
    instead[function.getName().str()] = (*same)->getName().str();
    function.replaceAllUsesWith(*same);
    function.eraseFromParent();
    found = true;
  }
  return found;
}

} // namespace

std::map<std::string, std::string> mergeAlike(llvm::Module &module) {
  std::map<std::string, std::string> instead;
  while (mergeOnce(module, instead))
    ;
  for (auto &[name, other] : instead)
    for (auto next = instead.find(other); next != instead.end();
         next = instead.find(other))
      other = next->second;
  return instead;
}

} // namespace rune::compile
