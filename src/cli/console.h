// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where a command speaks: the result to stdout, everything for people to
// stderr, or with `--format json` one object to stdout.
#pragma once

#include "base/result.h"
#include "cli/exit_code.h"

#include <nlohmann/json.hpp>

#include <string>

namespace rune::cli {

using Json = nlohmann::ordered_json;

enum class Format { Text, Json };

class Console {
public:
  explicit Console(Format format) : format_(format) {}

  bool json() const { return format_ == Format::Json; }
  /// The messages so far; printed by `finish`.
  Report &report() { return report_; }

  /// For people who watch: a line to stderr, nothing in JSON.
  void say(const std::string &line);
  /// A part of the result, to stdout; nothing in JSON.
  void print(const std::string &text);
  /// The result as JSON: fields of the one object, beside `ok` and
  /// `diagnostics`.
  Json &fields() { return fields_; }

  /// Prints what was reported and, of a failure, the last line `Error: …`; the
  /// result is the process's exit code.
  int finish(const Result<> &outcome);

private:
  Format format_;
  Report report_;
  Json fields_ = Json::object();
};

} // namespace rune::cli
