// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/text/lexer.h"

#include <algorithm>
#include <optional>

namespace rune::wasm::text {

namespace {

bool isIdCharacter(char c) {
  return c > ' ' && c < 0x7F &&
         std::string_view("\"(),;[]{}").find(c) == std::string_view::npos;
}

std::optional<uint32_t> hexDigit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return std::nullopt;
}

void appendUtf8(std::string &out, uint32_t point) {
  auto tail = [&](int shift) {
    out += static_cast<char>(0x80 | ((point >> shift) & 0x3F));
  };
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | (point >> 6));
    tail(0);
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | (point >> 12));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | (point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

class Lexer {
public:
  explicit Lexer(const SourcePtr &source)
      : source_(source), text_(source->contents()) {}

  Result<std::vector<Token>> run() {
    if (!isUtf8(asBytes(text_)))
      return fault(0, 1, "malformed UTF-8 encoding");
    while (true) {
      RUNE_TRY(skipSpace());
      if (at_ == text_.size())
        return std::move(tokens_);
      RUNE_TRY(token());
    }
  }

private:
  char peek(uint64_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool starts(std::string_view word) const {
    return text_.substr(at_).starts_with(word);
  }
  template <class... Args>
  Diagnostic fault(uint64_t begin, uint64_t end,
                   fmt::format_string<Args...> text, Args &&...args) const {
    return error("wasm.malformed", text, std::forward<Args>(args)...)
        .at({source_, {begin, end}});
  }
  void emit(TokenKind kind, uint64_t begin, std::string text) {
    tokens_.push_back({kind, {begin, at_}, std::move(text)});
  }

  Result<> skipSpace() {
    while (at_ < text_.size()) {
      char c = peek();
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
        ++at_;
      else if (starts(";;"))
        skipLine();
      else if (starts("(;"))
        RUNE_TRY(skipBlock());
      else
        break;
    }
    return {};
  }

  void skipLine() {
    while (at_ < text_.size() && peek() != '\n' && peek() != '\r')
      ++at_;
  }

  /// Block comments nest.
  Result<> skipBlock() {
    uint64_t begin = at_, depth = 0;
    do {
      if (at_ >= text_.size())
        return fault(begin, begin + 2, "unclosed comment");
      if (starts("(;")) {
        ++depth;
        at_ += 2;
      } else if (starts(";)")) {
        --depth;
        at_ += 2;
      } else {
        ++at_;
      }
    } while (depth > 0);
    return {};
  }

  Result<> token() {
    uint64_t begin = at_;
    if (starts("(@")) {
      at_ += 2;
      return annotation(begin);
    }
    if (peek() == '(' || peek() == ')') {
      TokenKind kind = peek() == '(' ? TokenKind::Open : TokenKind::Close;
      ++at_;
      emit(kind, begin, {});
      return {};
    }
    return word();
  }

  /// What follows `(@`: an identifier or a string, without a space; inside of
  /// another annotation perhaps nothing.
  Result<> annotation(uint64_t begin) {
    std::string name;
    if (peek() == '"')
      name = RUNE_TRY(string());
    else
      for (; isIdCharacter(peek()); ++at_)
        name += peek();
    emit(TokenKind::Annotation, begin, std::move(name));
    return {};
  }

  /// A run of characters and strings without a space between them.
  Result<> word() {
    uint64_t begin = at_;
    uint64_t strings = 0, others = 0;
    std::string last;
    while (at_ < text_.size()) {
      char c = peek();
      if (c == '"') {
        last = RUNE_TRY(string());
        ++strings;
      } else if (starts(";;")) {
        break;
      } else if (isIdCharacter(c) ||
                 std::string_view(",;[]{}").find(c) != std::string_view::npos) {
        ++at_;
        ++others;
      } else if (c == '(' || c == ')' || c == ' ' || c == '\t' || c == '\n' ||
                 c == '\r') {
        break;
      } else {
        return fault(at_, at_ + 1, "illegal character");
      }
    }
    return classify(begin, strings, others, std::move(last));
  }

  Result<> classify(uint64_t begin, uint64_t strings, uint64_t others,
                    std::string last) {
    std::string_view written = text_.substr(begin, at_ - begin);
    bool plain = std::ranges::all_of(written, isIdCharacter);
    if (strings == 1 && others == 0)
      emit(TokenKind::String, begin, std::move(last));
    else if (strings == 1 && others == 1 && written.starts_with("$\""))
      return identifier(begin, std::move(last));
    else if (plain && written.starts_with('$'))
      return identifier(begin, std::string(written.substr(1)));
    else if (plain)
      emit(TokenKind::Atom, begin, std::string(written));
    else
      emit(TokenKind::Reserved, begin, std::string(written));
    return {};
  }

  Result<> identifier(uint64_t begin, std::string name) {
    if (name.empty())
      return fault(begin, at_, "empty identifier");
    if (!isUtf8(asBytes(name)))
      return fault(begin, at_, "malformed UTF-8 encoding");
    emit(TokenKind::Id, begin, std::move(name));
    return {};
  }

  Result<std::string> string() {
    uint64_t begin = at_++;
    std::string out;
    while (true) {
      if (at_ >= text_.size() || peek() == '\n' || peek() == '\r')
        return fault(begin, at_, "unclosed string");
      char c = peek();
      if (c == '"') {
        ++at_;
        return out;
      }
      if (c == '\\') {
        RUNE_TRY(escape(out));
      } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
        return fault(at_, at_ + 1, "illegal character in a string");
      } else {
        out += c;
        ++at_;
      }
    }
  }

  Result<> escape(std::string &out) {
    constexpr std::string_view names = "tnr\"'\\", values = "\t\n\r\"'\\";
    uint64_t begin = at_++;
    char c = peek();
    if (size_t which = names.find(c);
        which != std::string_view::npos && at_ < text_.size()) {
      out += values[which];
      ++at_;
      return {};
    }
    if (c == 'u')
      return unicodeEscape(begin, out);
    auto high = hexDigit(c), low = hexDigit(peek(1));
    if (!high || !low)
      return fault(begin, at_ + 1, "illegal escape");
    out += static_cast<char>(*high << 4 | *low);
    at_ += 2;
    return {};
  }

  /// `\u{1F600}`: digits with underscores between them.
  Result<> unicodeEscape(uint64_t begin, std::string &out) {
    ++at_;
    uint32_t point = 0;
    bool digitBefore = false;
    bool good = peek() == '{';
    ++at_;
    for (; good && peek() != '}'; ++at_) {
      if (auto digit = hexDigit(peek())) {
        point = point << 4 | *digit;
        digitBefore = true;
        good = point < 0x110000;
      } else {
        good = peek() == '_' && digitBefore;
        digitBefore = false;
      }
    }
    if (!good || !digitBefore || (point >= 0xD800 && point < 0xE000))
      return fault(begin, std::min<uint64_t>(at_, text_.size()),
                   "illegal escape: no Unicode scalar value");
    ++at_;
    appendUtf8(out, point);
    return {};
  }

  const SourcePtr &source_;
  std::string_view text_;
  uint64_t at_ = 0;
  std::vector<Token> tokens_;
};

} // namespace

Result<std::vector<Token>> lex(const SourcePtr &source) {
  return Lexer(source).run();
}

} // namespace rune::wasm::text
