// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The library of plain kernels (compile/library/) as LLVM bitcode, carried in
// the program.
#pragma once

#include "base/bytes.h"

#include <span>
#include <string_view>

namespace rune::compile {

struct LibraryPart {
  std::string_view name;
  ByteSpan bitcode;
};

std::span<const LibraryPart> libraryParts();

} // namespace rune::compile
