// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the walks over a module's fields share.
#pragma once

#include "wasm/text/assembler.h"

namespace rune::wasm::text {

/// What crosses the border of a module, with the numbers of the binary format.
enum class Extern : uint8_t { Function, Table, Memory, Global };
struct ExternName {
  std::string_view keyword;
  Extern kind;
  SpaceKind space;
};
inline constexpr ExternName externNames[] = {
    {"func", Extern::Function, SpaceKind::Function},
    {"table", Extern::Table, SpaceKind::Table},
    {"memory", Extern::Memory, SpaceKind::Memory},
    {"global", Extern::Global, SpaceKind::Global},
};
/// Null if the keyword is none of these.
const ExternName *externNamed(std::string_view keyword);
/// The list that comes next.
///
/// errors  unexpected token, `wasm.unsupported`
Result<const ExternName *> expectExtern(const Cursor &cursor);

/// The first two walks: every name gets its index.
///
/// errors  duplicate name, import after a definition, `wasm.unsupported`
Result<> declareFields(Assembler &module, Cursor fields);

/// Elements, wherever they are written.
struct ElementSegment {
  TypeCode type = funcRefCode;
  uint32_t table = 0;
  bool active = false;
  bool declarative = false;
  bool wideOffset = false;
  /// Empty: the start of the table.
  Encoder offset;
  bool isExpressions = false;
  Encoder items;
  uint32_t count = 0;
};

// segments.cpp

/// Indices of functions.
Result<> functionItems(Assembler &module, Cursor &items,
                       ElementSegment &segment);
/// `(item instr…)`, or one instruction in parentheses.
Result<> expressionItems(Assembler &module, Cursor &items,
                         ElementSegment &segment);
void encodeSegment(Assembler &module, const ElementSegment &segment);
/// The field `(elem …)`.
Result<> elementSegment(Assembler &module, Cursor inner);

/// `offset`: null for a passive segment.
void encodeData(Assembler &module, uint32_t memory, const Encoder *offset,
                std::string_view bytes);
/// The field `(data …)`.
Result<> dataSegment(Assembler &module, Cursor inner);
Result<std::string> allStrings(Cursor &cursor);

/// The constant expression 0, of 64 bits if `wide`.
void constantZero(Encoder &out, bool wide);

} // namespace rune::wasm::text
