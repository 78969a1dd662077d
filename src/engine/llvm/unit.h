// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A unit is some functions of a module on their way through LLVM: its own
// context, so that units compile in parallel; its own object file. Which
// functions share a unit follows from the module alone, so that the code does
// not depend on the number of threads. Functions of other units are called by
// name and joined by `linkBlob`.
#pragma once

#include "engine/llvm/survey.h"
#include "engine/native/context.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>

namespace rune::engine::llvm_tier {

using native::ContextLayout;
using native::GuestContext;
using native::Helper;
using native::StoreState;

/// What all units of a module share.
struct Job {
  const wasm::Module &module;
  const native::CompileOptions &options;
  const std::atomic<bool> &stop;
  ModuleSurvey survey;
  ContextLayout layout;
  /// The first type that equals each type.
  std::vector<uint32_t> sameType;

  /// Whether compiling must end now.
  bool mustEnd() const {
    return stop.load(std::memory_order_relaxed) ||
           (options.deadline && Clock::now() >= *options.deadline);
  }
};

struct Unit {
  explicit Unit(const Job &job);

  const Job &job;
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> ir;
  llvm::IRBuilder<> builder;

  llvm::Type *voidType, *i8, *i16, *i32, *i64, *f32, *f64, *pointer;
  /// What a v128 is between instructions.
  llvm::VectorType *v128;
  /// Linear memory and the instance's own state never overlap.
  llvm::MDNode *linearMemory, *instanceState;
  llvm::MDNode *unlikely;
  llvm::CallingConv::ID convention;

  llvm::Type *typeOf(wasm::ValueType type) const;
  /// (context, parameters…) → first result. The other results are left in the
  /// store's state.
  llvm::FunctionType *typeOf(const wasm::FunctionType &type) const;
  /// Declares on first use.
  llvm::Function *function(uint32_t index);
  /// A new function of this name and our attributes.
  llvm::Function *define(llvm::FunctionType *type, const std::string &name);
  void setAttributes(llvm::Function *function) const;

  // Access to the context, at the builder's place.
  llvm::Value *fieldAddress(llvm::Value *context, uint32_t offset);
  /// A field that other code may change.
  llvm::Value *loadField(llvm::Type *type, llvm::Value *context,
                         uint32_t offset);
  /// What all instances share.
  llvm::Value *storeState(llvm::Value *context) {
    return loadConstantField(pointer, context, offsetof(GuestContext, store));
  }
  /// Where a function leaves its result of that index, but for the first.
  llvm::Value *resultAddress(llvm::Value *context, size_t index) {
    return fieldAddress(storeState(context),
                        static_cast<uint32_t>(offsetof(StoreState, results) +
                                              index * native::cellBytes));
  }
  /// A field that never changes while code runs.
  llvm::Value *loadConstantField(llvm::Type *type, llvm::Value *context,
                                 uint32_t offset);
  llvm::LoadInst *loadState(llvm::Type *type, llvm::Value *address);
  void writeState(llvm::Value *value, llvm::Value *address);
  llvm::CallInst *callHelper(Helper helper, llvm::Value *context,
                             llvm::ArrayRef<llvm::Value *> arguments);

  /// A trampoline by which the host calls functions of this type.
  void defineEntry(uint32_t type);
  /// An imported function, as code that asks the host.
  void defineImport(uint32_t function);

private:
  void callDirectly(uint32_t function, llvm::Function *thunk);
};

/// Names that the linker reads back: f12, e3.
std::string functionName(uint32_t function);
std::string entryName(uint32_t type);

} // namespace rune::engine::llvm_tier
