// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What every generated C++ guest binding stands on: the arena in which values
// cross, and `Result`. Nothing here knows a particular interface.
//
// Ownership, for arguments and results alike: text and lists are borrowed
// views. Arguments lie in the arena and end with the call. A result may point
// into the arena (`makeList`, `makeText`), into the arguments, or at anything
// that outlives the call, such as a literal; nothing is copied on its way out.
// What must outlive the call that brought it is copied with `keep`.
//
// source  component-model, design/mvp/CanonicalABI.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace rune::wit {

/// Every piece of the arena starts on a multiple of this.
inline constexpr size_t arenaAlignment = 64;

/// `bytes` of the arena, until the current call's results have been read.
///
/// result  64-byte aligned, contents unspecified; null when there is no room
void *tryAllocate(size_t bytes);

/// As tryAllocate, but from what is held back for small things (4 KiB) as well.
///
/// traps  when that has no room either
void *allocate(size_t bytes);

/// `bytes` that stay until the next `create`.
///
/// result  64-byte aligned; null when the arena has no room
void *keepBytes(size_t bytes);

/// Bytes that tryAllocate can still give.
size_t arenaLeft();

/// A list of `count` elements in the arena, each default-constructed.
template <class T> std::span<T> makeList(size_t count) {
  static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 64);
  if (count > SIZE_MAX / sizeof(T))
    __builtin_trap();
  T *first = static_cast<T *>(allocate(count * sizeof(T)));
  for (size_t i = 0; i < count; ++i)
    new (first + i) T();
  return {first, count};
}

/// The given elements as a list in the arena.
template <class T>
std::span<const T> listOf(std::initializer_list<T> elements) {
  std::span<T> list = makeList<T>(elements.size());
  for (size_t i = 0; i < list.size(); ++i)
    list[i] = elements.begin()[i];
  return list;
}

/// A result or an error: what a WIT `result<T, E>` is in C++.
template <class T, class E> class Result {
  // A `result<_, E>` carries nothing when it went well.
  using Stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

public:
  Result()
    requires std::is_void_v<T>
      : value_(std::in_place_index<0>) {}
  Result(Stored value)
    requires(!std::is_void_v<T>)
      : value_(std::in_place_index<0>, std::move(value)) {}
  Result(E error) : value_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return value_.index() == 0; }
  explicit operator bool() const { return ok(); }
  /// The value of a result that is `ok()`.
  Stored &operator*() { return *std::get_if<0>(&value_); }
  const Stored &operator*() const { return *std::get_if<0>(&value_); }
  Stored *operator->() { return std::get_if<0>(&value_); }
  const E &error() const { return *std::get_if<1>(&value_); }

private:
  std::variant<Stored, E> value_;
};

} // namespace rune::wit
