// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiling tier: wasm to machine code by LLVM. This header is all that
// others see of it.
#pragma once

#include "engine/native/compiler.h"

namespace rune::engine {

/// Compiles by LLVM 22; `buildId` names our sources and its version.
std::shared_ptr<native::Compiler> makeLlvmCompiler();

} // namespace rune::engine
