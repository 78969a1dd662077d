// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers as the text format writes them: decimal and hexadecimal, underscores
// between digits, floats rounded to nearest, NaNs with their payload.
//
// source  core 3.0, sections 6.3.1 and 6.3.2
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rune::wasm::text {

/// Why letters are no number of a type.
enum class NumberFault : uint8_t { None, NotANumber, OutOfRange };

struct Number {
  /// The value's bits, in the low end.
  uint64_t bits = 0;
  NumberFault fault = NumberFault::None;
};

/// An integer without a sign, below 2^`width`.
Number parseUnsigned(std::string_view text, unsigned width = 64);
/// An integer in [-2^(width-1), 2^width), as two's complement in `width` bits.
Number parseInteger(std::string_view text, unsigned width);
/// A number of `width` bits: 32 or 64.
Number parseFloat(std::string_view text, unsigned width);

} // namespace rune::wasm::text
