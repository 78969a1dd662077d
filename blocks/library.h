// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The blocks that come with Rune, inside the program: their modules and what
// each says of itself.
#pragma once

#include "base/bytes.h"
#include "base/hash.h"

#include <span>
#include <string_view>

namespace rune::blocks {

struct LibraryBlock {
  /// As a Runefile names it.
  std::string_view name;
  /// Semantic version of the block.
  std::string_view version;
  /// A core WebAssembly module, 64-byte aligned.
  ByteSpan wasm;
  Sha256 hash;
  /// The block's `metadata` as JSON (blocks/README.md); a test holds it equal
  /// to what the module answers.
  std::string_view interface;
};

/// All of them, sorted by name.
std::span<const LibraryBlock> all();

/// The block that a Runefile calls `name`, '-' and '_' being alike: the first
/// system's block library used both. Of `hotg-ai/proc-blocks@v0.11.3#label`
/// that is the part behind '#'.
///
/// result  null when there is none
const LibraryBlock *find(std::string_view name);

} // namespace rune::blocks
