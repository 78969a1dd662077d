// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A store of guests whose host functions wait, for the tests of fibers.
#pragma once

#include "engine/host_function.h"
#include "engine/test_engine.h"
#include "wasm/text/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::engine::test {

using enum wasm::ValueType;
using State = Fiber::State;

inline constexpr const char *guestText = R"((module
  (import "env" "wait" (func $wait (param i32) (result i32)))
  (import "env" "stand" (func $stand (param i32) (result i32)))
  (import "env" "inLeaf" (func $inLeaf (param i32) (result i32)))
  (import "env" "onHost" (func $onHost (param i32) (result i32)))
  (import "env" "pause" (func $pause))
  (memory (export "memory") 1)
  (global $passed (export "passed") (mut i32) (i32.const 0))
  (func (export "wait") (param i32) (result i32)
    (local $answer i32)
    (local.set $answer (call $wait (local.get 0)))
    (global.set $passed (i32.const 1))
    (i32.add (local.get $answer) (i32.const 1)))
  (func (export "stand") (param i32) (result i32)
    (local $answer i32)
    (local.set $answer (call $stand (local.get 0)))
    (global.set $passed (i32.const 1))
    (i32.add (local.get $answer) (i32.const 1)))
  (func (export "sum") (param $count i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum)
        (i32.add (call $wait (local.get $count))
                 (call $stand (local.get $count)))))
      (br_if $again (local.tee $count
        (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum))
  (func (export "add") (param i32) (result i32)
    (i32.add (local.get 0) (i32.const 1)))
  (func (export "inLeaf") (param i32) (result i32)
    (i32.add (call $inLeaf (local.get 0)) (i32.const 1000)))
  (func (export "onHost") (param i32) (result i32)
    (i32.add (call $onHost (local.get 0)) (i32.const 1000)))
  (func (export "pause") (result i32) (call $pause) (i32.const 5))
  (func (export "load") (param i32) (result i32)
    (i32.load (i32.add (call $wait (local.get 0)) (local.get 0))))
  (func (export "trap") (param i32) (result i32) unreachable)
  (func (export "spin") (param i32) (result i32)
    (drop (call $wait (local.get 0)))
    (loop $ever (br $ever)) (i32.const 0))
  (func $deep (export "deep") (param i32) (result i32)
    (i32.add (call $deep (i32.add (local.get 0) (i32.const 1)))
             (i32.const 1)))))";

inline Limits keeping() {
  Limits limits;
  limits.keepAfterTrap = true;
  return limits;
}

/// A store of guests as above.
struct World {
  std::unique_ptr<Store> store;
  std::shared_ptr<const wasm::Module> module =
      wasm::text::loadText(Source::text("guest.wat", guestText)).value();
  /// What the guests said when they asked.
  std::vector<uint32_t> asked;
  /// Which export host functions call back, and what became of that.
  std::string calledBack = "add";
  std::optional<Trap> inner;
  /// Frames of leaf functions that have ended.
  int ended = 0;

  explicit World(const Limits &limits = {})
      : store(makeTestedEngine()->makeStore(limits)) {}

  Value callBack(Instance &caller, uint32_t argument) {
    Value in = Value::i32(argument), out;
    inner = caller.call(caller.exportedFunction(calledBack).value(), {&in, 1},
                        {&out, 1}, {});
    return out;
  }

  Instance *add() {
    std::vector<Import> imports = {
        {"env",
         "wait",
         {{I32}, {I32}},
         [this](Instance &caller, std::span<const Value> arguments,
                std::span<Value> results) {
           asked.push_back(arguments[0].asI32());
           return caller.suspend(results);
         },
         {}},
        leafFunction(
            "env", "stand",
            [this](Instance &caller, uint32_t number) -> Trapping<uint32_t> {
              struct Frame {
                int &ended;
                ~Frame() { ++ended; }
              } frame{ended};
              asked.push_back(number);
              Value answer;
              if (auto trap = caller.suspend({&answer, 1}))
                return *trap;
              return answer.asI32();
            }),
        leafFunction("env", "inLeaf",
                     [this](Instance &caller, uint32_t number) {
                       return callBack(caller, number).asI32() + 100;
                     }),
        hostFunction("env", "onHost",
                     [this](Instance &caller, uint32_t number) {
                       return callBack(caller, number).asI32() + 100;
                     }),
        {"env",
         "pause",
         {},
         [](Instance &caller, std::span<const Value>,
            std::span<Value> results) { return caller.suspend(results); },
         {}}};
    auto made = store->instantiate(module, imports, {});
    EXPECT_TRUE(made.ok()) << made.error().message;
    return *made;
  }

  static std::unique_ptr<Fiber> fiber(Instance *guest, std::string_view name,
                                      std::vector<Value> arguments,
                                      Deadline deadline = {}) {
    auto made = guest->makeFiber(guest->exportedFunction(name).value(),
                                 arguments, deadline);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return std::move(made).value();
  }
  static std::optional<Trap> call(Instance *guest, std::string_view name,
                                  uint32_t argument, uint32_t *result) {
    Value in = Value::i32(argument), out;
    auto trap = guest->call(guest->exportedFunction(name).value(), {&in, 1},
                            {&out, 1}, {});
    *result = out.asI32();
    return trap;
  }
};

inline std::vector<Value> i32(uint32_t value) { return {Value::i32(value)}; }

} // namespace rune::engine::test
