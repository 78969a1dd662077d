// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types and their section (core 2.0, sections 5.3 and 5.5.4).
#include "wasm/limits.h"
#include "wasm/sections.h"

namespace rune::wasm {

static Result<std::vector<ValueType>>
readTypeList(Reader &reader, uint32_t limit, std::string_view what) {
  uint32_t count = RUNE_TRY(reader.count(limit, what));
  std::vector<ValueType> types;
  types.reserve(count);
  for (uint32_t i = 0; i < count; ++i)
    types.push_back(RUNE_TRY(readValueType(reader)));
  return types;
}

static Diagnostic badTypeForm(uint8_t form, Location where) {
  if (form >= 0x4D && form <= 0x5F)
    return error("wasm.unsupported", "garbage collection is not supported yet")
        .at(std::move(where));
  return error("wasm.malformed", "malformed function type {:02x}", form)
      .at(std::move(where));
}

Result<> decodeTypes(Reader &reader, Module &module) {
  uint32_t count = RUNE_TRY(reader.count(limits::types, "types"));
  for (uint32_t i = 0; i < count; ++i) {
    Location at = reader.here();
    uint8_t form = RUNE_TRY(reader.byte());
    if (form != 0x60)
      return badTypeForm(form, at);
    FunctionType type;
    type.parameters =
        RUNE_TRY(readTypeList(reader, limits::parameters, "parameters"));
    type.results = RUNE_TRY(readTypeList(reader, limits::results, "results"));
    module.types.push_back(std::move(type));
  }
  return {};
}

static Diagnostic badLimitsFlags(uint8_t flags, Location where) {
  std::string_view feature = flags < 4      ? "shared memory"
                             : flags < 8    ? "memory64"
                             : flags < 0x10 ? "custom page sizes"
                                            : "";
  if (feature.empty())
    return error("wasm.malformed", "malformed limits flags {:02x}", flags)
        .at(std::move(where));
  return error("wasm.unsupported", "{} {} not supported yet", feature,
               feature.ends_with('s') ? "are" : "is")
      .at(std::move(where));
}

static Result<SizeLimits> readSizeLimits(Reader &reader) {
  Location at = reader.here();
  uint8_t flags = RUNE_TRY(reader.byte());
  if (flags > 1)
    return badLimitsFlags(flags, at);
  SizeLimits size;
  size.minimum = RUNE_TRY(reader.u32());
  if (flags == 1)
    size.maximum = RUNE_TRY(reader.u32());
  return size;
}

Result<TableType> readTableType(Reader &reader) {
  if (RUNE_TRY(reader.peek()) == 0x40)
    return error("wasm.unsupported", "table initializers are not supported yet")
        .at(reader.here());
  ValueType element = RUNE_TRY(readReferenceType(reader));
  return TableType{element, RUNE_TRY(readSizeLimits(reader))};
}

Result<MemoryType> readMemoryType(Reader &reader) {
  return MemoryType{RUNE_TRY(readSizeLimits(reader))};
}

Result<GlobalType> readGlobalType(Reader &reader) {
  ValueType value = RUNE_TRY(readValueType(reader));
  Location at = reader.here();
  uint8_t mutability = RUNE_TRY(reader.byte());
  if (mutability > 1)
    return error("wasm.malformed", "malformed mutability {:02x}", mutability)
        .at(at);
  return GlobalType{value, mutability == 1};
}

} // namespace rune::wasm
