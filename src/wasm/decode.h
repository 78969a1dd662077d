// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Wasm bytes to a Module (core 2.0, section 5). Decoding judges form only; what
// the indices and instructions mean is `validate`'s matter.
#pragma once

#include "wasm/module.h"

namespace rune::wasm {

/// The module that `bytes` spell. Instructions are left as bytes.
///
/// in      `source` names the file in messages; the module's spans point into
///         `bytes`, which `owner` keeps alive (null: the caller does)
/// errors  `wasm.malformed`, `wasm.limit` (limits.h), `wasm.unsupported` (a
///         feature we know by name)
Result<Module> decode(ByteSpan bytes, const SourcePtr &source,
                      std::shared_ptr<const void> owner = nullptr,
                      const Features &features = {});

/// `decode`, then `validate`: what engines take.
Result<std::shared_ptr<const Module>>
load(ByteSpan bytes, const SourcePtr &source,
     std::shared_ptr<const void> owner = nullptr,
     const Features &features = {});

} // namespace rune::wasm
