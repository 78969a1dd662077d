// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/wasm_module.h"

#include <llvm/Object/Wasm.h>
#include <llvm/Support/LEB128.h>
#include <llvm/Support/MemoryBuffer.h>

#include <algorithm>
#include <map>

namespace rune::compile {

namespace {

namespace wasm = llvm::wasm;
using llvm::object::WasmObjectFile;
using llvm::object::WasmSection;

constexpr uint64_t pageBytes = 65536;
/// Where constants begin, and what a caller's memory begins at.
constexpr uint64_t alignment = 64;
constexpr uint64_t mostBytes = uint64_t{1} << 31;
constexpr uint8_t i32 = 0x7F, funcref = 0x70, i32Const = 0x41, end = 0x0B;

Diagnostic fault(std::string why) {
  return error("compile.internal", "{}", why);
}

/// Bytes of a section, in the numbers that WebAssembly is written in.
class Section {
public:
  Section &u32(uint64_t value) {
    uint8_t bytes[10];
    bytes_.raw({bytes, llvm::encodeULEB128(value, bytes)});
    return *this;
  }
  Section &byte(uint8_t value) {
    bytes_.u8(value);
    return *this;
  }
  Section &raw(ByteSpan bytes) {
    bytes_.raw(bytes);
    return *this;
  }
  Section &name(std::string_view text) {
    return u32(text.size()).raw(asBytes(text));
  }
  /// An expression with this value.
  Section &constant(uint64_t value) {
    uint8_t bytes[10];
    byte(i32Const);
    auto number = static_cast<int32_t>(static_cast<uint32_t>(value));
    bytes_.raw({bytes, llvm::encodeSLEB128(number, bytes)});
    return byte(end);
  }
  ByteSpan bytes() const { return bytes_.bytes(); }

private:
  ByteWriter bytes_;
};

class ModuleWriter {
public:
  ModuleWriter(const WasmObjectFile &object, const WasmExports &exports)
      : object_(object), exports_(exports) {}

  Result<Bytes> write() {
    for (const llvm::object::SectionRef &section : object_.sections()) {
      const WasmSection &own = object_.getWasmSection(section);
      if (own.Type != wasm::WASM_SEC_CUSTOM)
        sections_[own.Type] = &own;
    }
    for (const auto &symbol : object_.symbols())
      symbols_.push_back(&object_.getWasmSymbol(symbol).Info);
    RUNE_TRY(checkImports());
    RUNE_TRY(placeData());
    file_.raw(asBytes(std::string_view("\0asm\1\0\0\0", 8)));
    copy(wasm::WASM_SEC_TYPE);
    copy(wasm::WASM_SEC_FUNCTION);
    if (tableEntries_ > 0)
      put(wasm::WASM_SEC_TABLE, Section()
                                    .u32(1)
                                    .byte(funcref)
                                    .byte(1)
                                    .u32(tableEntries_)
                                    .u32(tableEntries_));
    put(wasm::WASM_SEC_MEMORY,
        Section().u32(1).byte(0).u32((heapBase_ + pageBytes - 1) / pageBytes));
    put(wasm::WASM_SEC_GLOBAL, globals());
    put(wasm::WASM_SEC_EXPORT, RUNE_TRY(exported()));
    copy(wasm::WASM_SEC_ELEM);
    put(wasm::WASM_SEC_CODE, RUNE_TRY(relocated(wasm::WASM_SEC_CODE, {})));
    put(wasm::WASM_SEC_DATA, RUNE_TRY(data()));
    return file_.take();
  }

private:
  /// Of the stack's pointer, the memory and the table alone: none of them is
  /// the first of its kind that is defined, so no index changes.
  Result<> checkImports() {
    for (const wasm::WasmImport &import : object_.imports()) {
      bool ours = import.Kind == wasm::WASM_EXTERNAL_MEMORY ||
                  (import.Kind == wasm::WASM_EXTERNAL_GLOBAL &&
                   import.Field == "__stack_pointer") ||
                  (import.Kind == wasm::WASM_EXTERNAL_TABLE &&
                   import.Field == "__indirect_function_table");
      if (!ours)
        return fault(fmt::format("the code calls `{}`, which it does not have",
                                 import.Field.str()));
      if (import.Kind == wasm::WASM_EXTERNAL_TABLE)
        tableEntries_ = import.Table.Limits.Minimum;
    }
    if (!object_.globals().empty() || !object_.tables().empty())
      return fault("the object has globals or tables of its own");
    for (const wasm::WasmElemSegment &segment : object_.elements())
      tableEntries_ = std::max<uint64_t>(
          tableEntries_,
          static_cast<uint32_t>(segment.Offset.Inst.Value.Int32) +
              segment.Functions.size());
    return {};
  }

  Result<> placeData() {
    uint64_t at = alignTo(exports_.stackBytes, alignment);
    stackEnd_ = at;
    for (const auto &segment : object_.dataSegments()) {
      at = alignTo(at,
                   std::max(uint64_t{1} << segment.Data.Alignment, alignment));
      segments_.push_back(at);
      at += segment.Data.Content.size();
      if (at > mostBytes)
        return error("compile.too-large", "the model's constants need more "
                                          "than 2^31 bytes");
    }
    heapBase_ = alignTo(at, alignment);
    return {};
  }

  void put(uint8_t kind, const Section &section) {
    Section header;
    header.byte(kind).u32(section.bytes().size());
    file_.raw(header.bytes());
    file_.raw(section.bytes());
  }

  void copy(uint8_t kind) {
    auto found = sections_.find(kind);
    if (found == sections_.end())
      return;
    llvm::ArrayRef<uint8_t> content = found->second->Content;
    put(kind, Section().raw({content.data(), content.size()}));
  }

  /// The stack's pointer, which is the object's global 0, then ours.
  Section globals() const {
    constexpr uint8_t fixed = 0, variable = 1;
    Section section;
    section.u32(2 + exports_.numbers.size());
    section.byte(i32).byte(variable).constant(stackEnd_);
    section.byte(i32).byte(fixed).constant(heapBase_);
    for (const auto &[name, value] : exports_.numbers)
      section.byte(i32).byte(fixed).constant(value);
    return section;
  }

  Result<Section> exported() const {
    constexpr uint8_t function = 0, memory = 2, global = 3;
    std::map<std::string, uint32_t> functions;
    for (const wasm::WasmSymbolInfo *symbol : symbols_)
      if (symbol->Kind == wasm::WASM_SYMBOL_TYPE_FUNCTION)
        functions[symbol->Name.str()] = symbol->ElementIndex;
    Section section;
    section.u32(2 + exports_.functions.size() + exports_.numbers.size());
    section.name("memory").byte(memory).u32(0);
    section.name("__heap_base").byte(global).u32(1);
    for (const std::string &name : exports_.functions) {
      if (!functions.contains(name))
        return fault(fmt::format("the object has no `{}`", name));
      section.name(name).byte(function).u32(functions.at(name));
    }
    for (uint32_t i = 0; i < exports_.numbers.size(); ++i)
      section.name(exports_.numbers[i].first).byte(global).u32(2 + i);
    return section;
  }

  /// Where the data is that a relocation names.
  Result<uint32_t> addressOf(const wasm::WasmRelocation &relocation) const {
    if (relocation.Index >= symbols_.size())
      return fault("a relocation has no symbol");
    const wasm::WasmSymbolInfo &info = *symbols_[relocation.Index];
    if (info.Kind != wasm::WASM_SYMBOL_TYPE_DATA ||
        (info.Flags & wasm::WASM_SYMBOL_UNDEFINED) ||
        info.DataRef.Segment >= segments_.size())
      return fault("an address is none of the object's");
    return static_cast<uint32_t>(segments_[info.DataRef.Segment] +
                                 info.DataRef.Offset +
                                 static_cast<uint64_t>(relocation.Addend));
  }

  Result<> apply(const wasm::WasmRelocation &relocation, uint8_t *at) const {
    constexpr unsigned padded = 5;
    switch (relocation.getType()) {
    // as they are in the object
    case wasm::R_WASM_FUNCTION_INDEX_LEB:
    case wasm::R_WASM_TABLE_INDEX_SLEB:
    case wasm::R_WASM_TABLE_INDEX_I32:
    case wasm::R_WASM_TABLE_NUMBER_LEB:
    case wasm::R_WASM_TYPE_INDEX_LEB:
    case wasm::R_WASM_GLOBAL_INDEX_LEB:
      return {};
    case wasm::R_WASM_MEMORY_ADDR_LEB:
      llvm::encodeULEB128(RUNE_TRY(addressOf(relocation)), at, padded);
      return {};
    case wasm::R_WASM_MEMORY_ADDR_SLEB:
      llvm::encodeSLEB128(static_cast<int32_t>(RUNE_TRY(addressOf(relocation))),
                          at, padded);
      return {};
    case wasm::R_WASM_MEMORY_ADDR_I32:
      storeUnaligned(at, RUNE_TRY(addressOf(relocation)));
      return {};
    default:
      return fault(
          fmt::format("a relocation of kind {} is not known", relocation.Type));
    }
  }

  /// The content of a section, or a part of it, with its addresses.
  ///
  /// in  `part`: where it lies in the section; nothing for all of it
  Result<Section> relocated(uint8_t kind,
                            std::optional<std::pair<uint64_t, uint64_t>> part) {
    const WasmSection &section = *sections_.at(kind);
    auto [begin, size] =
        part.value_or(std::pair<uint64_t, uint64_t>(0, section.Content.size()));
    Bytes bytes(section.Content.begin() + begin,
                section.Content.begin() + begin + size);
    for (const wasm::WasmRelocation &relocation : section.Relocations) {
      if (relocation.Offset < begin || relocation.Offset >= begin + size)
        continue;
      if (relocation.Offset - begin + sizeof(uint32_t) > size)
        return fault("a relocation leaves its section");
      RUNE_TRY(apply(relocation, bytes.data() + (relocation.Offset - begin)));
    }
    return Section().raw(bytes);
  }

  Result<Section> data() {
    Section section;
    section.u32(segments_.size());
    for (size_t i = 0; i < segments_.size(); ++i) {
      const auto &segment = object_.dataSegments()[i];
      uint64_t size = segment.Data.Content.size();
      Section bytes = RUNE_TRY(relocated(
          wasm::WASM_SEC_DATA,
          std::pair<uint64_t, uint64_t>(segment.SectionOffset, size)));
      section.u32(0).constant(segments_[i]).u32(size).raw(bytes.bytes());
    }
    return section;
  }

  const WasmObjectFile &object_;
  const WasmExports &exports_;
  std::map<uint8_t, const WasmSection *> sections_;
  /// By the index that relocations have.
  std::vector<const wasm::WasmSymbolInfo *> symbols_;
  uint64_t tableEntries_ = 0, stackEnd_ = 0, heapBase_ = 0;
  /// Where each segment of data begins.
  std::vector<uint64_t> segments_;
  ByteWriter file_;
};

} // namespace

Result<Bytes> wasmModuleOf(ByteSpan object, const WasmExports &exports) {
  llvm::MemoryBufferRef buffer(
      llvm::StringRef(reinterpret_cast<const char *>(object.data()),
                      object.size()),
      "object");
  auto file = llvm::object::ObjectFile::createWasmObjectFile(buffer);
  if (!file)
    return fault(llvm::toString(file.takeError()));
  return ModuleWriter(**file, exports).write();
}

} // namespace rune::compile
