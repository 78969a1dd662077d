// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The fields of a module. Three walks over them: types get their indices, then
// everything else (names may be used before they are declared), then each field
// becomes bytes.
//
// source  core 3.0, section 6.6
#include "wasm/text/assembler.h"
#include "wasm/text/text.h"

#include <algorithm>
#include <bit>
#include <cctype>

namespace rune::wasm::text {

namespace {

constexpr TypeCode functionTypeCode = 0x60;

enum class Extern : uint8_t { Function, Table, Memory, Global };
struct ExternName {
  std::string_view keyword;
  Extern kind;
  SpaceKind space;
};
constexpr ExternName externNames[] = {
    {"func", Extern::Function, SpaceKind::Function},
    {"table", Extern::Table, SpaceKind::Table},
    {"memory", Extern::Memory, SpaceKind::Memory},
    {"global", Extern::Global, SpaceKind::Global},
};
const ExternName *externNamed(std::string_view keyword) {
  auto found = std::ranges::find(externNames, keyword, &ExternName::keyword);
  return found == std::end(externNames) ? nullptr : found;
}

/// `(import "module" "name" (func …))`, or `(func (import "module" "name") …)`.
struct ImportNames {
  std::string module;
  std::string name;
};

class Fields {
public:
  explicit Fields(Assembler &module) : m_(module) {}

  Result<> run(Cursor fields) {
    for (Cursor at = fields; !at.atEnd();)
      RUNE_TRY(declareType(at, at.next()));
    for (Cursor at = fields; !at.atEnd();)
      RUNE_TRY(declareField(at, at.next()));
    for (Cursor at = fields; !at.atEnd();)
      RUNE_TRY(encodeField(at, at.next()));
    return {};
  }

private:
  Diagnostic faultAt(const Node &node, std::string text) {
    return error("wasm.malformed", "{}", text).at({m_.source, node.token.span});
  }

  // --- names ---

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
    const ExternName *kind =
        inner.atEnd() ? nullptr : externNamed(inner.peek()->head());
    if (kind == nullptr)
      return inner.peekList("tag")
                 ? unsupported(inner.here(), "exception handling")
                 : inner.unexpected("`(func …)`, `(table …)`, `(memory …)` or "
                                    "`(global …)`");
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
      return faultAt(field, fmt::format("import after {}",
                                        defined_ == "func"
                                            ? std::string_view("function")
                                            : defined_));
    return {};
  }

  // --- bytes ---

  Result<> encodeField(const Cursor &, const Node &field) {
    std::string_view head = field.head();
    Cursor inner(m_.source, field);
    if (head == "func")
      return function(inner);
    if (head == "table")
      return table(inner);
    if (head == "memory")
      return memory(inner);
    if (head == "global")
      return global(inner);
    if (head == "import")
      return import(inner);
    if (head == "export")
      return exportField(inner);
    if (head == "start")
      return start(inner, field);
    if (head == "elem")
      return elementSegment(inner);
    if (head == "data")
      return dataSegment(inner);
    return {};
  }

  /// The exports and the import that may stand behind the name.
  Result<std::optional<ImportNames>> border(Cursor &inner, Extern kind,
                                            uint32_t index) {
    inner.takeId();
    while (const Node *list = inner.takeList("export")) {
      Cursor names(m_.source, *list);
      std::string name = RUNE_TRY(utf8(names));
      RUNE_TRY(names.end());
      addExport(name, kind, index);
    }
    const Node *list = inner.takeList("import");
    if (list == nullptr)
      return std::optional<ImportNames>();
    Cursor names(m_.source, *list);
    ImportNames import;
    import.module = RUNE_TRY(utf8(names));
    import.name = RUNE_TRY(utf8(names));
    RUNE_TRY(names.end());
    return std::optional(std::move(import));
  }

  Result<std::string> utf8(Cursor &cursor) {
    Cursor before = cursor;
    std::string text = RUNE_TRY(cursor.string());
    if (!isUtf8(asBytes(text)))
      return before.fault("malformed UTF-8 encoding");
    return text;
  }

  void addExport(std::string_view name, Extern kind, uint32_t index) {
    Encoder &out = m_.exports.add();
    out.name(name);
    out.byte(static_cast<uint8_t>(kind));
    out.u(index);
  }

  Encoder &addImport(const ImportNames &names, Extern kind) {
    Encoder &out = m_.imports.add();
    out.name(names.module);
    out.name(names.name);
    out.byte(static_cast<uint8_t>(kind));
    return out;
  }

  Result<> import(Cursor inner) {
    ImportNames names;
    names.module = RUNE_TRY(utf8(inner));
    names.name = RUNE_TRY(utf8(inner));
    const ExternName &kind = *externNamed(inner.peek()->head());
    Cursor type(m_.source, inner.next());
    type.takeId();
    // the type first: it may still refuse
    Encoder bytes;
    RUNE_TRY(externType(kind.kind, type, bytes));
    RUNE_TRY(type.end());
    addImport(names, kind.kind).raw(bytes.bytes());
    ++counts_[static_cast<size_t>(kind.kind)];
    return inner.end();
  }

  Result<> externType(Extern kind, Cursor &type, Encoder &out) {
    switch (kind) {
    case Extern::Function: {
      TypeUse use = RUNE_TRY(m_.typeUse(type));
      out.u(use.index);
      return {};
    }
    case Extern::Table:
      return tableType(type, out);
    case Extern::Memory:
      return memoryType(type, out);
    case Extern::Global:
      return globalType(type, out);
    }
    return {};
  }

  uint32_t nextIndex(Extern kind) {
    return counts_[static_cast<size_t>(kind)]++;
  }

  Result<> function(Cursor inner) {
    uint32_t index = nextIndex(Extern::Function);
    auto imported = RUNE_TRY(border(inner, Extern::Function, index));
    TypeUse use = RUNE_TRY(m_.typeUse(inner));
    if (imported) {
      addImport(*imported, Extern::Function).u(use.index);
      return inner.end();
    }
    m_.functions.add().u(use.index);
    Encoder body;
    RUNE_TRY(m_.body(inner, use, body));
    m_.code.add().sized(body);
    return {};
  }

  /// `min max?`; for tables and memories alike, indexed by i32 or i64.
  struct Sizes {
    bool wide = false;
    uint64_t minimum = 0;
    std::optional<uint64_t> maximum;
    std::optional<uint32_t> logPageBytes;

    void encode(Encoder &out) const {
      out.byte(static_cast<uint8_t>((maximum ? 1 : 0) | (wide ? 4 : 0) |
                                    (logPageBytes ? 8 : 0)));
      out.u(minimum);
      if (maximum)
        out.u(*maximum);
      if (logPageBytes)
        out.u(*logPageBytes);
    }
  };

  static bool takeAddressType(Cursor &cursor) {
    if (cursor.take("i64"))
      return true;
    cursor.take("i32");
    return false;
  }

  Result<> sizes(Cursor &cursor, Sizes &sizes) {
    // 64 bits for all: what is too large for i32 is well-formed, but invalid
    sizes.minimum = RUNE_TRY(unsignedNumber(cursor, 64));
    if (!cursor.atEnd() && cursor.peekIs(TokenKind::Atom) &&
        std::isdigit(static_cast<unsigned char>(cursor.peek()->token.text[0])))
      sizes.maximum = RUNE_TRY(unsignedNumber(cursor, 64));
    return {};
  }

  Result<> tableType(Cursor &cursor, Encoder &out) {
    Sizes size;
    size.wide = takeAddressType(cursor);
    RUNE_TRY(sizes(cursor, size));
    if (cursor.take("shared"))
      return unsupported(cursor.here(), "threads");
    out.byte(RUNE_TRY(referenceType(cursor)));
    size.encode(out);
    return {};
  }

  /// `(pagesize N)`, a power of two.
  Result<> pageSize(Cursor &cursor, Sizes &size) {
    const Node *list = cursor.takeList("pagesize");
    if (list == nullptr)
      return {};
    Cursor inner(m_.source, *list);
    Location place = inner.here();
    uint64_t bytes = RUNE_TRY(unsignedNumber(inner, 64));
    if (!std::has_single_bit(bytes))
      return error("wasm.malformed", "invalid custom page size {}", bytes)
          .at(place);
    size.logPageBytes = static_cast<uint32_t>(std::countr_zero(bytes));
    return inner.end();
  }

  Result<> memoryType(Cursor &cursor, Encoder &out) {
    Sizes size;
    size.wide = takeAddressType(cursor);
    RUNE_TRY(sizes(cursor, size));
    if (cursor.peekAtom("shared"))
      return unsupported(cursor.here(), "threads");
    RUNE_TRY(pageSize(cursor, size));
    size.encode(out);
    return {};
  }

  Result<> globalType(Cursor &cursor, Encoder &out) {
    if (const Node *list = cursor.takeList("mut")) {
      Cursor inner(m_.source, *list);
      out.byte(RUNE_TRY(valueType(inner)));
      out.byte(1);
      return inner.end();
    }
    out.byte(RUNE_TRY(valueType(cursor)));
    out.byte(0);
    return {};
  }

  Result<> table(Cursor inner) {
    uint32_t index = nextIndex(Extern::Table);
    auto imported = RUNE_TRY(border(inner, Extern::Table, index));
    Encoder type;
    if (imported) {
      RUNE_TRY(tableType(inner, type));
      addImport(*imported, Extern::Table).raw(type.bytes());
      return inner.end();
    }
    Cursor ahead = inner;
    bool wide = takeAddressType(ahead);
    if (peekReferenceType(ahead))
      return tableWithElements(ahead, index, wide);
    RUNE_TRY(tableType(inner, type));
    if (inner.peekIs(TokenKind::Open)) {
      // a table with an initial value for all elements
      Encoder initial;
      RUNE_TRY(m_.foldedExpression(inner, initial));
      RUNE_TRY(inner.end());
      Encoder &out = m_.tables.add();
      out.byte(0x40);
      out.byte(0x00);
      out.raw(type.bytes());
      out.raw(initial.bytes());
      return {};
    }
    RUNE_TRY(inner.end());
    m_.tables.add().raw(type.bytes());
    return {};
  }

  static void constantZero(Encoder &out, bool wide) {
    out.byte(wide ? 0x42 : 0x41);
    out.s(0);
    out.byte(0x0B);
  }

  /// `(table funcref (elem …))`: as large as its elements.
  Result<> tableWithElements(Cursor inner, uint32_t index, bool wide) {
    TypeCode type = RUNE_TRY(referenceType(inner));
    const Node *list = inner.takeList("elem");
    if (list == nullptr)
      return inner.unexpected("`(elem …)`");
    Cursor items(m_.source, *list);
    Segment segment;
    segment.type = type;
    segment.table = index;
    segment.wideOffset = wide;
    bool listsFunctions = items.atEnd() || Assembler::peekIndex(items);
    RUNE_TRY(listsFunctions ? functionItems(items, segment)
                            : expressionItems(items, segment));
    RUNE_TRY(inner.end());
    Encoder &out = m_.tables.add();
    out.byte(type);
    Sizes size{wide, segment.count, segment.count, {}};
    size.encode(out);
    segment.active = true;
    encodeSegment(segment);
    return {};
  }

  Result<> memory(Cursor inner) {
    uint32_t index = nextIndex(Extern::Memory);
    auto imported = RUNE_TRY(border(inner, Extern::Memory, index));
    Encoder type;
    if (imported) {
      RUNE_TRY(memoryType(inner, type));
      addImport(*imported, Extern::Memory).raw(type.bytes());
      return inner.end();
    }
    Cursor ahead = inner;
    bool wide = takeAddressType(ahead);
    if (ahead.peekList("data") || ahead.peekList("pagesize")) {
      Cursor probe = ahead;
      probe.takeList("pagesize");
      if (probe.peekList("data"))
        return memoryWithData(ahead, index, wide);
    }
    RUNE_TRY(memoryType(inner, m_.memories.add()));
    return inner.end();
  }

  /// `(memory (data "…"))`: as large as its data.
  Result<> memoryWithData(Cursor inner, uint32_t index, bool wide) {
    Sizes size;
    size.wide = wide;
    RUNE_TRY(pageSize(inner, size));
    Cursor strings(m_.source, *inner.takeList("data"));
    std::string bytes = RUNE_TRY(allStrings(strings));
    RUNE_TRY(inner.end());
    uint64_t page = uint64_t{1}
                    << std::min(size.logPageBytes.value_or(16), 62u);
    size.minimum = (bytes.size() + page - 1) / page;
    size.maximum = size.minimum;
    size.encode(m_.memories.add());
    Encoder offset;
    constantZero(offset, wide);
    encodeData(index, &offset, bytes);
    return {};
  }

  Result<> global(Cursor inner) {
    uint32_t index = nextIndex(Extern::Global);
    auto imported = RUNE_TRY(border(inner, Extern::Global, index));
    if (imported) {
      RUNE_TRY(globalType(inner, addImport(*imported, Extern::Global)));
      return inner.end();
    }
    Encoder &out = m_.globals.add();
    RUNE_TRY(globalType(inner, out));
    return m_.expression(inner, out);
  }

  Result<> exportField(Cursor inner) {
    std::string name = RUNE_TRY(utf8(inner));
    const ExternName *kind =
        inner.atEnd() ? nullptr : externNamed(inner.peek()->head());
    if (kind == nullptr)
      return inner.peekList("tag")
                 ? unsupported(inner.here(), "exception handling")
                 : inner.unexpected("`(func …)`, `(table …)`, `(memory …)` or "
                                    "`(global …)`");
    Cursor which(m_.source, inner.next());
    addExport(name, kind->kind, RUNE_TRY(m_.index(kind->space, which)));
    RUNE_TRY(which.end());
    return inner.end();
  }

  Result<> start(Cursor inner, const Node &field) {
    if (m_.start)
      return faultAt(field, "multiple start sections");
    m_.start = RUNE_TRY(m_.index(SpaceKind::Function, inner));
    return inner.end();
  }

  // --- segments ---

  struct Segment {
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

  Result<> functionItems(Cursor &items, Segment &segment) {
    while (!items.atEnd()) {
      segment.items.u(RUNE_TRY(m_.index(SpaceKind::Function, items)));
      ++segment.count;
    }
    return {};
  }

  /// `(item instr…)`, or one instruction in parentheses.
  Result<> expressionItems(Cursor &items, Segment &segment) {
    segment.isExpressions = true;
    while (!items.atEnd()) {
      ++segment.count;
      if (const Node *list = items.takeList("item")) {
        Cursor inner(m_.source, *list);
        RUNE_TRY(m_.expression(inner, segment.items));
      } else {
        RUNE_TRY(m_.foldedExpression(items, segment.items));
      }
    }
    return {};
  }

  /// `(offset instr…)`, or one instruction in parentheses.
  Result<> offset(Cursor &inner, Encoder &out) {
    if (const Node *list = inner.takeList("offset")) {
      Cursor expression(m_.source, *list);
      return m_.expression(expression, out);
    }
    return m_.foldedExpression(inner, out);
  }

  Result<> elementSegment(Cursor inner) {
    Segment segment;
    inner.takeId();
    bool tableGiven = false;
    if (const Node *list = inner.takeList("table")) {
      Cursor which(m_.source, *list);
      segment.table = RUNE_TRY(m_.index(SpaceKind::Table, which));
      RUNE_TRY(which.end());
      tableGiven = segment.active = true;
    } else if (inner.take("declare")) {
      segment.declarative = true;
    } else if (Assembler::peekIndex(inner)) {
      // the spelling of 2017: a bare table index
      segment.table = RUNE_TRY(m_.index(SpaceKind::Table, inner));
      segment.active = true;
    }
    if (!segment.declarative && !peekReferenceType(inner) &&
        (tableGiven || segment.active || inner.peekIs(TokenKind::Open))) {
      segment.active = true;
      RUNE_TRY(offset(inner, segment.offset));
    }
    RUNE_TRY(elementList(inner, segment));
    encodeSegment(segment);
    return {};
  }

  Result<> elementList(Cursor &inner, Segment &segment) {
    if (inner.take("func"))
      return functionItems(inner, segment);
    if (peekReferenceType(inner)) {
      segment.type = RUNE_TRY(referenceType(inner));
      return expressionItems(inner, segment);
    }
    if (segment.active)
      return functionItems(inner, segment);
    return inner.unexpected("`func` or a reference type");
  }

  /// source  core 3.0, section 5.5.12
  void encodeSegment(const Segment &segment) {
    Encoder &out = m_.elements.add();
    bool plain = segment.active && segment.table == 0 &&
                 (!segment.isExpressions || segment.type == funcRefCode);
    // functions are listed by index only where they are of type funcref
    bool expressions = segment.isExpressions || segment.type != funcRefCode;
    uint8_t flags =
        (segment.active ? 0 : 1) |
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

  Result<> dataSegment(Cursor inner) {
    inner.takeId();
    uint32_t memory = 0;
    bool active = false;
    if (const Node *list = inner.takeList("memory")) {
      Cursor which(m_.source, *list);
      memory = RUNE_TRY(m_.index(SpaceKind::Memory, which));
      RUNE_TRY(which.end());
      active = true;
    } else if (Assembler::peekIndex(inner)) {
      memory = RUNE_TRY(m_.index(SpaceKind::Memory, inner));
      active = true;
    }
    Encoder place;
    if (active || inner.peekIs(TokenKind::Open)) {
      active = true;
      RUNE_TRY(offset(inner, place));
    }
    std::string bytes = RUNE_TRY(allStrings(inner));
    encodeData(memory, active ? &place : nullptr, bytes);
    return {};
  }

  void encodeData(uint32_t memory, const Encoder *offset,
                  std::string_view bytes) {
    Encoder &out = m_.data.add();
    out.byte(offset == nullptr ? 1 : memory == 0 ? 0 : 2);
    if (offset != nullptr && memory != 0)
      out.u(memory);
    if (offset != nullptr)
      out.raw(offset->bytes());
    out.name(bytes);
  }

  Assembler &m_;
  /// The keyword of a definition that was seen, after which no import may come.
  std::string_view defined_;
  /// How many of each kind have become bytes.
  uint32_t counts_[4] = {};
};

} // namespace

std::string_view spaceName(SpaceKind kind) {
  constexpr std::string_view names[] = {"type",        "func",   "table",
                                        "memory",      "global", "elem segment",
                                        "data segment"};
  return names[static_cast<size_t>(kind)];
}

Result<uint32_t> Assembler::declare(SpaceKind kind, const Cursor &at,
                                    const std::optional<std::string> &name) {
  if (!space(kind).add(name))
    return at.fault("duplicate {} ${}", spaceName(kind), *name);
  return space(kind).count - 1;
}

bool Assembler::peekIndex(const Cursor &cursor, size_t ahead) {
  const Node *node = cursor.peek(ahead);
  return node != nullptr &&
         (node->token.kind == TokenKind::Id ||
          (node->token.kind == TokenKind::Atom &&
           std::isdigit(static_cast<unsigned char>(node->token.text[0]))));
}

Result<uint32_t> Assembler::index(SpaceKind kind, Cursor &cursor) {
  if (!cursor.peekIs(TokenKind::Id))
    return static_cast<uint32_t>(RUNE_TRY(unsignedNumber(cursor, 32)));
  auto found = space(kind).indices.find(cursor.peek()->token.text);
  if (found == space(kind).indices.end())
    return cursor.fault("unknown {} ${}", spaceName(kind),
                        cursor.peek()->token.text);
  cursor.next();
  return found->second;
}

Result<uint32_t> Assembler::indexOr(SpaceKind kind, Cursor &cursor,
                                    uint32_t fallback) {
  if (!peekIndex(cursor))
    return fallback;
  return index(kind, cursor);
}

Result<> Assembler::assembleAll(Cursor fields) {
  return Fields(*this).run(fields);
}

Bytes Assembler::finish() {
  SectionEncoder typeSection;
  for (const Signature &type : types) {
    Encoder &out = typeSection.add();
    out.byte(functionTypeCode);
    out.u(type.parameters.size());
    out.raw(type.parameters);
    out.u(type.results.size());
    out.raw(type.results);
  }
  Encoder file;
  file.raw(asBytes(std::string_view("\0asm\1\0\0\0", 8)));
  auto section = [&](uint8_t id, const SectionEncoder &elements) {
    if (elements.empty())
      return;
    Encoder content;
    content.u(elements.count);
    content.raw(elements.content.bytes());
    file.byte(id);
    file.sized(content);
  };
  auto single = [&](uint8_t id, uint32_t value) {
    Encoder content;
    content.u(value);
    file.byte(id);
    file.sized(content);
  };
  section(1, typeSection);
  section(2, imports);
  section(3, functions);
  section(4, tables);
  section(5, memories);
  section(6, globals);
  section(7, exports);
  if (start)
    single(8, *start);
  section(9, elements);
  if (usesData)
    single(12, data.count);
  section(10, code);
  section(11, data);
  return file.take();
}

} // namespace rune::wasm::text
