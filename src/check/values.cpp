// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "check/values.h"

#include <charconv>

namespace rune::check {

std::string_view kindName(ValueKind kind) {
  switch (kind) {
  case ValueKind::Boolean:
    return "`true` or `false`";
  case ValueKind::Integer:
    return "a whole number";
  case ValueKind::Number:
    return "a number";
  case ValueKind::Text:
    return "a text";
  case ValueKind::Integers:
    return "whole numbers";
  case ValueKind::Numbers:
    return "numbers";
  case ValueKind::Texts:
    break;
  }
  return "lines of text";
}

constexpr std::string_view blank = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  size_t begin = text.find_first_not_of(blank);
  if (begin == text.npos)
    return {};
  return text.substr(begin, text.find_last_not_of(blank) + 1 - begin);
}

template <class T, class... Base>
static std::optional<T> parsed(std::string_view text, Base... base) {
  T value{};
  const char *end = text.data() + text.size();
  auto [stop, fault] = std::from_chars(text.data(), end, value, base...);
  if (fault != std::errc() || stop != end)
    return std::nullopt;
  return value;
}

static std::optional<int64_t> integer(std::string_view text) {
  if (text.starts_with("0x") && !text.substr(2).starts_with('-'))
    return parsed<int64_t>(text.substr(2), 16);
  if (text.starts_with("0o") && !text.substr(2).starts_with('-'))
    return parsed<int64_t>(text.substr(2), 8);
  if (text.starts_with('+') && !text.substr(1).starts_with('-'))
    text.remove_prefix(1);
  return parsed<int64_t>(text, 10);
}

static std::optional<double> number(std::string_view text) {
  if (text.starts_with('+') && !text.substr(1).starts_with('-'))
    text.remove_prefix(1);
  return parsed<double>(text);
}

/// Each part of the text between separators, as `read` understands it.
template <class T, class Read>
static std::optional<ArgumentValue>
listOf(std::string_view text, std::string_view separators, Read read) {
  std::vector<T> values;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find_first_of(separators, at), text.size());
    if (std::string_view part = trimmed(text.substr(at, end - at));
        !part.empty()) {
      auto value = read(part);
      if (!value)
        return std::nullopt;
      values.push_back(std::move(*value));
    }
    at = end + 1;
  }
  return values;
}

/// Blank lines stay: a line's number may mean something.
static std::vector<std::string> lines(std::string_view text) {
  std::vector<std::string> result;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    result.emplace_back(trimmed(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

std::optional<ArgumentValue> valueOf(std::string_view text, ValueKind kind) {
  std::string_view word = trimmed(text);
  switch (kind) {
  case ValueKind::Boolean:
    if (word == "true" || word == "false")
      return word == "true";
    return std::nullopt;
  case ValueKind::Integer:
    return integer(word);
  case ValueKind::Number:
    return number(word);
  case ValueKind::Text:
    return std::string(text);
  case ValueKind::Integers:
    return listOf<int64_t>(text, ", \t\r\n", integer);
  case ValueKind::Numbers:
    return listOf<double>(text, ", \t\r\n", number);
  case ValueKind::Texts:
    break;
  }
  return lines(text);
}

} // namespace rune::check
