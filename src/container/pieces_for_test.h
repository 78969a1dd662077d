// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Takes a Rune apart and puts it together again, with wrong pieces but a right
// digest, so that tests reach the checks behind it. Written against
// docs/format.md, not with the writer's code.
#pragma once

#include "base/hash.h"
#include "container/sections.h"

#include <string>
#include <vector>

namespace rune::container {

struct Piece {
  std::string name;
  uint16_t version = 1;
  uint16_t flags = 1;
  Bytes body;
  uint8_t id = 0;
  bool ours() const { return name.starts_with("rune."); }
};

inline std::vector<Piece> piecesOf(ByteSpan file) {
  std::vector<Piece> pieces;
  auto scanner = SectionScanner::start(file, nullptr);
  while (!scanner->atEnd()) {
    Section section = *scanner->next();
    ByteSpan body = file.subspan(section.body, section.end - section.body);
    pieces.push_back({std::string(section.name), section.version, section.flags,
                      Bytes(body.begin(), body.end())});
  }
  return pieces;
}

inline Piece &pieceNamed(std::vector<Piece> &pieces, std::string_view name) {
  for (Piece &piece : pieces)
    if (piece.name == name)
      return piece;
  RUNE_CHECK(false, "the test asks for a section that is not there");
}

inline Bytes frameOf(const Piece &piece) {
  ByteWriter out;
  uint64_t size =
      1 + piece.name.size() + (piece.ours() ? 4 : 0) + piece.body.size();
  out.u8(piece.id);
  for (int i = 0; i < 5; ++i)
    out.u8(static_cast<uint8_t>((size >> (7 * i) & 0x7F) | (i < 4 ? 0x80 : 0)));
  out.u8(static_cast<uint8_t>(piece.name.size()));
  out.raw(asBytes(piece.name));
  if (piece.ours()) {
    out.u16(piece.version);
    out.u16(piece.flags);
  }
  out.raw(piece.body);
  return out.take();
}

/// The module of these pieces; the body of `rune.digest` is computed.
inline Bytes assembled(const std::vector<Piece> &pieces) {
  Bytes file = {0, 'a', 's', 'm', 1, 0, 0, 0};
  Bytes parts;
  for (Piece piece : pieces) {
    if (piece.name == "rune.digest") {
      Sha256 digest = sha256(parts);
      std::copy(digest.bytes.begin(), digest.bytes.end(), piece.body.begin());
    }
    Bytes bytes = frameOf(piece);
    file.insert(file.end(), bytes.begin(), bytes.end());
    if (piece.name == "rune.weights" && piece.body.size() >= 4) {
      uint64_t head = bytes.size() - piece.body.size();
      uint64_t table =
          4 + uint64_t{48} * loadUnaligned<uint32_t>(piece.body.data());
      bytes.resize(head + std::min<uint64_t>(table, piece.body.size()));
    }
    if (piece.ours()) {
      Sha256 part = sha256(bytes);
      parts.insert(parts.end(), part.bytes.begin(), part.bytes.end());
    }
  }
  return file;
}

} // namespace rune::container
