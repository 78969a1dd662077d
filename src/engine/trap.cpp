// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/engine.h"

#include <fmt/ranges.h>

#include <bit>

namespace rune::engine {

std::string_view trapText(TrapKind kind) {
  switch (kind) {
#define RUNE_TRAP(enumerator, text)                                            \
  case TrapKind::enumerator:                                                   \
    return text;
#include "engine/traps.def"
#undef RUNE_TRAP
  }
  return "unknown trap";
}

std::string Trap::str() const {
  std::string text(trapText(kind));
  if (!detail.empty())
    text += ": " + detail;
  if (!backtrace.empty())
    text += fmt::format(" (in functions {})", fmt::join(backtrace, " < "));
  return text;
}

Value Value::f32(float value) { return {std::bit_cast<uint32_t>(value)}; }
Value Value::f64(double value) { return {std::bit_cast<uint64_t>(value)}; }
float Value::asF32() const { return std::bit_cast<float>(asI32()); }
double Value::asF64() const { return std::bit_cast<double>(bits); }

} // namespace rune::engine
