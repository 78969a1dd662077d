// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the interpreter costs: a loop of arithmetic and loads, and calls. Each
// reports guest operations per second; the same loop in C++ is the yardstick.
#include "engine/engine.h"
#include "wasm/decode.h"
#include "wasm/test_module_builder.h"

#include <benchmark/benchmark.h>

namespace rune::engine {
namespace {

using namespace wasm::test;
using wasm::Opcode;
using enum wasm::ValueType;

/// sum(n): adds the bytes of memory at i & 65535 for i from 0 to n.
Code sumLoop() {
  Code code;
  code.block(Opcode::Loop)
      .get(1)
      .get(2)
      .i32(65535)
      .op(Opcode::I32And)
      .op(Opcode::I32Load8U, 0u, 0u)
      .op(Opcode::I32Add)
      .set(1)
      .get(2)
      .i32(1)
      .op(Opcode::I32Add)
      .op(Opcode::LocalTee, 2u)
      .get(0)
      .op(Opcode::I32LtU)
      .op(Opcode::BrIf, 0u)
      .end()
      .get(1)
      .end();
  return code;
}

/// fib(n), by two calls each.
Code fibonacci() {
  Code code;
  code.get(0).i32(2).op(Opcode::I32LtU).block(Opcode::If, I32).get(0);
  code.op(Opcode::Else).get(0).i32(1).op(Opcode::I32Sub).op(Opcode::Call, 1u);
  code.get(0).i32(2).op(Opcode::I32Sub).op(Opcode::Call, 1u);
  code.op(Opcode::I32Add).end().end();
  return code;
}

std::shared_ptr<Instance> guest() {
  ModuleBuilder module;
  uint32_t type = module.type({I32}, {I32});
  module.memory(1);
  module.exported("sum", module.function(type, sumLoop(), {{2, I32}}));
  module.exported("fib", module.function(type, fibonacci()));
  auto bytes = std::make_shared<Bytes>(module.bytes());
  auto loaded = wasm::load(*bytes, Source::binary("bench.wasm"), bytes);
  RUNE_CHECK(loaded.ok(), "the module of this file is valid");
  auto made = makeInterpreter()->instantiate(*loaded, {}, {}, {});
  return std::move(made).value();
}

void run(benchmark::State &state, const char *name, uint32_t argument) {
  auto instance = guest();
  uint32_t function = instance->exportedFunction(name).value();
  Value in = Value::i32(argument), out;
  for (auto _ : state)
    if (instance->call(function, {&in, 1}, {&out, 1}, {}))
      state.SkipWithError("trap");
}

void sum(benchmark::State &state) {
  run(state, "sum", 1'000'000);
  state.counters["iterations"] =
      benchmark::Counter(1e6, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(sum);

void sumNative(benchmark::State &state) {
  std::vector<uint8_t> memory(65536);
  for (auto _ : state) {
    uint32_t total = 0;
    for (uint32_t i = 0; i < 1'000'000; ++i) {
      total += memory[i & 65535];
      benchmark::DoNotOptimize(total); // one at a time, as the guest does it
    }
  }
  state.counters["iterations"] =
      benchmark::Counter(1e6, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(sumNative);

void calls(benchmark::State &state) {
  run(state, "fib", 20);
  state.counters["calls"] =
      benchmark::Counter(21891, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(calls);

void callFromHost(benchmark::State &state) { run(state, "fib", 1); }
BENCHMARK(callFromHost);

} // namespace
} // namespace rune::engine
