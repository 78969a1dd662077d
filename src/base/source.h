// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where a message points: a file we read, and a stretch of its bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rune {

/// A half-open stretch of bytes, [begin, end).
struct Span {
  uint64_t begin = 0;
  uint64_t end = 0;
  bool operator==(const Span &) const = default;
};

/// A place in a text as people count: the first line and column are 1.
/// Columns count UTF-8 code points.
struct LineColumn {
  uint32_t line = 1;
  uint32_t column = 1;
  bool operator==(const LineColumn &) const = default;
};

/// One input: its name as the user wrote it and, for text, what it says.
/// Shared by every diagnostic that points into it.
class Source {
public:
  static std::shared_ptr<const Source> text(std::string name, std::string text);
  /// A file that is not text; diagnostics print byte offsets.
  static std::shared_ptr<const Source> binary(std::string name);

  const std::string &name() const { return name_; }
  bool isText() const { return isText_; }
  std::string_view contents() const { return contents_; }

  LineColumn lineColumn(uint64_t offset) const;
  /// The line that holds `offset`, without its line break.
  std::string_view lineAt(uint64_t offset) const;
  /// The offset of (line, column), both counted from 1 and clamped to the text.
  uint64_t offsetOf(LineColumn place) const;

private:
  Source(std::string name, std::string contents, bool isText);

  std::string name_;
  std::string contents_;
  std::vector<uint64_t> lineStarts_;
  bool isText_;
};

using SourcePtr = std::shared_ptr<const Source>;

/// A place in a source; without a source, nowhere in particular.
struct Location {
  SourcePtr source;
  Span span;

  explicit operator bool() const { return source != nullptr; }
};

} // namespace rune
