// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Judges a decoded module by the specification's typing rules (core 2.0,
// section 3). What passes cannot go wrong at run time except by a trap.
#pragma once

#include "wasm/module.h"

namespace rune::wasm {

/// Checks every index, type, constant expression and function body.
///
/// errors  `wasm.invalid`; `wasm.malformed`, `wasm.unsupported` and
///         `wasm.limit` for what is found only inside function bodies. Messages
///         begin with the words of the specification's test suite.
Result<> validate(const Module &module);

} // namespace rune::wasm
