// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runefile/words.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace rune::runefile {

static bool isLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
static bool isDigit(char c) { return c >= '0' && c <= '9'; }

bool isName(std::string_view text) {
  return !text.empty() && isLetter(text[0]) &&
         std::ranges::all_of(text, [](char c) {
           return isLetter(c) || isDigit(c) || c == '-';
         });
}

std::optional<StagePort> parseStagePort(std::string_view text) {
  constexpr size_t mostDigits = 6;
  StagePort result;
  size_t dot = text.find('.');
  result.stage = text.substr(0, dot);
  if (!isName(result.stage))
    return std::nullopt;
  if (dot == text.npos)
    return result;
  std::string_view port = text.substr(dot + 1);
  if (port.empty() || port.size() > mostDigits ||
      !std::ranges::all_of(port, isDigit))
    return std::nullopt;
  std::from_chars(port.data(), port.data() + port.size(), result.port);
  return result;
}

std::optional<std::string_view> resourceName(std::string_view text) {
  if (!text.starts_with('$') || !isName(text.substr(1)))
    return std::nullopt;
  return text.substr(1);
}

bool BlockPath::isLocal() const {
  return base.starts_with('.') || base.starts_with('/') ||
         base.ends_with(".wasm");
}

bool BlockPath::isForeign() const {
  std::string_view repository = base;
  for (std::string_view host : {"https://github.com/", "http://github.com/"})
    if (repository.starts_with(host))
      repository.remove_prefix(host.size());
  return !isLocal() && repository.find('/') != repository.npos &&
         !repository.starts_with("hotg-ai/");
}

std::string_view BlockPath::name() const {
  std::string_view path = subPath.empty() ? base : subPath;
  while (path.ends_with('/'))
    path.remove_suffix(1);
  return path.substr(path.rfind('/') + 1);
}

/// One part of a block's path: a word of these letters.
static bool isPathPart(std::string_view text, std::string_view signs) {
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return isLetter(c) || isDigit(c) || signs.find(c) != signs.npos;
  });
}

std::optional<BlockPath> parseBlockPath(std::string_view text) {
  BlockPath path;
  if (size_t hash = text.find('#'); hash != text.npos) {
    path.subPath = text.substr(hash + 1);
    text = text.substr(0, hash);
    if (!isPathPart(path.subPath, "./-"))
      return std::nullopt;
  }
  if (size_t at = text.find('@'); at != text.npos) {
    path.version = text.substr(at + 1);
    text = text.substr(0, at);
    if (!isPathPart(path.version, "./-+"))
      return std::nullopt;
  }
  path.base = text;
  if (!isPathPart(path.base, ":./-"))
    return std::nullopt;
  return path;
}

std::string kindSpelling(std::string_view text) {
  std::string result;
  for (unsigned char c : text)
    result += c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return result;
}

} // namespace rune::runefile
