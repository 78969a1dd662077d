// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What instances of one store share, and what the host gives them. Expected
// values follow from core 2.0, sections 4.5.2 and 4.5.4.
#include "engine/engine.h"
#include "engine/test_engine.h"
#include "wasm/decode.h"
#include "wasm/test_module_builder.h"

#include <gtest/gtest.h>

namespace rune::engine {
namespace {

using test::makeTestedEngine;
using namespace wasm::test;
using wasm::ExternKind;
using wasm::Opcode;
using enum wasm::ValueType;

Limits keeping(std::optional<uint64_t> fuel = {}) {
  Limits limits;
  limits.fuel = fuel;
  limits.keepAfterTrap = true;
  return limits;
}

/// A store whose guests go on after a trap.
struct World {
  std::unique_ptr<Store> store;
  Diagnostic why;

  explicit World(const Limits &limits = keeping())
      : store(makeTestedEngine()->makeStore(limits)) {}

  Instance *add(const ModuleBuilder &module, std::vector<Import> imports = {}) {
    auto bytes = std::make_shared<Bytes>(module.bytes());
    auto loaded = wasm::load(*bytes, Source::binary("guest.wasm"), bytes);
    if (!loaded) {
      ADD_FAILURE() << loaded.error().message;
      return nullptr;
    }
    auto made = store->instantiate(*loaded, imports, {});
    if (made)
      return *made;
    why = made.error();
    return nullptr;
  }
};

/// Calls an export; the result, or the trap's words.
struct Outcome {
  Value value;
  std::string trap;
};
Outcome run(Instance *instance, std::string_view name,
            std::vector<Value> arguments = {}) {
  uint32_t function = instance->exportedFunction(name).value();
  std::vector<Value> results(instance->functionType(function).results.size());
  auto trap = instance->call(function, arguments, results, {});
  return {results.empty() ? Value{} : results[0],
          trap ? std::string(trapText(trap->kind)) : ""};
}
uint32_t number(Instance *instance, std::string_view name,
                std::vector<Value> arguments = {}) {
  Outcome outcome = run(instance, name, std::move(arguments));
  EXPECT_EQ(outcome.trap, "");
  return outcome.value.asI32();
}

Bytes importOf(std::string_view name, const Bytes &type) {
  return cat({text("env"), text(name), type});
}
Bytes memoryImport(uint32_t minimum, std::optional<uint32_t> maximum = {}) {
  return importOf("memory", cat({byte(2), sizeLimits(minimum, maximum)}));
}
Bytes tableImport(uint32_t minimum, std::optional<uint32_t> maximum = {}) {
  return importOf("table",
                  cat({byte(1), byte(FuncRef), sizeLimits(minimum, maximum)}));
}
Bytes globalImport(wasm::ValueType type, bool isMutable) {
  return importOf("global", cat({byte(3), byte(type), byte(isMutable)}));
}

Import give(std::string name, External external) {
  return {"env", std::move(name), {}, {}, external};
}

/// Exports "get" and "set" of its memory's first word, "grow", and the memory.
ModuleBuilder memoryUser(bool own) {
  ModuleBuilder module;
  uint32_t get = module.type({}, {I32}), set = module.type({I32}, {}),
           grow = module.type({I32}, {I32});
  own ? module.memory(1, 5) : module.import(memoryImport(1));
  module.exported(
      "get",
      module.function(get, Code().i32(0).op(Opcode::I32Load, 2u, 0u).end()));
  module.exported(
      "set", module.function(
                 set, Code().i32(0).get(0).op(Opcode::I32Store, 2u, 0u).end()));
  module.exported(
      "grow",
      module.function(grow, Code().get(0).op(Opcode::MemoryGrow, 0u).end()));
  module.exported(
      "far",
      module.function(grow, Code().get(0).op(Opcode::I32Load, 2u, 0u).end()));
  return module.exported("memory", 0, ExternKind::Memory);
}

TEST(Store, InstancesShareAMemory) {
  World world;
  Instance *owner = world.add(memoryUser(true));
  Instance *other =
      world.add(memoryUser(false), {give("memory", owner->exported("memory"))});
  ASSERT_TRUE(other) << world.why.message;
  run(owner, "set", {Value::i32(77)});
  EXPECT_EQ(number(other, "get"), 77u);
  EXPECT_EQ(number(other, "grow", {Value::i32(2)}), 1u);
  EXPECT_EQ(number(owner, "grow", {Value::i32(0)}), 3u);
  EXPECT_EQ(number(owner, "far", {Value::i32(3 * 65536 - 4)}), 0u);
  EXPECT_EQ(run(owner, "far", {Value::i32(3 * 65536)}).trap,
            "out of bounds memory access");
}

TEST(Store, TheHostMakesMemoriesTablesAndGlobals) {
  World world;
  auto memory = world.store->makeMemory({{1, 2}});
  ASSERT_TRUE(memory.ok());
  (*memory)->bytes()[0] = 42;
  Instance *guest = world.add(memoryUser(false), {give("memory", *memory)});
  ASSERT_TRUE(guest) << world.why.message;
  EXPECT_EQ(number(guest, "get"), 42u);
  EXPECT_EQ(number(guest, "grow", {Value::i32(2)}), UINT32_MAX);
  EXPECT_EQ(number(guest, "grow", {Value::i32(1)}), 1u);
  EXPECT_EQ((*memory)->bytes().size(), 2 * wasm::pageBytes);
  EXPECT_EQ((*memory)->type().pages.minimum, 2u);

  Global *global = world.store->makeGlobal({V128, true}, Value::v128(1, 2));
  ModuleBuilder user;
  user.import(globalImport(V128, true));
  user.exported("swap", user.function(user.type({V128}, {V128}),
                                      Code()
                                          .op(Opcode::GlobalGet, 0u)
                                          .get(0)
                                          .op(Opcode::GlobalSet, 0u)
                                          .end()));
  Instance *swapper = world.add(user, {give("global", global)});
  ASSERT_TRUE(swapper) << world.why.message;
  Value before = run(swapper, "swap", {Value::v128(3, 4)}).value;
  EXPECT_EQ(before.bits, 1u);
  EXPECT_EQ(before.high, 2u);
  EXPECT_EQ(global->get().bits, 3u);
  EXPECT_EQ(global->get().high, 4u);

  auto table = world.store->makeTable({ExternRef, {2, 2}}, Value::external(9));
  ASSERT_TRUE(table.ok());
  EXPECT_EQ((*table)->get(1)->asExternal(), 9u);
  EXPECT_FALSE((*table)->get(2).has_value());
  EXPECT_TRUE((*table)->set(0, Value::null()));
  EXPECT_FALSE((*table)->set(2, Value::null()));
}

/// Calls element `i` of its table; function 1 adds one to a global.
ModuleBuilder tableUser(bool own) {
  ModuleBuilder module;
  uint32_t type = module.type({}, {I32}), call = module.type({I32}, {I32});
  if (own)
    module.table(FuncRef, 4, 8);
  else
    module.import(tableImport(2));
  module.global(I32, true, Code().i32(own ? 100 : 200).end());
  module.memory(own ? 1 : 2);
  uint32_t count = module.function(type, Code()
                                             .op(Opcode::GlobalGet, 0u)
                                             .i32(1)
                                             .op(Opcode::I32Add)
                                             .op(Opcode::GlobalSet, 0u)
                                             .op(Opcode::GlobalGet, 0u)
                                             .op(Opcode::MemorySize, 0u)
                                             .op(Opcode::I32Add)
                                             .end());
  // The memory's size behind the call shows that the caller's came back.
  module.exported("call",
                  module.function(call, Code()
                                            .get(0)
                                            .op(Opcode::CallIndirect, type, 0u)
                                            .i32(1000)
                                            .op(Opcode::I32Mul)
                                            .op(Opcode::MemorySize, 0u)
                                            .op(Opcode::I32Add)
                                            .end()));
  module.exported(
      "tail",
      module.function(
          call, Code().get(0).op(Opcode::ReturnCallIndirect, type, 0u).end()));
  module.activeElements(own ? 0 : 1, {count});
  module.exported("count", count);
  return module.exported("table", 0, ExternKind::Table);
}

TEST(Store, CallsCrossInstances) {
  World world;
  Instance *owner = world.add(tableUser(true));
  Instance *other =
      world.add(tableUser(false), {give("table", owner->exported("table"))});
  ASSERT_TRUE(other) << world.why.message;
  EXPECT_EQ(number(owner, "call", {Value::i32(0)}), (101u + 1) * 1000 + 1);
  EXPECT_EQ(number(owner, "call", {Value::i32(1)}), (201u + 2) * 1000 + 1);
  EXPECT_EQ(number(other, "call", {Value::i32(0)}), (102u + 1) * 1000 + 2);
  EXPECT_EQ(number(other, "tail", {Value::i32(0)}), 103u + 1);
  EXPECT_EQ(number(owner, "tail", {Value::i32(1)}), 202u + 2);
  EXPECT_EQ(run(owner, "call", {Value::i32(2)}).trap, "uninitialized element");
  EXPECT_EQ(run(owner, "call", {Value::i32(9)}).trap, "undefined element");
  // A function taken out of the table is the one that is exported.
  Table *table = std::get<Table *>(owner->exported("table"));
  EXPECT_EQ(world.store->function(*table->get(1)),
            std::get<Function *>(other->exported("count")));
  EXPECT_EQ(world.store->function(Value::null()), nullptr);
}

TEST(Store, ExportedFunctionsAreImportsOfOthers) {
  World world;
  Instance *owner = world.add(tableUser(true));
  ModuleBuilder user;
  uint32_t type = user.type({}, {I32});
  uint32_t imported = user.importFunction("env", "count", type);
  user.exported("twice",
                user.function(type, Code()
                                        .op(Opcode::Call, imported)
                                        .op(Opcode::Drop)
                                        .op(Opcode::ReturnCall, imported)
                                        .end()));
  user.exported("again", imported);
  Instance *guest = world.add(user, {give("count", owner->exported("count"))});
  ASSERT_TRUE(guest) << world.why.message;
  EXPECT_EQ(number(guest, "twice"), 102u + 1);
  EXPECT_EQ(number(guest, "again"), 103u + 1);
  // Another type is refused.
  ModuleBuilder wrong;
  wrong.importFunction("env", "count", wrong.type({}, {I64}));
  EXPECT_FALSE(world.add(wrong, {give("count", owner->exported("count"))}));
  EXPECT_EQ(world.why.code, "engine.import-type");
}

TEST(Store, ImportsMustFit) {
  World world;
  auto memory = world.store->makeMemory({{1, 3}});
  auto table = world.store->makeTable({FuncRef, {5, {}}}, {});
  Global *global = world.store->makeGlobal({I32, false}, Value::i32(1));
  auto judge = [&](const Bytes &import, const char *name, External given) {
    ModuleBuilder module;
    return world.add(module.import(import), {give(name, given)}) != nullptr;
  };
  EXPECT_TRUE(judge(memoryImport(1), "memory", *memory));
  EXPECT_TRUE(judge(memoryImport(0, 3), "memory", *memory));
  EXPECT_FALSE(judge(memoryImport(2), "memory", *memory));
  EXPECT_FALSE(judge(memoryImport(1, 2), "memory", *memory));
  EXPECT_TRUE(judge(tableImport(5), "table", *table));
  EXPECT_FALSE(judge(tableImport(6), "table", *table));
  EXPECT_FALSE(judge(tableImport(1, 9), "table", *table)); // it has no maximum
  EXPECT_TRUE(judge(globalImport(I32, false), "global", global));
  EXPECT_FALSE(judge(globalImport(I32, true), "global", global));
  EXPECT_FALSE(judge(globalImport(I64, false), "global", global));
  EXPECT_FALSE(judge(globalImport(I32, false), "global", *memory));
  EXPECT_EQ(world.why.code, "engine.import-type");
  EXPECT_TRUE(world.why.message.starts_with("incompatible import type"));
  EXPECT_FALSE(judge(globalImport(I32, false), "other", global));
  EXPECT_EQ(world.why.code, "engine.missing-import");
  EXPECT_TRUE(world.why.message.starts_with("unknown import"));
}

TEST(Store, WhatAFailedInstanceWroteStays) {
  World world;
  Instance *owner = world.add(tableUser(true));
  ModuleBuilder failing;
  failing.import(tableImport(1));
  uint32_t seven =
      failing.function(failing.type({}, {I32}), Code().i32(7).end());
  failing.activeElements(3, {seven});
  failing.activeElements(4, {seven});
  EXPECT_FALSE(world.add(failing, {give("table", owner->exported("table"))}));
  EXPECT_EQ(world.why.code, "engine.trap");
  EXPECT_TRUE(world.why.message.starts_with("out of bounds table access"));
  EXPECT_EQ(number(owner, "call", {Value::i32(3)}), 7u * 1000 + 1);
}

TEST(Store, CapsHoldForAllInstancesTogether) {
  Limits limits;
  limits.memoryBytes = 6 * wasm::pageBytes;
  limits.tableElements = 10;
  limits.instances = 3;
  World world(limits);
  Instance *first = world.add(memoryUser(true));
  Instance *second = world.add(memoryUser(true));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(number(first, "grow", {Value::i32(4)}), 1u);
  EXPECT_EQ(number(second, "grow", {Value::i32(1)}), UINT32_MAX);
  EXPECT_FALSE(world.add(memoryUser(true)));
  EXPECT_EQ(world.why.code, "engine.limit");
  ModuleBuilder large;
  large.table(FuncRef, 11);
  EXPECT_FALSE(world.add(large));
  EXPECT_EQ(world.why.code, "engine.limit");
  EXPECT_TRUE(world.add(ModuleBuilder()));
  EXPECT_FALSE(world.add(ModuleBuilder()));
  EXPECT_EQ(world.why.message, "more than 3 instances");
}

TEST(Store, ATrapEndsAllUnlessKept) {
  World strict{Limits{}};
  Instance *first = strict.add(memoryUser(true));
  Instance *second = strict.add(memoryUser(true));
  EXPECT_NE(run(first, "far", {Value::i32(UINT32_MAX)}).trap, "");
  EXPECT_EQ(run(second, "get").trap, "out of bounds memory access");
}

/// Counts to its argument: one function entered, n - 1 branches back.
ModuleBuilder counter() {
  ModuleBuilder module;
  uint32_t type = module.type({I32}, {I32});
  uint32_t count = module.function(type,
                                   Code()
                                       .block(Opcode::Loop)
                                       .get(1)
                                       .i32(1)
                                       .op(Opcode::I32Add)
                                       .op(Opcode::LocalTee, 1u)
                                       .get(0)
                                       .op(Opcode::I32LtU)
                                       .op(Opcode::BrIf, 0u)
                                       .end()
                                       .get(1)
                                       .end(),
                                   {{1, I32}});
  module.memory(2);
  module.exported("count", count);
  module.exported(
      "fill",
      module.function(
          type,
          Code().i32(0).i32(1).get(0).op(Opcode::MemoryFill, 0u).i32(0).end()));
  module.exported(
      "twice",
      module.function(
          type,
          Code().get(0).op(Opcode::Call, count).op(Opcode::Call, count).end()));
  return module;
}

TEST(Store, FuelIsCountedExactly) {
  World world(keeping(1'000'000));
  Instance *guest = world.add(counter());
  auto spent = [&](std::string_view name, uint32_t argument) {
    uint64_t before = world.store->fuel().value();
    run(guest, name, {Value::i32(argument)});
    return before - world.store->fuel().value();
  };
  EXPECT_EQ(spent("count", 1), 1u);
  EXPECT_EQ(spent("count", 2), 2u);
  EXPECT_EQ(spent("count", 50'000), 50'000u);
  EXPECT_EQ(spent("twice", 10), 1u + 10 + 10);
  EXPECT_EQ(spent("fill", 1023), 1u);
  EXPECT_EQ(spent("fill", 100 * 1024), 101u);
  // Just enough, and one too little.
  world.store->setFuel(20'000);
  EXPECT_EQ(run(guest, "count", {Value::i32(20'000)}).trap, "");
  EXPECT_EQ(world.store->fuel(), 0u);
  world.store->setFuel(19'999);
  EXPECT_EQ(run(guest, "count", {Value::i32(20'000)}).trap, "out of fuel");
  EXPECT_EQ(world.store->fuel(), 0u);
  world.store->setFuel({});
  EXPECT_EQ(run(guest, "count", {Value::i32(20'000)}).trap, "");
  EXPECT_FALSE(world.store->fuel().has_value());
}

TEST(Store, HostFunctionsAreGivenToSeveralInstances) {
  World world;
  int calls = 0;
  Function *host = world.store->makeFunction(
      {{V128, ExternRef}, {ExternRef, V128}},
      [&](Instance &, std::span<const Value> in, std::span<Value> out) {
        ++calls;
        out[0] = in[1];
        out[1] = Value::v128(in[0].high, in[0].bits);
        return std::optional<Trap>();
      });
  ModuleBuilder user;
  uint32_t type = user.type({V128, ExternRef}, {ExternRef, V128});
  uint32_t imported = user.importFunction("env", "host", type);
  user.exported(
      "f", user.function(
               type, Code().get(0).get(1).op(Opcode::Call, imported).end()));
  for (int i = 0; i < 2; ++i) {
    Instance *guest = world.add(user, {give("host", host)});
    ASSERT_TRUE(guest) << world.why.message;
    std::vector<Value> in = {Value::v128(5, 6), Value::external(44)}, out(2);
    ASSERT_FALSE(guest->call(*guest->exportedFunction("f"), in, out, {}));
    EXPECT_EQ(out[0].asExternal(), 44u);
    EXPECT_EQ(out[1].bits, 6u);
    EXPECT_EQ(out[1].high, 5u);
  }
  EXPECT_EQ(calls, 2);
}

TEST(Store, PagesOfOneByte) {
  World world;
  ModuleBuilder module;
  module.rawMemory({9, 10, 100, 0}).activeData(0, "0123456789");
  uint32_t type = module.type({I32}, {I32});
  module.exported(
      "grow",
      module.function(type, Code().get(0).op(Opcode::MemoryGrow, 0u).end()));
  module.exported(
      "load",
      module.function(type, Code().get(0).op(Opcode::I32Load8U, 0u, 0u).end()));
  Instance *guest = world.add(module);
  ASSERT_TRUE(guest) << world.why.message;
  EXPECT_EQ(number(guest, "load", {Value::i32(9)}), uint32_t{'9'});
  EXPECT_EQ(run(guest, "load", {Value::i32(10)}).trap,
            "out of bounds memory access");
  EXPECT_EQ(number(guest, "grow", {Value::i32(90)}), 10u);
  EXPECT_EQ(number(guest, "grow", {Value::i32(1)}), UINT32_MAX);
  EXPECT_EQ(number(guest, "load", {Value::i32(99)}), 0u);
  EXPECT_EQ(guest->memory().size(), 100u);
}

TEST(Store, TablesMayStartWithAFunction) {
  World world;
  ModuleBuilder module;
  uint32_t type = module.type({}, {I32}), call = module.type({I32}, {I32});
  uint32_t five = module.function(type, Code().i32(5).end());
  module.rawTable(cat({{0x40, 0, 0x70, 0},
                       leb(3),
                       Code().op(Opcode::RefFunc, five).end().bytes()}));
  module.exported(
      "call",
      module.function(call,
                      Code().get(0).op(Opcode::CallIndirect, type, 0u).end()));
  Instance *guest = world.add(module);
  ASSERT_TRUE(guest) << world.why.message;
  EXPECT_EQ(number(guest, "call", {Value::i32(2)}), 5u);
}

/// The length has the narrower address type of the two (3.0, 3.4.12).
TEST(Store, CopiesBetweenMemoriesOfBothWidths) {
  World world;
  ModuleBuilder module;
  module.memory(1).rawMemory({4, 1}).activeData(8, "narrow!!");
  module.data(
      cat({leb(2), leb(1), Code().i64(8).end().bytes(), text("wide....")}));
  uint32_t type = module.type({I64, I32, I32}, {I64});
  Code widen = Code().get(0).get(1).get(2).op(Opcode::MemoryCopy, 1u, 0u);
  widen.i64(0).op(Opcode::I64Load).add({0x40, 1, 8});
  Code narrow = Code().get(1).get(0).get(2).op(Opcode::MemoryCopy, 0u, 1u);
  narrow.i32(0).op(Opcode::I64Load, 0u, 8u);
  module.exported("widen", module.function(type, widen.end()));
  module.exported("narrow", module.function(type, narrow.end()));
  Instance *guest = world.add(module);
  ASSERT_TRUE(guest) << world.why.message;
  auto text = [&](const char *name, uint64_t wideAt, uint32_t narrowAt,
                  uint32_t count) {
    Outcome got =
        run(guest, name,
            {Value::i64(wideAt), Value::i32(narrowAt), Value::i32(count)});
    return got.trap.empty()
               ? std::string(reinterpret_cast<char *>(&got.value.bits), 8)
               : got.trap;
  };
  EXPECT_EQ(text("widen", 8, 12, 2), "owde....");
  EXPECT_EQ(text("narrow", 12, 14, 2), "narrow..");
  EXPECT_EQ(text("widen", uint64_t{1} << 32, 0, 1),
            "out of bounds memory access");
  EXPECT_EQ(text("narrow", 65536, 65536, 0), "narrow..");
}

} // namespace
} // namespace rune::engine
