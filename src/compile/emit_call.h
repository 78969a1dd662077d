// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The structures of library/call.h and library/fast/fused.h, written as IR.
#pragma once

#include "compile/library/call.h"
#include "graph/graph.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

namespace rune::compile {

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

  /// The whole call of a node, whose tensors stand at `operands`: inputs, then
  /// outputs.
  llvm::Value *call(const graph::Graph &graph, const graph::Node &node,
                    llvm::ArrayRef<llvm::Value *> operands,
                    llvm::Value *scratch, llvm::Value *control);
  llvm::Value *attributes(const graph::Node &node);

private:
  llvm::Value *views(const graph::Graph &graph,
                     const std::vector<graph::ValueId> &ids,
                     llvm::ArrayRef<llvm::Value *> operands);

  llvm::IRBuilder<> &ir_;
  llvm::Module &module_;
};

/// What makes two calls the same but for their pointers.
std::string signatureOf(const graph::Graph &graph, const graph::Node &node);

} // namespace rune::compile
