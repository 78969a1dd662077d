// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which module a `proc-block:` of a Runefile means. Nothing is fetched:
//
//   hotg-ai/proc-blocks@v0.11.3#label   the block `label` of our library
//   ./identity.wasm                     that file
//   ./identity                          a folder, and in it the first there is
//   of
//                                         identity.wasm
//                                         target/wasm32-unknown-unknown/release/identity.wasm
//                                         the only *.wasm
//
// Rust writes `_` for `-` in the names of its modules; both are looked for.
#pragma once

#include "base/bytes.h"
#include "base/files.h"
#include "wasm/module.h"

#include <memory>
#include <string>

namespace rune::cli {

/// A block's module, from the library or from a file.
struct BlockFile {
  std::string name;
  ByteSpan wasm;
  /// Keeps a file's bytes; empty for library blocks.
  std::shared_ptr<const FileBytes> file;
  /// Decoded by who needs it first.
  std::shared_ptr<const wasm::Module> module;
};

/// in      `what`: as the Runefile has it; `folder`: where its relative paths
///         start
/// errors  `check.unknown-block` not in the library (with `help` if a name is
///         near) · `block.not-built` a Rust crate without a module ·
///         `block.no-module`, `block.several-modules` other folders · `file.…`
Result<BlockFile> openBlock(const std::string &what, const std::string &folder);

} // namespace rune::cli
