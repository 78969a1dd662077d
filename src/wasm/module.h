// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A decoded module: plain data, indices and spans into the file's bytes.
// The names are those of the specification's abstract syntax (core 2.0, section
// 2).
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace rune::wasm {

enum class ValueType : uint8_t {
  I32 = 0x7F,
  I64 = 0x7E,
  F32 = 0x7D,
  F64 = 0x7C,
  FuncRef = 0x70,
  ExternRef = 0x6F,
};
std::string_view valueTypeName(ValueType type);

struct FunctionType {
  std::vector<ValueType> parameters;
  std::vector<ValueType> results;
  bool operator==(const FunctionType &) const = default;
  /// "(i32, i32) -> (i64)"
  std::string str() const;
};


struct Module {};

} // namespace rune::wasm
