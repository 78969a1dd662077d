// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Is a module a block? It must export the functions of the world `proc-block`
// under their core names, in the legacy spelling or the newer `cm32p2` one, and
// import nothing that no host grants.
//
// source  wit/rune-block.wit; component-model/design/mvp/BuildTargets.md
#pragma once

#include "wasm/module.h"

#include <string>
#include <string_view>

namespace rune::link {

/// The names of one function or memory in both spellings. An empty signature
/// is a memory.
struct BlockExport {
  std::string_view legacy;
  std::string_view cm32p2;
  std::string_view signature;
  bool required;
};

inline constexpr BlockExport blockExports[] = {
    {"memory", "cm32p2_memory", "", true},
    {"cabi_realloc", "cm32p2_realloc", "(i32, i32, i32, i32) -> (i32)", true},
    {"rune:block/block@0.1.0#metadata", "cm32p2|rune:block/block@0.1|metadata",
     "() -> (i32)", true},
    {"rune:block/block@0.1.0#create", "cm32p2|rune:block/block@0.1|create",
     "(i32, i32) -> (i32)", true},
    {"rune:block/block@0.1.0#graph", "cm32p2|rune:block/block@0.1|graph",
     "(i32, i32) -> (i32)", true},
    {"rune:block/block@0.1.0#compute", "cm32p2|rune:block/block@0.1|compute",
     "(i32, i32) -> (i32)", true},
    {"_initialize", "cm32p2_initialize", "() -> ()", false},
    {"cabi_post_rune:block/block@0.1.0#metadata",
     "cm32p2|rune:block/block@0.1|metadata_post", "(i32) -> ()", false},
    {"cabi_post_rune:block/block@0.1.0#create",
     "cm32p2|rune:block/block@0.1|create_post", "(i32) -> ()", false},
    {"cabi_post_rune:block/block@0.1.0#graph",
     "cm32p2|rune:block/block@0.1|graph_post", "(i32) -> ()", false},
    {"cabi_post_rune:block/block@0.1.0#compute",
     "cm32p2|rune:block/block@0.1|compute_post", "(i32) -> ()", false},
};

/// Decodes, validates and judges a block.
///
/// in      `name`: of the block; `user`: the stage that needs it
/// result  true if it is one; otherwise the errors are in `report`, at `where`
bool checkBlock(ByteSpan wasm, std::string_view name, std::string_view user,
                const Location &where, Report &report);

/// True if the linker wrapped the functions of the world in calls of the
/// constructors, as it does for modules of the command model: each call of a
/// block would then start it anew.
bool wrapsConstructors(const wasm::Module &module);

} // namespace rune::link
