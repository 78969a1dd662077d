// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SHA-256, by which blocks, weights and files are known.
#pragma once

#include "base/bytes.h"

#include <array>
#include <optional>
#include <string>

namespace rune {

struct Sha256 {
  std::array<uint8_t, 32> bytes{};

  /// 64 lower-case hexadecimal digits.
  std::string hex() const;
  bool operator==(const Sha256 &) const = default;
  auto operator<=>(const Sha256 &) const = default;
};

/// source  FIPS 180-4
Sha256 sha256(ByteSpan bytes);

} // namespace rune
