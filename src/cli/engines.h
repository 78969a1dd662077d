// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The engines that this `rune` has, by the names of `--engine`. A small one is
// built without the compiling tier and has the interpreter alone.
#pragma once

#include "cli/console.h"
#include "engine/engine.h"
#include "engine/native/compiler.h"

#include <memory>
#include <string>
#include <vector>

namespace rune::cli {

/// "interpreter", and "llvm" and "auto" where there is a compiler.
std::vector<std::string> engineNames();

/// One of engineNames(). What a cache could not keep becomes a note.
std::unique_ptr<engine::Engine> makeEngine(const std::string &name,
                                           Console &console);

/// Null in a `rune` without the compiling tier.
std::shared_ptr<engine::native::Compiler> makeCompiler();

} // namespace rune::cli
