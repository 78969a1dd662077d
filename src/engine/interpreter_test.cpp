// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the interpreter promises beyond single numbers: control, calls, hosts,
// limits, death. Expected values follow from core 2.0, section 4.
#include "engine/memory_access.h"
#include "engine/test_engine.h"
#include "wasm/decode.h"
#include "wasm/test_module_builder.h"

#include <gtest/gtest.h>

namespace rune::engine {
namespace {

using namespace wasm::test;
using test::makeTestedEngine;
using wasm::Opcode;
using enum wasm::ValueType;

/// A module under the interpreter; keeps what the instance points to.
struct Guest {
  std::shared_ptr<Bytes> bytes;
  std::shared_ptr<Instance> instance;
  Diagnostic why;

  explicit Guest(const ModuleBuilder &module, std::vector<Import> imports = {},
                 Limits limits = {}, Deadline deadline = {})
      : bytes(std::make_shared<Bytes>(module.bytes())) {
    auto loaded = wasm::load(*bytes, Source::binary("guest.wasm"), bytes);
    if (!loaded) {
      ADD_FAILURE() << loaded.error().message;
      return;
    }
    auto made =
        makeTestedEngine()->instantiate(*loaded, imports, limits, deadline);
    if (made)
      instance = std::move(made).value();
    else
      why = made.error();
  }

  std::optional<Trap> run(std::string_view name, std::vector<Value> arguments,
                          std::span<Value> results, Deadline deadline = {}) {
    uint32_t function = instance->exportedFunction(name).value();
    return instance->call(function, arguments, results, deadline);
  }
  /// The only result as bits; a trap fails the test.
  uint64_t value(std::string_view name, std::vector<Value> arguments = {}) {
    Value result;
    auto trap = run(name, std::move(arguments), {&result, 1});
    EXPECT_FALSE(trap.has_value()) << trap->str();
    return result.bits;
  }
  std::optional<TrapKind> trap(std::string_view name,
                               std::vector<Value> arguments = {},
                               size_t results = 0, Deadline deadline = {}) {
    std::vector<Value> ignored(results);
    auto trap = run(name, std::move(arguments), ignored, deadline);
    return trap ? std::optional(trap->kind) : std::nullopt;
  }
};

std::vector<Value> i32s(std::initializer_list<uint32_t> numbers) {
  std::vector<Value> values;
  for (uint32_t number : numbers)
    values.push_back(Value::i32(number));
  return values;
}

/// A module of one exported function "f" of i32s.
ModuleBuilder oneFunction(std::initializer_list<wasm::ValueType> parameters,
                          std::initializer_list<wasm::ValueType> results,
                          const Code &code) {
  ModuleBuilder module;
  uint32_t type = module.type(parameters, results);
  module.exported("f", module.function(type, code, {{2, I32}}));
  return module;
}

TEST(Interpreter, LocalsStartAtZeroInEveryCall) {
  Guest guest(
      oneFunction({I32}, {I32},
                  Code().get(1).get(0).set(1).get(1).op(Opcode::I32Add).end()));
  EXPECT_EQ(guest.value("f", i32s({5})), 5u);
  EXPECT_EQ(guest.value("f", i32s({7})), 7u);
}

TEST(Interpreter, ALocalReadBeforeItChangesKeepsItsOldValue) {
  // x; x = 9; (old x) - x
  Guest guest(
      oneFunction({I32}, {I32},
                  Code().get(0).i32(9).set(0).get(0).op(Opcode::I32Sub).end()));
  EXPECT_EQ(guest.value("f", i32s({20})), 11u);
  // Through tee, and with many operands pending.
  Code many;
  for (int i = 0; i < 40; ++i)
    many.get(0);
  many.i32(1).op(Opcode::LocalTee, 0);
  for (int i = 0; i < 40; ++i)
    many.op(Opcode::I32Add);
  Guest pending(oneFunction({I32}, {I32}, many.end()));
  EXPECT_EQ(pending.value("f", i32s({3})), 121u);
}

TEST(Interpreter, BlocksGiveTheValueThatBranchesCarry) {
  // block (result i32) 10; 20; br_if(x) 0 → 20 on the branch, else 10 + 20.
  Guest guest(oneFunction({I32}, {I32},
                          Code()
                              .block(Opcode::Block, I32)
                              .i32(10)
                              .i32(20)
                              .get(0)
                              .op(Opcode::BrIf, 0)
                              .op(Opcode::I32Add)
                              .end()
                              .end()));
  EXPECT_EQ(guest.value("f", i32s({1})), 20u);
  EXPECT_EQ(guest.value("f", i32s({0})), 30u);
}

TEST(Interpreter, CompareAndBranchBothWays) {
  // while (i < n) ++i counts with br_if of an inverted compare.
  Guest guest(oneFunction({I32}, {I32},
                          Code()
                              .block(Opcode::Block)
                              .block(Opcode::Loop)
                              .get(1)
                              .get(0)
                              .op(Opcode::I32LtS)
                              .op(Opcode::I32Eqz)
                              .op(Opcode::BrIf, 1)
                              .get(1)
                              .i32(1)
                              .op(Opcode::I32Add)
                              .set(1)
                              .op(Opcode::Br, 0)
                              .end()
                              .end()
                              .get(1)
                              .end()));
  EXPECT_EQ(guest.value("f", i32s({1000})), 1000u);
  EXPECT_EQ(guest.value("f", i32s({uint32_t(-5)})), 0u);
}

TEST(Interpreter, IfTakesParametersAndElse) {
  ModuleBuilder module;
  uint32_t type = module.type({I32}, {I32});
  module.exported("f", module.function(type, Code()
                                                 .get(0)
                                                 .get(0)
                                                 .block(Opcode::If, type)
                                                 .i32(2)
                                                 .op(Opcode::I32Mul)
                                                 .op(Opcode::Else)
                                                 .i32(100)
                                                 .op(Opcode::I32Add)
                                                 .end()
                                                 .end()));
  Guest guest(module);
  EXPECT_EQ(guest.value("f", i32s({21})), 42u);
  EXPECT_EQ(guest.value("f", i32s({0})), 100u);
}

TEST(Interpreter, LoopsCarryParameters) {
  // loop (param i32): adds 1 until 10 is reached.
  ModuleBuilder module;
  uint32_t type = module.type({I32}, {I32});
  Code code = Code()
                  .get(0)
                  .block(Opcode::Loop, type)
                  .i32(1)
                  .op(Opcode::I32Add)
                  .op(Opcode::LocalTee, 0)
                  .get(0)
                  .i32(10)
                  .op(Opcode::I32LtU)
                  .op(Opcode::BrIf, 0)
                  .end()
                  .end();
  module.exported("f", module.function(type, code));
  Guest guest(module);
  EXPECT_EQ(guest.value("f", i32s({0})), 10u);
  EXPECT_EQ(guest.value("f", i32s({50})), 51u);
}

TEST(Interpreter, BranchTablesChooseAndCarry) {
  Code code = Code()
                  .block(Opcode::Block, I32)
                  .block(Opcode::Block, I32)
                  .block(Opcode::Block, I32)
                  .i32(1)
                  .get(0)
                  .brTable({0, 1}, 2)
                  .end()
                  .i32(10)
                  .op(Opcode::I32Add)
                  .end()
                  .i32(100)
                  .op(Opcode::I32Add)
                  .end()
                  .end();
  Guest guest(oneFunction({I32}, {I32}, code));
  EXPECT_EQ(guest.value("f", i32s({0})), 111u);
  EXPECT_EQ(guest.value("f", i32s({1})), 101u);
  EXPECT_EQ(guest.value("f", i32s({2})), 1u);
  EXPECT_EQ(guest.value("f", i32s({UINT32_MAX})), 1u);
}

TEST(Interpreter, FunctionsGiveSeveralResults) {
  ModuleBuilder module;
  uint32_t three = module.type({I32, I64}, {I64, I32, F64});
  uint32_t f = module.function(three, Code().get(1).get(0).f64(2.5).end());
  module.exported("f", f);
  module.exported(
      "g",
      module.function(three, Code().get(0).get(1).op(Opcode::Call, f).end()));
  Guest guest(module);
  for (std::string_view name : {"f", "g"}) {
    Value results[3];
    EXPECT_FALSE(guest.run(name, {Value::i32(7), Value::i64(8)}, results));
    EXPECT_EQ(results[0].asI64(), 8u);
    EXPECT_EQ(results[1].asI32(), 7u);
    EXPECT_EQ(results[2].asF64(), 2.5);
  }
}

TEST(Interpreter, MemoryIsBoundedTo64BitSums) {
  ModuleBuilder module;
  uint32_t type = module.type({I32}, {I32});
  auto load = [&](std::string_view name, uint32_t offset) {
    module.exported(
        name, module.function(
                  type, Code().get(0).op(Opcode::I32Load, 2, offset).end()));
  };
  load("near", 0);
  load("far", UINT32_MAX);
  module.memory(1).activeData(65532, "abcd");
  Guest guest(module);
  EXPECT_EQ(guest.value("near", i32s({65532})), 0x64636261u);
  EXPECT_EQ(Guest(module).trap("near", i32s({65533}), 1),
            TrapKind::OutOfBoundsMemory);
  EXPECT_EQ(Guest(module).trap("near", i32s({UINT32_MAX}), 1),
            TrapKind::OutOfBoundsMemory);
  EXPECT_EQ(Guest(module).trap("far", i32s({1}), 1),
            TrapKind::OutOfBoundsMemory);
  EXPECT_EQ(Guest(module).trap("far", i32s({UINT32_MAX}), 1),
            TrapKind::OutOfBoundsMemory);
}

TEST(Interpreter, MemoryGrowsToTheModulesAndTheHostsCap) {
  ModuleBuilder module =
      oneFunction({I32}, {I32}, Code().get(0).op(Opcode::MemoryGrow, 0).end());
  module.memory(1, 4);
  Guest guest(module);
  EXPECT_EQ(guest.value("f", i32s({2})), 1u);
  EXPECT_EQ(guest.value("f", i32s({2})), UINT32_MAX);
  EXPECT_EQ(guest.value("f", i32s({UINT32_MAX})), UINT32_MAX);
  EXPECT_EQ(guest.value("f", i32s({1})), 3u);
  EXPECT_EQ(guest.instance->memory().size(), 4 * wasm::pageBytes);

  Limits limits;
  limits.memoryBytes = 2 * wasm::pageBytes + 5;
  Guest capped(module, {}, limits);
  EXPECT_EQ(capped.value("f", i32s({1})), 1u);
  EXPECT_EQ(capped.value("f", i32s({1})), UINT32_MAX);
  limits.memoryBytes = 100;
  EXPECT_EQ(Guest(module, {}, limits).why.code, "engine.limit");
}

TEST(Interpreter, BulkMemoryChecksBeforeItWrites) {
  ModuleBuilder module;
  uint32_t type = module.type({I32, I32, I32}, {});
  auto bulk = [&](std::string_view name, const Code &tail) {
    module.exported(
        name, module.function(
                  type, Code().get(0).get(1).get(2).add(tail.bytes()).end()));
  };
  bulk("fill", Code().op(Opcode::MemoryFill, 0));
  bulk("copy", Code().op(Opcode::MemoryCopy, 0, 0));
  bulk("init", Code().op(Opcode::MemoryInit, 0, 0));
  bulk("drop", Code()
                   .op(Opcode::DataDrop, 0)
                   .op(Opcode::Drop)
                   .op(Opcode::Drop)
                   .op(Opcode::Drop));
  module.memory(1).passiveData("hello").countData();
  Guest guest(module);
  EXPECT_FALSE(guest.trap("init", i32s({10, 1, 3})));
  EXPECT_FALSE(guest.trap("copy", i32s({11, 10, 3})));
  EXPECT_FALSE(guest.trap("fill", i32s({20, 0x141, 2})));
  EXPECT_EQ(asText(guest.instance->memory().subspan(10, 4)), "eell");
  EXPECT_EQ(asText(guest.instance->memory().subspan(20, 2)), "AA");
  EXPECT_FALSE(guest.trap("fill", i32s({65536, 1, 0})));
  EXPECT_FALSE(guest.trap("drop", i32s({0, 0, 0})));
  EXPECT_FALSE(guest.trap("init", i32s({0, 0, 0})));
  EXPECT_EQ(guest.trap("init", i32s({0, 0, 1})), TrapKind::OutOfBoundsMemory);
  Guest other(module);
  EXPECT_EQ(other.trap("fill", i32s({65530, 7, 7})),
            TrapKind::OutOfBoundsMemory);
  EXPECT_EQ(other.instance->memory()[65530], 0);
  EXPECT_EQ(Guest(module).trap("copy", i32s({0, UINT32_MAX, 1})),
            TrapKind::OutOfBoundsMemory);
  EXPECT_EQ(Guest(module).trap("init", i32s({0, 4, 2})),
            TrapKind::OutOfBoundsMemory);
}

ModuleBuilder tableModule() {
  ModuleBuilder module;
  uint32_t seven = module.type({}, {I32});
  uint32_t other = module.type({}, {I64});
  uint32_t same = module.type({}, {I32});
  uint32_t byIndex = module.type({I32}, {I32});
  uint32_t f7 = module.function(seven, Code().i32(7).end());
  uint32_t f8 = module.function(other, Code().i64(8).end());
  module.table(FuncRef, 4, 6);
  module.activeElements(0, {f7, f8});
  module.exported(
      "call",
      module.function(byIndex,
                      Code().get(0).op(Opcode::CallIndirect, same, 0).end()));
  module.exported("grow", module.function(byIndex, Code()
                                                       .op(Opcode::RefFunc, f7)
                                                       .get(0)
                                                       .op(Opcode::TableGrow, 0)
                                                       .end()));
  module.exported(
      "size", module.function(seven, Code().op(Opcode::TableSize, 0).end()));
  module.exported(
      "isnull",
      module.function(
          byIndex,
          Code().get(0).op(Opcode::TableGet, 0).op(Opcode::RefIsNull).end()));
  module.exported(
      "clear",
      module.function(
          byIndex,
          Code().get(0).refNull(FuncRef).op(Opcode::TableSet, 0).i32(0).end()));
  module.exported("copy",
                  module.function(byIndex, Code()
                                               .i32(2)
                                               .get(0)
                                               .i32(2)
                                               .op(Opcode::TableCopy, 0, 0)
                                               .i32(0)
                                               .end()));
  module.exported("fill", module.function(byIndex, Code()
                                                       .get(0)
                                                       .op(Opcode::RefFunc, f7)
                                                       .i32(2)
                                                       .op(Opcode::TableFill, 0)
                                                       .i32(0)
                                                       .end()));
  return module;
}

TEST(Interpreter, IndirectCallsCheckElementAndType) {
  ModuleBuilder module = tableModule();
  EXPECT_EQ(Guest(module).value("call", i32s({0})), 7u);
  EXPECT_EQ(Guest(module).trap("call", i32s({1}), 1),
            TrapKind::IndirectCallTypeMismatch);
  EXPECT_EQ(Guest(module).trap("call", i32s({2}), 1),
            TrapKind::UninitializedElement);
  EXPECT_EQ(Guest(module).trap("call", i32s({4}), 1),
            TrapKind::UndefinedElement);
  EXPECT_EQ(Guest(module).trap("call", i32s({UINT32_MAX}), 1),
            TrapKind::UndefinedElement);
}

TEST(Interpreter, TablesGrowAndChange) {
  ModuleBuilder module = tableModule();
  Guest guest(module);
  EXPECT_EQ(guest.value("isnull", i32s({3})), 1u);
  EXPECT_EQ(guest.value("grow", i32s({2})), 4u);
  EXPECT_EQ(guest.value("grow", i32s({1})), UINT32_MAX);
  EXPECT_EQ(guest.value("size"), 6u);
  EXPECT_EQ(guest.value("call", i32s({5})), 7u);
  EXPECT_EQ(guest.value("copy", i32s({0})), 0u);
  EXPECT_EQ(guest.value("call", i32s({2})), 7u);
  EXPECT_EQ(guest.value("clear", i32s({2})), 0u);
  EXPECT_EQ(guest.value("isnull", i32s({2})), 1u);
  EXPECT_EQ(guest.value("fill", i32s({2})), 0u);
  EXPECT_EQ(guest.value("isnull", i32s({2})), 0u);
  EXPECT_EQ(guest.trap("fill", i32s({5}), 1), TrapKind::OutOfBoundsTable);
  EXPECT_EQ(Guest(module).trap("isnull", i32s({4}), 1),
            TrapKind::OutOfBoundsTable);
  EXPECT_EQ(Guest(module).trap("clear", i32s({4}), 1),
            TrapKind::OutOfBoundsTable);
  EXPECT_EQ(Guest(module).trap("copy", i32s({3}), 1),
            TrapKind::OutOfBoundsTable);
  Limits limits;
  limits.tableElements = 5;
  EXPECT_EQ(Guest(module, {}, limits).value("grow", i32s({2})), UINT32_MAX);
  limits.tableElements = 3;
  EXPECT_EQ(Guest(module, {}, limits).why.code, "engine.limit");
}

TEST(Interpreter, GlobalsAndConstantExpressions) {
  ModuleBuilder module;
  module.global(
      I32, true,
      Code().i32(3).i32(4).op(Opcode::I32Mul).i32(2).op(Opcode::I32Sub).end());
  module.global(I64, false, Code().i64(-1).i64(2).op(Opcode::I64Add).end());
  uint32_t type = module.type({}, {I32});
  module.exported("next", module.function(type, Code()
                                                    .op(Opcode::GlobalGet, 0)
                                                    .i32(1)
                                                    .op(Opcode::I32Add)
                                                    .op(Opcode::GlobalSet, 0)
                                                    .op(Opcode::GlobalGet, 0)
                                                    .end()));
  module.exported("count", 0, wasm::ExternKind::Global);
  module.exported("one", 1, wasm::ExternKind::Global);
  Guest guest(module);
  EXPECT_EQ(guest.instance->exportedGlobal("count")->asI32(), 10u);
  EXPECT_EQ(guest.value("next"), 11u);
  EXPECT_EQ(guest.instance->exportedGlobal("count")->asI32(), 11u);
  EXPECT_EQ(guest.instance->exportedGlobal("one")->asI64(), 1u);
  EXPECT_FALSE(guest.instance->exportedGlobal("none").has_value());
}

TEST(Interpreter, ADeadInstanceAnswersItsTrap) {
  ModuleBuilder module = oneFunction(
      {I32}, {},
      Code().get(0).block(Opcode::If).op(Opcode::Unreachable).end().end());
  Guest guest(module);
  EXPECT_FALSE(guest.trap("f", i32s({0})));
  EXPECT_EQ(guest.trap("f", i32s({1})), TrapKind::Unreachable);
  EXPECT_EQ(guest.trap("f", i32s({0})), TrapKind::Unreachable);
}

TEST(Interpreter, TrapsNameTheFunctionsInnermostFirst) {
  ModuleBuilder module;
  uint32_t type = module.type({}, {});
  module.function(type, Code().op(Opcode::Unreachable).end());
  module.function(type, Code().op(Opcode::Call, 0).end());
  module.exported("f", module.function(type, Code().op(Opcode::Call, 1).end()));
  Guest guest(module);
  auto trap = guest.run("f", {}, {});
  ASSERT_TRUE(trap.has_value());
  EXPECT_EQ(trap->backtrace, (std::vector<uint32_t>{0, 1, 2}));
  EXPECT_EQ(trap->str(), "unreachable (in functions 0 < 1 < 2)");
}

TEST(Interpreter, EndlessRecursionIsATrap) {
  Code recursion = Code().op(Opcode::Call, 0).end();
  Guest guest(oneFunction({}, {}, recursion));
  auto trap = guest.run("f", {}, {});
  ASSERT_TRUE(trap.has_value());
  EXPECT_EQ(trap->kind, TrapKind::CallStackExhausted);
  EXPECT_EQ(trap->backtrace.size(), 64u);
  Limits deep;
  deep.callDepth = 1'000'000;
  deep.stackSlots = 10'000;
  EXPECT_EQ(Guest(oneFunction({}, {}, recursion), {}, deep).trap("f"),
            TrapKind::CallStackExhausted);
}

TEST(Interpreter, EndlessLoopsEndAtTheDeadline) {
  Guest loop(oneFunction(
      {}, {}, Code().block(Opcode::Loop).op(Opcode::Br, 0).end().end()));
  EXPECT_EQ(loop.trap("f", {}, 0, Clock::now() + std::chrono::milliseconds(5)),
            TrapKind::DeadlineExceeded);
  Guest fused(oneFunction({I32}, {},
                          Code()
                              .block(Opcode::Loop)
                              .get(0)
                              .i32(3)
                              .op(Opcode::I32Eq)
                              .op(Opcode::BrIf, 0)
                              .end()
                              .end()));
  EXPECT_EQ(fused.trap("f", i32s({3}), 0, Clock::now()),
            TrapKind::DeadlineExceeded);
  ModuleBuilder starts = oneFunction(
      {}, {}, Code().block(Opcode::Loop).op(Opcode::Br, 0).end().end());
  Guest never(starts.start(0), {}, {}, Clock::now());
  EXPECT_EQ(never.why.code, "engine.trap");
  EXPECT_TRUE(never.why.message.starts_with("deadline exceeded"));
}

/// Imports env.host of (i32, i32) → (i32); exports "f", which calls it with
/// its argument and 5, and "twice"; has a memory.
ModuleBuilder hostModule() {
  ModuleBuilder module;
  uint32_t host = module.type({I32, I32}, {I32});
  uint32_t type = module.type({I32}, {I32});
  module.importFunction("env", "host", host);
  module.exported(
      "f",
      module.function(type, Code().get(0).i32(5).op(Opcode::Call, 0).end()));
  module.exported(
      "twice",
      module.function(type, Code().get(0).i32(2).op(Opcode::I32Mul).end()));
  module.exported("host", 0);
  module.memory(1);
  return module;
}
std::vector<Import> host(HostFunction function) {
  return {{"env", "host", {{I32, I32}, {I32}}, std::move(function)}};
}

TEST(Interpreter, HostsSeeArgumentsAndMemory) {
  Guest guest(
      hostModule(), host([](Instance &caller, std::span<const Value> arguments,
                            std::span<Value> results) -> std::optional<Trap> {
        if (!write(caller, 8, arguments[0].asI32()))
          return Trap{TrapKind::Host, "no memory", {}};
        results[0] = Value::i32(arguments[0].asI32() - arguments[1].asI32());
        return {};
      }));
  EXPECT_EQ(guest.value("f", i32s({12})), 7u);
  EXPECT_EQ(read<uint32_t>(*guest.instance, 8).value(), 12u);
  EXPECT_EQ(guest.value("host", i32s({9, 4})), 5u) << "exported import";
}

TEST(Interpreter, AHostsTrapEndsTheGuest) {
  Guest guest(hostModule(),
              host([](Instance &, std::span<const Value>, std::span<Value>) {
                return std::optional(Trap{TrapKind::Host, "no sound", {}});
              }));
  Value result;
  auto trap = guest.run("f", i32s({1}), {&result, 1});
  ASSERT_TRUE(trap.has_value());
  EXPECT_EQ(trap->kind, TrapKind::Host);
  EXPECT_EQ(trap->detail, "no sound");
  EXPECT_EQ(trap->backtrace, (std::vector<uint32_t>{1}));
  EXPECT_EQ(guest.trap("twice", i32s({1}), 1), TrapKind::Host);
}

TEST(Interpreter, HostsMayCallBack) {
  Guest guest(hostModule(),
              host([](Instance &caller, std::span<const Value> arguments,
                      std::span<Value> results) {
                return caller.call(*caller.exportedFunction("twice"),
                                   arguments.first(1), results, {});
              }));
  EXPECT_EQ(guest.value("f", i32s({21})), 42u);
}

TEST(Interpreter, EndlessCallingBackIsATrap) {
  Guest guest(hostModule(),
              host([](Instance &caller, std::span<const Value> arguments,
                      std::span<Value> results) -> std::optional<Trap> {
                // The trap of the inner call is not passed on: the guest is
                // dead all the same.
                (void)caller.call(*caller.exportedFunction("f"),
                                  arguments.first(1), results, {});
                return {};
              }));
  EXPECT_EQ(guest.trap("f", i32s({1}), 1), TrapKind::CallStackExhausted);
}

TEST(Interpreter, AnInnerCallKeepsTheOuterDeadline) {
  ModuleBuilder module = hostModule();
  uint32_t type = module.type({I32}, {I32});
  module.exported(
      "spin",
      module.function(
          type,
          Code().block(Opcode::Loop).op(Opcode::Br, 0).end().i32(0).end()));
  Guest guest(module,
              host([](Instance &caller, std::span<const Value> arguments,
                      std::span<Value> results) {
                return caller.call(*caller.exportedFunction("spin"),
                                   arguments.first(1), results, {});
              }));
  EXPECT_EQ(guest.trap("f", i32s({1}), 1,
                       Clock::now() + std::chrono::milliseconds(5)),
            TrapKind::DeadlineExceeded);
}

TEST(Interpreter, ImportsMustBeGivenWithTheirType) {
  Guest missing(hostModule());
  EXPECT_EQ(missing.why.code, "engine.missing-import");
  EXPECT_EQ(missing.why.message,
            "unknown import: `env` `host`, a function of type (i32, i32) -> "
            "(i32), is not given");
  Guest mistyped(hostModule(), {{"env", "host", {{I32}, {I32}}, {}}});
  EXPECT_EQ(mistyped.why.code, "engine.import-type");
  ModuleBuilder memory;
  memory.import(cat({text("env"), text("m"), byte(2), sizeLimits(1)}));
  EXPECT_EQ(Guest(memory).why.code, "engine.missing-import");
}

TEST(Interpreter, SegmentsThatDoNotFitEndInstantiation) {
  ModuleBuilder data;
  Guest late(data.memory(1).activeData(65533, "four"));
  EXPECT_EQ(late.why.code, "engine.trap");
  EXPECT_TRUE(late.why.message.starts_with("out of bounds memory access"));
  ModuleBuilder elements;
  elements.function(elements.type({}, {}), Code().end());
  elements.table(FuncRef, 1);
  Guest table(elements.activeElements(1, {0}));
  EXPECT_TRUE(table.why.message.starts_with("out of bounds table access"));
}

TEST(Interpreter, TheStartFunctionRuns) {
  ModuleBuilder module;
  module.global(I32, true, Code().i32(1).end());
  uint32_t type = module.type({}, {});
  module.start(
      module.function(type, Code().i32(9).op(Opcode::GlobalSet, 0).end()));
  module.exported("g", 0, wasm::ExternKind::Global);
  EXPECT_EQ(Guest(module).instance->exportedGlobal("g")->asI32(), 9u);
}

TEST(MemoryAccess, RefusesWhatLeavesMemory) {
  Guest guest(ModuleBuilder().memory(1));
  Instance &instance = *guest.instance;
  EXPECT_EQ(slice(instance, 65536, 0).value().size(), 0u);
  EXPECT_EQ(slice(instance, 65535, 1).value().size(), 1u);
  EXPECT_EQ(slice(instance, 65535, 2).error().code, "engine.out-of-bounds");
  EXPECT_EQ(slice(instance, UINT64_MAX, 2).error().code,
            "engine.out-of-bounds");
  EXPECT_EQ(slice(instance, 1, UINT64_MAX).error().code,
            "engine.out-of-bounds");
  EXPECT_EQ(sliceOf(instance, 0, uint64_t{1} << 62, 8).error().code,
            "engine.out-of-bounds");
  EXPECT_EQ(sliceOf(instance, 0, 8192, 8).value().size(), 65536u);
  EXPECT_EQ(slice(instance, 6, 4, 4).error().code, "engine.misaligned");
  EXPECT_TRUE(write<double>(instance, 3, 1.5).ok());
  EXPECT_EQ(read<double>(instance, 3).value(), 1.5);
  EXPECT_FALSE(read<uint32_t>(instance, 65533).ok());
  EXPECT_FALSE(writeBytes(instance, 65534, Bytes{1, 2, 3}).ok());
  EXPECT_EQ(memoryTrap(slice(instance, 65535, 2).error()).kind,
            TrapKind::OutOfBoundsMemory);
}

} // namespace
} // namespace rune::engine
