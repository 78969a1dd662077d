// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model without its weights, for protobuf, which would copy them. The weights
// are used where they stand in the file.
#pragma once

#include "base/bytes.h"

#include <optional>
#include <vector>

namespace rune::import {

struct StrippedModel {
  /// The ModelProto without the raw data of the graph's large initializers.
  Bytes message;
  /// For each initializer of the graph in its order: its raw data, if that was
  /// taken out.
  std::vector<std::optional<ByteSpan>> raw;
};

/// Raw data of fewer bytes stay in the message.
constexpr size_t leastStrippedBytes = 1024;

/// Nothing where there is nothing to gain, or where fields stand twice and
/// protobuf has to merge them.
///
/// in  bytes that scanWire has passed as a ModelProto
std::optional<StrippedModel> stripWeights(ByteSpan model);

} // namespace rune::import
