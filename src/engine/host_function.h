// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of the host from lambdas with core types:
//
//   Import add = hostFunction("env", "add", [](uint32_t a, uint32_t b) {
//     return a + b;
//   });
//
// Parameters and result are uint32_t, int32_t, uint64_t, int64_t, float or
// double; the first parameter may be `Instance &`, the guest that calls. A
// lambda that can fail returns std::optional<Trap>, or Trapping<T>.
// `leafFunction` makes one that runs on the guest's own stack, which machine
// code calls as C++ does, with no array of values between.
#pragma once

#include "engine/engine.h"

namespace rune::engine {

/// What a function of the host returns that may end the guest instead.
template <class T> using Trapping = std::variant<T, Trap>;

namespace detail {

template <class T> struct CoreType;
template <> struct CoreType<uint32_t> {
  static constexpr auto type = wasm::ValueType::I32;
  static Value to(uint32_t number) { return Value::i32(number); }
  static uint32_t from(Value value) { return value.asI32(); }
};
template <> struct CoreType<int32_t> {
  static constexpr auto type = wasm::ValueType::I32;
  static Value to(int32_t number) {
    return Value::i32(static_cast<uint32_t>(number));
  }
  static int32_t from(Value value) {
    return static_cast<int32_t>(value.asI32());
  }
};
template <> struct CoreType<uint64_t> {
  static constexpr auto type = wasm::ValueType::I64;
  static Value to(uint64_t number) { return Value::i64(number); }
  static uint64_t from(Value value) { return value.asI64(); }
};
template <> struct CoreType<int64_t> {
  static constexpr auto type = wasm::ValueType::I64;
  static Value to(int64_t number) {
    return Value::i64(static_cast<uint64_t>(number));
  }
  static int64_t from(Value value) {
    return static_cast<int64_t>(value.asI64());
  }
};
template <> struct CoreType<float> {
  static constexpr auto type = wasm::ValueType::F32;
  static Value to(float number) { return Value::f32(number); }
  static float from(Value value) { return value.asF32(); }
};
template <> struct CoreType<double> {
  static constexpr auto type = wasm::ValueType::F64;
  static Value to(double number) { return Value::f64(number); }
  static double from(Value value) { return value.asF64(); }
};

/// What a lambda returns: a number or nothing, and perhaps a trap instead.
template <class R> struct Returned {
  using Number = R;
  static constexpr bool mayTrap = false;
};
template <> struct Returned<std::optional<Trap>> {
  using Number = void;
  static constexpr bool mayTrap = true;
};
template <class T> struct Returned<Trapping<T>> {
  using Number = T;
  static constexpr bool mayTrap = true;
};

/// The signature of a lambda, without `Instance &`.
template <class F> struct Signature : Signature<decltype(&F::operator())> {};
template <class C, class R, class... A> struct Signature<R (C::*)(A...) const> {
  using Result = R;
  static constexpr bool takesCaller = false;
  template <template <class, class, bool, class...> class To, class F>
  using Apply = To<F, R, false, A...>;
};
template <class C, class R, class... A>
struct Signature<R (C::*)(Instance &, A...) const> {
  template <template <class, class, bool, class...> class To, class F>
  using Apply = To<F, R, true, A...>;
};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...)> : Signature<R (C::*)(A...) const> {};

template <class F, class R, bool takesCaller, class... A> struct Wrapped {
  using Number = typename Returned<R>::Number;

  static wasm::FunctionType type() {
    wasm::FunctionType type;
    type.parameters = {CoreType<A>::type...};
    if constexpr (!std::is_void_v<Number>)
      type.results = {CoreType<Number>::type};
    return type;
  }

  static R invoke(F &body, Instance &caller, A... arguments) {
    if constexpr (takesCaller)
      return body(caller, arguments...);
    else
      return body(arguments...);
  }

  /// As machine code calls it.
  static Number direct(void *closure, Instance *caller, A... arguments) {
    F &body = *static_cast<F *>(closure);
    if constexpr (!Returned<R>::mayTrap) {
      return invoke(body, *caller, arguments...);
    } else if constexpr (std::is_void_v<Number>) {
      if (std::optional<Trap> trap = invoke(body, *caller, arguments...))
        caller->endAfterReturn(std::move(*trap));
    } else {
      R result = invoke(body, *caller, arguments...);
      if (Number *number = std::get_if<Number>(&result))
        return *number;
      caller->endAfterReturn(std::move(std::get<Trap>(result)));
      return {};
    }
  }

  /// As everything else does.
  template <size_t... i>
  static std::optional<Trap>
  byValues(F &body, Instance &caller, [[maybe_unused]] const Value *arguments,
           [[maybe_unused]] Value *results, std::index_sequence<i...>) {
    auto call = [&] {
      return invoke(body, caller, CoreType<A>::from(arguments[i])...);
    };
    if constexpr (std::is_void_v<R>) {
      call();
    } else if constexpr (!Returned<R>::mayTrap) {
      *results = CoreType<R>::to(call());
    } else if constexpr (std::is_void_v<Number>) {
      return call();
    } else {
      R result = call();
      if (Trap *trap = std::get_if<Trap>(&result))
        return std::move(*trap);
      *results = CoreType<Number>::to(std::get<Number>(result));
    }
    return {};
  }

  static HostFunction make(F body) {
    auto closure = std::make_shared<F>(std::move(body));
    HostFunction made([closure](Instance &caller,
                                std::span<const Value> arguments,
                                std::span<Value> results) {
      return byValues(*closure, caller, arguments.data(), results.data(),
                      std::index_sequence_for<A...>());
    });
    return std::move(made).direct(
        {reinterpret_cast<const void *>(&direct), closure});
  }
};

} // namespace detail

/// A function of the host, and its type, from a lambda.
template <class F>
Import hostFunction(std::string module, std::string name, F body) {
  using W = typename detail::Signature<F>::template Apply<detail::Wrapped, F>;
  return {std::move(module),
          std::move(name),
          W::type(),
          W::make(std::move(body)),
          {}};
}

/// One that runs on the stack of the guest that calls.
template <class F>
Import leafFunction(std::string module, std::string name, F body) {
  Import made =
      hostFunction(std::move(module), std::move(name), std::move(body));
  made.function = std::move(made.function).leaf();
  return made;
}

} // namespace rune::engine
