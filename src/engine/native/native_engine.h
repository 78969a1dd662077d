// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The engines that run machine code. Neither needs LLVM by itself: a library
// without a compiler runs what was compiled before.
#pragma once

#include "engine/native/code_library.h"

namespace rune::engine {

/// Runs machine code, and waits for it to be made.
std::unique_ptr<Engine>
makeNativeEngine(std::shared_ptr<native::CodeLibrary> library);

/// Machine code where there is some, and the interpreter while it is being
/// made.
std::unique_ptr<Engine>
makeAutoEngine(std::shared_ptr<native::CodeLibrary> library);

} // namespace rune::engine
