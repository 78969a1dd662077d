// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the files of this folder share while one module is assembled: the names
// of every index space, the function types, and the sections so far.
#pragma once

#include "wasm/instruction.h"
#include "wasm/text/encoder.h"
#include "wasm/text/node.h"

#include <array>
#include <map>

namespace rune::wasm::text {

/// The byte of a value type in the binary format.
using TypeCode = uint8_t;
constexpr TypeCode i32Code = 0x7F, i64Code = 0x7E, funcRefCode = 0x70,
                   externRefCode = 0x6F;

struct Signature {
  std::vector<TypeCode> parameters;
  std::vector<TypeCode> results;
  bool operator==(const Signature &) const = default;
};

/// The index spaces of a module that have names.
enum class SpaceKind : uint8_t {
  Type,
  Function,
  Table,
  Memory,
  Global,
  Element,
  Data,
};
std::string_view spaceName(SpaceKind kind);

/// The names of one index space.
struct Names {
  std::map<std::string, uint32_t, std::less<>> indices;
  uint32_t count = 0;

  /// Takes the next index; false where the name is taken.
  bool add(const std::optional<std::string> &name) {
    return (!name || indices.emplace(*name, count).second) && ++count;
  }
};

/// A type use: the index of its type, and what its parameters are called.
struct TypeUse {
  uint32_t index = 0;
  std::vector<std::optional<std::string>> names;
  /// Inline parameters or results were there.
  bool isInline = false;
  bool isExplicit = false;
};

struct Assembler {
  SourcePtr source;
  Names spaces[7];
  std::vector<Signature> types;

  SectionEncoder imports, functions, tables, memories, globals, exports,
      elements, code, data;
  std::optional<uint32_t> start;
  /// An instruction names a data segment: the count must stand before the code.
  bool usesData = false;

  Names &space(SpaceKind kind) { return spaces[static_cast<size_t>(kind)]; }

  /// Gives the next index of a space to `name`.
  ///
  /// errors  duplicate name
  Result<uint32_t> declare(SpaceKind kind, const Cursor &at,
                           const std::optional<std::string> &name);
  /// The index that a name or a number stands for.
  ///
  /// errors  unknown name · unexpected token
  Result<uint32_t> index(SpaceKind kind, Cursor &cursor);
  /// The same where it may be left out.
  Result<uint32_t> indexOr(SpaceKind kind, Cursor &cursor, uint32_t fallback);
  /// True if a name or a number comes next.
  static bool peekIndex(const Cursor &cursor, size_t ahead = 0);

  // types.cpp
  Result<TypeUse> typeUse(Cursor &cursor);
  Result<Signature>
  signature(Cursor &cursor,
            std::vector<std::optional<std::string>> *names = nullptr);
  uint32_t typeOf(const Signature &signature);

  // fields.cpp, assembler.cpp
  Result<> assembleAll(Cursor fields);
  Bytes finish();

  // instructions.cpp
  /// A constant expression, with its `end`.
  Result<> expression(Cursor &cursor, Encoder &out);
  /// One instruction in parentheses as such an expression.
  Result<> foldedExpression(Cursor &cursor, Encoder &out);
  /// The locals and instructions of a function.
  Result<> body(Cursor &cursor, const TypeUse &use, Encoder &out);
};

/// errors  unknown type, `wasm.unsupported`
Result<TypeCode> valueType(Cursor &cursor);
Result<TypeCode> referenceType(Cursor &cursor);
/// What stands behind `ref.null`.
Result<TypeCode> heapType(Cursor &cursor);
/// A reference type comes next.
bool peekReferenceType(const Cursor &cursor);

/// errors  `wasm.malformed`: no number of this kind, or too large
Result<uint64_t> unsignedNumber(Cursor &cursor, unsigned width);
Result<uint64_t> integerNumber(Cursor &cursor, unsigned width);
Result<uint64_t> floatNumber(Cursor &cursor, unsigned width);
/// The bits of the sixteen bytes behind `v128.const`.
Result<std::array<uint8_t, 16>> vectorNumber(Cursor &cursor);

/// A feature that we know by name and do not run.
Diagnostic unsupported(const Location &where, std::string_view feature);

} // namespace rune::wasm::text
