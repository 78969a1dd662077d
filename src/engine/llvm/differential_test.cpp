// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random modules under the interpreter and as machine code. The fuzzer of the
// same name goes on from here.
#include "engine/llvm/differential.h"
#include "engine/llvm/llvm_compiler.h"
#include "engine/native/native_engine.h"
#include "engine/test_engine.h"

#include <gtest/gtest.h>

#include <random>

namespace rune::engine {
namespace {

using test::makeTestedEngine;

class DifferentialTest : public testing::TestWithParam<uint32_t> {};

TEST_P(DifferentialTest, RandomModulesDoTheSame) {
  std::mt19937 random(GetParam());
  auto judge = makeInterpreter();
  auto tested = makeTestedEngine();
  test::Differential differential(*judge, *tested);
  for (int i = 0; i < 10; ++i) {
    Bytes choices(200 + random() % 1500);
    for (uint8_t &byte : choices)
      byte = static_cast<uint8_t>(random());
    auto bytes = std::make_shared<Bytes>(
        test::RandomModule{test::Choices(choices)}.make());
    auto module = wasm::load(*bytes, Source::binary("random.wasm"), bytes);
    ASSERT_TRUE(module.ok()) << module.error().message;
    EXPECT_EQ(differential.compare(*module), "")
        << "seed " << GetParam() << ", module " << i;
  }
  EXPECT_GT(differential.calls, 40u);
}

INSTANTIATE_TEST_SUITE_P(, DifferentialTest, testing::Range(1u, 9u));

/// The comparison itself: two modules that differ in one instruction.
TEST(DifferentialSelfTest, SeesAnInstructionThatDiffers) {
  using enum wasm::ValueType;
  auto moduleWith = [](wasm::Opcode opcode) {
    wasm::test::ModuleBuilder module;
    uint32_t type = module.type({I32, I64, F32, F64, V128}, {I32});
    module.exported(
        "f", module.function(
                 type, wasm::test::Code().get(0).i32(1).op(opcode).end()));
    auto bytes = std::make_shared<Bytes>(module.bytes());
    return wasm::load(*bytes, Source::binary("m.wasm"), bytes).value();
  };
  auto judge = makeInterpreter();
  auto tested = makeTestedEngine();
  auto added = moduleWith(wasm::Opcode::I32Add);
  auto subtracted = moduleWith(wasm::Opcode::I32Sub);
  Value arguments[5] = {{9}, {8}, {7}, {6}, {5, 4}}, a[1], b[1];
  auto x = judge->instantiate(added, {}, {}, {});
  auto y = tested->instantiate(subtracted, {}, {}, {});
  ASSERT_TRUE(x.ok() && y.ok());
  EXPECT_FALSE((*x)->call(0, arguments, a, {}));
  EXPECT_FALSE((*y)->call(0, arguments, b, {}));
  EXPECT_NE(a[0].bits, b[0].bits);
  EXPECT_EQ(test::Differential(*judge, *tested).compare(added), "");
}

} // namespace
} // namespace rune::engine
