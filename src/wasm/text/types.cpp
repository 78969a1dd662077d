// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types in text: value types, signatures, and type uses, which may name a type,
// spell one out, or both.
//
// source  core 3.0, sections 6.4 and 6.6.3 (type uses)
#include "wasm/text/assembler.h"

#include <algorithm>

namespace rune::wasm::text {

namespace {

struct TypeName {
  std::string_view name;
  TypeCode code;
};
constexpr TypeName valueTypes[] = {
    {"i32", 0x7F},  {"i64", 0x7E},     {"f32", 0x7D},       {"f64", 0x7C},
    {"v128", 0x7B}, {"funcref", 0x70}, {"externref", 0x6F},
};

struct Feature {
  std::string_view name;
  std::string_view proposal;
};
constexpr Feature laterTypes[] = {
    {"anyref", "garbage collection"},
    {"eqref", "garbage collection"},
    {"i31ref", "garbage collection"},
    {"structref", "garbage collection"},
    {"arrayref", "garbage collection"},
    {"nullref", "garbage collection"},
    {"nullfuncref", "garbage collection"},
    {"nullexternref", "garbage collection"},
    {"exnref", "exception handling"},
    {"nullexnref", "exception handling"},
    {"contref", "stack switching"},
    {"nullcontref", "stack switching"},
};

/// `(ref null func)` and `(ref null extern)` are the long spellings of
/// `funcref` and `externref`.
Result<TypeCode> longReference(Cursor &cursor) {
  const Node &list = cursor.next();
  Cursor inner(cursor.source(), list);
  Location place = cursor.place(list.token.span);
  bool nullable = inner.take("null");
  bool isFunc = inner.peekAtom("func"), isExtern = inner.peekAtom("extern");
  if (!nullable || !(isFunc || isExtern))
    return unsupported(place, "typed function references");
  inner.next();
  RUNE_TRY(inner.end());
  return isFunc ? funcRefCode : externRefCode;
}

/// `(param $x i32)`, or `(param i32 i64 …)`.
Result<> parameters(Cursor inner, std::vector<TypeCode> &types,
                    std::vector<std::optional<std::string>> *names) {
  auto name = names != nullptr ? inner.takeId() : std::nullopt;
  if (name) {
    types.push_back(RUNE_TRY(valueType(inner)));
    names->push_back(std::move(name));
    return inner.end();
  }
  while (!inner.atEnd()) {
    types.push_back(RUNE_TRY(valueType(inner)));
    if (names != nullptr)
      names->push_back(std::nullopt);
  }
  return {};
}

} // namespace

Diagnostic unsupported(const Location &where, std::string_view feature) {
  return error("wasm.unsupported", "{} is not supported", feature).at(where);
}

Result<TypeCode> valueType(Cursor &cursor) {
  if (cursor.peekList("ref"))
    return longReference(cursor);
  if (!cursor.peekIs(TokenKind::Atom))
    return cursor.unexpected("a value type");
  const std::string &text = cursor.peek()->token.text;
  for (const TypeName &type : valueTypes)
    if (type.name == text) {
      cursor.next();
      return type.code;
    }
  for (const Feature &later : laterTypes)
    if (later.name == text)
      return unsupported(cursor.here(), later.proposal);
  return cursor.unexpected("a value type");
}

bool peekReferenceType(const Cursor &cursor) {
  if (cursor.peekList("ref"))
    return true;
  return cursor.peekIs(TokenKind::Atom) &&
         cursor.peek()->token.text.ends_with("ref");
}

Result<TypeCode> referenceType(Cursor &cursor) {
  if (!peekReferenceType(cursor))
    return cursor.unexpected("a reference type");
  return valueType(cursor);
}

Result<TypeCode> heapType(Cursor &cursor) {
  if (cursor.take("func"))
    return funcRefCode;
  if (cursor.take("extern"))
    return externRefCode;
  if (cursor.peekAtom("exn") || cursor.peekAtom("noexn"))
    return unsupported(cursor.here(), "exception handling");
  if (cursor.peekIs(TokenKind::Atom) || cursor.peekIs(TokenKind::Id))
    return unsupported(cursor.here(), "garbage collection");
  return cursor.unexpected("a heap type");
}

Result<Signature>
Assembler::signature(Cursor &cursor,
                     std::vector<std::optional<std::string>> *names) {
  Signature signature;
  while (const Node *list = cursor.takeList("param"))
    RUNE_TRY(parameters(Cursor(source, *list), signature.parameters, names));
  while (const Node *list = cursor.takeList("result"))
    RUNE_TRY(parameters(Cursor(source, *list), signature.results, nullptr));
  return signature;
}

uint32_t Assembler::typeOf(const Signature &signature) {
  auto found = std::ranges::find(types, signature);
  if (found != types.end())
    return static_cast<uint32_t>(found - types.begin());
  types.push_back(signature);
  return static_cast<uint32_t>(types.size() - 1);
}

Result<TypeUse> Assembler::typeUse(Cursor &cursor) {
  TypeUse use;
  Location place = cursor.here();
  if (const Node *list = cursor.takeList("type")) {
    Cursor inner(source, *list);
    use.index = RUNE_TRY(index(SpaceKind::Type, inner));
    use.isExplicit = true;
    RUNE_TRY(inner.end());
  }
  use.isInline = cursor.peekList("param") || cursor.peekList("result");
  Signature spelled = RUNE_TRY(signature(cursor, &use.names));
  if (!use.isExplicit) {
    use.index = typeOf(spelled);
    return use;
  }
  if (use.isInline &&
      (use.index >= types.size() || types[use.index] != spelled))
    return error("wasm.malformed", "{}",
                 use.index >= types.size()
                     ? fmt::format("unknown type {}", use.index)
                     : "inline function type: differs from the named type")
        .at(place);
  if (!use.isInline && use.index < types.size())
    use.names.resize(types[use.index].parameters.size());
  return use;
}

} // namespace rune::wasm::text
