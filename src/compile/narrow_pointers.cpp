// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/narrow_pointers.h"

#include <llvm/ADT/MapVector.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Operator.h>

namespace rune::compile {

namespace {

class Narrower {
public:
  Narrower(const llvm::DataLayout &wide, const llvm::DataLayout &narrow)
      : wide_(wide), narrow_(narrow) {}

  Result<> check(const llvm::Module &module) const {
    for (const llvm::GlobalVariable &variable : module.globals())
      if (holdsAddress(variable.getValueType()))
        return error("compile.internal", "`{}` holds addresses",
                     variable.getName().str());
    for (const llvm::Function &function : module)
      for (const llvm::BasicBlock &block : function)
        for (const llvm::Instruction &instruction : block)
          RUNE_TRY(check(instruction));
    return {};
  }

  void rewrite(llvm::Module &module) const {
    for (llvm::Function &function : module)
      for (llvm::BasicBlock &block : function)
        for (llvm::Instruction &instruction :
             llvm::make_early_inc_range(block)) {
          if (auto *step =
                  llvm::dyn_cast<llvm::GetElementPtrInst>(&instruction))
            rewriteStep(*step);
          else if (auto *local = llvm::dyn_cast<llvm::AllocaInst>(&instruction))
            rewriteLocal(*local);
          else if (auto *load = llvm::dyn_cast<llvm::LoadInst>(&instruction))
            rewriteLoad(*load);
          else if (auto *store = llvm::dyn_cast<llvm::StoreInst>(&instruction))
            rewriteStore(*store);
        }
  }

private:
  bool holdsAddress(llvm::Type *type) const {
    return type->isSized() &&
           wide_.getTypeAllocSize(type) != narrow_.getTypeAllocSize(type);
  }

  static bool isAddresses(llvm::Type *type) {
    return llvm::isa<llvm::FixedVectorType>(type) && type->isPtrOrPtrVectorTy();
  }

  /// Memory is read and written by whole numbers, addresses and vectors of
  /// them.
  Result<> check(const llvm::Instruction &instruction) const {
    llvm::Type *moved = nullptr;
    if (auto *load = llvm::dyn_cast<llvm::LoadInst>(&instruction))
      moved = load->getType();
    else if (auto *store = llvm::dyn_cast<llvm::StoreInst>(&instruction))
      moved = store->getValueOperand()->getType();
    if (moved && !moved->isPointerTy() && !isAddresses(moved) &&
        holdsAddress(moved))
      return error("compile.internal", "several addresses are moved at once");
    for (const llvm::Value *operand : instruction.operands())
      if (auto *step = llvm::dyn_cast<llvm::ConstantExpr>(operand))
        if (auto *element = llvm::dyn_cast<llvm::GEPOperator>(step);
            element && holdsAddress(element->getSourceElementType()))
          return error("compile.internal", "a constant counts addresses");
    if (auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction))
      for (unsigned i = 0; i < call->arg_size(); ++i)
        if (llvm::Type *copied = call->getParamByValType(i);
            copied && holdsAddress(copied))
          return error("compile.internal", "addresses are passed in memory");
    return {};
  }

  /// Σ index · bytes of what it counts, in the wide layout.
  void rewriteStep(llvm::GetElementPtrInst &step) const {
    if (!holdsAddress(step.getSourceElementType()))
      return;
    constexpr unsigned bits = 64;
    llvm::SmallMapVector<llvm::Value *, llvm::APInt, 4> indices;
    llvm::APInt constant(bits, 0);
    bool known = step.collectOffset(wide_, bits, indices, constant);
    RUNE_CHECK(known, "no vector counts elements without a fixed size");
    llvm::IRBuilder<> ir(&step);
    llvm::Value *offset = ir.getInt(constant);
    for (const auto &[index, bytes] : indices)
      offset = ir.CreateAdd(
          ir.CreateMul(ir.CreateSExtOrTrunc(index, ir.getInt64Ty()),
                       ir.getInt(bytes)),
          offset);
    step.replaceAllUsesWith(ir.CreateGEP(ir.getInt8Ty(),
                                         step.getPointerOperand(), offset, "",
                                         step.getNoWrapFlags()));
    step.eraseFromParent();
  }

  void rewriteLocal(llvm::AllocaInst &local) const {
    llvm::Type *type = local.getAllocatedType();
    if (!holdsAddress(type))
      return;
    llvm::IRBuilder<> ir(&local);
    auto *bytes =
        llvm::ArrayType::get(ir.getInt8Ty(), wide_.getTypeAllocSize(type));
    auto *made = ir.CreateAlloca(bytes, local.getArraySize());
    made->setAlignment(std::max(local.getAlign(), llvm::Align(8)));
    local.replaceAllUsesWith(made);
    local.eraseFromParent();
  }

  /// Vectors of addresses as numbers of 8 bytes, which they stand in.
  static llvm::Type *numbersFor(llvm::Type *addresses) {
    return llvm::VectorType::get(
        llvm::Type::getInt64Ty(addresses->getContext()),
        llvm::cast<llvm::VectorType>(addresses)->getElementCount());
  }
  static void rewriteLoad(llvm::LoadInst &load) {
    if (!isAddresses(load.getType()))
      return;
    llvm::IRBuilder<> ir(&load);
    llvm::Value *numbers = ir.CreateAlignedLoad(
        numbersFor(load.getType()), load.getPointerOperand(), load.getAlign());
    load.replaceAllUsesWith(ir.CreateIntToPtr(numbers, load.getType()));
    load.eraseFromParent();
  }
  static void rewriteStore(llvm::StoreInst &store) {
    llvm::Value *value = store.getValueOperand();
    if (!isAddresses(value->getType()))
      return;
    llvm::IRBuilder<> ir(&store);
    ir.CreateAlignedStore(
        ir.CreatePtrToInt(value, numbersFor(value->getType())),
        store.getPointerOperand(), store.getAlign());
    store.eraseFromParent();
  }

  const llvm::DataLayout &wide_;
  const llvm::DataLayout &narrow_;
};

} // namespace

Result<> narrowPointers(llvm::Module &module, const llvm::DataLayout &layout) {
  llvm::DataLayout wide = module.getDataLayout();
  Narrower narrower(wide, layout);
  RUNE_TRY(narrower.check(module));
  narrower.rewrite(module);
  module.setDataLayout(layout);
  return {};
}

} // namespace rune::compile
