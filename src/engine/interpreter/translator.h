// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Wasm instructions to the interpreter's code, in one pass over a body.
//
// The operand stack is followed at translation time. An operand is either in
// its slot, or still only "local n" or "this constant": such operands cost
// nothing until an instruction takes them, and are stored into their slots
// where paths meet and before their local changes. Compares fuse with the
// branch behind them, sums with the load or product before. Forward branches to
// one label are chained through their offset words until the label is known, so
// nothing is allocated per branch. Bodies are validated: nothing here can fail.
#pragma once

#include "engine/interpreter/instance.h"
#include "wasm/instruction.h"

namespace rune::engine {

class Translator {
public:
  Translator(const InterpreterInstance &instance, uint32_t function);
  Code run() &&;

private:
  using Types = std::span<const wasm::ValueType>;
  using Words = std::initializer_list<uint32_t>;
  static constexpr uint32_t none = UINT32_MAX;

  struct Operand {
    enum class Kind : uint8_t { Slot, Local, Constant } kind = Kind::Slot;
    /// A v128: all 16 bytes of the slot count.
    bool wide = false;
    /// The local's number or the constant's bits.
    uint64_t value = 0;
  };

  struct Block {
    wasm::Opcode opcode;
    Types parameters;
    Types results;
    /// Operands below the block's parameters.
    uint32_t height = 0;
    /// Where a loop begins.
    uint32_t start = 0;
    /// Last branch to the end, and to the else branch of an if.
    uint32_t endChain = none;
    uint32_t elseChain = none;

    uint32_t arity() const {
      return static_cast<uint32_t>(
          (opcode == wasm::Opcode::Loop ? parameters : results).size());
    }
  };

  void translate();
  void translateMemory();
  void translateTable();
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
  /// Arguments into their slots, which the results take over.
  void passArguments(const wasm::FunctionType &type);
  void emitReturn(uint32_t count);
  /// Moves the label's operands to where it expects them.
  void moveToLabel(const Block &target);
  bool inPlace(const Block &target) const;
  void branchOn(Operand condition, uint32_t position, bool whenTrue,
                Block &target, uint32_t Block::*chain);
  /// Appends an offset word: to a loop's start, or onto a chain.
  void emitOffset(Block &target);
  void fillOffset(uint32_t word, Block &target, uint32_t Block::*chain);
  void linkOffset(uint32_t word, uint32_t &chain);
  void resolve(uint32_t &chain);
  Block &label(uint32_t depth) { return blocks_[blocks_.size() - 1 - depth]; }
  void setUnreachable();

  // Straight code.
  template <class T> void binary(Op op, Op withConstant);
  /// A sum whose one side was just computed: one instruction for both.
  bool fuseSum(Op sum, const Operand &a, const Operand &b);
  void unary(Op op);
  void vector(Op op);
  /// An address just made of a sum is made by the load itself.
  void load(Op op, Op sum, Op scaled, Op at);
  void vectorLoad(Op op, Op at);
  void store(Op op, Op at);
  void loadLane(Op op);
  void storeLane(Op op);
  /// Accesses memory 0 by 32-bit addresses.
  bool plainMemory() const;
  /// Where an address into another memory stands, once checked.
  uint32_t address(const Operand &operand, uint32_t position);
  void equalZero(Op compare, bool wide);
  void select();
  void localSet(uint32_t local);
  /// Instructions of three operands in consecutive slots.
  void bulk(Op op);

  // Operands.
  void push(Operand operand);
  void pushSlots(Types types);
  Operand pop();
  uint32_t height() const { return static_cast<uint32_t>(operands_.size()); }
  uint32_t localSlot(uint64_t local) const {
    return static_cast<uint32_t>(local * sizeof(Value));
  }
  uint32_t slotAt(uint32_t position) const {
    return localSlot(uint64_t{locals_} + position);
  }
  bool isWideLocal(uint32_t local) const;
  /// The slot that holds an operand just popped from `position`.
  uint32_t slotOf(const Operand &operand, uint32_t position);
  void store(const Operand &operand, uint32_t slot);
  void settle(uint32_t position);
  /// Stores every operand into its slot.
  void settleAll();
  void settleTop(uint32_t count);
  /// Stores the operands that still mean `local`, which is about to change.
  void settleLocal(uint32_t local);
  void resetTo(uint32_t height, Types types);

  // Words.
  void emit(Op op, Words words);
  /// Emits an instruction whose first operand is where its result goes, and
  /// pushes the result.
  void emitResult(Op op, Words words, bool wide = false);
  void emitConstant(uint32_t slot, uint64_t bits);
  void add(uint32_t word) { words_.push_back(word); }
  void add64(uint64_t bits);
  template <class T> void addPointer(T *pointer) {
    add64(reinterpret_cast<uint64_t>(pointer));
  }
  void setOp(uint32_t at, Op op);
  /// The last instruction computed the operand of `position`.
  bool justMade(const Operand &operand, uint32_t position) const {
    return last_ != none && operand.kind == Operand::Kind::Slot &&
           words_[last_ + 2] == slotAt(position);
  }
  /// Takes the last instruction back.
  void takeBack() { words_.resize(last_); }
  uint32_t here() const { return static_cast<uint32_t>(words_.size()); }

  /// The end of a run of local indices of one width.
  struct LocalsEnd {
    uint32_t end;
    bool wide;
  };

  const InterpreterInstance &instance_;
  const wasm::Module &module_;
  const uint32_t function_;
  wasm::Reader reader_;
  wasm::Instruction instruction_;
  const wasm::FunctionType &type_;
  /// Parameters and declared locals.
  uint32_t locals_ = 0;
  std::vector<LocalsEnd> localRuns_;
  bool hasWideLocals_ = false;
  std::vector<Operand> operands_;
  /// Operands below this position are in their slots.
  uint32_t settled_ = 0;
  uint32_t highest_ = 0;
  std::vector<Block> blocks_;
  std::vector<uint32_t> words_;
  /// The instruction just emitted, if its result may still go elsewhere, and
  /// its op.
  uint32_t last_ = none;
  Op lastOp_ = Op::Unreachable;
};

} // namespace rune::engine
