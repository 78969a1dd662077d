// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/emit.h"

#include "compile/library/call.h"
#include "compile/library_bitcode.h"
#include "compile/regions.h"

#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/IRBuilder.h>
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

/// Writes the structures of library/call.h.
class CallWriter {
public:
  CallWriter(llvm::IRBuilder<> &ir, llvm::Module &module)
      : ir_(ir), module_(module) {}

  llvm::Value *allocate(uint64_t bytes) {
    auto *slot = ir_.CreateAlloca(
        llvm::ArrayType::get(ir_.getInt8Ty(), std::max<uint64_t>(bytes, 1)));
    slot->setAlignment(llvm::Align(16));
    return slot;
  }
  void store(llvm::Value *base, uint64_t offset, llvm::Value *value) {
    ir_.CreateStore(value,
                    ir_.CreateConstGEP1_64(ir_.getInt8Ty(), base, offset));
  }
  /// A constant array beside the code; null for an empty one.
  template <class T> llvm::Value *list(llvm::ArrayRef<T> numbers) {
    if (numbers.empty())
      return llvm::ConstantPointerNull::get(ir_.getPtrTy());
    auto *data = llvm::ConstantDataArray::get(ir_.getContext(), numbers);
    auto *global =
        new llvm::GlobalVariable(module_, data->getType(), true,
                                 llvm::GlobalValue::PrivateLinkage, data);
    global->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
    global->setAlignment(llvm::Align(8));
    return global;
  }

  void view(llvm::Value *base, uint64_t offset, const graph::Value *value,
            llvm::Value *data) {
    std::vector<int64_t> sizes;
    if (value)
      sizes = value->type.sizes();
    store(base, offset + offsetof(library::View, data), data);
    store(base, offset + offsetof(library::View, sizes),
          list(llvm::ArrayRef<int64_t>(sizes)));
    store(base, offset + offsetof(library::View, rank),
          ir_.getInt32(value ? static_cast<uint32_t>(sizes.size()) : -1));
    store(base, offset + offsetof(library::View, type),
          ir_.getInt32(value ? static_cast<uint32_t>(value->type.dtype) : 0));
  }

  void attribute(llvm::Value *base, uint64_t offset,
                 const graph::AttributeValue &value) {
    uint64_t count = 0;
    llvm::Value *data = llvm::ConstantPointerNull::get(ir_.getPtrTy());
    if (auto *number = std::get_if<int64_t>(&value))
      store(base, offset + offsetof(library::Attribute, integer),
            ir_.getInt64(static_cast<uint64_t>(*number)));
    if (auto *number = std::get_if<double>(&value))
      store(base, offset + offsetof(library::Attribute, number),
            llvm::ConstantFP::get(ir_.getDoubleTy(), *number));
    auto take = [&](auto array) {
      count = array.size();
      data = list(array);
    };
    if (auto *text = std::get_if<std::string>(&value))
      take(llvm::ArrayRef(reinterpret_cast<const uint8_t *>(text->data()),
                          text->size()));
    if (auto *numbers = std::get_if<std::vector<int64_t>>(&value))
      take(llvm::ArrayRef<int64_t>(*numbers));
    if (auto *numbers = std::get_if<std::vector<double>>(&value))
      take(llvm::ArrayRef<double>(*numbers));
    store(base, offset + offsetof(library::Attribute, list), data);
    store(base, offset + offsetof(library::Attribute, count),
          ir_.getInt64(count));
  }

private:
  llvm::IRBuilder<> &ir_;
  llvm::Module &module_;
};

/// What makes two calls the same but for their pointers.
std::string signatureOf(const graph::Graph &graph, const graph::Node &node) {
  std::string text = kernelName(node.op);
  for (const auto *ids : {&node.inputs, &node.outputs}) {
    text += '|';
    for (ValueId id : *ids)
      text += (id == noValue ? "-" : graph.values[id].type.str()) + ";";
  }
  auto bytes = [&](const auto &numbers) {
    text.append(reinterpret_cast<const char *>(numbers.data()),
                numbers.size() * sizeof numbers[0]);
  };
  for (const graph::Attribute &attribute : node.attributes) {
    text += '|' + attribute.name + '=';
    if (auto *number = std::get_if<int64_t>(&attribute.value))
      bytes(std::span(number, 1));
    else if (auto *real = std::get_if<double>(&attribute.value))
      bytes(std::span(real, 1));
    else if (auto *words = std::get_if<std::string>(&attribute.value))
      text += *words;
    else if (auto *list = std::get_if<std::vector<int64_t>>(&attribute.value))
      bytes(*list);
    else
      bytes(std::get<std::vector<double>>(attribute.value));
  }
  return text;
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
      if (function.getName().starts_with("rune_kernel_"))
        library.kernels_.insert(function.getName().str());
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
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    if (!function.getName().starts_with("rune_region_"))
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
    function.setComdat(nullptr);
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
  CallWriter writer(ir, module_);
  auto views = [&](const std::vector<ValueId> &ids, size_t first) {
    llvm::Value *base = writer.allocate(ids.size() * sizeof(library::View));
    for (size_t i = 0; i < ids.size(); ++i) {
      const graph::Value *value =
          ids[i] == noValue ? nullptr : &graph_.values[ids[i]];
      writer.view(base, i * sizeof(library::View), value,
                  function->getArg(static_cast<unsigned>(first + i)));
    }
    return base;
  };
  llvm::Value *in = views(node.inputs, 0);
  llvm::Value *out = views(node.outputs, node.inputs.size());
  llvm::Value *attributes =
      writer.allocate(node.attributes.size() * sizeof(library::Attribute));
  for (size_t i = 0; i < node.attributes.size(); ++i)
    writer.attribute(attributes, i * sizeof(library::Attribute),
                     node.attributes[i].value);
  llvm::Value *call = writer.allocate(sizeof(library::Call));
  writer.store(call, offsetof(library::Call, in), in);
  writer.store(call, offsetof(library::Call, out), out);
  writer.store(call, offsetof(library::Call, attributes), attributes);
  writer.store(call, offsetof(library::Call, scratch),
               function->getArg(static_cast<unsigned>(operands)));
  writer.store(call, offsetof(library::Call, control),
               function->getArg(static_cast<unsigned>(operands + 1)));
  writer.store(call, offsetof(library::Call, inputs),
               ir.getInt32(static_cast<uint32_t>(node.inputs.size())));
  writer.store(call, offsetof(library::Call, outputs),
               ir.getInt32(static_cast<uint32_t>(node.outputs.size())));
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

void RegionEmitter::emit(const std::string &name, uint32_t first, uint32_t last,
                         uint32_t scratch) {
  llvm::LLVMContext &context = module_.getContext();
  llvm::Type *pointer = llvm::PointerType::get(context, 0);
  auto *function = llvm::Function::Create(
      llvm::FunctionType::get(llvm::Type::getInt64Ty(context),
                              {pointer, pointer}, false),
      llvm::GlobalValue::ExternalLinkage, name, module_);
  function->addFnAttr(llvm::Attribute::NoUnwind);
  llvm::IRBuilder<> ir(llvm::BasicBlock::Create(context, "", function));
  auto entry = [&](uint32_t index) -> llvm::Value * {
    return ir.CreateLoad(
        pointer, ir.CreateConstGEP1_64(pointer, function->getArg(0), index));
  };
  for (uint32_t i = first; i < last; ++i) {
    const graph::Node &node = graph_.nodes[i];
    std::vector<llvm::Value *> arguments;
    for (const auto *ids : {&node.inputs, &node.outputs})
      for (ValueId id : *ids)
        arguments.push_back(id == noValue
                                ? llvm::ConstantPointerNull::get(ir.getPtrTy())
                                : entry(id));
    arguments.push_back(entry(scratch));
    arguments.push_back(function->getArg(1));
    llvm::Value *status = ir.CreateCall(kernelFor(node), arguments);
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
