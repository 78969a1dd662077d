// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Wasm instructions to the interpreter's code, in one pass over a body.
//
// The operand stack is followed at translation time. An operand is either in
// its slot, or still only "local n" or "this constant": such operands cost
// nothing until an instruction takes them, and are stored into their slots
// where paths meet and before their local changes. Compares fuse with the
// branch behind them. Forward branches to one label are chained through their
// offset words until the label is known, so nothing is allocated per branch.
// Bodies are validated: nothing here can fail.
#pragma once

#include "engine/interpreter/code.h"
#include "wasm/instruction.h"

namespace rune::engine {

class Translator {
public:
  Translator(const wasm::Module &module, uint32_t function);
  Code run() &&;

private:
  static constexpr uint32_t none = UINT32_MAX;

  struct Operand {
    enum class Kind : uint8_t { Slot, Local, Constant } kind = Kind::Slot;
    /// The local's number or the constant's bits.
    uint64_t value = 0;
  };

  struct Block {
    wasm::Opcode opcode;
    /// Operands below the block's parameters.
    uint32_t height;
    uint32_t parameters;
    uint32_t results;
    /// Where a loop begins.
    uint32_t start;
    /// Last branch to the end, and to the else branch of an if.
    uint32_t endChain = none;
    uint32_t elseChain = none;

    uint32_t arity() const {
      return opcode == wasm::Opcode::Loop ? parameters : results;
    }
  };

  void translate();
  void translateSpecial();

  // Control.
  void openBlock();
  void elseBlock();
  void beginElse(Block &block);
  void endBlock();
  void closeBlock(Block &block);
  void branch(uint32_t depth);
  void branchIf(uint32_t depth);
  void branchTable();
  void returnNow();
  void call();
  void callIndirect();
  void emitReturn(uint32_t count);
  /// Moves the label's operands to where it expects them.
  void moveToLabel(const Block &target);
  bool inPlace(const Block &target) const;
  void branchOn(Operand condition, uint32_t position, bool whenTrue,
                Block &target, uint32_t Block::*chain);
  /// Appends an offset word: to a loop's start, or onto a chain.
  void emitOffset(Block &target);
  void linkOffset(uint32_t word, uint32_t &chain);
  void resolve(uint32_t &chain);
  Block &label(uint32_t depth) { return blocks_[blocks_.size() - 1 - depth]; }
  void setUnreachable();

  // Straight code.
  template <class T> void binary(Op op, Op withConstant);
  void unary(Op op);
  void load(Op op);
  void store(Op op);
  void equalZero(Op compare, bool wide);
  void select();
  void localSet(uint32_t local);
  /// Instructions of three operands in consecutive slots.
  void bulk(Op op, std::initializer_list<uint32_t> immediates);

  // Operands.
  void push(Operand operand);
  void pushSlots(uint32_t count);
  Operand pop();
  uint32_t height() const { return static_cast<uint32_t>(operands_.size()); }
  uint32_t slotAt(uint32_t position) const { return locals_ + position; }
  /// The slot that holds an operand just popped from `position`.
  uint32_t slotOf(const Operand &operand, uint32_t position);
  void store(const Operand &operand, uint32_t slot);
  void settle(uint32_t position);
  /// Stores every operand into its slot.
  void settleAll();
  void settleTop(uint32_t count);
  /// Stores the operands that still mean `local`, which is about to change.
  void settleLocal(uint32_t local);
  void resetTo(uint32_t height, uint32_t count);

  // Words.
  void emit(Op op, std::initializer_list<uint32_t> words);
  /// Emits an instruction whose first word is where its result goes, and
  /// pushes the result.
  void emitResult(Op op, std::initializer_list<uint32_t> words);
  void emitConstant(uint32_t slot, uint64_t bits);
  uint32_t here() const { return static_cast<uint32_t>(words_.size()); }

  const wasm::Module &module_;
  wasm::Reader reader_;
  wasm::Instruction instruction_;
  uint32_t parameters_;
  uint32_t results_;
  /// Parameters and declared locals.
  uint32_t locals_;
  std::vector<Operand> operands_;
  /// Operands below this position are in their slots.
  uint32_t settled_ = 0;
  uint32_t highest_ = 0;
  std::vector<Block> blocks_;
  std::vector<uint32_t> words_;
  /// The instruction just emitted, if its result may still go elsewhere.
  uint32_t last_ = none;
};

} // namespace rune::engine
