// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An object for WebAssembly as a module. The object numbers its functions,
// types and table as a module of its own would, so what is left to settle are
// addresses: memory begins with the stack, which grows down and so traps
// instead of reaching the weights; then come the constants, then what the host
// uses as it likes, from `__heap_base` on.
//
// source  WebAssembly core 2.0, §5.5; tool-conventions, Linking.md
#pragma once

#include "base/bytes.h"

#include <string>
#include <vector>

namespace rune::compile {

struct WasmExports {
  /// Functions of the object. `memory` and `__heap_base` are exported too.
  std::vector<std::string> functions;
  /// Constants, as globals.
  std::vector<std::pair<std::string, uint32_t>> numbers;
  uint64_t stackBytes = 0;
};

/// errors  `compile.internal`: the object needs something ·
///         `compile.too-large`: beyond 2^31 bytes
Result<Bytes> wasmModuleOf(ByteSpan object, const WasmExports &exports);

} // namespace rune::compile
