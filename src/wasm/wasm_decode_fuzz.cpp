// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes: decoding and validating end with a module or a message.
#include "wasm/decode.h"

#include <cstdlib>

namespace {

/// The harness's own bug, for `./dev fuzz --selftest`: reached only through a
/// whole valid module with a body and a name that no seed has.
void plantedBug(const rune::wasm::Module &module) {
  static const bool planted = std::getenv("RUNE_FUZZ_PLANTED") != nullptr;
  if (!planted || module.bodies.empty())
    return;
  for (const auto &each : module.exports)
    if (!each.name.empty() && (each.name[0] < '_' || each.name[0] > 'z'))
      __builtin_trap();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const rune::SourcePtr source = rune::Source::binary("input.wasm");
  auto module = rune::wasm::load({data, size}, source);
  if (module.ok())
    plantedBug(**module);
  else if (module.error().code.empty() || module.error().message.empty())
    __builtin_trap();
  return 0;
}
