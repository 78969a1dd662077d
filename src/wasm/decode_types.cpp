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

static Diagnostic badTypeForm(const Reader &reader, uint8_t form,
                              Location where) {
  if (reader.features().nameUnsupported && form >= 0x4D && form <= 0x5F)
    return unsupported("garbage collection", std::move(where));
  return error("wasm.malformed", "malformed function type {:02x}", form)
      .at(std::move(where));
}

Result<> decodeTypes(Reader &reader, Module &module) {
  uint32_t count = RUNE_TRY(reader.count(limits::types, "types"));
  for (uint32_t i = 0; i < count; ++i) {
    Location at = reader.here();
    uint8_t form = RUNE_TRY(reader.byte());
    if (form != 0x60)
      return badTypeForm(reader, form, at);
    FunctionType type;
    type.parameters =
        RUNE_TRY(readTypeList(reader, limits::parameters, "parameters"));
    type.results = RUNE_TRY(readTypeList(reader, limits::results, "results"));
    module.types.push_back(std::move(type));
  }
  return {};
}

namespace {

/// The bits of the byte before a size.
enum SizeFlag : uint8_t {
  HasMaximum = 1,
  Shared = 2,
  Address64 = 4,
  HasPageSize = 8,
};

/// A table's or memory's limits, and what stands with them.
struct SizedType {
  SizeLimits size;
  ValueType address = ValueType::I32;
  uint8_t pageSizeLog2 = 16;
};

/// source  custom page sizes: only 1 and 65536 are valid (3.2.13 there)
Result<uint8_t> readPageSize(Reader &reader) {
  Location at = reader.here();
  uint32_t log2 = RUNE_TRY(reader.u32());
  if (log2 != 0 && log2 != 16)
    return error("wasm.invalid",
                 "invalid custom page size 2^{}: 1 and 65536 "
                 "are possible",
                 log2)
        .at(at);
  return static_cast<uint8_t>(log2);
}

Result<uint8_t> readSizeFlags(Reader &reader, uint8_t known) {
  const Features &features = reader.features();
  Location at = reader.here();
  uint8_t flags = RUNE_TRY(reader.byte());
  if (!features.memory64)
    known &= ~Address64;
  if (!features.customPageSizes)
    known &= ~HasPageSize;
  // A shared memory has a maximum.
  if (features.nameUnsupported && (flags & ~(known | Shared)) == 0 &&
      (flags & (Shared | HasMaximum)) == (Shared | HasMaximum))
    return unsupported("threads", at);
  if (flags & ~known)
    return error("wasm.malformed", "malformed limits flags {:02x}", flags)
        .at(at);
  return flags;
}

/// Core 2.0 has 32 bits; with memory64 the form is 64 bits wide always, and
/// validation judges the number.
Result<uint64_t> readSize(Reader &reader) {
  if (reader.features().memory64)
    return reader.u64();
  return uint64_t{RUNE_TRY(reader.u32())};
}

Result<SizedType> readSizedType(Reader &reader, uint8_t known) {
  uint8_t flags = RUNE_TRY(readSizeFlags(reader, known));
  SizedType type;
  if (flags & Address64)
    type.address = ValueType::I64;
  type.size.minimum = RUNE_TRY(readSize(reader));
  if (flags & HasMaximum)
    type.size.maximum = RUNE_TRY(readSize(reader));
  if (flags & HasPageSize)
    type.pageSizeLog2 = RUNE_TRY(readPageSize(reader));
  return type;
}

} // namespace

Result<TableType> readTableType(Reader &reader) {
  ValueType element = RUNE_TRY(readReferenceType(reader));
  SizedType type = RUNE_TRY(readSizedType(reader, HasMaximum | Address64));
  return TableType{element, type.size, type.address};
}

Result<MemoryType> readMemoryType(Reader &reader) {
  SizedType type =
      RUNE_TRY(readSizedType(reader, HasMaximum | Address64 | HasPageSize));
  return MemoryType{type.size, type.address, type.pageSizeLog2};
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
