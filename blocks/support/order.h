// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Comparing elements without code for each type: every number becomes a u64
// that stands where the number does. What sorts or searches is then there once.
#pragma once

#include "block_kit.h"

namespace rune::kit {

/// Where an element stands among all of its type: larger for larger, equal for
/// equal, 0 and -0 alike; NaN below everything.
using Order = uint64_t (*)(const uint8_t *element);

template <class T> uint64_t orderOf(const uint8_t *element) {
  constexpr uint64_t top = uint64_t{1} << 63;
  T value;
  std::memcpy(&value, element, sizeof value);
  if constexpr (std::is_integral_v<T>)
    return std::is_signed_v<T> ? static_cast<uint64_t>(value) ^ top : value;
  if (value != value)
    return 0;
  double number = static_cast<double>(value) + 0.0; // -0 becomes 0
  auto bits = __builtin_bit_cast(uint64_t, number);
  return bits & top ? ~bits : bits | top;
}

/// Elements of any one type of numbers, by their order.
struct Ordered {
  const uint8_t *data;
  size_t size, elementBytes;
  Order order;
  uint64_t operator[](size_t i) const { return order(data + i * elementBytes); }
};

/// errors  `invalid-input` when the data is not as long as `dims` say
inline Or<Ordered> ordered(const Tensor &tensor, std::string_view subject) {
  Ordered result{tensor.data.data(), 0, 1, orderOf<uint8_t>};
  dispatch(AllNumbers{}, tensor.dtype, [&]<class T>(As<T>) {
    result.order = orderOf<T>;
    result.elementBytes = sizeof(T);
  });
  result.size = BLOCK_TRY(expectData(tensor, subject, result.elementBytes));
  return result;
}

} // namespace rune::kit
