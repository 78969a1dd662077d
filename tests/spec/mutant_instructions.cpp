// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What runs in place of an instruction whose operator is implemented wrongly:
// instructions that leave the same types on the stack.
#include "mutation.h"

#include <algorithm>

namespace rune::spec {

namespace {

using wasm::Immediates;
using wasm::Instruction;
using wasm::Opcode;
using wasm::OpcodeInfo;
using wasm::ValueType;
using Instructions = std::vector<Instruction>;

Instruction make(Opcode opcode, uint32_t index = 0) {
  Instruction made;
  made.opcode = opcode;
  made.info = &wasm::opcodeInfo(opcode);
  made.index = index;
  return made;
}

Instruction constant(ValueType type, uint64_t bits) {
  Opcode opcode = Opcode::I32Const;
  switch (type) {
  case ValueType::I32:
    break;
  case ValueType::I64:
    opcode = Opcode::I64Const;
    break;
  case ValueType::F32:
    opcode = Opcode::F32Const;
    break;
  case ValueType::F64:
    opcode = Opcode::F64Const;
    break;
  case ValueType::V128:
    opcode = Opcode::V128Const;
    break;
  case ValueType::FuncRef:
  case ValueType::ExternRef:
    opcode = Opcode::RefNull;
    break;
  }
  Instruction made = make(opcode);
  made.bits = bits;
  made.type = type;
  return made;
}

/// One instruction's place: its module and its function.
class Special {
public:
  Special(const Instruction &now, const wasm::Module &module, uint32_t function)
      : now_(now), module_(module), function_(function) {}

  Instructions instead(const Mutant &mutant) {
    const OpcodeInfo &info = *now_.info;
    if (mutant.kind == MutantKind::Swap && mutant.other != mutant.code)
      swapPlain(static_cast<Opcode>(mutant.other));
    else if (info.signature.empty() || now_.opcode == Opcode::MemoryCopy ||
             (now_.opcode == Opcode::MemoryFill &&
              mutant.kind == MutantKind::Swap))
      special(mutant.kind);
    else
      plain(mutant.kind, info.signature);
    return std::move(out_);
  }

private:
  void add(Instruction instruction) { out_.push_back(std::move(instruction)); }
  void self() { add(now_); }
  void dropTop(size_t count = 1) {
    for (size_t i = 0; i < count; ++i)
      add(make(Opcode::Drop));
  }
  /// The value on top becomes another one.
  void negate(ValueType type) {
    switch (type) {
    case ValueType::I32:
      add(constant(type, 1));
      return add(make(Opcode::I32Xor));
    case ValueType::I64:
      add(constant(type, 1));
      return add(make(Opcode::I64Xor));
    case ValueType::F32:
      return add(make(Opcode::F32Neg));
    case ValueType::F64:
      return add(make(Opcode::F64Neg));
    case ValueType::V128:
      return add(make(Opcode::V128Not));
    case ValueType::FuncRef:
    case ValueType::ExternRef:
      dropTop();
      return add(constant(type, 0));
    }
  }
  void zeros(const std::vector<ValueType> &types) {
    for (ValueType type : types)
      add(constant(type, 0));
  }
  /// Ends the function with zeros.
  void giveZeros() {
    zeros(ownType().results);
    add(make(Opcode::Return));
  }
  void condition(uint32_t value) {
    dropTop();
    add(constant(ValueType::I32, value));
  }

  const wasm::FunctionType &ownType() const {
    return module_.functionType(function_);
  }
  ValueType memoryAddress() const {
    return module_.memories[now_.index].address;
  }
  ValueType typeOf(char letter) const {
    switch (letter) {
    case 'I':
      return ValueType::I64;
    case 'f':
      return ValueType::F32;
    case 'F':
      return ValueType::F64;
    case 'v':
      return ValueType::V128;
    case 'a':
      return memoryAddress();
    default:
      return ValueType::I32;
    }
  }

  // --- operators whose signature the table of opcodes states ---

  /// Lanes that the other operator lacks are taken modulo its count.
  void swapPlain(Opcode other) {
    Instruction swapped = now_;
    swapped.opcode = other;
    swapped.info = &wasm::opcodeInfo(other);
    std::string_view text = swapped.info->text;
    if (swapped.info->immediates == Immediates::Lane)
      swapped.lane &= static_cast<uint8_t>(
          std::stoul(std::string(text.substr(text.find('x') + 1))) - 1);
    if (swapped.info->immediates == Immediates::MemoryArgumentLane)
      swapped.lane &=
          static_cast<uint8_t>((16u >> swapped.info->naturalAlignment) - 1);
    add(swapped);
  }

  void plain(MutantKind kind, std::string_view signature) {
    size_t colon = signature.find(':');
    std::string_view operands = signature.substr(0, colon),
                     results = signature.substr(colon + 1);
    if (kind == MutantKind::Negate) {
      if (results.empty())
        negate(typeOf(operands.back()));
      self();
      if (!results.empty())
        negate(typeOf(results.back()));
      return;
    }
    if (operands.empty() && results.empty())
      return add(make(Opcode::Nop));
    bool passes = !operands.empty() && !results.empty() &&
                  typeOf(operands[0]) == typeOf(results[0]);
    dropTop(operands.size() - passes);
    if (!passes && !results.empty())
      add(constant(typeOf(results[0]), 0));
    if (out_.empty())
      add(make(Opcode::Nop));
  }

  // --- the others ---

  void special(MutantKind kind) {
    switch (now_.opcode) {
    case Opcode::Block:
    case Opcode::Loop:
      return blockForLoop();
    case Opcode::If:
      return choice(kind, 1, 0);
    case Opcode::BrIf:
      return choice(kind, 0, 1);
    case Opcode::Select:
    case Opcode::SelectTyped:
      return choice(kind, 1, 0);
    case Opcode::BrTable:
      return branchTable(kind);
    case Opcode::Unreachable:
      if (kind == MutantKind::Drop)
        return giveZeros();
      // another trap
      add(constant(ValueType::I32, 0));
      add(constant(ValueType::I32, 0));
      add(make(Opcode::I32DivU));
      return self();
    case Opcode::Br:
    case Opcode::Return:
      return leave(kind);
    case Opcode::Call:
    case Opcode::ReturnCall:
      return call(kind);
    case Opcode::CallIndirect:
    case Opcode::ReturnCallIndirect:
      return callIndirect(kind);
    case Opcode::RefNull:
    case Opcode::RefFunc:
    case Opcode::RefIsNull:
      return reference(kind);
    case Opcode::LocalGet:
    case Opcode::LocalSet:
    case Opcode::LocalTee:
      return local(kind);
    case Opcode::GlobalGet:
    case Opcode::GlobalSet:
      return global(kind);
    case Opcode::MemoryFill:
    case Opcode::MemoryCopy:
      return memory(kind);
    default:
      return table(kind);
    }
  }

  void blockForLoop() {
    bool same = std::ranges::equal(wasm::blockParameters(module_, now_.block),
                                   wasm::blockResults(module_, now_.block));
    Instruction other = now_;
    if (same)
      other.opcode =
          now_.opcode == Opcode::Block ? Opcode::Loop : Opcode::Block;
    add(other);
  }

  /// A condition on top: dropped, it is always `fixed`; swapped, the opposite.
  void choice(MutantKind kind, uint32_t fixed, uint32_t opposite) {
    if (kind == MutantKind::Negate)
      add(make(Opcode::I32Eqz));
    else
      condition(kind == MutantKind::Drop ? fixed : opposite);
    self();
  }

  void branchTable(MutantKind kind) {
    if (kind == MutantKind::Negate)
      negate(ValueType::I32);
    if (kind == MutantKind::Drop)
      condition(0);
    Instruction rotated = now_;
    if (kind == MutantKind::Swap)
      std::rotate(rotated.labels.begin(), rotated.labels.begin() + 1,
                  rotated.labels.end());
    add(rotated);
  }

  void leave(MutantKind kind) {
    const std::vector<ValueType> &results = ownType().results;
    if (kind == MutantKind::Drop)
      return add(make(Opcode::Unreachable));
    if (kind == MutantKind::Swap)
      return giveZeros();
    if (!results.empty())
      negate(results.back());
    self();
  }

  /// Another function of the same type, or the same.
  uint32_t otherFunction(uint32_t function) const {
    auto count = static_cast<uint32_t>(module_.functions.size());
    for (uint32_t step = 1; step < count; ++step) {
      uint32_t other = (function + step) % count;
      if (module_.functionType(other) == module_.functionType(function))
        return other;
    }
    return function;
  }

  void call(MutantKind kind) {
    const wasm::FunctionType &type = module_.functionType(now_.index);
    bool isTail = now_.opcode == Opcode::ReturnCall;
    if (kind == MutantKind::Drop)
      return noCall(type, isTail);
    if (kind == MutantKind::Swap && isTail) {
      add(make(Opcode::Call, now_.index));
      return add(make(Opcode::Return));
    }
    if (kind == MutantKind::Swap || isTail)
      return add(make(now_.opcode, otherFunction(now_.index)));
    self();
    if (!type.results.empty())
      negate(type.results.back());
  }

  void noCall(const wasm::FunctionType &type, bool isTail) {
    dropTop(type.parameters.size());
    zeros(type.results);
    if (isTail)
      add(make(Opcode::Return));
    if (out_.empty())
      add(make(Opcode::Nop));
  }

  void callIndirect(MutantKind kind) {
    const wasm::FunctionType &type = module_.types[now_.index];
    ValueType address = module_.tables[now_.secondIndex].type.address;
    bool isTail = now_.opcode == Opcode::ReturnCallIndirect;
    if (kind == MutantKind::Negate) {
      negate(address);
      return self();
    }
    if (kind == MutantKind::Drop) {
      dropTop();
      return noCall(type, isTail);
    }
    if (isTail) {
      self();
      out_.back().opcode = Opcode::CallIndirect;
      return add(make(Opcode::Return));
    }
    // always the first function of the type
    for (uint32_t i = 0; i < module_.functions.size(); ++i)
      if (module_.functionType(i) == type) {
        dropTop();
        return add(make(Opcode::Call, i));
      }
    self();
  }

  void reference(MutantKind kind) {
    switch (now_.opcode) {
    case Opcode::RefNull: // only swapped, and not dropped to itself
      if (kind == MutantKind::Swap && !module_.functions.empty())
        return add(make(Opcode::RefFunc, 0));
      return self();
    case Opcode::RefFunc:
      if (kind == MutantKind::Drop)
        return add(constant(ValueType::FuncRef, 0));
      return add(make(
          Opcode::RefFunc,
          static_cast<uint32_t>((now_.index + 1) % module_.functions.size())));
    default:
      if (kind != MutantKind::Negate)
        return condition(kind == MutantKind::Swap);
      self();
      return negate(ValueType::I32);
    }
  }

  std::vector<ValueType> locals() const {
    std::vector<ValueType> types = ownType().parameters;
    for (const wasm::LocalRun &run : module_.body(function_).locals)
      types.insert(types.end(), run.count, run.type);
    return types;
  }

  void local(MutantKind kind) {
    std::vector<ValueType> types = locals();
    ValueType type = types[now_.index];
    if (kind == MutantKind::Swap) {
      Instruction other = now_;
      for (size_t step = 1; step < types.size(); ++step)
        if (size_t at = (now_.index + step) % types.size(); types[at] == type) {
          other.index = static_cast<uint32_t>(at);
          break;
        }
      return add(other);
    }
    variable(kind, type, Opcode::LocalGet, Opcode::LocalSet);
  }

  void global(MutantKind kind) {
    const wasm::GlobalType &type = module_.globals[now_.index].type;
    if (kind == MutantKind::Swap) {
      Instruction other = now_;
      size_t count = module_.globals.size();
      for (size_t step = 1; step < count; ++step)
        if (size_t at = (now_.index + step) % count;
            module_.globals[at].type == type) {
          other.index = static_cast<uint32_t>(at);
          break;
        }
      return add(other);
    }
    variable(kind, type.value, Opcode::GlobalGet, Opcode::GlobalSet);
  }

  void variable(MutantKind kind, ValueType type, Opcode get, Opcode set) {
    bool isGet = now_.opcode == get;
    if (kind == MutantKind::Negate) {
      if (!isGet)
        negate(type);
      self();
      if (isGet)
        negate(type);
    } else if (isGet) {
      add(constant(type, 0));
    } else {
      add(make(now_.opcode == set ? Opcode::Drop : Opcode::Nop));
    }
  }

  void memory(MutantKind kind) {
    bool isCopy = now_.opcode == Opcode::MemoryCopy;
    ValueType count = memoryAddress();
    if (isCopy && module_.memories[now_.secondIndex].address == ValueType::I32)
      count = ValueType::I32;
    three(kind, count);
    if (kind != MutantKind::Swap)
      return;
    // a copy for a fill and the other way round, where the operands fit
    bool fits = count == ValueType::I32 && memoryAddress() == ValueType::I32 &&
                (!isCopy || now_.index == now_.secondIndex);
    if (fits) {
      out_.back() =
          make(isCopy ? Opcode::MemoryFill : Opcode::MemoryCopy, now_.index);
      out_.back().secondIndex = now_.index;
    }
  }

  /// Operators of three operands, the last of which counts.
  void three(MutantKind kind, ValueType count) {
    if (kind == MutantKind::Drop)
      return dropTop(3);
    if (kind == MutantKind::Negate)
      negate(count);
    self();
  }

  void table(MutantKind kind) {
    if (now_.opcode == Opcode::ElemDrop)
      return add(make(Opcode::Nop));
    bool isInit = now_.opcode == Opcode::TableInit;
    const wasm::TableType &type =
        module_.tables[isInit ? now_.secondIndex : now_.index].type;
    ValueType count = type.address;
    switch (now_.opcode) {
    case Opcode::TableGet:
      if (kind == MutantKind::Negate) {
        negate(type.address);
        return self();
      }
      dropTop();
      return add(constant(type.element, 0));
    case Opcode::TableSet:
      if (kind == MutantKind::Drop)
        return dropTop(2);
      negate(type.element);
      return self();
    case Opcode::TableSize:
    case Opcode::TableGrow:
      if (kind == MutantKind::Negate) {
        self();
        return negate(type.address);
      }
      dropTop(now_.opcode == Opcode::TableGrow ? 2 : 0);
      return add(constant(type.address, 0));
    case Opcode::TableCopy:
      if (module_.tables[now_.secondIndex].type.address == ValueType::I32)
        count = ValueType::I32;
      if (kind == MutantKind::Swap) { // the tables of each other
        self();
        if (module_.tables[now_.secondIndex].type.address == type.address &&
            module_.tables[now_.secondIndex].type.element == type.element)
          std::swap(out_.back().index, out_.back().secondIndex);
        return;
      }
      return three(kind, count);
    case Opcode::TableInit:
      return three(kind, ValueType::I32);
    default: // table.fill
      return three(kind, count);
    }
  }

  const Instruction &now_;
  const wasm::Module &module_;
  const uint32_t function_;
  Instructions out_;
};

} // namespace

std::vector<wasm::Instruction> insteadOf(const wasm::Instruction &now,
                                         const wasm::Module &module,
                                         uint32_t function,
                                         const Mutant &mutant) {
  return Special(now, module, function).instead(mutant);
}

} // namespace rune::spec
