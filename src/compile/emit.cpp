// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/emit.h"

#include "compile/emit_call.h"
#include "compile/expression.h"
#include "compile/library/fast/fused.h"
#include "compile/library_bitcode.h"
#include "compile/prepack.h"
#include "compile/retarget.h"

#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/Linker/Linker.h>
#include <llvm/Support/MemoryBuffer.h>

namespace rune::compile {

namespace {

using graph::noValue;
using graph::ValueId;

/// What clang wrote about the processor that the bitcode was made on.
void forgetProcessor(llvm::Module &module) {
  for (llvm::Function &function : module)
    for (const char *name : {"target-cpu", "target-features", "tune-cpu"})
      function.removeFnAttr(name);
}

} // namespace

Result<Library> Library::open(llvm::LLVMContext &context) {
  Library library;
  for (const LibraryPart &part : libraryParts()) {
    llvm::MemoryBufferRef buffer(
        llvm::StringRef(reinterpret_cast<const char *>(part.bitcode.data()),
                        part.bitcode.size()),
        llvm::StringRef(part.name.data(), part.name.size()));
    auto module = llvm::getLazyBitcodeModule(buffer, context);
    if (!module)
      return error("compile.internal", "the library's `{}` cannot be read: {}",
                   part.name, llvm::toString(module.takeError()));
    for (const llvm::Function &function : **module)
      if (function.getName().starts_with("rune_"))
        library.functions_.insert(function.getName().str());
    library.parts_.push_back(std::move(*module));
  }
  return library;
}

Result<> Library::linkInto(llvm::Module &module) {
  llvm::Linker linker(module);
  for (auto &part : parts_) {
    part->setDataLayout(module.getDataLayout());
    part->setTargetTriple(module.getTargetTriple());
    if (linker.linkInModule(std::move(part), llvm::Linker::LinkOnlyNeeded))
      return error("compile.internal", "the library cannot be linked");
  }
  parts_.clear();
  forgetProcessor(module);
  retarget(module);
  for (llvm::Function &function : module) {
    if (function.isDeclaration()) {
      if (!function.isIntrinsic() && !function.use_empty())
        return error("compile.internal", "the library has no `{}`",
                     function.getName().str());
      continue;
    }
    if (function.getName().starts_with("rune_body_"))
      function.addFnAttr(llvm::Attribute::AlwaysInline);
    if (!function.getName().starts_with("rune_region_"))
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
    function.setComdat(nullptr);
  }
  for (llvm::GlobalVariable &variable : module.globals()) {
    variable.setLinkage(llvm::GlobalValue::InternalLinkage);
    variable.setComdat(nullptr);
  }
  return {};
}

llvm::Function *RegionEmitter::makeKernel(const graph::Node &node) {
  llvm::LLVMContext &context = module_.getContext();
  llvm::Type *pointer = llvm::PointerType::get(context, 0);
  llvm::Type *status = llvm::Type::getInt32Ty(context);
  size_t operands = node.inputs.size() + node.outputs.size();
  // the tensors, scratch, control
  std::vector<llvm::Type *> types(operands + 2, pointer);
  auto *function = llvm::Function::Create(
      llvm::FunctionType::get(status, types, false),
      llvm::GlobalValue::InternalLinkage,
      "rune_call_" + std::string(graph::opName(node.op)), module_);
  function->addFnAttr(llvm::Attribute::NoUnwind);
  function->addFnAttr(llvm::Attribute::NoInline);
  for (size_t i = 0; i < operands; ++i)
    function->addParamAttr(i, llvm::Attribute::NoAlias);
  llvm::IRBuilder<> ir(llvm::BasicBlock::Create(context, "", function));
  std::vector<llvm::Value *> tensors;
  for (size_t i = 0; i < operands; ++i)
    tensors.push_back(function->getArg(static_cast<unsigned>(i)));
  llvm::Value *call =
      CallWriter(ir, module_)
          .call(graph_, node, tensors,
                function->getArg(static_cast<unsigned>(operands)),
                function->getArg(static_cast<unsigned>(operands + 1)));
  ir.CreateRet(ir.CreateCall(
      module_.getOrInsertFunction(kernelName(node.op), status, pointer),
      {call}));
  return function;
}

llvm::Function *RegionEmitter::kernelFor(const graph::Node &node) {
  auto [place, isNew] = made_.try_emplace(signatureOf(graph_, node), nullptr);
  if (isNew)
    place->second = makeKernel(node);
  return place->second;
}

llvm::Function *RegionEmitter::makeGroup(const Group &group,
                                         const Expression &expression) {
  llvm::LLVMContext &context = module_.getContext();
  llvm::Type *pointer = llvm::PointerType::get(context, 0);
  llvm::Type *status = llvm::Type::getInt32Ty(context);
  const graph::Node *anchor =
      group.kind == Anchor::None ? nullptr : &graph_.nodes[group.anchor];
  // the anchor's inputs, its packed weights; the expression's operands; the
  // results that the anchor writes; scratch, control
  size_t inputs = anchor ? anchor->inputs.size() : 0;
  size_t outputs = anchor ? anchor->outputs.size() : 1;
  bool writes = writesResults(group.kind);
  std::vector<llvm::Type *> types(inputs + 1 + expression.operands.size() +
                                      (writes ? outputs : 0) + 2,
                                  pointer);
  auto *function = llvm::Function::Create(
      llvm::FunctionType::get(status, types, false),
      llvm::GlobalValue::InternalLinkage,
      "rune_group_" + std::to_string(group.last()), module_);
  function->addFnAttr(llvm::Attribute::NoUnwind);
  function->addFnAttr(llvm::Attribute::NoInline);
  llvm::IRBuilder<> ir(llvm::BasicBlock::Create(context, "", function));
  CallWriter writer(ir, module_);
  auto argument = [&](size_t i) {
    return function->getArg(static_cast<unsigned>(i));
  };
  std::vector<llvm::Value *> tensors;
  for (size_t i = 0; i < inputs; ++i)
    tensors.push_back(argument(i));
  llvm::Value *nothing = llvm::ConstantPointerNull::get(ir.getPtrTy());
  // but for those, the anchor's result goes through the expression
  for (size_t i = 0; i < outputs; ++i)
    tensors.push_back(
        writes ? argument(inputs + 1 + expression.operands.size() + i)
               : nothing);
  graph::Node none;
  none.outputs = {graph_.nodes[group.last()].outputs[0]};
  llvm::Value *call =
      writer.call(graph_, anchor ? *anchor : none, tensors,
                  argument(types.size() - 2), argument(types.size() - 1));
  llvm::Value *operands = writer.allocate(expression.operands.size() * 8);
  for (size_t i = 0; i < expression.operands.size(); ++i)
    writer.store(operands, i * 8, argument(inputs + 1 + i));
  llvm::Value *fused = writer.allocate(sizeof(library::Fused));
  auto number = [&](uint64_t x) { return ir.getInt64(x); };
  writer.store(fused, offsetof(library::Fused, call), call);
  writer.store(fused, offsetof(library::Fused, packed), argument(inputs));
  writer.store(fused, offsetof(library::Fused, finish), expression.function);
  writer.store(fused, offsetof(library::Fused, operands), operands);
  writer.store(fused, offsetof(library::Fused, rows),
               number(static_cast<uint64_t>(expression.rows)));
  writer.store(fused, offsetof(library::Fused, columns),
               number(static_cast<uint64_t>(expression.columns)));
  Scratch scratch = scratchOf(graph_, group, target_);
  writer.store(fused, offsetof(library::Fused, sharedBytes),
               number(scratch.shared));
  writer.store(fused, offsetof(library::Fused, workerBytes),
               number(scratch.worker));
  ir.CreateRet(
      ir.CreateCall(module_.getOrInsertFunction(
                        fastKernelName(group.kind, target_), status, pointer),
                    {fused}));
  return function;
}

/// A pointer for each value, and what else the table holds.
void RegionEmitter::emit(const std::string &name, uint32_t first,
                         uint32_t last) {
  llvm::LLVMContext &context = module_.getContext();
  llvm::Type *pointer = llvm::PointerType::get(context, 0);
  auto *function = llvm::Function::Create(
      llvm::FunctionType::get(llvm::Type::getInt64Ty(context),
                              {pointer, pointer}, false),
      llvm::GlobalValue::ExternalLinkage, name, module_);
  function->addFnAttr(llvm::Attribute::NoUnwind);
  llvm::IRBuilder<> ir(llvm::BasicBlock::Create(context, "", function));
  auto scratch = static_cast<uint32_t>(graph_.values.size());
  auto entry = [&](ValueId index) -> llvm::Value * {
    if (index == noValue)
      return llvm::ConstantPointerNull::get(ir.getPtrTy());
    return ir.CreateLoad(
        pointer, ir.CreateConstGEP1_64(pointer, function->getArg(0), index));
  };
  for (uint32_t i = first; i < last; ++i) {
    if (groups_.isInside(i))
      continue;
    const graph::Node &node = graph_.nodes[i];
    llvm::Function *callee = nullptr;
    std::vector<llvm::Value *> arguments;
    if (uint32_t index = groups_.of[i]; index != Groups::none) {
      const Group &group = groups_.all[index];
      Expression expression = expressions_.of(group);
      if (group.kind != Anchor::None)
        for (size_t k = 0; k < graph_.nodes[group.anchor].inputs.size(); ++k)
          arguments.push_back(
              entry(isReadPacked(group.kind, k)
                        ? noValue
                        : graph_.nodes[group.anchor].inputs[k]));
      arguments.push_back(packed_[index] ? entry(scratch + 1 + *packed_[index])
                                         : entry(noValue));
      for (ValueId id : expression.operands)
        arguments.push_back(entry(id));
      if (writesResults(group.kind))
        for (ValueId id : graph_.nodes[group.anchor].outputs)
          arguments.push_back(entry(id));
      callee = makeGroup(group, expression);
    } else {
      for (const auto *ids : {&node.inputs, &node.outputs})
        for (ValueId id : *ids)
          arguments.push_back(entry(id));
      callee = kernelFor(node);
    }
    functions_[i] = callee->getName().str();
    arguments.push_back(entry(scratch));
    arguments.push_back(function->getArg(1));
    llvm::Value *status = ir.CreateCall(callee, arguments);
    auto *failed = llvm::BasicBlock::Create(context, "", function);
    auto *next = llvm::BasicBlock::Create(context, "", function);
    ir.CreateCondBr(ir.CreateICmpNE(status, ir.getInt32(0)), failed, next);
    ir.SetInsertPoint(failed);
    ir.CreateRet(ir.CreateOr(ir.CreateZExt(status, ir.getInt64Ty()),
                             ir.getInt64(fault(i, 0))));
    ir.SetInsertPoint(next);
  }
  ir.CreateRet(ir.getInt64(0));
}

} // namespace rune::compile
