// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/llvm/unit.h"

#include <llvm/IR/Intrinsics.h>

#include <algorithm>

namespace rune::engine::llvm_tier {

using native::DirectHost;
using wasm::ValueType;

std::string functionName(uint32_t function) {
  return "f" + std::to_string(function);
}
std::string entryName(uint32_t type) { return "e" + std::to_string(type); }

static llvm::MDNode *aliasClass(llvm::MDBuilder &metadata, const char *name) {
  llvm::MDNode *root = metadata.createTBAARoot("rune");
  llvm::MDNode *type = metadata.createTBAAScalarTypeNode(name, root);
  return metadata.createTBAAStructTagNode(type, type, 0);
}

Unit::Unit(const Job &shared)
    : job(shared), ir(std::make_unique<llvm::Module>("guest", context)),
      builder(context) {
  voidType = builder.getVoidTy();
  i8 = builder.getInt8Ty();
  i16 = builder.getInt16Ty();
  i32 = builder.getInt32Ty();
  i64 = builder.getInt64Ty();
  f32 = builder.getFloatTy();
  f64 = builder.getDoubleTy();
  pointer = builder.getPtrTy();
  v128 = llvm::FixedVectorType::get(i32, 4);
  llvm::MDBuilder metadata(context);
  linearMemory = aliasClass(metadata, "linear memory");
  instanceState = aliasClass(metadata, "instance state");
  unlikely = metadata.createUnlikelyBranchWeights();
  // One convention for all modules of a target: a table may hold functions of
  // several, and with `tailcc` the one that is called clears the stack.
  convention = job.options.target.family == machine::Family::RiscV64
                   ? llvm::CallingConv::C
                   : llvm::CallingConv::Tail;
}

llvm::Type *Unit::typeOf(ValueType type) const {
  switch (type) {
  case ValueType::I32:
    return i32;
  case ValueType::F32:
    return f32;
  case ValueType::F64:
    return f64;
  case ValueType::V128:
    return v128;
  default:
    return i64; // I64, and references
  }
}

llvm::FunctionType *Unit::typeOf(const wasm::FunctionType &type) const {
  std::vector<llvm::Type *> parameters = {pointer};
  for (ValueType each : type.parameters)
    parameters.push_back(typeOf(each));
  llvm::Type *result =
      type.results.empty() ? voidType : typeOf(type.results.front());
  return llvm::FunctionType::get(result, parameters, false);
}

void Unit::setAttributes(llvm::Function *function) const {
  function->setDSOLocal(true);
  function->setVisibility(llvm::GlobalValue::HiddenVisibility);
  function->setDoesNotThrow();
  // Backtraces walk frames, and no call but a tail call drops one.
  function->addFnAttr("frame-pointer", "all");
  function->addFnAttr("disable-tail-calls", "true");
  // The level's own tuning model costs a factor of two on some code.
  function->addFnAttr("tune-cpu", "generic");
  // A frame of several pages touches each, so that it cannot leap the guard.
  function->addFnAttr("probe-stack", "inline-asm");
}

llvm::Function *Unit::define(llvm::FunctionType *type,
                             const std::string &name) {
  auto *function = llvm::Function::Create(type, llvm::Function::ExternalLinkage,
                                          name, ir.get());
  setAttributes(function);
  return function;
}

llvm::Function *Unit::function(uint32_t index) {
  std::string name = functionName(index);
  if (llvm::Function *known = ir->getFunction(name))
    return known;
  llvm::Function *made = define(typeOf(job.module.functionType(index)), name);
  made->setCallingConv(convention);
  // A backtrace names every function; who made the guest has inlined already.
  made->addFnAttr(llvm::Attribute::NoInline);
  return made;
}

llvm::Value *Unit::fieldAddress(llvm::Value *from, uint32_t offset) {
  return builder.CreateConstInBoundsGEP1_64(i8, from, offset);
}

llvm::LoadInst *Unit::loadState(llvm::Type *type, llvm::Value *address) {
  llvm::LoadInst *load = builder.CreateLoad(type, address);
  load->setMetadata(llvm::LLVMContext::MD_tbaa, instanceState);
  return load;
}

void Unit::writeState(llvm::Value *value, llvm::Value *address) {
  llvm::StoreInst *store = builder.CreateStore(value, address);
  store->setMetadata(llvm::LLVMContext::MD_tbaa, instanceState);
}

llvm::Value *Unit::loadField(llvm::Type *type, llvm::Value *from,
                             uint32_t offset) {
  return loadState(type, fieldAddress(from, offset));
}

llvm::Value *Unit::loadConstantField(llvm::Type *type, llvm::Value *from,
                                     uint32_t offset) {
  llvm::LoadInst *load = loadState(type, fieldAddress(from, offset));
  load->setMetadata(llvm::LLVMContext::MD_invariant_load,
                    llvm::MDNode::get(context, {}));
  return load;
}

/// The IR types of a helper, from its letters.
static llvm::FunctionType *helperType(const Unit &unit, Helper helper) {
  struct Letters {
    const char *result;
    const char *parameters;
  };
  static constexpr Letters all[] = {
#define RUNE_HELPER(name, result, parameters) {result, parameters},
#include "engine/native/helpers.def"
  };
  auto typeOf = [&](char letter) {
    return letter == 'v'   ? unit.voidType
           : letter == 'i' ? unit.i32
           : letter == 'I' ? unit.i64
                           : unit.pointer;
  };
  const Letters &letters = all[static_cast<uint32_t>(helper)];
  std::vector<llvm::Type *> parameters = {unit.pointer};
  for (const char *at = letters.parameters; *at; ++at)
    parameters.push_back(typeOf(*at));
  return llvm::FunctionType::get(typeOf(letters.result[0]), parameters, false);
}

llvm::CallInst *Unit::callHelper(Helper helper, llvm::Value *from,
                                 llvm::ArrayRef<llvm::Value *> arguments) {
  auto offset =
      static_cast<uint32_t>(offsetof(GuestContext, helpers) +
                            sizeof(void *) * static_cast<uint32_t>(helper));
  llvm::Value *code = loadConstantField(pointer, from, offset);
  std::vector<llvm::Value *> all = {from};
  all.insert(all.end(), arguments.begin(), arguments.end());
  llvm::CallInst *call =
      builder.CreateCall(helperType(*this, helper), code, all);
  call->setDoesNotThrow();
  if (helper == Helper::trap || helper == Helper::indirectTrap ||
      helper == Helper::endByHost) {
    call->setDoesNotReturn();
    call->addFnAttr(llvm::Attribute::Cold);
  }
  return call;
}

/// A value where host and guest meet, in a slot of a Value's size.
static llvm::Value *slotAddress(Unit &unit, llvm::Value *slots, size_t index) {
  return unit.fieldAddress(slots,
                           static_cast<uint32_t>(index * native::slotBytes));
}

static void storeSlot(Unit &unit, llvm::Value *value, llvm::Value *address) {
  llvm::Type *type = value->getType();
  // Numbers of 32 bits have zeros above.
  if (type->isFloatTy())
    value = unit.builder.CreateBitCast(value, unit.i32);
  if (type->getPrimitiveSizeInBits() == 32)
    value = unit.builder.CreateZExt(value, unit.i64);
  unit.builder.CreateAlignedStore(value, address, llvm::Align(8));
}

static llvm::Value *loadSlot(Unit &unit, ValueType type, llvm::Value *address) {
  return unit.builder.CreateAlignedLoad(unit.typeOf(type), address,
                                        llvm::Align(8));
}

void Unit::defineEntry(uint32_t index) {
  const wasm::FunctionType &type = job.module.types[index];
  llvm::Function *entry = define(
      llvm::FunctionType::get(voidType, {pointer, pointer, pointer}, false),
      entryName(index));
  builder.SetInsertPoint(llvm::BasicBlock::Create(context, "", entry));
  llvm::Value *from = entry->getArg(1), *slots = entry->getArg(2);
  std::vector<llvm::Value *> arguments = {from};
  for (size_t i = 0; i < type.parameters.size(); ++i)
    arguments.push_back(
        loadSlot(*this, type.parameters[i], slotAddress(*this, slots, i)));
  llvm::CallInst *call =
      builder.CreateCall(typeOf(type), entry->getArg(0), arguments);
  call->setCallingConv(convention);
  for (size_t i = 0; i < type.results.size(); ++i) {
    llvm::Value *value = call;
    if (i > 0)
      value = loadState(typeOf(type.results[i]), resultAddress(from, i));
    storeSlot(*this, value, slotAddress(*this, slots, i));
  }
  builder.CreateRetVoid();
}

/// Whether C++ can be called with values of this type (host_function.h).
static bool hasDirectForm(const wasm::FunctionType &type) {
  auto isNumber = [](ValueType each) {
    return each == ValueType::I32 || each == ValueType::I64 ||
           each == ValueType::F32 || each == ValueType::F64;
  };
  return type.results.size() <= 1 &&
         std::all_of(type.results.begin(), type.results.end(), isNumber) &&
         std::all_of(type.parameters.begin(), type.parameters.end(), isNumber);
}

/// Calls the host's function as C++ does, if it has such a form.
void Unit::callDirectly(uint32_t index, llvm::Function *thunk) {
  const wasm::FunctionType &type = job.module.functionType(index);
  llvm::Value *from = thunk->getArg(0);
  llvm::Value *hosts =
      loadConstantField(pointer, from, offsetof(GuestContext, hosts));
  auto field = [&](size_t offset) {
    return loadConstantField(
        pointer, hosts,
        static_cast<uint32_t>(index * sizeof(DirectHost) + offset));
  };
  llvm::Value *code = field(offsetof(DirectHost, code));
  auto block = [&] { return llvm::BasicBlock::Create(context, "", thunk); };
  llvm::BasicBlock *direct = block(), *ended = block(), *done = block(),
                   *byHelper = block();
  builder.CreateCondBr(
      builder.CreateICmpEQ(code, llvm::ConstantPointerNull::get(
                                     llvm::PointerType::get(context, 0))),
      byHelper, direct);
  builder.SetInsertPoint(direct);
  llvm::Value *state = storeState(from);
  llvm::Value *hostFrame = fieldAddress(state, offsetof(StoreState, hostFrame));
  writeState(builder.CreateIntrinsic(pointer, llvm::Intrinsic::frameaddress,
                                     {builder.getInt32(0)}),
             hostFrame);
  std::vector<llvm::Type *> types = {pointer, pointer};
  std::vector<llvm::Value *> arguments = {field(offsetof(DirectHost, closure)),
                                          field(offsetof(DirectHost, caller))};
  for (size_t i = 0; i < type.parameters.size(); ++i) {
    types.push_back(typeOf(type.parameters[i]));
    arguments.push_back(thunk->getArg(static_cast<unsigned>(i + 1)));
  }
  auto *form = llvm::FunctionType::get(
      type.results.empty() ? voidType : typeOf(type.results[0]), types, false);
  llvm::CallInst *result = builder.CreateCall(form, code, arguments);
  result->setDoesNotThrow();
  // The psABI of RISC-V extends numbers of 32 bits to registers.
  if (job.options.target.family == machine::Family::RiscV64)
    for (unsigned i = 0; i < types.size(); ++i)
      if (types[i] == i32)
        result->addParamAttr(i, llvm::Attribute::SExt);
  writeState(llvm::ConstantPointerNull::get(llvm::PointerType::get(context, 0)),
             hostFrame);
  llvm::Value *ends = loadField(i32, state, offsetof(StoreState, ended));
  builder.CreateCondBr(builder.CreateICmpNE(ends, builder.getInt32(0)), ended,
                       done, unlikely);
  builder.SetInsertPoint(ended);
  callHelper(Helper::endByHost, from, {});
  builder.CreateUnreachable();
  builder.SetInsertPoint(done);
  if (type.results.empty())
    builder.CreateRetVoid();
  else
    builder.CreateRet(result);
  builder.SetInsertPoint(byHelper);
}

void Unit::defineImport(uint32_t index) {
  const wasm::FunctionType &type = job.module.functionType(index);
  llvm::Function *thunk = function(index);
  builder.SetInsertPoint(llvm::BasicBlock::Create(context, "", thunk));
  if (hasDirectForm(type))
    callDirectly(index, thunk);
  llvm::Value *from = thunk->getArg(0);
  size_t count = type.parameters.size() + type.results.size();
  // In the entry block, whatever the thunk began with: a frame of fixed size.
  llvm::IRBuilder<> first(&thunk->getEntryBlock(),
                          thunk->getEntryBlock().begin());
  auto *slots = first.CreateAlloca(
      llvm::ArrayType::get(i8, std::max<size_t>(count, 1) * native::slotBytes));
  slots->setAlignment(llvm::Align(16));
  for (size_t i = 0; i < type.parameters.size(); ++i)
    storeSlot(*this, thunk->getArg(static_cast<unsigned>(i + 1)),
              slotAddress(*this, slots, i));
  callHelper(Helper::callHost, from, {builder.getInt32(index), slots});
  llvm::Value *returned = nullptr;
  for (size_t i = 0; i < type.results.size(); ++i) {
    llvm::Value *value =
        loadSlot(*this, type.results[i],
                 slotAddress(*this, slots, type.parameters.size() + i));
    if (i == 0)
      returned = value;
    else
      writeState(value, resultAddress(from, i));
  }
  if (returned)
    builder.CreateRet(returned);
  else
    builder.CreateRetVoid();
}

} // namespace rune::engine::llvm_tier
