// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/source.h"

#include <algorithm>

namespace rune {

Source::Source(std::string name, std::string contents, bool isText)
    : name_(std::move(name)), contents_(std::move(contents)), isText_(isText) {
  lineStarts_.push_back(0);
  for (uint64_t at = 0; at < contents_.size(); ++at)
    if (contents_[at] == '\n')
      lineStarts_.push_back(at + 1);
}

SourcePtr Source::text(std::string name, std::string text) {
  return SourcePtr(new Source(std::move(name), std::move(text), true));
}

SourcePtr Source::binary(std::string name) {
  return SourcePtr(new Source(std::move(name), {}, false));
}

/// A byte that starts a UTF-8 code point, or stands alone.
static bool startsCodePoint(char byte) { return (byte & 0xC0) != 0x80; }

LineColumn Source::lineColumn(uint64_t offset) const {
  offset = std::min<uint64_t>(offset, contents_.size());
  auto next = std::upper_bound(lineStarts_.begin(), lineStarts_.end(), offset);
  uint64_t start = *(next - 1);
  auto column = std::count_if(contents_.begin() + start,
                              contents_.begin() + offset, startsCodePoint);
  return {static_cast<uint32_t>(next - lineStarts_.begin()),
          static_cast<uint32_t>(column + 1)};
}

std::string_view Source::lineAt(uint64_t offset) const {
  uint64_t start = lineStarts_[lineColumn(offset).line - 1];
  std::string_view rest = contents();
  rest.remove_prefix(start);
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r'))
    rest.remove_suffix(1);
  return rest;
}

uint64_t Source::offsetOf(LineColumn place) const {
  uint64_t line = std::clamp<uint64_t>(place.line, 1, lineStarts_.size());
  uint64_t at = lineStarts_[line - 1];
  for (uint32_t column = 1;
       column < place.column && at < contents_.size() && contents_[at] != '\n';
       ++column) {
    ++at;
    while (at < contents_.size() && !startsCodePoint(contents_[at]))
      ++at;
  }
  return at;
}

} // namespace rune
