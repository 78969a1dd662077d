// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runefile/yaml_node.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace rune::runefile {

static std::string shortened(std::string_view text) {
  constexpr size_t longest = 40;
  text = text.substr(0, text.find('\n'));
  if (text.size() <= longest)
    return std::string(text);
  size_t end = longest;
  while (end > 0 && (text[end] & 0xC0) == 0x80)
    --end;
  return std::string(text.substr(0, end)) + "…";
}

std::string describe(const YamlNode &node) {
  switch (node.kind) {
  case YamlKind::Null:
    return "empty";
  case YamlKind::Boolean:
    return fmt::format("the boolean `{}`", node.text);
  case YamlKind::Integer:
  case YamlKind::Number:
    return fmt::format("the number `{}`", shortened(node.text));
  case YamlKind::Text:
    return fmt::format("the text `{}`", shortened(node.text));
  case YamlKind::List:
    return "a list";
  case YamlKind::Map:
    break;
  }
  return "a map";
}

static bool allOf(std::string_view text, std::string_view letters) {
  return !text.empty() &&
         text.find_first_not_of(letters) == std::string_view::npos;
}

static bool isInteger(std::string_view text) {
  if (text.starts_with("0x"))
    return allOf(text.substr(2), "0123456789abcdefABCDEF");
  if (text.starts_with("0o"))
    return allOf(text.substr(2), "01234567");
  if (text.starts_with('-') || text.starts_with('+'))
    text.remove_prefix(1);
  return allOf(text, "0123456789");
}

/// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
static bool isNumber(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+'))
    text.remove_prefix(1);
  if (text == ".inf" || text == ".Inf" || text == ".INF" || text == ".nan" ||
      text == ".NaN" || text == ".NAN")
    return true;
  size_t exponent = text.find_first_of("eE");
  if (exponent != text.npos) {
    std::string_view power = text.substr(exponent + 1);
    if (power.starts_with('-') || power.starts_with('+'))
      power.remove_prefix(1);
    if (!allOf(power, "0123456789"))
      return false;
    text = text.substr(0, exponent);
  }
  size_t point = text.find('.');
  std::string_view whole = text.substr(0, point);
  std::string_view part = point == text.npos ? "" : text.substr(point + 1);
  return (allOf(whole, "0123456789") &&
          (part.empty() || allOf(part, "0123456789"))) ||
         (whole.empty() && allOf(part, "0123456789"));
}

YamlKind kindOfPlainScalar(std::string_view text) {
  constexpr std::array nulls = {"", "~", "null", "Null", "NULL"};
  constexpr std::array booleans = {"true",  "True",  "TRUE",
                                   "false", "False", "FALSE"};
  if (std::ranges::find(nulls, text) != nulls.end())
    return YamlKind::Null;
  if (std::ranges::find(booleans, text) != booleans.end())
    return YamlKind::Boolean;
  if (isInteger(text))
    return YamlKind::Integer;
  return isNumber(text) ? YamlKind::Number : YamlKind::Text;
}

/// Behind `&anchor`, `!tag` and the spaces after them.
static uint64_t skipProperties(std::string_view text, uint64_t at) {
  while (at < text.size() && (text[at] == '&' || text[at] == '!')) {
    at = std::min(text.find_first_of(" \t\r\n", at), text.size());
    at = std::min(text.find_first_not_of(" \t\r\n", at), text.size());
  }
  return at;
}

/// Behind the closing quote of the text that opens at `at`.
static uint64_t quotedEnd(std::string_view text, uint64_t at) {
  char quote = text[at];
  for (++at; at < text.size(); ++at)
    if (quote == '"' && text[at] == '\\')
      ++at;
    else if (text[at] == quote && quote == '\'' && at + 1 < text.size() &&
             text[at + 1] == quote)
      ++at;
    else if (text[at] == quote)
      return at + 1;
  return text.size();
}

Span scalarSpan(std::string_view text, uint64_t begin,
                const std::string &value) {
  begin = skipProperties(text, std::min<uint64_t>(begin, text.size()));
  uint64_t lineEnd = std::min(text.find_first_of("\r\n", begin), text.size());
  if (begin == lineEnd)
    return {begin, begin};
  if (text[begin] == '"' || text[begin] == '\'')
    return {begin, std::min(quotedEnd(text, begin), lineEnd)};
  if (text[begin] == '|' || text[begin] == '>') {
    uint64_t end = std::min(text.find_first_of(" \t\r\n", begin), text.size());
    return {begin, end};
  }
  if (text.substr(begin).starts_with(value))
    return {begin, begin + value.size()};
  return {begin, lineEnd};
}

} // namespace rune::runefile
