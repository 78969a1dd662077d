// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whether what the host gives may stand for what an import wants, and words for
// both (core 2.0, section 4.5.2). Of a given table or memory, the minimum is
// its size now.
#pragma once

#include "engine/engine.h"

namespace rune::engine {

/// What the host gives under the names of an import, or null.
const Import *findImport(std::span<const Import> imports,
                         const wasm::Import &wanted);

bool fits(const wasm::TableType &given, const wasm::TableType &wanted);
bool fits(const wasm::MemoryType &given, const wasm::MemoryType &wanted);
bool fits(const wasm::GlobalType &given, const wasm::GlobalType &wanted);
bool fits(const wasm::FunctionType &given, const wasm::FunctionType &wanted);

/// "memory of 1 to 3 pages of 65536 bytes, addressed by i32"
std::string described(const wasm::TableType &type);
std::string described(const wasm::MemoryType &type);
std::string described(const wasm::GlobalType &type);
std::string described(const wasm::FunctionType &type);
std::string described(const External &given);

} // namespace rune::engine
