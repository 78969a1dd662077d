// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One validated function to IR, in one walk over its instructions: the operand
// stack holds IR values, locals are stack slots that LLVM turns into values,
// blocks' results are phi nodes. What can trap is exact: accesses to linear
// memory are volatile, so none disappears or moves across another; everything
// else that may trap is an explicit branch.
//
// The instructions are spread over files by kind: control, calls, numeric,
// memory, table, vector.
#pragma once

#include "engine/llvm/unit.h"

namespace rune::engine::llvm_tier {

class FunctionTranslator {
public:
  FunctionTranslator(Unit &unit, uint32_t function);

  /// errors  `engine.compile-limit`
  Result<> run();

private:
  using Values = std::vector<llvm::Value *>;

  /// An open block.
  struct Label {
    wasm::Opcode opcode;
    /// Where a branch to it leads.
    llvm::BasicBlock *branch;
    /// What a branch carries: results, or a loop's parameters.
    std::vector<llvm::PHINode *> carried;
    /// What follows its end; null for a loop, which only falls through.
    llvm::BasicBlock *end;
    /// Of an `if` whose `else` has not come yet, and the operands that it gets.
    llvm::BasicBlock *otherwise = nullptr;
    Values parameters;
    /// Operands below the block's own.
    size_t height = 0;
  };

  struct Local {
    llvm::AllocaInst *place;
    llvm::Type *type;
  };

  // The walk (function_translator.cpp).
  void begin();
  void makeLocals();
  void checkStack();
  Result<> step();
  void skipUnreachable();
  void translate();
  Result<> charge(uint64_t work);
  uint64_t work();

  llvm::Value *pop();
  void push(llvm::Value *value) { operands_.push_back(value); }
  llvm::BasicBlock *newBlock();
  /// A condition from an i32.
  llvm::Value *popCondition();
  void trapIf(llvm::Value *condition, TrapKind kind);
  /// The block that ends the guest so; one per function and kind.
  llvm::BasicBlock *trapBlock(TrapKind kind);
  /// As an operand of which LLVM knows nothing; costs no instruction.
  llvm::Value *hidden(llvm::Value *value);
  llvm::Value *at(uint32_t contextOffset) {
    return unit_.fieldAddress(context_, contextOffset);
  }

  // Control (translate_control.cpp).
  bool translateControl();
  void openBlock();
  void openLoop();
  void openIf();
  void middleOfIf();
  void closeBlock();
  void pollDeadline();
  Label &label(uint32_t depth) { return labels_[labels_.size() - 1 - depth]; }
  void carry(Label &label);
  /// Where a branch leads, with the top operands flowing along it; by way of a
  /// block that pays for it, where branches back cost fuel.
  llvm::BasicBlock *edge(uint32_t depth);
  void chargeFuel();
  void branch(uint32_t depth);
  void branchIf(uint32_t depth);
  void branchTable();
  void returnResults();
  wasm::FunctionType blockType() const;
  std::vector<llvm::PHINode *> makePhis(llvm::BasicBlock *block,
                                        const std::vector<wasm::ValueType> &);

  // Calls and references (translate_calls.cpp).
  bool translateCalls();
  /// What is called: an address, and the context that it takes.
  struct Callee {
    llvm::Value *code;
    llvm::Value *context;
    const wasm::FunctionType &type;
  };
  Callee direct(uint32_t function);
  Callee indirect(uint32_t type, uint32_t table);
  llvm::CallInst *makeCall(const Callee &callee);
  void call(const Callee &callee);
  void tailCall(const Callee &callee);
  llvm::Value *functionReference(uint32_t function);

  // Numbers (translate_numeric.cpp).
  bool translateNumeric();
  bool translateConversion();
  llvm::Value *divide(bool isSigned, bool remainder);
  llvm::Value *truncate(llvm::Type *to, bool isSigned);
  llvm::Value *extreme(llvm::Value *a, llvm::Value *b, bool least);
  llvm::Value *arithmetic(llvm::Instruction::BinaryOps operation,
                          llvm::Value *a, llvm::Value *b);
  llvm::Value *floatConstant();

  // Memory (translate_memory.cpp).
  bool translateMemory();
  bool translateBulk();
  llvm::Value *address(uint32_t bytes);
  llvm::Value *place32();
  llvm::Value *place64(uint32_t bytes);
  llvm::Value *memorySize(uint32_t memory);
  /// At the popped address.
  llvm::Value *load(llvm::Type *type);
  void store(llvm::Value *value);
  llvm::Value *popIndex();
  /// As an i32 where the index space counts so.
  llvm::Value *asIndex(llvm::Value *value, wasm::ValueType address);

  // Vectors (translate_vector*.cpp).
  bool translateVector();
  bool translateVectorMemory();
  bool translateVectorLanes();
  bool translateVectorInteger();
  bool translateVectorFloat();
  bool translateVectorRelaxed();
  llvm::Value *popAs(llvm::VectorType *type) {
    return b_.CreateBitCast(pop(), type);
  }
  void pushVector(llvm::Value *value) {
    push(b_.CreateBitCast(value, unit_.v128));
  }
  llvm::VectorType *lanes(llvm::Type *type) const;
  llvm::Value *half(llvm::Value *vector, bool high);
  llvm::Value *widened(llvm::Value *vector, bool isSigned);
  llvm::Value *alternate(llvm::Value *vector, unsigned first);
  llvm::Value *withZeros(llvm::Value *vector);
  llvm::Value *swizzle(llvm::Value *bytes, llvm::Value *indices);
  llvm::Value *narrow(llvm::Type *from, bool isSigned);
  llvm::Value *multiplyQ15(llvm::Value *a, llvm::Value *b);
  llvm::Value *saturated(llvm::Value *floats, llvm::Type *lane, bool isSigned);

  // Tables (translate_table.cpp).
  bool translateTable();
  llvm::Value *tableField(uint32_t table, uint32_t offset, llvm::Type *type);
  /// `index` if it is below `size`, also where a processor guesses otherwise.
  llvm::Value *masked(llvm::Value *index, llvm::Value *size, uint32_t table);

  // Variables and parametric instructions (translate_variables.cpp).
  bool translateVariables();
  llvm::Value *globalAddress(uint32_t global);

  Unit &unit_;
  const wasm::Module &module_;
  llvm::IRBuilder<> &b_;
  const uint32_t index_;
  const wasm::FunctionType &type_;
  llvm::Function *function_;
  llvm::Value *context_ = nullptr;
  /// By memory; loaded once, at the entry.
  Values memoryBases_;
  std::vector<Local> locals_;
  Values operands_;
  std::vector<Label> labels_;
  std::map<TrapKind, llvm::BasicBlock *> traps_;
  /// False behind a branch: what follows is read and not translated.
  bool reachable_ = true;
  /// Blocks opened in unreachable code.
  uint32_t unreachableDepth_ = 0;
  uint64_t work_ = 0;
  wasm::Reader reader_;
  wasm::Instruction now_;
};

} // namespace rune::engine::llvm_tier
