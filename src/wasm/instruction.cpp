// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/instruction.h"

#include "wasm/limits.h"

#include <array>

namespace rune::wasm {

namespace {

/// Prefix 0xfc; its instructions follow the 256 of one byte in the table.
constexpr uint32_t miscPrefix = 0xFC;
constexpr uint32_t miscCount = 32;

constexpr uint32_t slotOf(uint32_t code) {
  return code > 0xFF ? 256 + (code & 0xFF) : code;
}

struct OpcodeTable {
  std::array<OpcodeInfo, 256 + miscCount> entries{};

  constexpr OpcodeTable() {
#define RUNE_OPCODE(name, code, text, immediates, signature)                   \
  entries[slotOf(code)] = {text, Immediates::immediates, signature, 0};
#define RUNE_MEMORY_OPCODE(name, code, text, alignment, signature)             \
  entries[slotOf(code)] = {text, Immediates::MemoryArgument, signature,        \
                           alignment};
#include "wasm/opcodes.def"
  }
};
constexpr OpcodeTable opcodeTable;

/// The proposal that an opcode byte belongs to, or nothing.
std::string_view unsupportedFeature(uint8_t byte) {
#define RUNE_UNSUPPORTED_OPCODES(first, last, feature)                         \
  if (byte >= first && byte <= last)                                           \
    return feature;
#include "wasm/opcodes.def"
  return {};
}

Diagnostic unsupported(std::string_view feature, Location where) {
  return error("wasm.unsupported", "{} {} not supported yet", feature,
               feature.ends_with('s') ? "are" : "is")
      .at(std::move(where));
}

Result<uint32_t> readCode(Reader &reader, uint64_t at) {
  uint8_t first = RUNE_TRY(reader.byte());
  if (first != miscPrefix) {
    if (opcodeInfo(first))
      return uint32_t{first};
    if (auto feature = unsupportedFeature(first); !feature.empty())
      return unsupported(feature, reader.place(at));
    return error("wasm.malformed", "illegal opcode {:02x}", first)
        .at(reader.place(at));
  }
  uint32_t second = RUNE_TRY(reader.u32());
  if (second >= miscCount || !opcodeInfo(miscPrefix << 8 | second))
    return error("wasm.malformed", "illegal opcode fc {:02x}", second)
        .at(reader.place(at));
  return miscPrefix << 8 | second;
}

/// source  core 2.0, section 5.3.2: 0x40, a value type, or a positive s33
Result<BlockType> readBlockType(Reader &reader) {
  uint64_t at = reader.offset();
  uint8_t first = RUNE_TRY(reader.peek());
  if (first == 0x40) {
    RUNE_TRY(reader.take(1));
    return BlockType{};
  }
  if ((first & 0xC0) == 0x40) {
    ValueType type = RUNE_TRY(readValueType(reader));
    return BlockType{BlockType::Kind::Value, type, 0};
  }
  int64_t index = RUNE_TRY(reader.s33());
  if (index < 0)
    return error("wasm.malformed", "malformed block type").at(reader.place(at));
  return BlockType{BlockType::Kind::Index, ValueType::I32,
                   static_cast<uint32_t>(index)};
}

Result<> readLabels(Reader &reader, std::vector<uint32_t> &labels) {
  uint32_t count =
      RUNE_TRY(reader.count(limits::branchTargets, "branch targets"));
  labels.clear();
  for (uint64_t i = 0; i <= count; ++i)
    labels.push_back(RUNE_TRY(reader.u32()));
  return {};
}

Result<> readTypes(Reader &reader, std::vector<ValueType> &types) {
  uint32_t count = RUNE_TRY(reader.count(limits::results, "types"));
  types.clear();
  for (uint32_t i = 0; i < count; ++i)
    types.push_back(RUNE_TRY(readValueType(reader)));
  return {};
}

/// A bit of the alignment says that a memory index follows (multi-memory).
Result<> readMemoryArgument(Reader &reader, Instruction &out) {
  uint64_t at = reader.offset();
  out.alignment = RUNE_TRY(reader.u32());
  if (out.alignment >= 32)
    return (out.alignment & 0x40) && out.alignment < 0x80
               ? unsupported("multi-memory", reader.place(at))
               : error("wasm.malformed", "malformed memop flags")
                     .at(reader.place(at));
  out.bits = RUNE_TRY(reader.u32());
  return {};
}

/// The byte that core 2.0 keeps for a memory's index.
Result<> readZero(Reader &reader) {
  uint64_t at = reader.offset();
  if (RUNE_TRY(reader.byte()) != 0)
    return error("wasm.malformed", "zero byte expected").at(reader.place(at));
  return {};
}

Result<> readImmediates(Reader &reader, Instruction &out) {
  switch (out.info->immediates) {
  case Immediates::None:
    return {};
  case Immediates::Block:
    out.block = RUNE_TRY(readBlockType(reader));
    return {};
  case Immediates::Label:
  case Immediates::Function:
  case Immediates::Local:
  case Immediates::Global:
  case Immediates::Table:
  case Immediates::Element:
  case Immediates::Data:
    out.index = RUNE_TRY(reader.u32());
    return {};
  case Immediates::TypeTable:
  case Immediates::ElementTable:
  case Immediates::TableTable:
    out.index = RUNE_TRY(reader.u32());
    out.secondIndex = RUNE_TRY(reader.u32());
    return {};
  case Immediates::DataMemory:
    out.index = RUNE_TRY(reader.u32());
    return readZero(reader);
  case Immediates::MemoryIndex:
    return readZero(reader);
  case Immediates::MemoryMemory:
    RUNE_TRY(readZero(reader));
    return readZero(reader);
  case Immediates::Labels:
    return readLabels(reader, out.labels);
  case Immediates::Types:
    return readTypes(reader, out.types);
  case Immediates::MemoryArgument:
    return readMemoryArgument(reader, out);
  case Immediates::ReferenceType:
    out.type = RUNE_TRY(readReferenceType(reader));
    return {};
  case Immediates::I32:
    out.bits = static_cast<uint32_t>(RUNE_TRY(reader.s32()));
    return {};
  case Immediates::I64:
    out.bits = static_cast<uint64_t>(RUNE_TRY(reader.s64()));
    return {};
  case Immediates::F32:
    out.bits = RUNE_TRY(reader.fixed32());
    return {};
  case Immediates::F64:
    out.bits = RUNE_TRY(reader.fixed64());
    return {};
  }
  return {};
}

} // namespace

const OpcodeInfo *opcodeInfo(uint32_t code) {
  const OpcodeInfo &info = opcodeTable.entries[slotOf(code)];
  return info.text.empty() ? nullptr : &info;
}

Result<ValueType> readValueType(Reader &reader) {
  uint64_t at = reader.offset();
  uint8_t byte = RUNE_TRY(reader.byte());
  switch (byte) {
  case 0x7F:
  case 0x7E:
  case 0x7D:
  case 0x7C:
  case 0x70:
  case 0x6F:
    return static_cast<ValueType>(byte);
  case 0x7B:
    return unsupported("SIMD", reader.place(at));
  case 0x63:
  case 0x64:
    return unsupported("typed function references", reader.place(at));
  case 0x69:
    return unsupported("exception handling", reader.place(at));
  default:
    return error("wasm.malformed", "malformed value type {:02x}", byte)
        .at(reader.place(at));
  }
}

Result<ValueType> readReferenceType(Reader &reader) {
  uint64_t at = reader.offset();
  uint8_t byte = RUNE_TRY(reader.byte());
  if (byte == 0x70 || byte == 0x6F)
    return static_cast<ValueType>(byte);
  if (byte == 0x63 || byte == 0x64)
    return unsupported("typed function references", reader.place(at));
  if (byte == 0x69)
    return unsupported("exception handling", reader.place(at));
  return error("wasm.malformed", "malformed reference type {:02x}", byte)
      .at(reader.place(at));
}

Result<> readInstruction(Reader &reader, Instruction &out) {
  out.at = reader.offset();
  uint32_t code = RUNE_TRY(readCode(reader, out.at));
  out.opcode = static_cast<Opcode>(code);
  out.info = opcodeInfo(code);
  return readImmediates(reader, out);
}

} // namespace rune::wasm
