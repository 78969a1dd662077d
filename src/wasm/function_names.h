// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What people call a module's functions: for debuggers, profilers and messages.
#pragma once

#include "wasm/module.h"

namespace rune::wasm {

/// A name for each function: what the section `name` says; else
/// "MODULE.NAME" of an import, the name of an export, or "wasm[INDEX]". Never
/// empty, at most 200 bytes, without control characters. A `name` section that
/// is malformed counts as far as it can be read (core 2.0, appendix 7.4.1: it
/// has no influence on validity).
std::vector<std::string> functionNames(const Module &module);

} // namespace rune::wasm
