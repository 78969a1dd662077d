// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/run_function.h"

#include "compile/arena.h"
#include "compile/regions.h"

#include <llvm/IR/IRBuilder.h>

namespace rune::compile {

namespace {

using graph::noValue;
using graph::ValueId;

class RunFunction {
public:
  RunFunction(ProgramModule &made, const std::string &name)
      : made_(made), program_(made.program), graph_(made.program.graph),
        name_(name), layout_(arenaLayoutOf(made.program)), ir_(*made.context),
        pointer_(ir_.getPtrTy()),
        callersPointerBytes_(made.machine->createDataLayout().getPointerSize()),
        constants_(graph_.constants.size()) {}

  Result<> add() {
    for (const graph::Variable &variable : graph_.variables)
      if (program_.places[variable.output].kind != Place::Arena)
        return error("compile.has-state",
                     "the state `{}` becomes what `{}` was, which is not "
                     "compiled ahead of time",
                     graph_.values[variable.input].name,
                     graph_.values[variable.output].name);
    addRun();
    if (!graph_.variables.empty())
      addReset();
    return {};
  }

private:
  llvm::Function *begin(const std::string &suffix, llvm::Type *result,
                        unsigned parameters) {
    std::vector<llvm::Type *> types(parameters, pointer_);
    auto *function = llvm::Function::Create(
        llvm::FunctionType::get(result, types, false),
        llvm::GlobalValue::ExternalLinkage, name_ + suffix, *made_.module);
    function->addFnAttr(llvm::Attribute::NoUnwind);
    function->addFnAttr("no-builtins");
    ir_.SetInsertPoint(llvm::BasicBlock::Create(*made_.context, "", function));
    function_ = function;
    return function;
  }
  llvm::BasicBlock *block() {
    return llvm::BasicBlock::Create(*made_.context, "", function_);
  }
  llvm::Value *at(llvm::Value *base, uint64_t offset) {
    return ir_.CreateConstGEP1_64(ir_.getInt8Ty(), base, offset);
  }
  llvm::Value *entryOf(llvm::Value *list, uint64_t index) {
    return ir_.CreateLoad(pointer_, at(list, index * callersPointerBytes_));
  }

  llvm::GlobalVariable *bytes(ByteSpan data) {
    auto *constant = llvm::ConstantDataArray::getRaw(
        llvm::StringRef(reinterpret_cast<const char *>(data.data()),
                        data.size()),
        data.size(), ir_.getInt8Ty());
    auto *global = new llvm::GlobalVariable(
        *made_.module, constant->getType(), true,
        llvm::GlobalValue::InternalLinkage, constant, name_ + "_weights");
    global->setAlignment(llvm::Align(64));
    return global;
  }
  llvm::Value *constant(uint64_t index) {
    if (!constants_[index])
      constants_[index] = bytes(graph_.constants[index].data);
    return constants_[index];
  }

  /// Leaves with a number if the condition is true.
  void leaveIf(llvm::Value *condition, int32_t status) {
    llvm::BasicBlock *leave = block(), *next = block();
    ir_.CreateCondBr(condition, leave, next);
    ir_.SetInsertPoint(leave);
    ir_.CreateRet(ir_.getInt32(static_cast<uint32_t>(status)));
    ir_.SetInsertPoint(next);
  }

  /// A loop of ours: nothing is called, not even for memory.
  void copy(llvm::Value *to, llvm::Value *from, uint64_t count) {
    if (count == 0)
      return;
    llvm::BasicBlock *before = ir_.GetInsertBlock(), *loop = block(),
                     *after = block();
    ir_.CreateBr(loop);
    ir_.SetInsertPoint(loop);
    llvm::PHINode *i = ir_.CreatePHI(ir_.getInt64Ty(), 2);
    i->addIncoming(ir_.getInt64(0), before);
    llvm::Type *byte = ir_.getInt8Ty();
    ir_.CreateStore(from ? ir_.CreateLoad(byte, ir_.CreateGEP(byte, from, i))
                         : static_cast<llvm::Value *>(ir_.getInt8(0)),
                    ir_.CreateGEP(byte, to, i));
    llvm::Value *next = ir_.CreateAdd(i, ir_.getInt64(1));
    i->addIncoming(next, loop);
    ir_.CreateCondBr(ir_.CreateICmpEQ(next, ir_.getInt64(count)), after, loop);
    ir_.SetInsertPoint(after);
  }

  /// Inputs, outputs and the arena.
  void checkAlignment(llvm::Function *run) {
    llvm::Type *word =
        made_.module->getDataLayout().getIntPtrType(*made_.context);
    llvm::Value *all = ir_.CreatePtrToInt(run->getArg(2), word);
    auto add = [&](llvm::Value *list, size_t count) {
      for (size_t i = 0; i < count; ++i)
        all = ir_.CreateOr(all, ir_.CreatePtrToInt(entryOf(list, i), word));
    };
    add(run->getArg(0), graph_.inputs.size());
    add(run->getArg(1), graph_.outputs.size());
    llvm::Value *low =
        ir_.CreateAnd(all, llvm::ConstantInt::get(word, arenaAlignment - 1));
    leaveIf(ir_.CreateICmpNE(low, llvm::ConstantInt::get(word, 0)),
            runMisaligned);
  }

  /// Where each value is in this run.
  std::vector<llvm::Value *> pointers(llvm::Function *run) {
    std::vector<llvm::Value *> values(program_.places.size(), nullptr);
    llvm::Value *arena = run->getArg(2);
    for (ValueId id = 0; id < values.size(); ++id) {
      const Place &place = program_.places[id];
      if (place.kind == Place::Arena)
        values[id] = at(arena, place.at);
      else if (place.kind == Place::Constant)
        values[id] = constant(place.at);
      else if (place.kind == Place::Input)
        values[id] = entryOf(run->getArg(0), place.at);
      else if (place.kind == Place::State)
        values[id] = at(arena, layout_.states[place.at]);
    }
    // An output is made where the caller wants it.
    for (size_t i = graph_.outputs.size(); i-- > 0;)
      if (program_.places[graph_.outputs[i]].kind == Place::Arena)
        values[graph_.outputs[i]] = entryOf(run->getArg(1), i);
    return values;
  }

  llvm::Value *fillTable(const std::vector<llvm::Value *> &values,
                         llvm::Value *arena) {
    size_t count = values.size() + 1 + program_.packed.size();
    llvm::Value *table =
        ir_.CreateAlloca(llvm::ArrayType::get(pointer_, count));
    auto set = [&](size_t index, llvm::Value *value) {
      ir_.CreateStore(value, ir_.CreateConstGEP1_64(pointer_, table, index));
    };
    for (size_t i = 0; i < values.size(); ++i)
      set(i, values[i] ? values[i]
                       : llvm::ConstantPointerNull::get(ir_.getPtrTy()));
    set(values.size(), at(arena, program_.scratchAt));
    for (size_t i = 0; i < program_.packed.size(); ++i)
      set(values.size() + 1 + i, bytes(program_.packed[i].data));
    return table;
  }

  /// As compile::Control: never stopped, alone.
  llvm::Value *control() {
    auto *type = llvm::StructType::get(pointer_, pointer_, ir_.getInt64Ty());
    auto *stop = new llvm::GlobalVariable(*made_.module, ir_.getInt32Ty(), true,
                                          llvm::GlobalValue::InternalLinkage,
                                          ir_.getInt32(0), name_ + "_stop");
    llvm::Value *control = ir_.CreateAlloca(type);
    ir_.CreateStore(stop, ir_.CreateStructGEP(type, control, 0));
    ir_.CreateStore(llvm::ConstantPointerNull::get(ir_.getPtrTy()),
                    ir_.CreateStructGEP(type, control, 1));
    ir_.CreateStore(ir_.getInt64(1), ir_.CreateStructGEP(type, control, 2));
    return control;
  }

  void addRun() {
    llvm::Function *run = begin("_run", ir_.getInt32Ty(), 3);
    checkAlignment(run);
    std::vector<llvm::Value *> values = pointers(run);
    llvm::Value *table = fillTable(values, run->getArg(2));
    llvm::Value *shared = control();
    for (size_t i = 0; i < program_.steps.size(); ++i) {
      llvm::Function *region = made_.module->getFunction(regionName(i));
      region->setLinkage(llvm::GlobalValue::InternalLinkage);
      region->addFnAttr(llvm::Attribute::AlwaysInline);
      llvm::Value *status = ir_.CreateCall(region, {table, shared});
      leaveIf(ir_.CreateICmpNE(status, ir_.getInt64(0)), runRefused);
    }
    finish(run, values);
    ir_.CreateRet(ir_.getInt32(0));
  }

  /// What was not made where it belongs.
  void finish(llvm::Function *run, const std::vector<llvm::Value *> &values) {
    std::vector<bool> seen(values.size());
    for (size_t i = 0; i < graph_.outputs.size(); ++i) {
      ValueId id = graph_.outputs[i];
      if (program_.places[id].kind != Place::Arena || seen[id])
        copy(entryOf(run->getArg(1), i), values[id],
             valueBytes(graph_.values[id]));
      seen[id] = true;
    }
    for (size_t i = 0; i < graph_.variables.size(); ++i)
      copy(at(run->getArg(2), layout_.states[i]),
           values[graph_.variables[i].output],
           valueBytes(graph_.values[graph_.variables[i].input]));
  }

  void addReset() {
    llvm::Function *reset = begin("_reset", ir_.getVoidTy(), 1);
    for (size_t i = 0; i < graph_.variables.size(); ++i) {
      const graph::Variable &variable = graph_.variables[i];
      copy(at(reset->getArg(0), layout_.states[i]),
           variable.initial ? constant(*variable.initial) : nullptr,
           valueBytes(graph_.values[variable.input]));
    }
    ir_.CreateRetVoid();
  }

  ProgramModule &made_;
  const Program &program_;
  const graph::Graph &graph_;
  std::string name_;
  ArenaLayout layout_;
  llvm::IRBuilder<> ir_;
  llvm::Type *pointer_;
  /// In the lists that callers make.
  uint64_t callersPointerBytes_;
  llvm::Function *function_ = nullptr;
  std::vector<llvm::GlobalVariable *> constants_;
};

} // namespace

ArenaLayout arenaLayoutOf(const Program &program) {
  ArenaLayout layout;
  layout.bytes = alignTo(program.arenaBytes, arenaAlignment);
  for (const graph::Variable &variable : program.graph.variables) {
    layout.states.push_back(layout.bytes);
    layout.bytes += alignTo(valueBytes(program.graph.values[variable.input]),
                            arenaAlignment);
  }
  return layout;
}

Result<> addRunFunction(ProgramModule &made, const std::string &name) {
  return RunFunction(made, name).add();
}

} // namespace rune::compile
