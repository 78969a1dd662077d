// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The validation algorithm of the specification's appendix (core 2.0, section
// A.3): one walk over the instructions with a stack of operand types and a
// stack of open blocks. Inside this room only.
#pragma once

#include "wasm/instruction.h"

#include <span>

namespace rune::wasm {

/// What validation of many functions shares.
struct ValidationContext {
  const Module &module;
  /// By function: named outside of bodies, so that `ref.func` may name it.
  std::vector<bool> declaredReferences;
};

/// Validates function bodies and constant expressions, one after another;
/// memory is reused.
class FunctionValidator {
public:
  explicit FunctionValidator(const ValidationContext &context)
      : context_(context), module_(context.module) {}

  Result<> validateBody(uint32_t function);
  /// errors  constant expression required · type mismatch · …
  ///
  /// in      `visibleGlobals`: how many globals of the index space it may name
  Result<> validateConstant(const ConstantExpression &expression,
                            ValueType type, size_t visibleGlobals);

private:
  using Types = std::span<const ValueType>;

  /// An open block; its label's types are `start` for a loop, else `end`.
  struct Control {
    Opcode opcode;
    Types start;
    Types end;
    size_t height;
    bool unreachable;

    Types label() const { return opcode == Opcode::Loop ? start : end; }
  };

  /// The end of a run of local indices of one type.
  struct LocalsEnd {
    uint32_t end;
    ValueType type;
  };

  Result<> run(Reader reader, Types results);
  Result<> step();
  Result<> stepSpecial();
  Result<> stepConstant();
  Result<> stepSignature();

  // Control instructions.
  Result<> openBlock();
  Result<> stepElse();
  Result<> stepEnd();
  Result<> branch();
  Result<> branchIf();
  Result<> branchTable();
  Result<> call();
  Result<> callIndirect();
  Result<> returnAfterCall(const FunctionType &type);

  // Parametric, variable, reference instructions.
  Result<> select();
  Result<> selectTyped();
  Result<> localAccess();
  Result<> globalGet();
  Result<> globalSet();
  Result<> refIsNull();
  Result<> refFunc();

  // Tables and memory.
  Result<> tableAccess();
  Result<> tableInit();
  Result<> tableCopy();
  Result<> elementDrop();
  Result<> dataAccess();
  Result<> memoryAccess();
  Result<> memoryCopy();
  Result<> laneAccess() const;

  // The two stacks.
  Result<> push(ValueType type);
  Result<> push(Types types);
  Result<ValueType> pop();
  Result<ValueType> pop(ValueType expected);
  Result<> pop(Types expected);
  /// As popping and pushing back would judge, without either.
  Result<> checkTop(Types expected) const;
  Result<> open(Opcode opcode, Types start, Types end);
  Result<Control> close();
  void setUnreachable();
  Result<const Control *> label(uint32_t depth) const;

  Result<ValueType> local(uint32_t index) const;
  Result<const TableType *> table(uint32_t index) const;
  Result<const MemoryType *> memory(uint32_t index) const;
  /// The memory that the instruction names.
  uint32_t memoryIndex() const;
  ValueType typeOfLetter(char letter) const;

  Location here() const { return {module_.source, {at_, at_ + 1}}; }
  /// An error that begins with the test suite's words, in this function.
  Diagnostic fail(std::string_view words, std::string_view detail = {}) const;
  Diagnostic mismatch(std::string_view expected, std::string_view found) const;
  Diagnostic unknown(std::string_view what, uint32_t index) const;
  /// Adds the function to an error of the reader.
  Diagnostic placed(Diagnostic why) const;
  std::string inFunction() const;

  const ValidationContext &context_;
  const Module &module_;
  std::optional<uint32_t> function_;
  std::vector<LocalsEnd> locals_;
  std::vector<ValueType> operands_;
  std::vector<Control> controls_;
  Instruction instruction_;
  uint64_t at_ = 0;
  /// In constant expressions.
  size_t visibleGlobals_ = 0;
};

/// Of an operand that unreachable code makes up: any type fits.
constexpr ValueType unknownType = ValueType{0};

} // namespace rune::wasm
