// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/instruction.h"

#include "wasm/limits.h"

#include <array>

namespace rune::wasm {

namespace {

/// Prefixes; their instructions follow the 256 of one byte in the table.
constexpr uint32_t miscPrefix = 0xFC;
constexpr uint32_t miscCount = 32;
constexpr uint32_t vectorPrefix = 0xFD;
constexpr uint32_t vectorCount = 0x120;
constexpr uint32_t firstRelaxed = 0x100;

constexpr uint32_t slotOf(uint32_t code) {
  uint32_t number = code & 0xFFF;
  switch (code >> 12) {
  case miscPrefix:
    return 256 + number;
  case vectorPrefix:
    return 256 + miscCount + number;
  default:
    return code;
  }
}

struct OpcodeTable {
  std::array<OpcodeInfo, 256 + miscCount + vectorCount> entries{};

  constexpr OpcodeTable() {
#define RUNE_OPCODE(name, code, text, immediates, signature)                   \
  entries[slotOf(code)] = {text, Immediates::immediates, signature, 0};
#define RUNE_MEMORY_OPCODE(name, code, text, alignment, signature)             \
  entries[slotOf(code)] = {text, Immediates::MemoryArgument, signature,        \
                           alignment};
#define RUNE_LANE_OPCODE(name, code, text, alignment, signature)               \
  entries[slotOf(code)] = {text, Immediates::MemoryArgumentLane, signature,    \
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

Diagnostic illegalOpcode(const Reader &reader, uint64_t at) {
  ByteSpan code = reader.since(at);
  std::string text;
  for (uint8_t each : code)
    text += fmt::format(" {:02x}", each);
  return error("wasm.malformed", "illegal opcode{}", text).at(reader.place(at));
}

/// A prefix, then a number.
Result<uint32_t> readPrefixed(Reader &reader, uint64_t at, uint32_t prefix) {
  uint32_t number = RUNE_TRY(reader.u32());
  uint32_t count = prefix == miscPrefix ? miscCount : vectorCount;
  bool relaxed = prefix == vectorPrefix && number >= firstRelaxed;
  if (number >= count || !opcodeInfo(prefix << 12 | number) ||
      (relaxed && !reader.features().relaxedSimd))
    return illegalOpcode(reader, at);
  return prefix << 12 | number;
}

bool isTailCall(uint8_t code) {
  return code == static_cast<uint8_t>(Opcode::ReturnCall) ||
         code == static_cast<uint8_t>(Opcode::ReturnCallIndirect);
}

Result<uint32_t> readCode(Reader &reader, uint64_t at) {
  uint8_t first = RUNE_TRY(reader.byte());
  if (first == miscPrefix || first == vectorPrefix)
    return readPrefixed(reader, at, first);
  if (opcodeInfo(first) && (!isTailCall(first) || reader.features().tailCalls))
    return uint32_t{first};
  if (auto feature = unsupportedFeature(first);
      !feature.empty() && reader.features().nameUnsupported)
    return unsupported(feature, reader.place(at));
  return illegalOpcode(reader, at);
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

/// A bit of the alignment says that a memory index follows (3.0, 5.4.6).
Result<> readMemoryArgument(Reader &reader, Instruction &out) {
  constexpr uint32_t indexFollows = 0x40;
  const Features &features = reader.features();
  uint64_t at = reader.offset();
  out.alignment = RUNE_TRY(reader.u32());
  out.index = 0;
  if (out.alignment >= (features.multiMemory ? indexFollows << 1 : 32))
    return error("wasm.malformed", "malformed memop flags")
        .at(reader.place(at));
  if (out.alignment & indexFollows) {
    out.alignment &= ~indexFollows;
    out.index = RUNE_TRY(reader.u32());
  }
  out.bits =
      features.memory64 ? RUNE_TRY(reader.u64()) : RUNE_TRY(reader.u32());
  return {};
}

/// A memory's index; core 2.0 keeps a zero byte for it.
Result<uint32_t> readMemoryIndex(Reader &reader) {
  if (reader.features().multiMemory)
    return reader.u32();
  uint64_t at = reader.offset();
  if (RUNE_TRY(reader.byte()) != 0)
    return error("wasm.malformed", "zero byte expected").at(reader.place(at));
  return 0u;
}

Result<> readBytes(Reader &reader, std::array<uint8_t, 16> &bytes) {
  for (uint8_t &each : bytes)
    each = RUNE_TRY(reader.byte());
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
    out.secondIndex = RUNE_TRY(readMemoryIndex(reader));
    return {};
  case Immediates::MemoryIndex:
    out.index = RUNE_TRY(readMemoryIndex(reader));
    return {};
  case Immediates::MemoryMemory:
    out.index = RUNE_TRY(readMemoryIndex(reader));
    out.secondIndex = RUNE_TRY(readMemoryIndex(reader));
    return {};
  case Immediates::Labels:
    return readLabels(reader, out.labels);
  case Immediates::Types:
    return readTypes(reader, out.types);
  case Immediates::MemoryArgument:
    return readMemoryArgument(reader, out);
  case Immediates::MemoryArgumentLane:
    RUNE_TRY(readMemoryArgument(reader, out));
    out.lane = RUNE_TRY(reader.byte());
    return {};
  case Immediates::Lane:
    out.lane = RUNE_TRY(reader.byte());
    return {};
  case Immediates::V128:
  case Immediates::Lanes:
    return readBytes(reader, out.bytes);
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
  uint32_t slot = slotOf(code);
  if (slot >= opcodeTable.entries.size())
    return nullptr;
  const OpcodeInfo &info = opcodeTable.entries[slot];
  return info.text.empty() ? nullptr : &info;
}

Diagnostic unsupported(std::string_view feature, Location where) {
  return error("wasm.unsupported", "{} {} not supported", feature,
               feature.ends_with('s') ? "are" : "is")
      .at(std::move(where));
}

/// A list of one type, which lives for ever.
static std::span<const ValueType> single(ValueType type) {
  static constexpr ValueType all[] = {
      ValueType::I32,  ValueType::I64,     ValueType::F32,      ValueType::F64,
      ValueType::V128, ValueType::FuncRef, ValueType::ExternRef};
  for (const ValueType &each : all)
    if (each == type)
      return {&each, 1};
  return {};
}

std::span<const ValueType> blockParameters(const Module &module,
                                           const BlockType &block) {
  if (block.kind != BlockType::Kind::Index)
    return {};
  return module.types[block.index].parameters;
}

std::span<const ValueType> blockResults(const Module &module,
                                        const BlockType &block) {
  switch (block.kind) {
  case BlockType::Kind::Empty:
    return {};
  case BlockType::Kind::Value:
    return single(block.value);
  case BlockType::Kind::Index:
    return module.types[block.index].results;
  }
  return {};
}

/// The proposal that a type's first byte belongs to, or nothing.
static std::string_view unsupportedType(uint8_t byte) {
  switch (byte) {
  case 0x63:
  case 0x64:
    return "typed function references";
  case 0x69:
  case 0x74:
    return "exception handling";
  case 0x65:
  case 0x6A:
  case 0x6B:
  case 0x6C:
  case 0x6D:
  case 0x6E:
  case 0x71:
  case 0x72:
  case 0x73:
  case 0x77:
  case 0x78:
    return "garbage collection";
  default:
    return {};
  }
}

/// in  `what`: "value" or "reference"
static Diagnostic malformedType(const Reader &reader, uint64_t at, uint8_t byte,
                                std::string_view what) {
  auto feature = unsupportedType(byte);
  if (reader.features().nameUnsupported && !feature.empty())
    return unsupported(feature, reader.place(at));
  return error("wasm.malformed", "malformed {} type {:02x}", what, byte)
      .at(reader.place(at));
}

/// 3.0 spells `funcref` also as `(ref null func)`, 0x63 0x70.
static std::optional<ValueType> readLongForm(Reader &reader, uint8_t byte) {
  if (byte != 0x63 || !reader.features().nameUnsupported)
    return {};
  auto heap = reader.peek();
  if (!heap.ok() || (*heap != 0x70 && *heap != 0x6F))
    return {};
  return static_cast<ValueType>(*reader.byte());
}

Result<ValueType> readValueType(Reader &reader) {
  uint64_t at = reader.offset();
  uint8_t byte = RUNE_TRY(reader.byte());
  switch (byte) {
  case 0x7F:
  case 0x7E:
  case 0x7D:
  case 0x7C:
  case 0x7B:
  case 0x70:
  case 0x6F:
    return static_cast<ValueType>(byte);
  default:
    if (auto type = readLongForm(reader, byte))
      return *type;
    return malformedType(reader, at, byte, "value");
  }
}

Result<ValueType> readReferenceType(Reader &reader) {
  uint64_t at = reader.offset();
  uint8_t byte = RUNE_TRY(reader.byte());
  if (byte == 0x70 || byte == 0x6F)
    return static_cast<ValueType>(byte);
  if (auto type = readLongForm(reader, byte))
    return *type;
  return malformedType(reader, at, byte, "reference");
}

Result<> readInstruction(Reader &reader, Instruction &out) {
  out.at = reader.offset();
  uint32_t code = RUNE_TRY(readCode(reader, out.at));
  out.opcode = static_cast<Opcode>(code);
  out.info = opcodeInfo(code);
  return readImmediates(reader, out);
}

} // namespace rune::wasm
