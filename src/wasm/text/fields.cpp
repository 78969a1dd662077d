// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The third walk over a module's fields: each becomes bytes, by the indices
// that the first two gave (declare.cpp).
//
// source  core 3.0, section 6.6
#include "wasm/text/fields.h"
#include "wasm/text/text.h"

#include <algorithm>
#include <bit>
#include <cctype>

namespace rune::wasm::text {

namespace {

/// `(import "module" "name" (func …))`, or `(func (import "module" "name") …)`.
struct ImportNames {
  std::string module;
  std::string name;
};

class Fields {
public:
  explicit Fields(Assembler &module) : m_(module) {}

  Result<> encode(const Node &field) {
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
      return elementSegment(m_, inner);
    if (head == "data")
      return dataSegment(m_, inner);
    return {};
  }

private:
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

  /// `(table funcref (elem …))`: as large as its elements.
  Result<> tableWithElements(Cursor inner, uint32_t index, bool wide) {
    TypeCode type = RUNE_TRY(referenceType(inner));
    const Node *list = inner.takeList("elem");
    if (list == nullptr)
      return inner.unexpected("`(elem …)`");
    Cursor items(m_.source, *list);
    ElementSegment segment;
    segment.type = type;
    segment.table = index;
    segment.wideOffset = wide;
    bool listsFunctions = items.atEnd() || Assembler::peekIndex(items);
    RUNE_TRY(listsFunctions ? functionItems(m_, items, segment)
                            : expressionItems(m_, items, segment));
    RUNE_TRY(inner.end());
    Encoder &out = m_.tables.add();
    out.byte(type);
    Sizes size{wide, segment.count, segment.count, {}};
    size.encode(out);
    segment.active = true;
    encodeSegment(m_, segment);
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
    encodeData(m_, index, &offset, bytes);
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
    const ExternName *kind = RUNE_TRY(expectExtern(inner));
    Cursor which(m_.source, inner.next());
    addExport(name, kind->kind, RUNE_TRY(m_.index(kind->space, which)));
    RUNE_TRY(which.end());
    return inner.end();
  }

  Result<> start(Cursor inner, const Node &field) {
    if (m_.start)
      return error("wasm.malformed", "multiple start sections")
          .at({m_.source, field.token.span});
    m_.start = RUNE_TRY(m_.index(SpaceKind::Function, inner));
    return inner.end();
  }

  Assembler &m_;
  /// How many of each kind have become bytes.
  uint32_t counts_[4] = {};
};

} // namespace

Result<> Assembler::assembleAll(Cursor cursor) {
  RUNE_TRY(declareFields(*this, cursor));
  Fields fields(*this);
  while (!cursor.atEnd())
    RUNE_TRY(fields.encode(cursor.next()));
  return {};
}

} // namespace rune::wasm::text
