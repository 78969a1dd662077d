// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The canonical ABI of the component model for the value types that our worlds
// use: how a value lies in guest memory, how it is read out of a guest that may
// lie (lift) and written into it (lower). A generated binding states only which
// fields and cases there are; sizes, alignments and checks are made here, once.
//
// Abi<T> has: `size` and `align` in bytes · `lift(call, address, value)` and
// `lower(call, address, value)`, false with the reason in `call`.
//
// source  component-model/design/mvp/CanonicalABI.md: "Alignment", "Element
//         Size", "Loading", "Storing"
#pragma once

#include "runtime/abi/guest_call.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace rune::runtime {

template <class T> struct Abi;

/// A name of the interface, as a template argument.
template <size_t length> struct Name {
  char text[length];
  constexpr Name(const char (&from)[length]) {
    std::copy_n(from, length, text);
  }
};

/// The rule of the ABI for numbers and lists in the host's own layout.
template <class T>
concept PlainNumber = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;

template <PlainNumber T> struct Abi<T> {
  static constexpr uint32_t size = sizeof(T), align = sizeof(T);
  static bool lift(GuestCall &call, uint64_t at, T &value) {
    return call.load(at, value);
  }
  static bool lower(GuestCall &call, uint64_t at, T value) {
    return call.store(at, value);
  }
};

/// Any byte but 0 is true.
template <> struct Abi<bool> {
  static constexpr uint32_t size = 1, align = 1;
  static bool lift(GuestCall &call, uint64_t at, bool &value) {
    uint8_t byte = 0;
    bool loaded = call.load(at, byte);
    value = byte != 0;
    return loaded;
  }
  static bool lower(GuestCall &call, uint64_t at, bool value) {
    return call.store(at, static_cast<uint8_t>(value));
  }
};

/// The payload of a case that has none.
template <> struct Abi<std::monostate> {
  static constexpr uint32_t size = 0, align = 1;
  static bool lift(GuestCall &, uint64_t, std::monostate &) { return true; }
  static bool lower(GuestCall &, uint64_t, std::monostate) { return true; }
};

/// Address and length, as strings and lists begin.
struct ListHead {
  static constexpr uint32_t size = 8, align = 4;
  uint32_t address = 0;
  uint32_t count = 0;

  bool lift(GuestCall &call, uint64_t at) {
    return call.load(at, address) && call.load(at + 4, count);
  }
  bool lower(GuestCall &call, uint64_t at) const {
    return call.store(at, address) && call.store(at + 4, count);
  }
};

/// Copies bytes into memory that the guest allocates.
inline bool lowerBytes(GuestCall &call, ByteSpan bytes, uint32_t align,
                       uint32_t &address) {
  return call.allocate(bytes.size(), align, address) &&
         call.storeBytes(address, bytes);
}

template <> struct Abi<std::string_view> {
  static constexpr uint32_t size = ListHead::size, align = ListHead::align;
  static bool lower(GuestCall &call, uint64_t at, std::string_view value) {
    ListHead head{0, static_cast<uint32_t>(value.size())};
    return lowerBytes(call, asBytes(value), 1, head.address) &&
           head.lower(call, at);
  }
};

/// Must be UTF-8.
template <> struct Abi<std::string> {
  static constexpr uint32_t size = ListHead::size, align = ListHead::align;
  static bool lift(GuestCall &call, uint64_t at, std::string &value) {
    ListHead head;
    if (!head.lift(call, at))
      return false;
    auto bytes = call.slice(head.address, head.count, 1, 1);
    if (!bytes || !call.charge(bytes->size()))
      return false;
    if (!isUtf8(*bytes))
      return call.bad("a string of {} bytes is not UTF-8", bytes->size());
    value.assign(asText(*bytes));
    return true;
  }
  static bool lower(GuestCall &call, uint64_t at, const std::string &value) {
    return Abi<std::string_view>::lower(call, at, value);
  }
};

/// Borrowed lists are only lowered.
template <class T> struct Abi<std::span<const T>> {
  static constexpr uint32_t size = ListHead::size, align = ListHead::align;

  static bool lowerElements(GuestCall &call, std::span<const T> values,
                            ListHead &head) {
    head.count = static_cast<uint32_t>(values.size());
    if constexpr (PlainNumber<T>)
      return lowerBytes(call,
                        {reinterpret_cast<const uint8_t *>(values.data()),
                         values.size_bytes()},
                        Abi<T>::align, head.address);
    if (!call.allocate(uint64_t{values.size()} * Abi<T>::size, Abi<T>::align,
                       head.address))
      return false;
    for (size_t i = 0; i < values.size(); ++i) {
      GuestCall::Scope scope(call, i);
      if (!Abi<T>::lower(call, head.address + i * Abi<T>::size, values[i]))
        return false;
    }
    return true;
  }
  static bool lower(GuestCall &call, uint64_t at, std::span<const T> values) {
    ListHead head;
    return lowerElements(call, values, head) && head.lower(call, at);
  }
};

template <class T> struct Abi<std::vector<T>> {
  static constexpr uint32_t size = ListHead::size, align = ListHead::align;

  static bool lift(GuestCall &call, uint64_t at, std::vector<T> &values) {
    ListHead head;
    if (!head.lift(call, at))
      return false;
    auto bytes =
        call.slice(head.address, head.count, Abi<T>::size, Abi<T>::align);
    if (!bytes || !call.charge(uint64_t{head.count} * sizeof(T)))
      return false;
    values.resize(head.count);
    if constexpr (PlainNumber<T>) {
      if (!bytes->empty())
        std::memcpy(values.data(), bytes->data(), bytes->size());
      return true;
    } else {
      return liftElements(call, head.address, values);
    }
  }
  static bool lower(GuestCall &call, uint64_t at,
                    const std::vector<T> &values) {
    return Abi<std::span<const T>>::lower(call, at, values);
  }

private:
  static bool liftElements(GuestCall &call, uint64_t at,
                           std::vector<T> &values) {
    for (size_t i = 0; i < values.size(); ++i) {
      GuestCall::Scope scope(call, i);
      if (!Abi<T>::lift(call, at + i * Abi<T>::size, values[i]))
        return false;
    }
    return true;
  }
};

/// A member of a record and its name in the interface.
template <Name fieldName, auto fieldMember> struct Field {
  static constexpr auto name = fieldName;
  static constexpr auto member = fieldMember;
};

template <class Record, class Type> Type memberType(Type Record::*);

/// Fields stand in order, each aligned by its own type.
template <class Record, class... Fields> struct RecordAbi {
  template <class F> using AbiOf = Abi<decltype(memberType<Record>(F::member))>;

  static constexpr uint32_t align = std::max({AbiOf<Fields>::align...});
  static constexpr uint32_t size = [] {
    uint32_t end = 0;
    ((end = alignTo(end, AbiOf<Fields>::align) + AbiOf<Fields>::size), ...);
    return static_cast<uint32_t>(alignTo(end, align));
  }();

  static bool lift(GuestCall &call, uint64_t at, Record &record) {
    uint64_t offset = 0;
    return (liftField<Fields>(call, at, offset, record) && ...);
  }
  static bool lower(GuestCall &call, uint64_t at, const Record &record) {
    uint64_t offset = 0;
    return (lowerField<Fields>(call, at, offset, record) && ...);
  }

private:
  template <class F> static uint64_t place(uint64_t at, uint64_t &offset) {
    uint64_t begin = alignTo(offset, AbiOf<F>::align);
    offset = begin + AbiOf<F>::size;
    return at + begin;
  }
  template <class F>
  static bool liftField(GuestCall &call, uint64_t at, uint64_t &offset,
                        Record &record) {
    GuestCall::Scope scope(call, F::name.text);
    return AbiOf<F>::lift(call, place<F>(at, offset), record.*F::member);
  }
  template <class F>
  static bool lowerField(GuestCall &call, uint64_t at, uint64_t &offset,
                         const Record &record) {
    GuestCall::Scope scope(call, F::name.text);
    return AbiOf<F>::lower(call, place<F>(at, offset), record.*F::member);
  }
};

/// A case of a variant: its name, and std::monostate where it has no payload.
template <Name caseName, class Type> struct Case {
  static constexpr auto name = caseName;
  using Payload = Type;
};

/// A discriminant of one byte (we have no variant of more than 256 cases), then
/// the payload, aligned for the case that needs most.
template <class... Cases> struct VariantAbi {
  static_assert(sizeof...(Cases) <= 256);
  using Value = std::variant<typename Cases::Payload...>;

  static constexpr uint32_t align =
      std::max({Abi<typename Cases::Payload>::align...});
  static constexpr uint32_t payloadOffset = align;
  static constexpr uint32_t size = static_cast<uint32_t>(
      alignTo(payloadOffset + std::max({Abi<typename Cases::Payload>::size...}),
              align));

  static bool lift(GuestCall &call, uint64_t at, Value &value) {
    uint8_t discriminant = 0;
    if (!call.load(at, discriminant))
      return false;
    if (discriminant >= sizeof...(Cases))
      return call.bad("discriminant {} of a variant with {} cases",
                      discriminant, sizeof...(Cases));
    return liftCases(call, at, discriminant, value,
                     std::index_sequence_for<Cases...>());
  }
  static bool lower(GuestCall &call, uint64_t at, const Value &value) {
    return call.store(at, static_cast<uint8_t>(value.index())) &&
           lowerCases(call, at, value, std::index_sequence_for<Cases...>());
  }

private:
  template <size_t index, class C>
  static bool liftCase(GuestCall &call, uint64_t at, Value &value) {
    GuestCall::Scope scope(call, C::name.text);
    return Abi<typename C::Payload>::lift(call, at + payloadOffset,
                                          value.template emplace<index>());
  }
  template <size_t... indices>
  static bool liftCases(GuestCall &call, uint64_t at, size_t discriminant,
                        Value &value, std::index_sequence<indices...>) {
    return ((discriminant == indices &&
             liftCase<indices, Cases>(call, at, value)) ||
            ...);
  }
  template <size_t index, class C>
  static bool lowerCase(GuestCall &call, uint64_t at, const Value &value) {
    GuestCall::Scope scope(call, C::name.text);
    return Abi<typename C::Payload>::lower(call, at + payloadOffset,
                                           *std::get_if<index>(&value));
  }
  template <size_t... indices>
  static bool lowerCases(GuestCall &call, uint64_t at, const Value &value,
                         std::index_sequence<indices...>) {
    return ((value.index() == indices &&
             lowerCase<indices, Cases>(call, at, value)) ||
            ...);
  }
};

/// A variant of its own type, with the std::variant in `value`.
template <class Type, class... Cases> struct WrappedVariantAbi {
  using Inner = VariantAbi<Cases...>;
  static constexpr uint32_t size = Inner::size, align = Inner::align;
  static bool lift(GuestCall &call, uint64_t at, Type &variant) {
    return Inner::lift(call, at, variant.value);
  }
  static bool lower(GuestCall &call, uint64_t at, const Type &variant) {
    return Inner::lower(call, at, variant.value);
  }
};

/// An enum class whose values count from 0.
template <class Enum, uint32_t cases> struct EnumAbi {
  static_assert(cases <= 256);
  static constexpr uint32_t size = 1, align = 1;
  static bool lift(GuestCall &call, uint64_t at, Enum &value) {
    uint8_t discriminant = 0;
    if (!call.load(at, discriminant))
      return false;
    if (discriminant >= cases)
      return call.bad("discriminant {} of an enum with {} cases", discriminant,
                      cases);
    value = static_cast<Enum>(discriminant);
    return true;
  }
  static bool lower(GuestCall &call, uint64_t at, Enum value) {
    return call.store(at, static_cast<uint8_t>(value));
  }
};

template <class T> struct Abi<std::optional<T>> {
  using Cases = VariantAbi<Case<"none", std::monostate>, Case<"some", T>>;
  static constexpr uint32_t size = Cases::size, align = Cases::align;
  static bool lift(GuestCall &call, uint64_t at, std::optional<T> &value) {
    typename Cases::Value either;
    if (!Cases::lift(call, at, either))
      return false;
    if (auto *some = std::get_if<1>(&either))
      value = std::move(*some);
    return true;
  }
  static bool lower(GuestCall &call, uint64_t at,
                    const std::optional<T> &value) {
    typename Cases::Value either;
    if (value)
      either.template emplace<1>(*value);
    return Cases::lower(call, at, either);
  }
};

/// WIT's `result<T, E>`: the guest answered, with a value or with an error of
/// its own. (Result says whether it answered at all.)
template <class T, class E> struct Outcome {
  std::variant<T, E> state;
  bool ok() const { return state.index() == 0; }
  T &value() { return *std::get_if<0>(&state); }
  E &error() { return *std::get_if<1>(&state); }
};

template <class T, class E> struct Abi<Outcome<T, E>> {
  using Cases = VariantAbi<Case<"ok", T>, Case<"err", E>>;
  static constexpr uint32_t size = Cases::size, align = Cases::align;
  static bool lift(GuestCall &call, uint64_t at, Outcome<T, E> &value) {
    return Cases::lift(call, at, value.state);
  }
};

/// A parameter that is a list becomes two numbers.
template <class T>
bool lowerParameter(GuestCall &call, const char *name,
                    std::span<const T> values,
                    std::vector<engine::Value> &flat) {
  GuestCall::Scope scope(call, name);
  ListHead head;
  if (!Abi<std::span<const T>>::lowerElements(call, values, head))
    return false;
  flat.push_back(engine::Value::i32(head.address));
  flat.push_back(engine::Value::i32(head.count));
  return true;
}

/// Calls an export whose result lies in memory: the guest returns its address.
/// `post` is called once the result has been copied out.
///
/// errors  `runtime.trap`, `runtime.deadline`, `runtime.memory-limit`,
///         `runtime.bad-guest-value`
template <class T>
Result<T> callExport(GuestCall &call, uint32_t function,
                     std::optional<uint32_t> post,
                     std::span<const engine::Value> arguments) {
  engine::Value address;
  T value{};
  auto lifted = [&] {
    GuestCall::Scope scope(call, "result");
    return call.slice(address.asI32(), 1, Abi<T>::size, Abi<T>::align)
               .has_value() &&
           Abi<T>::lift(call, address.asI32(), value);
  };
  bool done = call.enter(function, arguments, {&address, 1}) && lifted() &&
              (!post || call.enter(*post, {&address, 1}, {}));
  if (!done)
    return std::move(call).reason();
  return value;
}

} // namespace rune::runtime
