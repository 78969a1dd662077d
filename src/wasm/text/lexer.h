// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tokens of the text format. Longest match, as the specification asks: what
// runs together without a space is one token, and wrong as such.
//
// source  core 3.0, sections 6.3 (lexical format) and 6.4 (values)
#pragma once

#include "base/bytes.h"

#include <string>
#include <vector>

namespace rune::wasm::text {

enum class TokenKind : uint8_t {
  Open,
  Close,
  /// `(@id`, which opens an annotation; without an id inside of one.
  Annotation,
  /// A keyword, a number, or letters that are neither.
  Atom,
  Id,
  String,
  /// Characters that no token may hold together.
  Reserved,
};

struct Token {
  TokenKind kind = TokenKind::Atom;
  Span span;
  /// Id: the name without `$`. String: its bytes. Otherwise as written.
  std::string text;
};

/// All tokens of a text; comments and spaces are gone.
///
/// errors  `wasm.malformed`: malformed UTF-8 encoding · illegal character ·
///         unclosed comment · unclosed string · illegal escape · empty
///         identifier
Result<std::vector<Token>> lex(const SourcePtr &source);

} // namespace rune::wasm::text
