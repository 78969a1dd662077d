// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions in text: plain, in blocks that `end` closes, or folded into
// parentheses. What stands behind a name is what opcodes.def says of it.
//
// source  core 3.0, section 6.5
#include "wasm/text/assembler.h"
#include "wasm/text/number.h"

#include <algorithm>
#include <bit>
#include <unordered_map>

namespace rune::wasm::text {

namespace {

/// By the name in text. `select` has two codes; its operands choose.
const std::unordered_map<std::string_view, uint32_t> &codesByName() {
  static const auto table = [] {
    std::unordered_map<std::string_view, uint32_t> codes;
#define RUNE_OPCODE(name, code, text, immediates, signature)                   \
  codes.emplace(text, code);
#include "wasm/opcodes.def"
    return codes;
  }();
  return table;
}

struct Later {
  std::string_view prefix;
  std::string_view feature;
};
/// Instructions of proposals that we know and do not run.
constexpr Later laterInstructions[] = {
    {"call_ref", "typed function references"},
    {"return_call_ref", "typed function references"},
    {"ref.as_non_null", "typed function references"},
    {"br_on_null", "typed function references"},
    {"br_on_non_null", "typed function references"},
    {"br_on_cast", "garbage collection"},
    {"ref.", "garbage collection"},
    {"struct.", "garbage collection"},
    {"array.", "garbage collection"},
    {"i31.", "garbage collection"},
    {"any.convert_extern", "garbage collection"},
    {"extern.convert_any", "garbage collection"},
    {"throw", "exception handling"},
    {"try", "exception handling"},
    {"catch", "exception handling"},
    {"rethrow", "exception handling"},
    {"delegate", "exception handling"},
    {"memory.atomic.", "threads"},
    {"atomic.fence", "threads"},
    {"i32.atomic.", "threads"},
    {"i64.atomic.", "threads"},
    {"cont.", "stack switching"},
    {"suspend", "stack switching"},
    {"resume", "stack switching"},
};

/// A block that is open: its label, and whether an `else` may come.
struct Frame {
  std::optional<std::string> label;
  bool isIf = false;
  bool hasElse = false;
};

class Instructions {
public:
  Instructions(Assembler &module, Encoder &out) : m_(module), out_(out) {}

  /// Instructions to the end of the list.
  Result<> sequence(Cursor &cursor) {
    size_t outer = scope_.frames.size();
    while (!cursor.atEnd())
      RUNE_TRY(one(cursor, outer));
    if (scope_.frames.size() != outer)
      return cursor.fault("unexpected token: a block has no `end`");
    return {};
  }

  /// One instruction in parentheses, operands first.
  Result<> folded(Cursor &cursor) {
    const Node &list = cursor.next();
    if (list.head().empty())
      return error("wasm.malformed", "unexpected token: needed an instruction")
          .at(cursor.place(list.token.span));
    Cursor inner(m_.source, list);
    std::string_view head = list.head();
    if (head == "block" || head == "loop")
      return foldedBlock(inner, head);
    if (head == "if")
      return foldedIf(inner);
    if (head == "else" || head == "end" || head == "then")
      return error("wasm.malformed", "unexpected token `{}`", head)
          .at(cursor.place(list.token.span));
    // the instruction's own bytes wait until its operands are out
    Encoder own;
    RUNE_TRY(Instructions(*this, own).plain(head, inner, list.children[0]));
    while (!inner.atEnd()) {
      if (!inner.peekIs(TokenKind::Open))
        return inner.unexpected("an operand in parentheses");
      RUNE_TRY(folded(inner));
    }
    out_.raw(own.bytes());
    return {};
  }

  /// The instructions of a function, which itself is the outermost label.
  Result<> functionBody(Cursor &cursor) {
    scope_.frames.push_back({});
    return sequence(cursor);
  }

  Result<> locals(Cursor &cursor, const TypeUse &use, Encoder &out);

private:
  /// What the instructions of one body see.
  struct Scope {
    Names locals;
    std::vector<Frame> frames;
  };

  /// With the names and labels of `other`, writing elsewhere.
  Instructions(const Instructions &other, Encoder &out)
      : m_(other.m_), out_(out), scope_(other.scope_) {}

  void opcode(uint32_t code) {
    if (code < 0x100) {
      out_.byte(static_cast<uint8_t>(code));
      return;
    }
    // the prefix byte, then the number behind it
    out_.byte(static_cast<uint8_t>(code >> 12));
    out_.u(code & 0xFFF);
  }

  Result<> one(Cursor &cursor, size_t outer) {
    if (cursor.peekIs(TokenKind::Open))
      return folded(cursor);
    if (!cursor.peekIs(TokenKind::Atom))
      return cursor.unexpected("an instruction");
    const Node &node = cursor.next();
    const std::string &name = node.token.text;
    if (name == "block" || name == "loop" || name == "if")
      return openBlock(cursor, name);
    if (name == "else" || name == "end")
      return closeBlock(cursor, name == "end", outer, node);
    return plain(name, cursor, node);
  }

  // --- blocks ---

  Result<> blockType(Cursor &cursor) {
    Cursor start = cursor;
    bool named = cursor.peekList("type");
    TypeUse use;
    if (named) {
      use = RUNE_TRY(m_.typeUse(cursor));
    } else {
      Signature spelled = RUNE_TRY(m_.signature(cursor));
      if (spelled.parameters.empty() && spelled.results.size() < 2) {
        out_.byte(spelled.results.empty() ? 0x40 : spelled.results[0]);
        return {};
      }
      use.index = m_.typeOf(spelled);
    }
    for (const auto &name : use.names)
      if (name)
        return start.fault("unexpected token: a block's parameters have no "
                           "names");
    out_.s(use.index);
    return {};
  }

  Result<> openBlock(Cursor &cursor, std::string_view name) {
    auto label = cursor.takeId();
    opcode(codesByName().at(name));
    RUNE_TRY(blockType(cursor));
    scope_.frames.push_back({std::move(label), name == "if", false});
    return {};
  }

  Result<> closeBlock(Cursor &cursor, bool isEnd, size_t outer,
                      const Node &node) {
    if (scope_.frames.size() == outer ||
        (!isEnd &&
         (!scope_.frames.back().isIf || scope_.frames.back().hasElse)))
      return error("wasm.malformed", "unexpected token `{}`", node.token.text)
          .at(cursor.place(node.token.span));
    Cursor start = cursor;
    auto label = cursor.takeId();
    if (label && label != scope_.frames.back().label)
      return start.fault("mismatching label ${}", *label);
    opcode(isEnd ? 0x0B : 0x05);
    if (isEnd)
      scope_.frames.pop_back();
    else
      scope_.frames.back().hasElse = true;
    return {};
  }

  Result<> foldedBlock(Cursor &inner, std::string_view name) {
    RUNE_TRY(openBlock(inner, name));
    RUNE_TRY(sequence(inner));
    opcode(0x0B);
    scope_.frames.pop_back();
    return {};
  }

  /// `(if label? type operand* (then instr*) (else instr*)?)`.
  Result<> foldedIf(Cursor &inner) {
    auto label = inner.takeId();
    Encoder type;
    RUNE_TRY(Instructions(*this, type).blockType(inner));
    while (!inner.peekList("then")) {
      if (!inner.peekIs(TokenKind::Open))
        return inner.unexpected("`(then …)`");
      RUNE_TRY(folded(inner));
    }
    opcode(0x04);
    out_.raw(type.bytes());
    scope_.frames.push_back({std::move(label), true, false});
    Cursor then(m_.source, inner.next());
    RUNE_TRY(sequence(then));
    if (const Node *list = inner.takeList("else")) {
      Cursor otherwise(m_.source, *list);
      opcode(0x05);
      RUNE_TRY(sequence(otherwise));
    }
    RUNE_TRY(inner.end());
    opcode(0x0B);
    scope_.frames.pop_back();
    return {};
  }

  // --- plain instructions ---

  Result<> plain(std::string_view name, Cursor &cursor, const Node &node) {
    auto found = codesByName().find(name);
    if (found == codesByName().end())
      return unknownInstruction(name, cursor.place(node.token.span));
    uint32_t code = found->second;
    if (name == "select")
      return select(cursor);
    return immediates(code, *opcodeInfo(code), cursor);
  }

  static Diagnostic unknownInstruction(std::string_view name,
                                       const Location &place) {
    for (const Later &later : laterInstructions)
      if (name.starts_with(later.prefix))
        return unsupported(place, later.feature);
    return error("wasm.malformed", "unknown operator `{}`", name).at(place);
  }

  Result<> select(Cursor &cursor) {
    if (!cursor.peekList("result")) {
      opcode(0x1B);
      return {};
    }
    Signature results = RUNE_TRY(m_.signature(cursor));
    opcode(0x1C);
    out_.u(results.results.size());
    out_.raw(results.results);
    return {};
  }

  Result<> immediates(uint32_t code, const OpcodeInfo &info, Cursor &cursor) {
    using enum Immediates;
    opcode(code);
    switch (info.immediates) {
    case None:
      return {};
    case Label:
      return label(cursor);
    case Labels:
      return labels(cursor);
    case Function:
      return index(SpaceKind::Function, cursor);
    case TypeTable:
      return callIndirect(cursor);
    case Local:
      return local(cursor);
    case Global:
      return index(SpaceKind::Global, cursor);
    case Table:
      return indexOrZero(SpaceKind::Table, cursor);
    case Element:
      return index(SpaceKind::Element, cursor);
    case ElementTable:
      return segmentAndPlace(SpaceKind::Element, SpaceKind::Table, cursor);
    case TableTable:
      return twoPlaces(SpaceKind::Table, cursor);
    case Data:
      m_.usesData = true;
      return index(SpaceKind::Data, cursor);
    case DataMemory:
      m_.usesData = true;
      return segmentAndPlace(SpaceKind::Data, SpaceKind::Memory, cursor);
    case MemoryIndex:
      return indexOrZero(SpaceKind::Memory, cursor);
    case MemoryMemory:
      return twoPlaces(SpaceKind::Memory, cursor);
    case MemoryArgument:
      return memoryArgument(info, cursor, Assembler::peekIndex(cursor));
    case MemoryArgumentLane:
      // a lane follows: two numbers are memory and lane
      RUNE_TRY(memoryArgument(info, cursor, laneHasMemory(cursor)));
      return lane(cursor);
    case Lane:
      return lane(cursor);
    case Lanes:
      for (int i = 0; i < 16; ++i)
        RUNE_TRY(lane(cursor));
      return {};
    case V128:
      out_.raw(RUNE_TRY(vectorNumber(cursor)));
      return {};
    case ReferenceType:
      out_.byte(RUNE_TRY(heapType(cursor)));
      return {};
    case I32:
      out_.s(static_cast<int32_t>(RUNE_TRY(integerNumber(cursor, 32))));
      return {};
    case I64:
      out_.s(static_cast<int64_t>(RUNE_TRY(integerNumber(cursor, 64))));
      return {};
    case F32:
      out_.fixed(RUNE_TRY(floatNumber(cursor, 32)), 4);
      return {};
    case F64:
      out_.fixed(RUNE_TRY(floatNumber(cursor, 64)), 8);
      return {};
    case Block:
    case Types:
      break; // handled by their names
    }
    return cursor.unexpected("another instruction");
  }

  Result<> index(SpaceKind kind, Cursor &cursor) {
    out_.u(RUNE_TRY(m_.index(kind, cursor)));
    return {};
  }
  Result<> indexOrZero(SpaceKind kind, Cursor &cursor) {
    out_.u(RUNE_TRY(m_.indexOr(kind, cursor, 0)));
    return {};
  }

  /// `table.init table? segment`; the bytes are the other way round.
  Result<> segmentAndPlace(SpaceKind segment, SpaceKind place, Cursor &cursor) {
    uint32_t where = 0;
    if (Assembler::peekIndex(cursor, 1))
      where = RUNE_TRY(m_.index(place, cursor));
    RUNE_TRY(index(segment, cursor));
    out_.u(where);
    return {};
  }

  /// `memory.copy (to from)?`.
  Result<> twoPlaces(SpaceKind kind, Cursor &cursor) {
    if (!Assembler::peekIndex(cursor)) {
      out_.u(0);
      out_.u(0);
      return {};
    }
    RUNE_TRY(index(kind, cursor));
    return index(kind, cursor);
  }

  Result<> callIndirect(Cursor &cursor) {
    uint32_t table = RUNE_TRY(m_.indexOr(SpaceKind::Table, cursor, 0));
    Cursor start = cursor;
    TypeUse use = RUNE_TRY(m_.typeUse(cursor));
    if (use.isInline)
      for (const auto &name : use.names)
        if (name)
          return start.fault("unexpected token: the parameters of a call have "
                             "no names");
    out_.u(use.index);
    out_.u(table);
    return {};
  }

  Result<> label(Cursor &cursor) {
    if (!cursor.peekIs(TokenKind::Id)) {
      out_.u(RUNE_TRY(unsignedNumber(cursor, 32)));
      return {};
    }
    const std::string &name = cursor.peek()->token.text;
    for (size_t depth = 0; depth < scope_.frames.size(); ++depth)
      if (scope_.frames[scope_.frames.size() - 1 - depth].label == name) {
        cursor.next();
        out_.u(depth);
        return {};
      }
    return cursor.fault("unknown label ${}", name);
  }

  Result<> labels(Cursor &cursor) {
    Encoder all;
    Instructions inner(*this, all);
    uint32_t count = 0;
    do {
      RUNE_TRY(inner.label(cursor));
      ++count;
    } while (Assembler::peekIndex(cursor));
    out_.u(count - 1);
    out_.raw(all.bytes());
    return {};
  }

  Result<> local(Cursor &cursor) {
    if (!cursor.peekIs(TokenKind::Id)) {
      out_.u(RUNE_TRY(unsignedNumber(cursor, 32)));
      return {};
    }
    auto found = scope_.locals.indices.find(cursor.peek()->token.text);
    if (found == scope_.locals.indices.end())
      return cursor.fault("unknown local ${}", cursor.peek()->token.text);
    cursor.next();
    out_.u(found->second);
    return {};
  }

  Result<> lane(Cursor &cursor) {
    out_.byte(static_cast<uint8_t>(RUNE_TRY(unsignedNumber(cursor, 8))));
    return {};
  }

  /// Of a lane access: a name, or a number before another number or a word of
  /// the memory argument.
  static bool laneHasMemory(const Cursor &cursor) {
    if (!Assembler::peekIndex(cursor))
      return false;
    const Node *second = cursor.peek(1);
    return cursor.peekIs(TokenKind::Id) ||
           (second != nullptr && second->token.kind == TokenKind::Atom &&
            (Assembler::peekIndex(cursor, 1) ||
             second->token.text.starts_with("offset=") ||
             second->token.text.starts_with("align=")));
  }

  /// `memory? offset=N? align=N?`.
  Result<> memoryArgument(const OpcodeInfo &info, Cursor &cursor,
                          bool hasMemory) {
    uint32_t memory = 0;
    if (hasMemory)
      memory = RUNE_TRY(m_.index(SpaceKind::Memory, cursor));
    uint64_t offset = 0;
    uint64_t alignment = uint64_t{1} << info.naturalAlignment;
    Cursor start = cursor;
    if (auto text = takeOption(cursor, "offset="))
      offset = RUNE_TRY(option(start, *text, 64));
    start = cursor;
    if (auto text = takeOption(cursor, "align="))
      alignment = RUNE_TRY(option(start, *text, 64));
    if (!std::has_single_bit(alignment))
      return start.fault("alignment must be a power of two");
    auto log = static_cast<uint32_t>(std::countr_zero(alignment));
    out_.u(log | (memory != 0 ? 0x40 : 0));
    if (memory != 0)
      out_.u(memory);
    out_.u(offset);
    return {};
  }

  static std::optional<std::string_view> takeOption(Cursor &cursor,
                                                    std::string_view name) {
    if (!cursor.peekIs(TokenKind::Atom) ||
        !cursor.peek()->token.text.starts_with(name))
      return std::nullopt;
    return std::string_view(cursor.next().token.text).substr(name.size());
  }

  static Result<uint64_t> option(const Cursor &start, std::string_view text,
                                 unsigned width);

  Assembler &m_;
  Encoder &out_;
  Scope own_;
  Scope &scope_ = own_;
};

Diagnostic numberFault(const Cursor &start, Number number,
                       std::string_view type) {
  if (number.fault == NumberFault::OutOfRange)
    return start.fault("{} constant out of range", type);
  return start.unexpected(fmt::format("a number of type {}", type));
}

Result<uint64_t> Instructions::option(const Cursor &start,
                                      std::string_view text, unsigned width) {
  Number number = parseUnsigned(text, width);
  if (number.fault != NumberFault::None)
    return numberFault(start, number, fmt::format("i{}", width));
  return number.bits;
}

template <class Parse>
Result<uint64_t> number(Cursor &cursor, std::string_view type, Parse &&parse) {
  if (!cursor.peekIs(TokenKind::Atom))
    return cursor.unexpected(fmt::format("a number of type {}", type));
  Number value = parse(cursor.peek()->token.text);
  if (value.fault != NumberFault::None)
    return numberFault(cursor, value, type);
  cursor.next();
  return value.bits;
}

struct VectorShape {
  std::string_view name;
  unsigned lanes;
  unsigned width;
  bool isFloat;
};
constexpr VectorShape vectorShapes[] = {
    {"i8x16", 16, 8, false}, {"i16x8", 8, 16, false}, {"i32x4", 4, 32, false},
    {"i64x2", 2, 64, false}, {"f32x4", 4, 32, true},  {"f64x2", 2, 64, true},
};

/// Declares the parameters and locals of a function and encodes the latter.
Result<> Instructions::locals(Cursor &cursor, const TypeUse &use,
                              Encoder &out) {
  Cursor start = cursor;
  for (const auto &name : use.names)
    if (!scope_.locals.add(name))
      return start.fault("duplicate local ${}", *name);
  SectionEncoder runs;
  while (cursor.peekList("local")) {
    Cursor inner(m_.source, cursor.next());
    Cursor place = inner;
    auto name = inner.takeId();
    if (name && !scope_.locals.add(name))
      return place.fault("duplicate local ${}", *name);
    while (!inner.atEnd()) {
      Encoder &run = runs.add();
      run.u(1);
      run.byte(RUNE_TRY(valueType(inner)));
      if (!name)
        scope_.locals.add(std::nullopt);
      else
        RUNE_TRY(inner.end());
    }
    if (name && inner.atEnd() && runs.empty())
      return place.unexpected("a value type");
  }
  out.u(runs.count);
  out.raw(runs.content.bytes());
  return {};
}

} // namespace

Result<uint64_t> unsignedNumber(Cursor &cursor, unsigned width) {
  return number(cursor, fmt::format("i{}", width), [&](std::string_view text) {
    return parseUnsigned(text, width);
  });
}

Result<uint64_t> integerNumber(Cursor &cursor, unsigned width) {
  return number(cursor, fmt::format("i{}", width), [&](std::string_view text) {
    return parseInteger(text, width);
  });
}

Result<uint64_t> floatNumber(Cursor &cursor, unsigned width) {
  return number(cursor, fmt::format("f{}", width),
                [&](std::string_view text) { return parseFloat(text, width); });
}

Result<std::array<uint8_t, 16>> vectorNumber(Cursor &cursor) {
  const auto *shape =
      std::ranges::find_if(vectorShapes, [&](const VectorShape &each) {
        return cursor.peekAtom(each.name);
      });
  if (shape == std::end(vectorShapes))
    return cursor.unexpected("the shape of a vector, such as `i32x4`");
  cursor.next();
  std::array<uint8_t, 16> bytes{};
  for (unsigned i = 0; i < shape->lanes; ++i) {
    uint64_t lane =
        RUNE_TRY(shape->isFloat ? floatNumber(cursor, shape->width)
                                : integerNumber(cursor, shape->width));
    std::memcpy(bytes.data() + i * shape->width / 8, &lane, shape->width / 8);
  }
  return bytes;
}

Result<> Assembler::expression(Cursor &cursor, Encoder &out) {
  Instructions instructions(*this, out);
  RUNE_TRY(instructions.sequence(cursor));
  out.byte(0x0B);
  return {};
}

Result<> Assembler::foldedExpression(Cursor &cursor, Encoder &out) {
  if (!cursor.peekIs(TokenKind::Open))
    return cursor.unexpected("an expression in parentheses");
  Instructions instructions(*this, out);
  RUNE_TRY(instructions.folded(cursor));
  out.byte(0x0B);
  return {};
}

Result<> Assembler::body(Cursor &cursor, const TypeUse &use, Encoder &out) {
  Instructions instructions(*this, out);
  RUNE_TRY(instructions.locals(cursor, use, out));
  RUNE_TRY(instructions.functionBody(cursor));
  out.byte(0x0B);
  return {};
}

} // namespace rune::wasm::text
