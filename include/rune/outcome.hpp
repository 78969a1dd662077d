// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a call of Rune's C++ interface gives: a value, or a message that says
// why there is none. Nothing is thrown.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace rune {

/// One thing that is wrong, or worth knowing. `code` is stable
/// ("compile.needs-sizes"), the text is for people.
struct Message {
  enum class Severity { Error, Warning, Note };
  Severity severity = Severity::Error;
  std::string code;
  std::string text;
  /// `file:line:column`, a file, or empty.
  std::string place;
  /// A way out, or empty.
  std::string help;
};

template <class T> class [[nodiscard]] Outcome {
public:
  Outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Outcome(Message why) : state_(std::in_place_index<1>, std::move(why)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  /// Only if `ok`.
  T &operator*() & { return *std::get_if<0>(&state_); }
  T &&operator*() && { return std::move(*std::get_if<0>(&state_)); }
  T *operator->() { return std::get_if<0>(&state_); }
  /// Only if not `ok`.
  const Message &error() const { return *std::get_if<1>(&state_); }

private:
  std::variant<T, Message> state_;
};

/// Of calls that give nothing else.
struct Done {};

} // namespace rune
