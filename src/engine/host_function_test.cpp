// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lambdas as functions of the host, leaf or not. Machine code calls leaf ones
// as C++ does, so the tests care for where arguments travel: in registers of
// both kinds, and beyond them on the stack.
#include "engine/host_function.h"
#include "engine/test_engine.h"
#include "wasm/text/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <limits>

namespace rune::engine {
namespace {

using test::makeTestedEngine;
using enum wasm::ValueType;
using testing::ElementsAre;

std::shared_ptr<const wasm::Module> load(const char *text) {
  return wasm::text::loadText(Source::text("guest.wat", text)).value();
}

/// As leaf function or not.
class HostFunctionTest : public testing::TestWithParam<bool> {
protected:
  template <class F> Import made(std::string name, F body) {
    return GetParam() ? leafFunction("env", std::move(name), std::move(body))
                      : hostFunction("env", std::move(name), std::move(body));
  }
  Instance *guest(const char *text, std::vector<Import> imports,
                  Limits limits = {}) {
    engine = makeTestedEngine();
    store = engine->makeStore(limits);
    auto made = store->instantiate(load(text), imports, {});
    EXPECT_TRUE(made.ok()) << made.error().message;
    return *made;
  }
  static std::optional<Trap> run(Instance *guest, std::string_view name,
                                 std::vector<Value> arguments,
                                 std::span<Value> results) {
    return guest->call(guest->exportedFunction(name).value(), arguments,
                       results, {});
  }
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Store> store;
};

TEST_P(HostFunctionTest, PassesEveryCoreType) {
  Instance *g = guest(R"((module
    (import "env" "i32" (func $i32 (param i32) (result i32)))
    (import "env" "u32" (func $u32 (param i32) (result i32)))
    (import "env" "i64" (func $i64 (param i64) (result i64)))
    (import "env" "u64" (func $u64 (param i64) (result i64)))
    (import "env" "f32" (func $f32 (param f32) (result f32)))
    (import "env" "f64" (func $f64 (param f64) (result f64)))
    (export "i32" (func $i32)) (export "u32" (func $u32))
    (func (export "i64") (param i64) (result i64) (call $i64 (local.get 0)))
    (func (export "u64") (param i64) (result i64) (call $u64 (local.get 0)))
    (func (export "f32") (param f32) (result f32) (call $f32 (local.get 0)))
    (func (export "f64") (param f64) (result f64) (call $f64 (local.get 0)))
    ))",
                      {made("i32", [](int32_t a) { return a / 2; }),
                       made("u32", [](uint32_t a) { return a / 2; }),
                       made("i64", [](int64_t a) { return a / 2; }),
                       made("u64", [](uint64_t a) { return a / 2; }),
                       made("f32", [](float a) { return a / 2; }),
                       made("f64", [](double a) { return a / 2; })});
  auto half = [&](const char *name, Value value) {
    Value result;
    auto trap = run(g, name, {value}, {&result, 1});
    EXPECT_FALSE(trap.has_value());
    return result;
  };
  EXPECT_EQ(half("i32", Value::i32(UINT32_MAX - 9)).asI32(), UINT32_MAX - 4);
  EXPECT_EQ(half("u32", Value::i32(UINT32_MAX - 9)).asI32(),
            UINT32_MAX / 2 - 4);
  EXPECT_EQ(half("i64", Value::i64(UINT64_MAX - 9)).asI64(), UINT64_MAX - 4);
  EXPECT_EQ(half("u64", Value::i64(UINT64_MAX - 9)).asI64(),
            UINT64_MAX / 2 - 4);
  EXPECT_EQ(half("f32", Value::f32(-3)).asF32(), -1.5f);
  EXPECT_EQ(half("f64", Value::f64(1e300)).asF64(), 0.5e300);
}

TEST_P(HostFunctionTest, PassesMoreThanRegistersHold) {
  std::vector<double> seen;
  Instance *g = guest(
      R"((module
    (import "env" "many" (func $many (param i32 f64 i64 f32 i32 f64 i64 f32 i32
      f64 i64 f32 i32 f64 i64 f32 i32 f64 f64 f64 f64 f64) (result f64)))
    (func (export "f") (result f64)
      (call $many (i32.const -1) (f64.const 2) (i64.const -3) (f32.const 4)
        (i32.const 5) (f64.const 6) (i64.const 7) (f32.const 8) (i32.const -9)
        (f64.const 10) (i64.const 11) (f32.const 12) (i32.const -13)
        (f64.const 14) (i64.const -15) (f32.const 16) (i32.const 17)
        (f64.const 18) (f64.const 19) (f64.const 20) (f64.const 21)
        (f64.const 22)))))",
      {made("many",
            [&](int32_t a, double b, int64_t c, float d, int32_t e, double f,
                int64_t g, float h, int32_t i, double j, int64_t k, float l,
                int32_t m, double n, int64_t o, float p, int32_t q, double r,
                double s, double t, double u, double v) {
              seen = {double(a), b, double(c), d, double(e), f, double(g), h,
                      double(i), j, double(k), l, double(m), n, double(o), p,
                      double(q), r, s,         t, u,         v};
              return 0.25;
            })});
  Value result;
  EXPECT_FALSE(run(g, "f", {}, {&result, 1}).has_value());
  EXPECT_EQ(result.asF64(), 0.25);
  EXPECT_THAT(seen, ElementsAre(-1, 2, -3, 4, 5, 6, 7, 8, -9, 10, 11, 12, -13,
                                14, -15, 16, 17, 18, 19, 20, 21, 22));
}

constexpr const char *callers = R"((module
  (import "env" "none" (func $none))
  (import "env" "half" (func $half (param i32) (result i32)))
  (import "env" "poke" (func $poke (param i32)))
  (import "env" "back" (func $back (param i32) (result i32)))
  (memory (export "memory") 1)
  (func $inner (param i32) (result i32) (call $half (local.get 0)))
  (func (export "half") (param i32) (result i32)
    (i32.add (call $inner (local.get 0)) (i32.const 1)))
  (func (export "none") (call $none))
  (func (export "poke") (param i32) (result i32)
    (call $poke (local.get 0)) (i32.load8_u (i32.const 9)))
  (func (export "back") (param i32) (result i32)
    (i32.add (call $back (local.get 0)) (i32.const 1)))
  (func (export "trap") (param i32) (result i32) unreachable)))";

/// Functions of which `half` refuses odd numbers.
std::vector<Import> hosts(auto made, std::optional<Trap> &inner) {
  return {made("none",
               []() -> std::optional<Trap> {
                 return Trap{TrapKind::Host, "never", {}};
               }),
          made("half",
               [](uint32_t number) -> Trapping<uint32_t> {
                 if (number % 2)
                   return Trap{TrapKind::Host, "odd", {}};
                 return number / 2;
               }),
          made("poke",
               [](Instance &caller, uint32_t number) {
                 caller.memory()[9] = static_cast<uint8_t>(number);
               }),
          made("back", [&](Instance &caller, uint32_t number) {
            Value in = Value::i32(number), out;
            const char *name = number == 3 ? "trap" : "half";
            inner = caller.call(caller.exportedFunction(name).value(), {&in, 1},
                                {&out, 1}, {});
            return out.asI32() * 10;
          })};
}

TEST_P(HostFunctionTest, MayEndTheGuest) {
  std::optional<Trap> inner;
  Instance *g =
      guest(callers, hosts([&](auto... a) { return made(a...); }, inner));
  Value result;
  EXPECT_FALSE(run(g, "half", {Value::i32(8)}, {&result, 1}).has_value());
  EXPECT_EQ(result.asI32(), 5u);
  auto trap = run(g, "half", {Value::i32(7)}, {&result, 1});
  ASSERT_TRUE(trap.has_value());
  EXPECT_EQ(trap->kind, TrapKind::Host);
  EXPECT_EQ(trap->detail, "odd");
  EXPECT_EQ(trap->backtrace, (std::vector<uint32_t>{4, 5}));
  EXPECT_EQ(run(g, "half", {Value::i32(8)}, {&result, 1})->detail, "odd");
}

TEST_P(HostFunctionTest, MayEndTheGuestWithoutAResult) {
  std::optional<Trap> inner;
  Limits limits;
  limits.keepAfterTrap = true;
  Instance *g = guest(
      callers, hosts([&](auto... a) { return made(a...); }, inner), limits);
  EXPECT_EQ(run(g, "none", {}, {})->detail, "never");
  // The next call knows nothing of it.
  Value result;
  EXPECT_FALSE(run(g, "half", {Value::i32(8)}, {&result, 1}).has_value());
  EXPECT_EQ(result.asI32(), 5u);
}

TEST_P(HostFunctionTest, ReachesTheCallersMemory) {
  std::optional<Trap> inner;
  Instance *g =
      guest(callers, hosts([&](auto... a) { return made(a...); }, inner));
  Value result;
  EXPECT_FALSE(run(g, "poke", {Value::i32(77)}, {&result, 1}).has_value());
  EXPECT_EQ(result.asI32(), 77u);
}

TEST_P(HostFunctionTest, MayCallBack) {
  for (bool keep : {false, true}) {
    std::optional<Trap> inner;
    Limits limits;
    limits.keepAfterTrap = keep;
    Instance *g = guest(
        callers, hosts([&](auto... a) { return made(a...); }, inner), limits);
    Value result;
    EXPECT_FALSE(run(g, "back", {Value::i32(8)}, {&result, 1}).has_value());
    EXPECT_EQ(result.asI32(), 51u);
    // An inner trap ends the outer call too, unless the store keeps its guests.
    auto trap = run(g, "back", {Value::i32(3)}, {&result, 1});
    ASSERT_TRUE(inner.has_value());
    EXPECT_EQ(inner->kind, TrapKind::Unreachable);
    EXPECT_EQ(inner->backtrace, (std::vector<uint32_t>{9, 8}));
    EXPECT_EQ(trap.has_value(), !keep);
    if (keep) {
      EXPECT_EQ(result.asI32(), 1u);
      // What the inner guest says through the host reaches the inner call only.
      EXPECT_FALSE(run(g, "back", {Value::i32(5)}, {&result, 1}).has_value());
      EXPECT_EQ(inner->detail, "odd");
    }
  }
}

TEST_P(HostFunctionTest, IsTypedByItsLambda) {
  EXPECT_EQ(made("f", [](int32_t, float) { return int64_t{}; }).type,
            (wasm::FunctionType{{I32, F32}, {I64}}));
  EXPECT_EQ(made("f", [](Instance &, double) {}).type,
            (wasm::FunctionType{{F64}, {}}));
  EXPECT_EQ(made("f", [](uint64_t) -> Trapping<double> { return 1.0; }).type,
            (wasm::FunctionType{{I64}, {F64}}));
  std::unique_ptr<Store> other = makeTestedEngine()->makeStore({});
  std::vector<Import> wrong = {
      made("f", [](uint32_t number) { return number; })};
  auto refused = other->instantiate(
      load(R"((module (import "env" "f" (func (param i64) (result i32)))))"),
      wrong, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "engine.import-type");
}

INSTANTIATE_TEST_SUITE_P(, HostFunctionTest, testing::Bool(),
                         [](const auto &info) {
                           return info.param ? "Leaf" : "OnHostStack";
                         });

} // namespace
} // namespace rune::engine
