// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A blob of code as memory that can run. Pages are written first and then made
// executable, never both.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace rune::machine {

class MappedCode {
public:
  /// errors  `machine.out-of-memory`
  static Result<MappedCode> map(ByteSpan code);

  MappedCode() = default;
  MappedCode(MappedCode &&other) noexcept;
  MappedCode &operator=(MappedCode &&other) noexcept;
  ~MappedCode();

  const uint8_t *data() const { return base_; }
  size_t size() const { return bytes_; }

private:
  uint8_t *base_ = nullptr;
  size_t bytes_ = 0;
};

} // namespace rune::machine
