// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/library_bitcode.h"

namespace rune::compile {

namespace {

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
#include "compile/bitcode_parts.inc"
#pragma clang diagnostic pop

} // namespace

std::span<const LibraryPart> libraryParts() {
  static constexpr LibraryPart parts[] = {
#define RUNE_BITCODE(name) {#name, name},
#include "compile/bitcode.def"
#undef RUNE_BITCODE
  };
  return parts;
}

} // namespace rune::compile
