// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The frame of a module: magic, version, and sections in their order (core 2.0,
// sections 5.5.2 and 5.5.16).
#include "wasm/decode.h"

#include "wasm/limits.h"
#include "wasm/sections.h"
#include "wasm/validate.h"

#include <array>

namespace rune::wasm {

namespace {

struct SectionKind {
  std::string_view name;
  /// Sections stand in this order, each once; custom sections anywhere.
  uint8_t order;
  Result<> (*decode)(Reader &, Module &);
};

/// By section id.
constexpr std::array<SectionKind, 13> sectionKinds{{
    {"custom", 0, decodeCustom},
    {"type", 1, decodeTypes},
    {"import", 2, decodeImports},
    {"function", 3, decodeFunctions},
    {"table", 4, decodeTables},
    {"memory", 5, decodeMemories},
    {"global", 6, decodeGlobals},
    {"export", 7, decodeExports},
    {"start", 8, decodeStart},
    {"element", 9, decodeElements},
    {"code", 11, decodeCode},
    {"data", 12, decodeData},
    {"data count", 10, decodeDataCount},
}};

constexpr uint8_t tagSection = 13;

Result<> readHeader(Reader &reader) {
  constexpr uint32_t magic = 0x6D736100; // "\0asm"
  if (RUNE_TRY(reader.fixed32()) != magic)
    return error("wasm.malformed", "magic header not detected")
        .at(reader.place(0));
  uint32_t version = RUNE_TRY(reader.fixed32());
  if (version == 0x1000D)
    return error("wasm.malformed",
                 "unknown binary version: this is a component, a core module "
                 "was needed")
        .at(reader.place(4));
  if (version != 1)
    return error("wasm.malformed", "unknown binary version {}", version)
        .at(reader.place(4));
  return {};
}

Result<const SectionKind *> readSectionKind(Reader &reader) {
  Location at = reader.here();
  uint8_t id = RUNE_TRY(reader.byte());
  if (id == tagSection && reader.features().nameUnsupported)
    return unsupported("exception handling", at);
  if (id >= sectionKinds.size())
    return error("wasm.malformed", "malformed section id {}", id).at(at);
  return &sectionKinds[id];
}

Result<> readSection(Reader &reader, Module &module, uint8_t &lastOrder) {
  Location at = reader.here();
  const SectionKind &kind = *RUNE_TRY(readSectionKind(reader));
  Reader section = RUNE_TRY(reader.part());
  if (kind.order != 0 && kind.order <= lastOrder)
    return error("wasm.malformed",
                 "unexpected content after last section: the {} section is "
                 "repeated or out of order",
                 kind.name)
        .at(at);
  lastOrder = std::max(lastOrder, kind.order);
  RUNE_TRY(kind.decode(section, module));
  if (!section.atEnd())
    return error("wasm.malformed",
                 "section size mismatch: {} bytes left in the {} section",
                 section.remaining(), kind.name)
        .at(section.here());
  return {};
}

/// Lengths that two sections must agree on.
Result<> checkLengths(const Reader &reader, const Module &module) {
  if (module.functions.size() - module.importedFunctions !=
      module.bodies.size())
    return error("wasm.malformed", "function and code section have "
                                   "inconsistent lengths: no code section")
        .at(reader.here());
  if (module.dataCount && *module.dataCount != module.data.size())
    return error("wasm.malformed",
                 "data count and data section have inconsistent lengths: {} "
                 "announced, {} present",
                 *module.dataCount, module.data.size())
        .at(reader.here());
  return {};
}

} // namespace

Result<Module> decode(ByteSpan bytes, const SourcePtr &source,
                      std::shared_ptr<const void> owner,
                      const Features &features) {
  Reader reader(bytes, source);
  reader.setFeatures(features);
  if (bytes.size() > limits::moduleBytes)
    return error("wasm.limit", "module of {} bytes, at most {} are allowed",
                 bytes.size(), limits::moduleBytes)
        .at(reader.here());
  RUNE_TRY(readHeader(reader));

  Module module;
  module.bytes = bytes;
  module.owner = std::move(owner);
  module.source = source;
  module.features = features;
  uint8_t lastOrder = 0;
  while (!reader.atEnd())
    RUNE_TRY(readSection(reader, module, lastOrder));
  RUNE_TRY(checkLengths(reader, module));
  return module;
}

Result<std::shared_ptr<const Module>> load(ByteSpan bytes,
                                           const SourcePtr &source,
                                           std::shared_ptr<const void> owner,
                                           const Features &features) {
  auto module = std::make_shared<Module>(
      RUNE_TRY(decode(bytes, source, std::move(owner), features)));
  RUNE_TRY(validate(*module));
  return std::shared_ptr<const Module>(std::move(module));
}

} // namespace rune::wasm
