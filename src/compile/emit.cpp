// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/emit.h"

#include "compile/emit_call.h"
#include "compile/emit_moves.h"
#include "compile/expression.h"
#include "compile/library/fast/fused.h"
#include "compile/library_bitcode.h"
#include "compile/object.h"
#include "compile/prepack.h"
#include "compile/retarget.h"

#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/Linker/Linker.h>
#include <llvm/Support/MemoryBuffer.h>

namespace rune::compile {

namespace {

using graph::noValue;
using graph::ValueId;

/// Parts of library/fast/ whose vectors are written out, so that passes find
/// nothing to do: they stay as they were built. The others have loops that wait
/// for the vectoriser, which knows the processor only now.
constexpr std::string_view finishedParts[] = {
    "attention_f32", "depthwise_f32",       "moves",       "normalisation_f32",
    "pool_f32",      "product_dynamic_f32", "product_f32", "product_i16",
    "reduce_f32",    "response_f32",        "softmax_f32"};

bool isFinishedPart(const llvm::Module &part) {
  return std::ranges::find(finishedParts,
                           std::string_view(part.getModuleIdentifier())) !=
         std::end(finishedParts);
}

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

Result<> Library::linkInto(llvm::Module &module, machine::Target target) {
  llvm::Linker linker(module);
  for (auto &part : parts_) {
    part->setDataLayout(module.getDataLayout());
    part->setTargetTriple(module.getTargetTriple());
    // elsewhere they want the passes: vectors are narrower, pairs are spelt out
    if (module.getTargetTriple().isX86() && isFinishedPart(*part))
      for (llvm::Function &function : *part)
        if (!function.isDeclaration())
          markFinished(function);
    if (linker.linkInModule(std::move(part), llvm::Linker::LinkOnlyNeeded))
      return error("compile.internal", "the library cannot be linked");
  }
  parts_.clear();
  forgetProcessor(module);
  retarget(module, target);
  for (llvm::Function &function : module) {
    if (function.isDeclaration()) {
      if (!function.isIntrinsic() && !function.use_empty())
        return error("compile.internal", "the library has no `{}`",
                     function.getName().str());
      continue;
    }
    if (function.getName().starts_with("rune_body_"))
      function.addFnAttr(llvm::Attribute::AlwaysInline);
    else if (isFinished(function) &&
             !function.hasFnAttribute(llvm::Attribute::AlwaysInline))
      function.addFnAttr(llvm::Attribute::NoInline);
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

llvm::Value *RegionEmitter::fusedCall(llvm::IRBuilder<> &ir,
                                      llvm::Function &function,
                                      const Group &group,
                                      const Finishes &finishes,
                                      const Scratch &scratch, size_t at) {
  const Expression &expression = finishes.own;
  const graph::Node *anchor =
      group.kind == Anchor::None ? nullptr : &graph_.nodes[group.anchor];
  auto argument = [&](size_t i) {
    return function.getArg(static_cast<unsigned>(at + i));
  };
  size_t inputs = anchor ? anchor->inputs.size() : 0;
  size_t results = inputs + 1 + expression.operands.size();
  std::vector<llvm::Value *> tensors;
  for (size_t i = 0; i < inputs; ++i)
    tensors.push_back(argument(i));
  // but for those it writes, the anchor's result goes through the expression
  for (size_t i = 0; i < (anchor ? anchor->outputs.size() : 1); ++i)
    tensors.push_back(writesResults(group.kind)
                          ? argument(results + i)
                          : static_cast<llvm::Value *>(
                                llvm::ConstantPointerNull::get(ir.getPtrTy())));
  graph::Node none;
  none.outputs = {graph_.nodes[group.last()].outputs[0]};
  CallWriter writer(ir, module_);
  llvm::Value *call = writer.call(graph_, anchor ? *anchor : none, tensors,
                                  function.getArg(function.arg_size() - 2),
                                  function.getArg(function.arg_size() - 1));
  size_t known = expression.operands.size();
  llvm::Value *operands =
      writer.allocate((known + expression.tables.size()) * 8);
  for (size_t i = 0; i < known; ++i)
    writer.store(operands, i * 8, argument(inputs + 1 + i));
  for (size_t i = 0; i < expression.tables.size(); ++i)
    writer.store(operands, (known + i) * 8,
                 ir.CreateConstGEP1_64(ir.getInt8Ty(), argument(inputs),
                                       expression.tables[i]));
  llvm::Value *fused = writer.allocate(sizeof(library::Fused));
  auto set = [&](uint64_t offset, llvm::Value *value) {
    writer.store(fused, offset, value);
  };
  auto number = [&](auto x) { return ir.getInt64(static_cast<uint64_t>(x)); };
  llvm::Value *feeder = llvm::ConstantPointerNull::get(ir.getPtrTy());
  size_t end =
      results + (writesResults(group.kind) ? anchor->outputs.size() : 0);
  for (size_t i = 0; i < group.feeder.size(); ++i)
    feeder = fusedCall(ir, function, group.feeder[i], finishes.feeder[i],
                       scratch, at + end);
  set(offsetof(library::Fused, call), call);
  set(offsetof(library::Fused, packed), argument(inputs));
  set(offsetof(library::Fused, finish), expression.function);
  set(offsetof(library::Fused, operands), operands);
  set(offsetof(library::Fused, operandCount),
      number(expression.operands.size()));
  set(offsetof(library::Fused, feeder), feeder);
  set(offsetof(library::Fused, rows), number(expression.rows));
  set(offsetof(library::Fused, columns), number(expression.columns));
  set(offsetof(library::Fused, sharedBytes), number(scratch.shared));
  set(offsetof(library::Fused, workerBytes), number(scratch.worker));
  return fused;
}

llvm::Function *RegionEmitter::makeGroup(const Group &group,
                                         const Finishes &finishes,
                                         size_t arguments) {
  llvm::LLVMContext &context = module_.getContext();
  llvm::Type *pointer = llvm::PointerType::get(context, 0);
  llvm::Type *status = llvm::Type::getInt32Ty(context);
  std::vector<llvm::Type *> types(arguments, pointer);
  auto *function = llvm::Function::Create(
      llvm::FunctionType::get(status, types, false),
      llvm::GlobalValue::InternalLinkage,
      "rune_group_" + std::to_string(group.last()), module_);
  function->addFnAttr(llvm::Attribute::NoUnwind);
  function->addFnAttr(llvm::Attribute::NoInline);
  llvm::IRBuilder<> ir(llvm::BasicBlock::Create(context, "", function));
  llvm::Value *fused = fusedCall(ir, *function, group, finishes,
                                 scratchOf(graph_, group, target_), 0);
  ir.CreateRet(
      ir.CreateCall(module_.getOrInsertFunction(
                        fastKernelName(group.kind, target_), status, pointer),
                    {fused}));
  return function;
}

llvm::Value *RegionEmitter::pointerTo(ValueId id) {
  if (id == noValue)
    return llvm::ConstantPointerNull::get(ir_.getPtrTy());
  const Part &part = parts_.of(id);
  auto bytes = static_cast<uint64_t>(part.offset) *
               dtypeBytes(graph_.values[id].type.dtype);
  llvm::Value *whole = entry(part.whole);
  return bytes == 0 ? whole
                    : ir_.CreateConstGEP1_64(ir_.getInt8Ty(), whole, bytes);
}

llvm::Value *RegionEmitter::entry(size_t index) {
  llvm::Type *pointer = ir_.getPtrTy();
  return ir_.CreateLoad(
      pointer, ir_.CreateConstGEP1_64(pointer, region_->getArg(0), index));
}

RegionEmitter::Finishes
RegionEmitter::makeFinishes(const Group &group,
                            std::optional<int64_t> rowStep) {
  Finishes finishes;
  finishes.own =
      makeExpression(graph_, parts_, group, target_, module_, rowStep);
  for (const Group &feeder : group.feeder)
    finishes.feeder.push_back(
        makeFinishes(feeder, tileColumns(feeder.kind, target_)));
  return finishes;
}

/// The anchor's inputs, its packed weights; the expression's operands; the
/// results that the anchor writes; the same of what feeds it, whose result is
/// nowhere.
void RegionEmitter::addArguments(const Group &group, const Finishes &finishes,
                                 llvm::Value *packed, bool isFeeder,
                                 std::vector<llvm::Value *> &arguments) {
  bool hasAnchor = group.kind != Anchor::None;
  const graph::Node &anchor = graph_.nodes[group.anchor];
  for (size_t i = 0; hasAnchor && i < anchor.inputs.size(); ++i) {
    bool isElsewhere =
        isReadPacked(group.kind, i) || (i == 0 && !group.feeder.empty());
    arguments.push_back(pointerTo(isElsewhere ? noValue : anchor.inputs[i]));
  }
  arguments.push_back(packed);
  const auto &operands = finishes.own.operands;
  for (size_t i = 0; i < operands.size(); ++i)
    arguments.push_back(pointerTo(i == 0 && isFeeder ? noValue : operands[i]));
  if (writesResults(group.kind))
    for (ValueId id : anchor.outputs)
      arguments.push_back(pointerTo(id));
  for (size_t i = 0; i < group.feeder.size(); ++i)
    addArguments(group.feeder[i], finishes.feeder[i], packed, true, arguments);
}

/// All of them; scratch, control.
llvm::CallInst *RegionEmitter::callGroup(uint32_t index) {
  const Group &group = groups_.all[index];
  Finishes finishes = makeFinishes(group, {});
  std::vector<llvm::Value *> arguments;
  addArguments(group, finishes,
               packed_[index]
                   ? entry(graph_.values.size() + 1 + *packed_[index])
                   : pointerTo(noValue),
               false, arguments);
  addScratch(arguments);
  return ir_.CreateCall(makeGroup(group, finishes, arguments.size()),
                        arguments);
}

llvm::CallInst *RegionEmitter::callKernel(const graph::Node &node) {
  std::vector<llvm::Value *> arguments;
  for (const auto *ids : {&node.inputs, &node.outputs})
    for (ValueId id : *ids)
      arguments.push_back(pointerTo(id));
  addScratch(arguments);
  return ir_.CreateCall(kernelFor(node), arguments);
}

void RegionEmitter::addScratch(std::vector<llvm::Value *> &arguments) {
  arguments.push_back(entry(graph_.values.size()));
  arguments.push_back(region_->getArg(1));
}

/// Ends the region where a node refuses its values.
void RegionEmitter::check(llvm::CallInst *status, uint32_t node) {
  functions_[node].push_back(status->getCalledFunction()->getName().str());
  auto *failed = llvm::BasicBlock::Create(module_.getContext(), "", region_);
  auto *next = llvm::BasicBlock::Create(module_.getContext(), "", region_);
  ir_.CreateCondBr(ir_.CreateICmpNE(status, ir_.getInt32(0)), failed, next);
  ir_.SetInsertPoint(failed);
  ir_.CreateRet(ir_.CreateOr(ir_.CreateZExt(status, ir_.getInt64Ty()),
                             ir_.getInt64(fault(node, 0))));
  ir_.SetInsertPoint(next);
}

void RegionEmitter::callNode(uint32_t i) {
  const graph::Node &node = graph_.nodes[i];
  if (groups_.of[i] != Groups::none)
    return check(callGroup(groups_.of[i]), i);
  if (!parts_.isMoved(i))
    return check(callKernel(node), i);
  size_t bytes = dtypeBytes(graph_.values[node.inputs[0]].type.dtype);
  auto moves = movesOf(graph_, node, parts_);
  std::erase_if(*moves, isNothing);
  for (const Move &move : *moves)
    for (const FlatMove &flat : flatten(move, bytes)) {
      llvm::Value *from = move.from == noValue ? zero() : entry(move.from);
      auto *function = makeMove(
          module_, flat, "rune_call_" + std::string(graph::opName(node.op)));
      check(
          ir_.CreateCall(function, {from, entry(move.to), region_->getArg(1)}),
          i);
    }
}

llvm::Value *RegionEmitter::zero() {
  constexpr int64_t zeros[] = {0};
  return CallWriter(ir_, module_).list(llvm::ArrayRef<int64_t>(zeros));
}

void RegionEmitter::emit(const std::string &name, uint32_t first,
                         uint32_t last) {
  llvm::Type *pointer = ir_.getPtrTy();
  region_ = llvm::Function::Create(
      llvm::FunctionType::get(ir_.getInt64Ty(), {pointer, pointer}, false),
      llvm::GlobalValue::ExternalLinkage, name, module_);
  region_->addFnAttr(llvm::Attribute::NoUnwind);
  ir_.SetInsertPoint(
      llvm::BasicBlock::Create(module_.getContext(), "", region_));
  for (uint32_t i = first; i < last; ++i)
    if (!groups_.isInside(i))
      callNode(i);
  ir_.CreateRet(ir_.getInt64(0));
}

} // namespace rune::compile
