// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A function that is called but not kept. Walkers that take one are compiled
// once; as templates they would be compiled again for each operator and each
// element type, which was half of the time of a clean build.
#pragma once

#include <memory>
#include <type_traits>

namespace rune::graph {

template <class Signature> class FunctionRef;

/// Refers to what is called: for parameters only, never to be stored.
template <class R, class... Args> class FunctionRef<R(Args...)> {
public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>)
  FunctionRef(F &&function)
      : object_(const_cast<void *>(
            static_cast<const void *>(std::addressof(function)))),
        call_([](void *object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F> *>(object))(
              static_cast<Args>(args)...);
        }) {}

  R operator()(Args... args) const {
    return call_(object_, static_cast<Args>(args)...);
  }

private:
  void *object_;
  R (*call_)(void *, Args...);
};

} // namespace rune::graph
