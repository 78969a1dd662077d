// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Segments of elements and data, written as fields of their own or inside of a
// table or memory.
//
// source  core 3.0, sections 5.5.12, 5.5.14 and 6.6
#include "wasm/text/fields.h"

namespace rune::wasm::text {

void constantZero(Encoder &out, bool wide) {
  out.byte(wide ? 0x42 : 0x41);
  out.s(0);
  out.byte(0x0B);
}

Result<> functionItems(Assembler &module, Cursor &items,
                       ElementSegment &segment) {
  while (!items.atEnd()) {
    segment.items.u(RUNE_TRY(module.index(SpaceKind::Function, items)));
    ++segment.count;
  }
  return {};
}

Result<> expressionItems(Assembler &module, Cursor &items,
                         ElementSegment &segment) {
  segment.isExpressions = true;
  while (!items.atEnd()) {
    ++segment.count;
    if (const Node *list = items.takeList("item")) {
      Cursor inner(module.source, *list);
      RUNE_TRY(module.expression(inner, segment.items));
    } else {
      RUNE_TRY(module.foldedExpression(items, segment.items));
    }
  }
  return {};
}

/// `(offset instr…)`, or one instruction in parentheses.
static Result<> offset(Assembler &module, Cursor &inner, Encoder &out) {
  if (const Node *list = inner.takeList("offset")) {
    Cursor expression(module.source, *list);
    return module.expression(expression, out);
  }
  return module.foldedExpression(inner, out);
}

static Result<> elementList(Assembler &module, Cursor &inner,
                            ElementSegment &segment) {
  if (inner.take("func"))
    return functionItems(module, inner, segment);
  if (peekReferenceType(inner)) {
    segment.type = RUNE_TRY(referenceType(inner));
    return expressionItems(module, inner, segment);
  }
  if (segment.active)
    return functionItems(module, inner, segment);
  return inner.unexpected("`func` or a reference type");
}

Result<> elementSegment(Assembler &module, Cursor inner) {
  ElementSegment segment;
  inner.takeId();
  bool tableGiven = false;
  if (const Node *list = inner.takeList("table")) {
    Cursor which(module.source, *list);
    segment.table = RUNE_TRY(module.index(SpaceKind::Table, which));
    RUNE_TRY(which.end());
    tableGiven = segment.active = true;
  } else if (inner.take("declare")) {
    segment.declarative = true;
  } else if (Assembler::peekIndex(inner)) {
    // the spelling of 2017: a bare table index
    segment.table = RUNE_TRY(module.index(SpaceKind::Table, inner));
    segment.active = true;
  }
  if (!segment.declarative && !peekReferenceType(inner) &&
      (tableGiven || segment.active || inner.peekIs(TokenKind::Open))) {
    segment.active = true;
    RUNE_TRY(offset(module, inner, segment.offset));
  }
  RUNE_TRY(elementList(module, inner, segment));
  encodeSegment(module, segment);
  return {};
}

/// source  core 3.0, section 5.5.12
void encodeSegment(Assembler &module, const ElementSegment &segment) {
  Encoder &out = module.elements.add();
  bool plain = segment.active && segment.table == 0 &&
               (!segment.isExpressions || segment.type == funcRefCode);
  // functions are listed by index only where they are of type funcref
  bool expressions = segment.isExpressions || segment.type != funcRefCode;
  uint8_t flags = (segment.active ? 0 : 1) |
                  (segment.declarative || (segment.active && !plain) ? 2 : 0) |
                  (expressions ? 4 : 0);
  out.byte(flags);
  if (segment.active && !plain)
    out.u(segment.table);
  if (segment.active && segment.offset.bytes().empty())
    constantZero(out, segment.wideOffset);
  else if (segment.active)
    out.raw(segment.offset.bytes());
  if (!plain)
    out.byte(expressions ? segment.type : 0x00);
  out.u(segment.count);
  out.raw(segment.items.bytes());
}

Result<std::string> allStrings(Cursor &cursor) {
  std::string bytes;
  while (!cursor.atEnd())
    bytes += RUNE_TRY(cursor.string());
  return bytes;
}

Result<> dataSegment(Assembler &module, Cursor inner) {
  inner.takeId();
  uint32_t memory = 0;
  bool active = false;
  if (const Node *list = inner.takeList("memory")) {
    Cursor which(module.source, *list);
    memory = RUNE_TRY(module.index(SpaceKind::Memory, which));
    RUNE_TRY(which.end());
    active = true;
  } else if (Assembler::peekIndex(inner)) {
    memory = RUNE_TRY(module.index(SpaceKind::Memory, inner));
    active = true;
  }
  Encoder place;
  if (active || inner.peekIs(TokenKind::Open)) {
    active = true;
    RUNE_TRY(offset(module, inner, place));
  }
  std::string bytes = RUNE_TRY(allStrings(inner));
  encodeData(module, memory, active ? &place : nullptr, bytes);
  return {};
}

void encodeData(Assembler &module, uint32_t memory, const Encoder *offset,
                std::string_view bytes) {
  Encoder &out = module.data.add();
  out.byte(offset == nullptr ? 1 : memory == 0 ? 0 : 2);
  if (offset != nullptr && memory != 0)
    out.u(memory);
  if (offset != nullptr)
    out.raw(offset->bytes());
  out.name(bytes);
}

} // namespace rune::wasm::text
