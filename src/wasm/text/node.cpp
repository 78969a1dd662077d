// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/text/node.h"

namespace rune::wasm::text {

namespace {

/// Skips an annotation that opens at `at`; it nests like any list.
size_t behindAnnotation(std::span<const Token> tokens, size_t at) {
  size_t depth = 0;
  for (; at < tokens.size(); ++at) {
    TokenKind kind = tokens[at].kind;
    if (kind == TokenKind::Annotation || kind == TokenKind::Open)
      ++depth;
    else if (kind == TokenKind::Close && --depth == 0)
      return at + 1;
  }
  return at + 1;
}

} // namespace

Result<std::vector<Node>> parseNodes(const SourcePtr &source) {
  std::vector<Token> tokens = RUNE_TRY(lex(source));
  auto fault = [&](std::string_view code, const Token &token,
                   std::string_view text) {
    return error(code, "{}", text).at({source, token.span});
  };
  // the lists that are open, outermost first; the first stands for the text
  std::vector<Node> open(1);
  for (size_t at = 0; at < tokens.size(); ++at) {
    Token &token = tokens[at];
    if (token.kind == TokenKind::Annotation) {
      if (token.text.empty())
        return fault("wasm.malformed", token, "malformed annotation id");
      size_t behind = behindAnnotation(tokens, at);
      if (behind > tokens.size())
        return fault("wasm.malformed", token, "unclosed annotation");
      at = behind - 1;
    } else if (token.kind == TokenKind::Open) {
      if (open.size() > maxNesting)
        return fault(
            "wasm.limit", token,
            fmt::format("lists are nested deeper than {}", maxNesting));
      open.push_back({std::move(token), {}});
    } else if (token.kind == TokenKind::Close) {
      if (open.size() == 1)
        return fault("wasm.malformed", token,
                     "unexpected token: `)` closes nothing");
      Node list = std::move(open.back());
      open.pop_back();
      list.token.span.end = token.span.end;
      open.back().children.push_back(std::move(list));
    } else {
      open.back().children.push_back({std::move(token), {}});
    }
  }
  if (open.size() > 1)
    return fault("wasm.malformed", open.back().token,
                 "unexpected token: this list is never closed");
  return std::move(open[0].children);
}

std::optional<std::string> Cursor::takeId() {
  if (!peekIs(TokenKind::Id))
    return std::nullopt;
  return next().token.text;
}

Result<std::string> Cursor::string() {
  if (!peekIs(TokenKind::String))
    return unexpected("a string");
  return next().token.text;
}

Result<> Cursor::end() const {
  if (!atEnd())
    return unexpected("nothing more");
  return {};
}

Diagnostic Cursor::unexpected(std::string_view what) const {
  const Node *node = peek();
  if (node == nullptr)
    return fault("unexpected token: the list ends, needed {}", what);
  std::string_view seen =
      node->isList() ? node->head() : std::string_view(node->token.text);
  return fault("unexpected token{}: needed {}",
               seen.empty() ? "" : fmt::format(" `{}`", seen), what);
}

} // namespace rune::wasm::text
