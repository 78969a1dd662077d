// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vectors of a fixed number of lanes; LLVM splits those that are wider than the
// target's registers.
#pragma once

#include <stdint.h>

namespace rune::library {

template <class T, int lanes>
using Vector = T __attribute__((ext_vector_type(lanes)));

template <class V, class T>
[[gnu::always_inline]] inline V loadVector(const T *from) {
  V v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}
template <class V, class T>
[[gnu::always_inline]] inline void storeVector(T *to, V v) {
  __builtin_memcpy(to, &v, sizeof v);
}

} // namespace rune::library
