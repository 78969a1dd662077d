// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Indices that come as data: checked one by one, since nobody can know them
// before.
#pragma once

#include "graph/ops/common.h"

namespace rune::graph {

/// The elements of an i32 or i64 input.
class Indices {
public:
  Indices(const TensorView &view)
      : data_(view.data), isWide_(view.dtype == DType::I64) {}

  int64_t operator[](int64_t at) const {
    return isWide_ ? Elements<int64_t>(data_)[at]
                   : Elements<int32_t>(data_)[at];
  }
  /// The element, counted from the end if negative; nothing outside [-size,
  /// size).
  std::optional<int64_t> place(int64_t at, int64_t size) const {
    int64_t index = (*this)[at];
    if (index < -size || index >= size)
      return std::nullopt;
    return index < 0 ? index + size : index;
  }

private:
  ByteSpan data_;
  bool isWide_;
};

inline bool isIndex(DType dtype) {
  return dtype == DType::I32 || dtype == DType::I64;
}

} // namespace rune::graph
