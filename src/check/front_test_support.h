// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For tests: a Runefile from a text to a pipeline or a report.
#pragma once

#include "check/check.h"
#include "check/fake_signatures.h"

namespace rune::check {

struct Front {
  Report report;
  std::optional<Pipeline> pipeline;

  /// All messages as text, as the command prints them.
  std::string text() const {
    std::string text;
    for (const Diagnostic &diagnostic : report.diagnostics())
      text += renderText(diagnostic);
    return text;
  }
};

inline Front front(const std::string &text, bool strict = false) {
  Front front;
  FakeSignatures signatures;
  auto tree =
      runefile::parseRunefile(Source::text("Runefile.yml", text), front.report);
  if (!tree)
    return front;
  auto checked = check(*tree, signatures, {.strict = strict}, front.report);
  if (checked)
    front.pipeline = std::move(*checked);
  return front;
}

} // namespace rune::check
