// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The text format of WebAssembly, for tests and blocks written by hand: a
// module becomes its binary form, which `decode` and `validate` then judge like
// any other.
//
// source  core 3.0, section 6
#pragma once

#include "wasm/decode.h"
#include "wasm/text/node.h"

namespace rune::wasm::text {

/// The binary form of the one module that a text holds, with or without
/// `(module …)` around it.
///
/// errors  `wasm.malformed` with the place in the text; `wasm.unsupported`: a
///         feature that we know by name; `wasm.limit`
Result<Bytes> assemble(const SourcePtr &source);

/// The same for the fields of a module that is part of a larger text, such as
/// a script.
Result<Bytes> assembleFields(Cursor fields);

/// The module of a `.wat` text, decoded and validated. Messages of validation
/// point into the binary form.
Result<std::shared_ptr<const Module>> loadText(const SourcePtr &source);

} // namespace rune::wasm::text
