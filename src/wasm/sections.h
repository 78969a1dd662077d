// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The decoder's parts, one function a section (core 2.0, section 5.5). Each is
// given a Reader of exactly its section and leaves it at the end, which
// `decode` checks. Inside this room only.
#pragma once

#include "wasm/instruction.h"

namespace rune::wasm {

/// errors  malformed function type · malformed value type
Result<> decodeTypes(Reader &reader, Module &module);
/// errors  malformed import kind · those of types
Result<> decodeImports(Reader &reader, Module &module);
Result<> decodeFunctions(Reader &reader, Module &module);
Result<> decodeTables(Reader &reader, Module &module);
Result<> decodeMemories(Reader &reader, Module &module);
/// errors  malformed mutability · those of constant expressions
Result<> decodeGlobals(Reader &reader, Module &module);
/// errors  malformed export kind
Result<> decodeExports(Reader &reader, Module &module);
Result<> decodeStart(Reader &reader, Module &module);
/// errors  malformed elements segment kind · malformed element kind
Result<> decodeElements(Reader &reader, Module &module);
Result<> decodeDataCount(Reader &reader, Module &module);
/// errors  too many locals
Result<> decodeCode(Reader &reader, Module &module);
/// errors  malformed data segment kind
Result<> decodeData(Reader &reader, Module &module);
Result<> decodeCustom(Reader &reader, Module &module);

/// Section 5.3: what imports and definitions share.
///
/// errors  malformed limits flags · malformed mutability ·
///         `wasm.unsupported` (threads, memory64, custom page sizes)
Result<TableType> readTableType(Reader &reader);
Result<MemoryType> readMemoryType(Reader &reader);
Result<GlobalType> readGlobalType(Reader &reader);

/// The bytes up to and with the matching `end`; instructions must be readable.
Result<ConstantExpression> readConstantExpression(Reader &reader);

/// errors  `wasm.limit` when an index space would outgrow `limit`
Result<> checkCount(const Reader &reader, uint64_t count, uint32_t limit,
                    std::string_view what);

} // namespace rune::wasm
