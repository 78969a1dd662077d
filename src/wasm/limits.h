// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How much a file may state. Most are the limits that browsers agreed on
// (JavaScript API, "implementation limitations"); smaller where a file of a few
// kilobytes could otherwise ask for much work. Beyond them: `wasm.limit`.
#pragma once

#include <cstdint>

namespace rune::wasm::limits {

constexpr uint64_t moduleBytes = uint64_t{1} << 30;
constexpr uint32_t types = 100'000;
constexpr uint32_t functions = 1'000'000;
constexpr uint32_t imports = 100'000;
constexpr uint32_t exports = 100'000;
constexpr uint32_t globals = 1'000'000;
constexpr uint32_t tables = 100'000;
constexpr uint32_t memories = 100;
constexpr uint32_t elementSegments = 1'000'000;
constexpr uint32_t elementsPerSegment = 10'000'000;
constexpr uint32_t dataSegments = 100'000;
constexpr uint32_t customSections = 10'000;
constexpr uint32_t nameBytes = 100'000;

constexpr uint32_t parameters = 1'000;
constexpr uint32_t results = 1'000;
/// Parameters excluded. A file declares 2^32 locals in six bytes.
constexpr uint32_t locals = 50'000;
constexpr uint32_t bodyBytes = 7'654'321;
constexpr uint32_t branchTargets = 65'520;
/// Blocks inside blocks. clang -O0 opens one block per case of a switch.
constexpr uint32_t nesting = 65'536;
/// Operands that a function may have on its stack at once.
constexpr uint32_t operands = 65'536;

/// Of the specification: bytes, by the width of addresses.
constexpr uint64_t memoryBytes32 = uint64_t{1} << 32;
/// In pages of 64 KiB.
constexpr uint64_t memoryPages64 = uint64_t{1} << 48;
/// The same for any memory: its size in pages is a number of its address type.
constexpr uint64_t memoryPages(bool isWide, uint8_t pageSizeLog2) {
  if (pageSizeLog2 == 0)
    return isWide ? UINT64_MAX : UINT32_MAX;
  return isWide ? memoryPages64 : memoryBytes32 >> pageSizeLog2;
}

} // namespace rune::wasm::limits
