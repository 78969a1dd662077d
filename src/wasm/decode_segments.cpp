// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element and data segments (core 2.0, sections 5.5.12, 5.5.14, 5.5.16).
#include "wasm/limits.h"
#include "wasm/sections.h"

namespace rune::wasm {

namespace {

/// The bits of an element segment's flags.
enum ElementFlag : uint32_t {
  NotActive = 1,
  /// Active: a table index follows. Else: declarative.
  ExplicitOrDeclarative = 2,
  Expressions = 4,
};

SegmentMode elementMode(uint32_t flags) {
  if (!(flags & NotActive))
    return SegmentMode::Active;
  return flags & ExplicitOrDeclarative ? SegmentMode::Declarative
                                       : SegmentMode::Passive;
}

/// The element kind (only functions) or the reference type; flags 0 and 4 have
/// neither.
Result<ValueType> readElementType(Reader &reader, uint32_t flags) {
  if (!(flags & (NotActive | ExplicitOrDeclarative)))
    return ValueType::FuncRef;
  if (flags & Expressions)
    return readReferenceType(reader);
  Location at = reader.here();
  uint8_t kind = RUNE_TRY(reader.byte());
  if (kind != 0)
    return error("wasm.malformed", "malformed element kind {:02x}", kind)
        .at(at);
  return ValueType::FuncRef;
}

Result<ElementSegment> readElementSegment(Reader &reader) {
  Location at = reader.here();
  uint32_t flags = RUNE_TRY(reader.u32());
  if (flags > 7)
    return error("wasm.malformed", "malformed elements segment kind {}", flags)
        .at(at);
  ElementSegment segment;
  segment.mode = elementMode(flags);
  if (segment.mode == SegmentMode::Active) {
    if (flags & ExplicitOrDeclarative)
      segment.table = RUNE_TRY(reader.u32());
    segment.offset = RUNE_TRY(readConstantExpression(reader));
  }
  segment.type = RUNE_TRY(readElementType(reader, flags));
  uint32_t count =
      RUNE_TRY(reader.count(limits::elementsPerSegment, "elements"));
  for (uint32_t i = 0; i < count; ++i)
    if (flags & Expressions)
      segment.expressions.push_back(RUNE_TRY(readConstantExpression(reader)));
    else
      segment.functions.push_back(RUNE_TRY(reader.u32()));
  return segment;
}

Result<DataSegment> readDataSegment(Reader &reader) {
  Location at = reader.here();
  uint32_t flags = RUNE_TRY(reader.u32());
  if (flags > 2)
    return error("wasm.malformed", "malformed data segment kind {}", flags)
        .at(at);
  DataSegment segment;
  segment.mode = flags == 1 ? SegmentMode::Passive : SegmentMode::Active;
  if (flags == 2)
    segment.memory = RUNE_TRY(reader.u32());
  if (segment.mode == SegmentMode::Active)
    segment.offset = RUNE_TRY(readConstantExpression(reader));
  uint32_t size = RUNE_TRY(reader.u32());
  segment.bytes = RUNE_TRY(reader.take(size));
  return segment;
}

} // namespace

Result<> decodeElements(Reader &reader, Module &module) {
  uint32_t count =
      RUNE_TRY(reader.count(limits::elementSegments, "element segments"));
  for (uint32_t i = 0; i < count; ++i)
    module.elements.push_back(RUNE_TRY(readElementSegment(reader)));
  return {};
}

Result<> decodeDataCount(Reader &reader, Module &module) {
  module.dataCount = RUNE_TRY(reader.u32());
  return {};
}

Result<> decodeData(Reader &reader, Module &module) {
  uint32_t count =
      RUNE_TRY(reader.count(limits::dataSegments, "data segments"));
  for (uint32_t i = 0; i < count; ++i)
    module.data.push_back(RUNE_TRY(readDataSegment(reader)));
  return {};
}

} // namespace rune::wasm
