// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What writer and reader of the graph table share. docs/format.md, "The graph
// table", owns every byte.
#pragma once

#include <cstdint>

namespace rune::graph {

/// "RGTB" in the order of the bytes.
constexpr uint32_t tableMagic = 0x42544752;
/// Version 2 adds variables at the end; version 3 bodies, and values that are
/// no tensors of a known rank.
constexpr uint16_t tableVersion = 3;
constexpr uint16_t oldestTableVersion = 1;

enum class DimTag : uint8_t { Unknown = 0, Fixed = 1, Named = 2 };

/// Stands for the number of dimensions where that is not known.
constexpr uint8_t openRank = 0xff;

constexpr uint32_t maxStrings = 1 << 22;
constexpr uint32_t noIndex = UINT32_MAX;

} // namespace rune::graph
