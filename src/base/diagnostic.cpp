// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/diagnostic.h"

#include "base/bytes.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace rune {

Diagnostic &Report::add(Diagnostic diagnostic) {
  // Counted apart: a hundred warnings must not hide the error.
  bool isError = diagnostic.severity == Severity::Error;
  if ((isError ? ++errors_ : ++others_) > maxKept)
    return dropped_ = std::move(diagnostic);
  return diagnostics_.emplace_back(std::move(diagnostic));
}

Diagnostic Report::failure() const {
  std::string text = errors_ == 1
                         ? "there was an error"
                         : fmt::format("there were {} errors", errors_);
  return rune::error("reported", "{}", text);
}

static std::string_view severityName(Severity severity) {
  switch (severity) {
  case Severity::Error:
    return "error";
  case Severity::Warning:
    return "warning";
  case Severity::Note:
    break;
  }
  return "note";
}

/// What a terminal would obey or not show: control characters (of C0 and C1)
/// and the marks that turn the direction of the text.
///
/// source  Unicode 15, general category Cc; Bidi_Control
static bool isObeyed(uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x61C ||
         point == 0x200E || point == 0x200F ||
         (point >= 0x202A && point <= 0x202E) ||
         (point >= 0x2066 && point <= 0x2069);
}

/// The code point at the start of `text`, and its bytes. One byte that is not
/// UTF-8 counts as a point.
struct CodePoint {
  uint32_t point;
  size_t size;
  bool valid;
};
static CodePoint codePointAt(std::string_view text) {
  for (size_t size = 1; size <= std::min<size_t>(4, text.size()); ++size) {
    if (!isUtf8(asBytes(text.substr(0, size))))
      continue;
    auto lead = static_cast<unsigned char>(text[0]);
    uint32_t point = size == 1 ? lead : lead & (0xFF >> (size + 1));
    for (size_t i = 1; i < size; ++i)
      point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
    return {point, size, true};
  }
  return {0xFFFD, 1, false};
}

/// One code point as it can be shown without harm.
static std::string shown(const CodePoint &at, std::string_view text) {
  if (!at.valid)
    return "\uFFFD";
  if (at.point == '\t')
    return " ";
  if (isObeyed(at.point))
    return at.point < 0x100 ? fmt::format("\\x{:02x}", at.point)
                            : fmt::format("\\u{:04x}", at.point);
  return std::string(text.substr(0, at.size));
}

/// A file must not rewrite the user's terminal.
static std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    CodePoint at = codePointAt(text);
    result += at.point == '\n' ? "\n" : shown(at, text);
    text.remove_prefix(at.size);
  }
  return result;
}

static std::string place(const Location &where) {
  if (!where)
    return {};
  if (!where.source->isText())
    return where.span.end == 0
               ? fmt::format("{}: ", where.source->name())
               : fmt::format("{}:@0x{:x}: ", where.source->name(),
                             where.span.begin);
  LineColumn at = where.source->lineColumn(where.span.begin);
  return fmt::format("{}:{}:{}: ", where.source->name(), at.line, at.column);
}

/// The line the span starts on, and carets under what it covers of that line.
/// Of a long line only what surrounds the span.
static std::string caretLines(const Location &where) {
  constexpr size_t widest = 120, before = 40;
  if (!where || !where.source->isText())
    return {};
  std::string_view line = where.source->lineAt(where.span.begin);
  LineColumn begin = where.source->lineColumn(where.span.begin);
  uint64_t start = where.source->offsetOf({begin.line, 1});
  uint64_t from = std::min<uint64_t>(where.span.begin - start, line.size());
  uint64_t to = std::min<uint64_t>(
      std::max(where.span.end, where.span.begin) - start, line.size());
  std::vector<std::string> points;
  size_t caret = 0, carets = 0;
  for (uint64_t at = 0; at < line.size();) {
    if (at < from)
      ++caret;
    else if (at < to)
      ++carets;
    CodePoint point = codePointAt(line.substr(at));
    points.push_back(shown(point, line.substr(at)));
    at += point.size;
  }
  if (line.empty())
    return {};
  size_t first = points.size() > widest && caret > before ? caret - before : 0;
  size_t last = std::min(points.size(), first + widest);
  std::string text = first > 0 ? "…" : "", pad = first > 0 ? " " : "", marks;
  for (size_t i = first; i < last; ++i) {
    text += points[i];
    // An escape is as wide as it is long, anything else one column.
    size_t width = points[i].starts_with('\\') ? points[i].size() : 1;
    if (i < caret)
      pad.append(width, ' ');
    else if (i < caret + carets)
      marks.append(width, '^');
  }
  return fmt::format("{:5} | {}{}\n{:5} | {}{}\n", begin.line, text,
                     last < points.size() ? "…" : "", "", pad,
                     marks.empty() ? "^" : marks);
}

std::string renderText(const Diagnostic &diagnostic) {
  std::string code =
      diagnostic.code.empty() ? "" : fmt::format(" [{}]", diagnostic.code);
  std::string text = fmt::format(
      "{}{}: {}{}\n{}", printable(place(diagnostic.where)),
      severityName(diagnostic.severity), printable(diagnostic.message), code,
      caretLines(diagnostic.where));
  for (const Diagnostic &note : diagnostic.notes)
    text += renderText(note);
  if (!diagnostic.help.empty())
    text += fmt::format("help: {}\n", printable(diagnostic.help));
  return text;
}

static nlohmann::ordered_json toJson(const Diagnostic &diagnostic) {
  nlohmann::ordered_json json;
  json["severity"] = severityName(diagnostic.severity);
  if (!diagnostic.code.empty())
    json["code"] = diagnostic.code;
  json["message"] = diagnostic.message;
  if (const Location &where = diagnostic.where) {
    json["file"] = where.source->name();
    if (where.source->isText()) {
      LineColumn begin = where.source->lineColumn(where.span.begin);
      LineColumn end = where.source->lineColumn(where.span.end);
      json["line"] = begin.line;
      json["column"] = begin.column;
      json["endLine"] = end.line;
      json["endColumn"] = end.column;
    } else if (where.span.end != 0) {
      json["offset"] = where.span.begin;
    }
  }
  for (const Diagnostic &note : diagnostic.notes)
    json["notes"].push_back(toJson(note));
  if (!diagnostic.help.empty())
    json["help"] = diagnostic.help;
  return json;
}

std::string renderJson(const Diagnostic &diagnostic) {
  using Json = nlohmann::ordered_json;
  return toJson(diagnostic)
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace rune
