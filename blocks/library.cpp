// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The modules are brought in by the assembler: it copes with any size at once,
// and ccache knows to look at the files behind `.incbin`. library_blocks.def is
// written by CMake: RUNE_LIBRARY_BLOCK(symbol, name, version, wasm, json).
#include "blocks/library.h"

#include <algorithm>
#include <array>

#define RUNE_EMBED(symbol, path)                                               \
  __asm__(".pushsection .rodata." symbol ",\"a\",%progbits\n"                  \
          ".balign 64\n"                                                       \
          ".globl " symbol "_begin\n.hidden " symbol "_begin\n"                \
          ".globl " symbol "_end\n.hidden " symbol "_end\n" symbol "_begin:\n" \
          ".incbin \"" path "\"\n" symbol "_end:\n"                            \
          ".byte 0\n"                                                          \
          ".popsection");

#define RUNE_LIBRARY_BLOCK(symbol, name, version, wasm, json)                  \
  RUNE_EMBED("rune_block_wasm_" #symbol, wasm)                                 \
  RUNE_EMBED("rune_block_json_" #symbol, json)                                 \
  extern "C" [[gnu::visibility(                                                \
      "hidden")]] const uint8_t rune_block_wasm_##symbol##_begin[],            \
      rune_block_wasm_##symbol##_end[], rune_block_json_##symbol##_begin[],    \
      rune_block_json_##symbol##_end[];
#include "library_blocks.def"
#undef RUNE_LIBRARY_BLOCK

namespace rune::blocks {
namespace {

LibraryBlock makeBlock(std::string_view name, std::string_view version,
                       ByteSpan wasm, ByteSpan json) {
  return {name, version, wasm, sha256(wasm), asText(json)};
}

bool sameName(std::string_view a, std::string_view b) {
  auto plain = [](char c) { return c == '-' ? '_' : c; };
  return std::ranges::equal(a, b, {}, plain, plain);
}

} // namespace

std::span<const LibraryBlock> all() {
  static const auto blocks = std::to_array<LibraryBlock>({
#define RUNE_LIBRARY_BLOCK(symbol, name, version, wasm, json)                  \
  makeBlock(                                                                   \
      name, version,                                                           \
      {rune_block_wasm_##symbol##_begin, rune_block_wasm_##symbol##_end},      \
      {rune_block_json_##symbol##_begin, rune_block_json_##symbol##_end}),
#include "library_blocks.def"
#undef RUNE_LIBRARY_BLOCK
  });
  return blocks;
}

const LibraryBlock *find(std::string_view name) {
  for (const LibraryBlock &block : all())
    if (sameName(block.name, name))
      return &block;
  return nullptr;
}

} // namespace rune::blocks
