// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Valid modules of the fuzzer's choosing, under the interpreter and as machine
// code, with both kinds of bounds: whatever one does, the other must do.
#include "engine/llvm/differential.h"
#include "engine/llvm/llvm_compiler.h"
#include "engine/native/native_engine.h"

#include <cstdio>
#include <cstdlib>

namespace {

using namespace rune;
using namespace rune::engine;

/// The harness's own bug, for `./dev fuzz --selftest`: a judge that takes
/// subtractions for additions.
void plantBug(Bytes &bytes) {
  static const bool planted = std::getenv("RUNE_FUZZ_PLANTED") != nullptr;
  if (!planted)
    return;
  for (uint8_t &byte : bytes) // in code or in a number, it makes a difference
    if (byte == 0x6B || byte == 0x93 || byte == 0xA1)
      --byte;
}

std::unique_ptr<Engine> compiledEngine(native::Bounds bounds) {
  native::LibraryOptions options;
  options.compiler = makeLlvmCompiler();
  options.bounds = bounds;
  options.checkIr = true;
  return makeNativeEngine(
      std::make_shared<native::CodeLibrary>(std::move(options)));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  test::RandomModule generator{test::Choices({data + 1, size - 1})};
  auto bytes = std::make_shared<Bytes>(generator.make());
  auto module = wasm::load(*bytes, Source::binary("random.wasm"), bytes);
  if (!module) {
    std::fprintf(stderr, "the generator made an invalid module: %s\n",
                 module.error().message.c_str());
    __builtin_trap();
  }
  auto other = std::make_shared<Bytes>(*bytes);
  plantBug(*other);
  auto planted = wasm::load(*other, Source::binary("random.wasm"), other);
  auto judge = makeInterpreter();
  // A fresh engine each time: nothing is kept, and memory stays small.
  auto tested = compiledEngine(data[0] & 1 ? native::Bounds::Dense
                                           : native::Bounds::Guard);
  test::Differential differential(*judge, *tested);
  std::string why =
      differential.compare(planted.ok() ? *planted : *module, *module);
  if (!why.empty()) {
    std::fprintf(stderr, "the engines part: %s\n", why.c_str());
    __builtin_trap();
  }
  return 0;
}
