// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the tests of machine code share.
#pragma once

#include "engine/llvm/llvm_compiler.h"
#include "engine/native/native_engine.h"
#include "wasm/decode.h"
#include "wasm/test_module_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>

namespace rune::engine::native::test {

using namespace wasm::test;
using wasm::Opcode;
using enum wasm::ValueType;
namespace fs = std::filesystem;

inline std::shared_ptr<const wasm::Module> load(const ModuleBuilder &builder) {
  auto bytes = std::make_shared<Bytes>(builder.bytes());
  auto module = wasm::load(*bytes, Source::binary("test.wasm"), bytes);
  EXPECT_TRUE(module.ok()) << module.error().message;
  return std::move(module).value();
}

/// (i32) → i32: its argument plus `number`, in module of one export "f".
inline std::shared_ptr<const wasm::Module> adder(int32_t number) {
  ModuleBuilder module;
  uint32_t type = module.type({I32}, {I32});
  module.exported(
      "f", module.function(type,
                           Code().get(0).i32(number).op(Opcode::I32Add).end()));
  return load(module);
}

inline Result<Bytes> compiled(const wasm::Module &module,
                              CompileOptions how = {}) {
  std::atomic<bool> stop = false;
  return makeLlvmCompiler()->compile(module, how, stop);
}

/// A folder of this test's own.
class CacheTest : public testing::Test {
protected:
  void SetUp() override {
    folder = testing::TempDir() + "rune_cache_" + std::to_string(getpid()) +
             testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder);
  }
  void TearDown() override { fs::remove_all(folder); }

  /// The only file of code.
  fs::path codeFile() {
    for (const auto &each : fs::directory_iterator(folder))
      if (each.path().extension() == ".code")
        return each.path();
    return {};
  }
  std::string folder;
  Sha256 key = sha256(asBytes("a key"));
};

} // namespace rune::engine::native::test
