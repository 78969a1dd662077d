// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Modules are run by node in tests/ahead; here is what is refused.
#include "compile/wasm_module.h"

#include "compile/ahead.h"
#include "graph/builder.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

namespace rune::compile {
namespace {

graph::Graph doubled(const char *type) {
  graph::GraphBuilder builder("doubled");
  graph::ValueId x = builder.input("x", *parseTensorType(type));
  builder.output(*builder.one(graph::Op::Add, "sum", {x, x}), "y");
  auto graph = std::move(builder).finish();
  EXPECT_TRUE(graph.ok()) << graph.error().message;
  return *std::move(graph);
}

Result<AheadFiles> compiled(const char *type, Form form) {
  AheadOptions options;
  options.target = {machine::Family::Wasm32};
  return compileFiles(doubled(type), options, form);
}

TEST(WasmModule, OfWhatIsNoObjectIsRefused) {
  EXPECT_EQ(wasmModuleOf(asBytes("no object"), {}).error().code,
            "compile.internal");
  auto object = compiled("f32[4]", Form::Object);
  ASSERT_TRUE(object.ok()) << object.error().message;
  EXPECT_TRUE(wasmModuleOf(object->code, {{"model_run"}, {}, 4096}).ok());
  auto missing = wasmModuleOf(object->code, {{"model_walk"}, {}, 4096});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().message, "the object has no `model_walk`");
  ByteSpan half = ByteSpan(object->code).first(object->code.size() / 2);
  EXPECT_FALSE(wasmModuleOf(half, {{"model_run"}, {}, 4096}).ok());
}

TEST(WasmModule, BeyondItsAddressesIsRefused) {
  EXPECT_TRUE(compiled("f32[64, 64]", Form::WasmModule).ok());
  auto made = compiled("f32[1024, 1024, 1024]", Form::WasmModule);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, "compile.too-large");
}

} // namespace
} // namespace rune::compile
