// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One instruction at a time: the table of opcodes, and the reader of opcode and
// immediates that the decoder, the validator and every engine share (core 2.0,
// section 5.4).
#pragma once

#include "wasm/reader.h"

#include <array>
#include <span>

namespace rune::wasm {

enum class Opcode : uint32_t {
#define RUNE_OPCODE(name, code, text, immediates, signature) name = code,
#include "wasm/opcodes.def"
};

/// What stands behind an opcode. A word for each operand, in file order: the
/// first index goes to `index`, the second to `secondIndex`.
enum class Immediates : uint8_t {
  None,
  Block,
  Label,
  Labels,
  Function,
  TypeTable,
  Types,
  Local,
  Global,
  Table,
  Element,
  ElementTable,
  TableTable,
  Data,
  DataMemory,
  MemoryIndex,
  MemoryMemory,
  /// `index` is the memory, `bits` the offset, `alignment`.
  MemoryArgument,
  /// A memory argument, then `lane`.
  MemoryArgumentLane,
  ReferenceType,
  I32,
  I64,
  F32,
  F64,
  /// 16 bytes of `bytes`: a constant, or the lanes of a shuffle.
  V128,
  Lanes,
  Lane,
};

struct OpcodeInfo {
  std::string_view text;
  Immediates immediates;
  /// "operands:results" in the letters i I f F v a; empty where the validator
  /// decides.
  std::string_view signature;
  /// log2, for instructions with a memory argument.
  uint8_t naturalAlignment;
};

/// Null for a code that is no instruction.
const OpcodeInfo *opcodeInfo(uint32_t code);
inline const OpcodeInfo &opcodeInfo(Opcode opcode) {
  return *opcodeInfo(static_cast<uint32_t>(opcode));
}

/// The type of a block: nothing, one result, or a function type.
struct BlockType {
  enum class Kind : uint8_t { Empty, Value, Index } kind = Kind::Empty;
  ValueType value = ValueType::I32;
  uint32_t index = 0;
};

/// What a block takes and gives; its index must exist.
std::span<const ValueType> blockParameters(const Module &module,
                                           const BlockType &block);
std::span<const ValueType> blockResults(const Module &module,
                                        const BlockType &block);

/// An instruction with its immediates; only the members that its `Immediates`
/// names hold.
struct Instruction {
  Opcode opcode = Opcode::Nop;
  const OpcodeInfo *info = nullptr;
  /// Where the opcode stands in the file.
  uint64_t at = 0;
  /// The first and second index, as the file has them.
  uint32_t index = 0;
  uint32_t secondIndex = 0;
  /// A constant's bits, or a memory argument's offset.
  uint64_t bits = 0;
  /// log2 of a memory argument's alignment.
  uint32_t alignment = 0;
  uint8_t lane = 0;
  std::array<uint8_t, 16> bytes{};
  BlockType block;
  /// Of ref.null.
  ValueType type = ValueType::FuncRef;
  /// Of br_table, the default last.
  std::vector<uint32_t> labels;
  /// Of select.
  std::vector<ValueType> types;
};

/// Reads the next instruction into `out`, whose vectors are reused.
///
/// errors  illegal opcode · malformed value type · zero byte expected · what
///         Reader says; `wasm.unsupported`, `wasm.limit`
Result<> readInstruction(Reader &reader, Instruction &out);

/// `wasm.unsupported`: what a known proposal would need.
Diagnostic unsupported(std::string_view feature, Location where);

/// errors  malformed value type; `wasm.unsupported`
Result<ValueType> readValueType(Reader &reader);
/// errors  malformed reference type; `wasm.unsupported`
Result<ValueType> readReferenceType(Reader &reader);

} // namespace rune::wasm
