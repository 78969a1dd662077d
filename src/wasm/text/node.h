// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The text format as a tree: a node is a token, or a list in parentheses.
// Annotations are dropped here; none that we read has a meaning.
//
// source  core 3.0, section 6.1
#pragma once

#include "wasm/text/lexer.h"

#include <optional>
#include <span>

namespace rune::wasm::text {

struct Node {
  /// Of a list: TokenKind::Open, and the span of all of it.
  Token token;
  std::vector<Node> children;

  bool isList() const { return token.kind == TokenKind::Open; }
  bool isAtom(std::string_view text) const {
    return token.kind == TokenKind::Atom && token.text == text;
  }
  /// The keyword that opens a list, or empty.
  std::string_view head() const {
    return isList() && !children.empty() &&
                   children[0].token.kind == TokenKind::Atom
               ? std::string_view(children[0].token.text)
               : std::string_view();
  }
  bool isListOf(std::string_view keyword) const {
    return isList() && !keyword.empty() && head() == keyword;
  }
};

/// Lists inside lists: beyond that a text is refused.
constexpr size_t maxNesting = 1000;

/// What a text says, in order.
///
/// errors  what `lex` says; `wasm.malformed`: unbalanced parentheses;
///         `wasm.limit`: nested too deeply
Result<std::vector<Node>> parseNodes(const SourcePtr &source);

/// Walks over the children of a list, or over a whole text.
class Cursor {
public:
  Cursor(const SourcePtr &source, std::span<const Node> nodes, Span whole)
      : source_(&source), nodes_(nodes), whole_(whole) {}
  /// Over a list, behind its keyword.
  Cursor(const SourcePtr &source, const Node &list)
      : Cursor(source, std::span(list.children), list.token.span) {
    if (!list.head().empty())
      ++at_;
  }

  bool atEnd() const { return at_ == nodes_.size(); }
  const Node *peek(size_t ahead = 0) const {
    return at_ + ahead < nodes_.size() ? &nodes_[at_ + ahead] : nullptr;
  }
  bool peekIs(TokenKind kind) const {
    return !atEnd() && nodes_[at_].token.kind == kind;
  }
  bool peekAtom(std::string_view text) const {
    return !atEnd() && nodes_[at_].isAtom(text);
  }
  bool peekList(std::string_view keyword) const {
    return !atEnd() && nodes_[at_].isListOf(keyword);
  }
  const Node &next() { return nodes_[at_++]; }
  /// The next node if it is this atom.
  bool take(std::string_view atom) {
    bool there = peekAtom(atom);
    at_ += there;
    return there;
  }
  /// The next list if it begins with this keyword.
  const Node *takeList(std::string_view keyword) {
    return peekList(keyword) ? &nodes_[at_++] : nullptr;
  }
  /// The next node if it is a name (`$x`), without its `$`.
  std::optional<std::string> takeId();
  /// errors  unexpected token
  Result<std::string> string();
  /// errors  unexpected token
  Result<> end() const;

  /// Where the next node stands; at the end, the whole list.
  Location here() const {
    return place(atEnd() ? whole_ : nodes_[at_].token.span);
  }
  Location place(Span span) const { return {*source_, span}; }
  const SourcePtr &source() const { return *source_; }

  template <class... Args>
  Diagnostic fault(fmt::format_string<Args...> text, Args &&...args) const {
    return error("wasm.malformed", text, std::forward<Args>(args)...)
        .at(here());
  }
  /// errors  unexpected token: needed `what`
  Diagnostic unexpected(std::string_view what) const;

private:
  const SourcePtr *source_;
  std::span<const Node> nodes_;
  Span whole_;
  size_t at_ = 0;
};

} // namespace rune::wasm::text
