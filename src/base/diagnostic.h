// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What we tell people: one thing that is wrong, where, and what to do.
#pragma once

#include "base/source.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

namespace rune {

enum class Severity { Error, Warning, Note };

/// One message. Lower case, no full stop, names and types in backticks.
/// `code` is a stable "stage.what" string, equal in C++, C and TypeScript.
struct Diagnostic {
  Severity severity = Severity::Error;
  std::string code;
  std::string message;
  Location where;
  std::vector<Diagnostic> notes;
  std::string help;

  Diagnostic &note(Location at, std::string text) {
    notes.push_back(
        {Severity::Note, {}, std::move(text), std::move(at), {}, {}});
    return *this;
  }
  Diagnostic &withHelp(std::string text) {
    help = std::move(text);
    return *this;
  }
  Diagnostic &at(Location place) {
    where = std::move(place);
    return *this;
  }
};

/// An error without a place, or with one added by `.at()`.
template <class... Args>
Diagnostic error(std::string_view code, fmt::format_string<Args...> text,
                 Args &&...args) {
  return {Severity::Error,
          std::string(code),
          fmt::format(text, std::forward<Args>(args)...),
          {},
          {},
          {}};
}

/// The messages of one command. A stage adds what it finds and goes on to the
/// next; it stops only where going on makes no sense.
class Report {
public:
  /// So many errors, and so many other messages; later ones are dropped (errors
  /// counted), so that a hostile file cannot fill the screen.
  static constexpr size_t maxKept = 100;

  Diagnostic &add(Diagnostic diagnostic);

  template <class... Args>
  Diagnostic &error(std::string_view code, Location where,
                    fmt::format_string<Args...> text, Args &&...args) {
    return add(rune::error(code, text, std::forward<Args>(args)...)
                   .at(std::move(where)));
  }
  template <class... Args>
  Diagnostic &warning(std::string_view code, Location where,
                      fmt::format_string<Args...> text, Args &&...args) {
    Diagnostic diagnostic = rune::error(code, text, std::forward<Args>(args)...)
                                .at(std::move(where));
    diagnostic.severity = Severity::Warning;
    return add(std::move(diagnostic));
  }

  size_t errors() const { return errors_; }
  bool failed() const { return errors_ > 0; }
  const std::vector<Diagnostic> &diagnostics() const { return diagnostics_; }

  /// What a stage returns once it has reported errors: code
  /// `reported`, with the count. Printers show it as the last line only.
  Diagnostic failure() const;

private:
  std::vector<Diagnostic> diagnostics_;
  Diagnostic dropped_;
  size_t errors_ = 0;
  size_t others_ = 0;
};

/// True for the summary that `Report::failure` makes: its causes are in the
/// report already.
inline bool isReported(const Diagnostic &diagnostic) {
  return diagnostic.code == "reported";
}

/// The text form, with caret lines, as docs/messages.md shows it:
/// `file:line:column: error: message [code]`. Ends with a line break.
std::string renderText(const Diagnostic &diagnostic);

/// One JSON object: severity, code, message, file, line, column, endLine,
/// endColumn (text) or offset (binary), notes, help. Absent parts are left out.
std::string renderJson(const Diagnostic &diagnostic);

} // namespace rune
