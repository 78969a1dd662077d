// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A value, or the Diagnostic that says why there is none. Ours, because with
// our standard library std::expected needs C++23 mode (docs/rationale.md).
#pragma once

#include "base/diagnostic.h"

#include <memory>
#include <utility>
#include <variant>

namespace rune {

[[noreturn]] void checkFailed(const char *condition, const char *file, int line,
                              const char *why);

/// A fault of ours: prints condition and place, then aborts.
#define RUNE_CHECK(condition, why)                                             \
  (static_cast<bool>(condition)                                                \
       ? void()                                                                \
       : ::rune::checkFailed(#condition, __FILE__, __LINE__, why))

template <class T = void> class [[nodiscard]] Result {
public:
  using Value = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Diagnostic why)
      : state_(std::in_place_index<1>,
               std::make_unique<Diagnostic>(std::move(why))) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T &value() & { return check(), *std::get_if<0>(&state_); }
  const T &value() const & { return check(), *std::get_if<0>(&state_); }
  T &&value() && { return check(), std::move(*std::get_if<0>(&state_)); }
  T &operator*() & { return value(); }
  const T &operator*() const & { return value(); }
  T &&operator*() && { return std::move(*this).value(); }
  T *operator->() { return &value(); }
  const T *operator->() const { return &value(); }

  Diagnostic &error() & { return fault(), **std::get_if<1>(&state_); }
  const Diagnostic &error() const & {
    return fault(), **std::get_if<1>(&state_);
  }
  Diagnostic &&error() && {
    return fault(), std::move(**std::get_if<1>(&state_));
  }

private:
  void check() const { RUNE_CHECK(ok(), "value() of a failed Result"); }
  void fault() const {
    RUNE_CHECK(!ok(), "error() of a Result that holds a value");
  }

  std::variant<T, std::unique_ptr<Diagnostic>> state_;
};

template <> class [[nodiscard]] Result<void> {
public:
  using Value = void;

  Result() = default;
  Result(Diagnostic why) : why_(std::make_unique<Diagnostic>(std::move(why))) {}

  bool ok() const { return why_ == nullptr; }
  explicit operator bool() const { return ok(); }
  void value() const { RUNE_CHECK(ok(), "value() of a failed Result"); }

  Diagnostic &error() & { return fault(), *why_; }
  const Diagnostic &error() const & { return fault(), *why_; }
  Diagnostic &&error() && { return fault(), std::move(*why_); }

private:
  void fault() const {
    RUNE_CHECK(!ok(), "error() of a Result that holds a value");
  }

  std::unique_ptr<Diagnostic> why_;
};

/// The value of a Result; if there is none, returns its error from the
/// function.
#define RUNE_TRY(...)                                                          \
  ({                                                                           \
    auto runeTryResult = (__VA_ARGS__);                                        \
    if (!runeTryResult)                                                        \
      return std::move(runeTryResult).error();                                 \
    std::move(runeTryResult).value();                                          \
  })

} // namespace rune
