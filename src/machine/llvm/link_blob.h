// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Object files of one module to one blob: code and constants side by side, with
// every reference between them resolved, so that it runs wherever it is mapped.
// What would need a relocation at load time (an absolute address, a symbol that
// is not ours) is refused: it would be a fault of the translator.
#pragma once

#include "base/bytes.h"
#include "machine/llvm/target_machine.h"

#include <map>

namespace rune::machine {

struct Blob {
  Bytes code;
  /// Where what runs begins, if constants are apart from it.
  uint64_t textBegin = 0;
  /// Offsets of the functions.
  std::map<std::string, uint32_t> symbols;
  /// Bytes of the code of each of them.
  std::map<std::string, uint32_t> sizes;
  /// Bytes of the frame of each of them.
  std::map<std::string, uint64_t> frames;
};

/// in      `pageBytes`: 0, or all constants come first and all code from a
///         multiple of it on
/// errors  `machine.internal`
Result<Blob> linkBlob(const std::vector<ObjectBytes> &objects, Family family,
                      uint64_t pageBytes = 0);

} // namespace rune::machine
