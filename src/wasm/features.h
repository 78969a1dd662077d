// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a module may use beyond core 2.0. What is off reads as it did before the
// feature existed: `malformed` or `invalid`, in the words of core 2.0. Garbage
// collection, typed function references, exceptions and threads are never on;
// they are refused by name.
#pragma once

namespace rune::wasm {

struct Features {
  bool extendedConst = true;
  /// Constant expressions may name the module's own immutable globals (3.0).
  bool ownGlobalsInConstants = true;
  bool tailCalls = true;
  bool multiMemory = true;
  /// 64-bit addresses of memories and tables.
  bool memory64 = true;
  bool relaxedSimd = true;
  bool customPageSizes = true;
  /// A table's elements may start as something else than null (3.0).
  bool tableInitializers = true;
  /// Say `wasm.unsupported` and the name where a proposal is recognised that
  /// this engine lacks; else `wasm.malformed`, as a reader of 2.0 would.
  bool nameUnsupported = true;

  static constexpr Features core2() {
    return {false, false, false, false, false, false, false, false, false};
  }
  bool operator==(const Features &) const = default;
};

} // namespace rune::wasm
