// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names, and the sections in their order once all fields have become bytes.
//
// source  core 3.0, section 5.5
#include "wasm/text/assembler.h"

#include <cctype>

namespace rune::wasm::text {

static constexpr TypeCode functionTypeCode = 0x60;

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
