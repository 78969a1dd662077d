// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "compile/compile.h"

namespace rune::compile {

/// The C header of a model that was compiled ahead of time: its functions, the
/// bytes of its arena, inputs and outputs, and what they are.
std::string cHeader(const Program &program, const std::string &name);

} // namespace rune::compile
