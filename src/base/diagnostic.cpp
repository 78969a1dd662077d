// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/diagnostic.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace rune {

Diagnostic &Report::add(Diagnostic diagnostic) {
  if (diagnostic.severity == Severity::Error)
    ++errors_;
  if (diagnostics_.size() >= maxKept)
    return dropped_ = std::move(diagnostic);
  return diagnostics_.emplace_back(std::move(diagnostic));
}

Diagnostic Report::failure() const {
  std::string text = errors_ == 1
                         ? "there was a build error"
                         : fmt::format("there were {} build errors", errors_);
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

/// Control characters would let a file rewrite the user's terminal.
static std::string printable(std::string_view text) {
  std::string result;
  for (unsigned char c : text)
    if (c < 0x20 && c != '\n')
      result += c == '\t' ? " " : fmt::format("\\x{:02x}", c);
    else
      result += static_cast<char>(c);
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
static std::string caretLines(const Location &where) {
  constexpr size_t widest = 160;
  if (!where || !where.source->isText() || where.source->contents().empty())
    return {};
  LineColumn begin = where.source->lineColumn(where.span.begin);
  LineColumn end =
      where.source->lineColumn(std::max(where.span.begin, where.span.end));
  std::string line = printable(where.source->lineAt(where.span.begin));
  if (line.size() > widest || line.empty())
    return {};
  uint32_t width = end.line == begin.line && end.column > begin.column
                       ? end.column - begin.column
                       : 1;
  std::string number = fmt::format("{:5}", begin.line);
  return fmt::format("{} | {}\n{:5} | {:>{}}{}\n", number, line, "", "",
                     begin.column - 1, std::string(width, '^'));
}

std::string renderText(const Diagnostic &diagnostic) {
  std::string code =
      diagnostic.code.empty() ? "" : fmt::format(" [{}]", diagnostic.code);
  std::string text = fmt::format("{}{}: {}{}\n{}", place(diagnostic.where),
                                 severityName(diagnostic.severity),
                                 printable(diagnostic.message), code,
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
