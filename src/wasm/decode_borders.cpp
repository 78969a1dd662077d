// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What crosses the module's border: imports, exports, start, custom sections
// (core 2.0, sections 5.5.3, 5.5.5, 5.5.10, 5.5.11).
#include "wasm/limits.h"
#include "wasm/sections.h"

namespace rune::wasm {

Result<> checkCount(const Reader &reader, uint64_t count, uint32_t limit,
                    std::string_view what) {
  if (count > limit)
    return error("wasm.limit", "{} {}, at most {} are allowed", count, what,
                 limit)
        .at(reader.here());
  return {};
}

/// A kind byte; `what` is "import" or "export".
static Result<ExternKind> readKind(Reader &reader, std::string_view what) {
  Location at = reader.here();
  uint8_t kind = RUNE_TRY(reader.byte());
  if (kind == 4 && reader.features().nameUnsupported)
    return unsupported("exception handling", at);
  if (kind > 3)
    return error("wasm.malformed", "malformed {} kind {:02x}", what, kind)
        .at(at);
  return static_cast<ExternKind>(kind);
}

/// Adds what is imported to its index space; the result is its index.
static Result<uint32_t> readImported(Reader &reader, Module &module,
                                     ExternKind kind) {
  switch (kind) {
  case ExternKind::Function:
    module.functions.push_back(RUNE_TRY(reader.u32()));
    return module.importedFunctions++;
  case ExternKind::Table:
    module.tables.push_back({RUNE_TRY(readTableType(reader)), {}});
    return module.importedTables++;
  case ExternKind::Memory:
    module.memories.push_back(RUNE_TRY(readMemoryType(reader)));
    return module.importedMemories++;
  case ExternKind::Global:
    module.globals.push_back({RUNE_TRY(readGlobalType(reader)), {}});
    return module.importedGlobals++;
  }
  return 0u;
}

Result<> decodeImports(Reader &reader, Module &module) {
  uint32_t count = RUNE_TRY(reader.count(limits::imports, "imports"));
  for (uint32_t i = 0; i < count; ++i) {
    Import entry;
    entry.module = RUNE_TRY(reader.name());
    entry.name = RUNE_TRY(reader.name());
    entry.kind = RUNE_TRY(readKind(reader, "import"));
    entry.index = RUNE_TRY(readImported(reader, module, entry.kind));
    module.imports.push_back(std::move(entry));
  }
  return {};
}

Result<> decodeExports(Reader &reader, Module &module) {
  uint32_t count = RUNE_TRY(reader.count(limits::exports, "exports"));
  for (uint32_t i = 0; i < count; ++i) {
    Export entry;
    entry.name = RUNE_TRY(reader.name());
    entry.kind = RUNE_TRY(readKind(reader, "export"));
    entry.index = RUNE_TRY(reader.u32());
    module.exports.push_back(std::move(entry));
  }
  return {};
}

Result<> decodeStart(Reader &reader, Module &module) {
  module.start = RUNE_TRY(reader.u32());
  return {};
}

Result<> decodeCustom(Reader &reader, Module &module) {
  RUNE_TRY(checkCount(reader, module.customSections.size() + 1,
                      limits::customSections, "custom sections"));
  CustomSection section;
  section.name = RUNE_TRY(reader.name());
  section.offset = reader.offset();
  section.payload = RUNE_TRY(reader.take(reader.remaining()));
  module.customSections.push_back(std::move(section));
  return {};
}

} // namespace rune::wasm
