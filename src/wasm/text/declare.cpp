// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two walks over a module's fields: types get their indices, then everything
// else, because names may be used before they are declared.
//
// source  core 3.0, section 6.6
#include "wasm/text/fields.h"

#include <algorithm>

namespace rune::wasm::text {

const ExternName *externNamed(std::string_view keyword) {
  auto found = std::ranges::find(externNames, keyword, &ExternName::keyword);
  return found == std::end(externNames) ? nullptr : found;
}

Result<const ExternName *> expectExtern(const Cursor &cursor) {
  const ExternName *kind =
      cursor.atEnd() ? nullptr : externNamed(cursor.peek()->head());
  if (kind != nullptr)
    return kind;
  if (cursor.peekList("tag"))
    return unsupported(cursor.here(), "exception handling");
  return cursor.unexpected("`(func …)`, `(table …)`, `(memory …)` or "
                           "`(global …)`");
}

namespace {

class Declarations {
public:
  explicit Declarations(Assembler &module) : m_(module) {}

  Result<> declareType(const Cursor &at, const Node &field) {
    if (field.head() == "rec")
      return unsupported(at.place(field.token.span), "garbage collection");
    if (field.head() != "type")
      return {};
    Cursor inner(m_.source, field);
    Cursor start = inner;
    auto name = inner.takeId();
    const Node *function = inner.takeList("func");
    if (function == nullptr) {
      if (inner.peekList("struct") || inner.peekList("array") ||
          inner.peekList("sub"))
        return unsupported(inner.here(), "garbage collection");
      if (inner.peekList("cont"))
        return unsupported(inner.here(), "stack switching");
      return inner.unexpected("`(func …)`");
    }
    RUNE_TRY(m_.declare(SpaceKind::Type, start, name));
    Cursor types(m_.source, *function);
    std::vector<std::optional<std::string>> ignored;
    m_.types.push_back(RUNE_TRY(m_.signature(types, &ignored)));
    RUNE_TRY(types.end());
    return inner.end();
  }

  Result<> declareField(const Cursor &at, const Node &field) {
    std::string_view head = field.head();
    if (const ExternName *kind = externNamed(head)) {
      Cursor inner(m_.source, field);
      return declareExtern(*kind, field, inner);
    }
    if (head == "import")
      return declareImport(field);
    if (head == "elem" || head == "data") {
      Cursor inner(m_.source, field);
      Cursor start = inner;
      RUNE_TRY(m_.declare(head == "elem" ? SpaceKind::Element : SpaceKind::Data,
                          start, inner.takeId()));
      return {};
    }
    if (head == "type" || head == "export" || head == "start")
      return {};
    if (head == "tag")
      return unsupported(at.place(field.token.span), "exception handling");
    Cursor rest(m_.source, std::span(&field, 1), field.token.span);
    return rest.unexpected("a field of a module");
  }

private:
  Result<> declareExtern(const ExternName &kind, const Node &field,
                         Cursor inner) {
    Cursor start = inner;
    auto name = inner.takeId();
    while (inner.takeList("export") != nullptr)
      ;
    bool imported = inner.peekList("import");
    RUNE_TRY(checkOrder(field, imported));
    RUNE_TRY(m_.declare(kind.space, start, name));
    // segments written inside of tables and memories take an index, too
    if (!imported && kind.kind == Extern::Memory && hasList(inner, "data"))
      m_.space(SpaceKind::Data).add(std::nullopt);
    if (!imported && kind.kind == Extern::Table && hasList(inner, "elem"))
      m_.space(SpaceKind::Element).add(std::nullopt);
    return {};
  }

  static bool hasList(Cursor cursor, std::string_view keyword) {
    while (!cursor.atEnd())
      if (cursor.next().isListOf(keyword))
        return true;
    return false;
  }

  Result<> declareImport(const Node &field) {
    RUNE_TRY(checkOrder(field, true));
    Cursor inner(m_.source, field);
    RUNE_TRY(inner.string());
    RUNE_TRY(inner.string());
    const ExternName *kind = RUNE_TRY(expectExtern(inner));
    Cursor description(m_.source, *inner.peek());
    Cursor start = description;
    RUNE_TRY(m_.declare(kind->space, start, description.takeId()));
    return {};
  }

  /// Imports take the first indices, so they stand first.
  Result<> checkOrder(const Node &field, bool imported) {
    if (!imported)
      defined_ = field.head();
    else if (!defined_.empty())
      return error("wasm.malformed", "import after {}",
                   defined_ == "func" ? std::string_view("function") : defined_)
          .at({m_.source, field.token.span});
    return {};
  }

  Assembler &m_;
  /// The keyword of a definition that was seen, after which no import may come.
  std::string_view defined_;
};

} // namespace

Result<> declareFields(Assembler &module, Cursor fields) {
  Declarations names(module);
  for (Cursor at = fields; !at.atEnd();)
    RUNE_TRY(names.declareType(at, at.next()));
  for (Cursor at = fields; !at.atEnd();)
    RUNE_TRY(names.declareField(at, at.next()));
  return {};
}

} // namespace rune::wasm::text
