// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels of src/engine/kernels/nine in our engine, as shipped: guarded
// memory, exact traps, a deadline, the stack limit.
//   engine_speed MODULE.wasm KERNEL N   prints milliseconds and the checksum
//   engine_speed MODULE.wasm            prints what else costs time
#include "base/files.h"
#include "engine/llvm/llvm_compiler.h"
#include "engine/native/native_engine.h"
#include "wasm/decode.h"
#include "wasm/test_module_builder.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using namespace rune;
using namespace rune::engine;

double since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start)
      .count();
}

native::Bounds boundsAsked() {
  const char *bounds = std::getenv("RUNE_BOUNDS");
  return bounds && std::strcmp(bounds, "dense") == 0 ? native::Bounds::Dense
                                                     : native::Bounds::Guard;
}

std::shared_ptr<native::CodeLibrary> library() {
  native::LibraryOptions options;
  options.compiler = makeLlvmCompiler();
  options.bounds = boundsAsked();
  return std::make_shared<native::CodeLibrary>(std::move(options));
}

std::shared_ptr<const wasm::Module> loaded(const Bytes &bytes) {
  auto kept = std::make_shared<Bytes>(bytes);
  auto module = wasm::load(*kept, Source::binary("module"), kept);
  if (!module) {
    std::fprintf(stderr, "%s\n", module.error().message.c_str());
    std::exit(1);
  }
  return std::move(module).value();
}

int runKernel(Instance &guest, const std::string &name, uint32_t n) {
  auto function = guest.exportedFunction("run_" + name);
  if (!function)
    return 2;
  double best = 1e30;
  Value count = Value::i32(n), result, one = Value::i32(1);
  auto call = [&](const Value &argument) {
    auto trap = guest.call(*function, {&argument, 1}, {&result, 1},
                           Clock::now() + std::chrono::minutes(5));
    if (trap) {
      std::fprintf(stderr, "%s\n", trap->str().c_str());
      std::exit(3);
    }
  };
  call(one);
  for (int i = 0; i < 4; ++i) {
    auto start = Clock::now();
    call(count);
    best = std::min(best, since(start));
  }
  std::printf("%.3f %d\n", best, static_cast<int32_t>(result.asI32()));
  return 0;
}

/// Nanoseconds of each of `count` runs; the best of five.
template <class Run> double each(uint64_t count, Run run) {
  double best = 1e30;
  for (int i = 0; i < 5; ++i) {
    auto start = Clock::now();
    for (uint64_t j = 0; j < count; ++j)
      run();
    best = std::min(best, since(start) * 1e6 / static_cast<double>(count));
  }
  return best;
}

void measureRest(const std::shared_ptr<const wasm::Module> &kernels,
                 size_t kernelBytes) {
  using namespace wasm::test;
  using wasm::Opcode;
  using enum wasm::ValueType;
  ModuleBuilder builder;
  uint32_t nothing = builder.type({}, {}), number = builder.type({I32}, {I32});
  builder.importFunction("env", "leaf", nothing);
  builder.memory(1);
  builder.exported("nop", builder.function(nothing, Code().end()));
  builder.exported(
      "trap", builder.function(nothing, Code().op(Opcode::Unreachable).end()));
  builder.exported(
      "fault", builder.function(
                   number, Code().get(0).op(Opcode::I32Load, 2u, 0u).end()));
  builder.exported("calls",
                   builder.function(number, Code()
                                                .block(Opcode::Loop)
                                                .op(Opcode::Call, 0u)
                                                .get(0)
                                                .i32(1)
                                                .op(Opcode::I32Sub)
                                                .op(Opcode::LocalTee, 0u)
                                                .op(Opcode::BrIf, 0u)
                                                .end()
                                                .get(0)
                                                .end()));
  auto module = loaded(builder.bytes());
  auto engine = makeNativeEngine(library());
  HostFunction leaf = [](Instance &, std::span<const Value>, std::span<Value>) {
    return std::optional<Trap>();
  };
  Import import{"env", "leaf", {}, leaf, {}};
  Limits limits;
  limits.keepAfterTrap = true;
  auto guest = engine->instantiate(module, {&import, 1}, limits, {}).value();
  auto function = [&](const char *name) {
    return *guest->exportedFunction(name);
  };
  uint32_t nop = function("nop"), trap = function("trap"),
           fault = function("fault"), calls = function("calls");
  Value far = Value::i32(1 << 20), many = Value::i32(1 << 20), result;
  Deadline later = Clock::now() + std::chrono::hours(1);
  std::printf("host to guest and back      %8.1f ns\n",
              each(1 << 18, [&] { (void)guest->call(nop, {}, {}, {}); }));
  std::printf("  with a deadline           %8.1f ns\n",
              each(1 << 18, [&] { (void)guest->call(nop, {}, {}, later); }));
  std::printf("guest to host and back      %8.1f ns\n",
              each(1, [&] {
                (void)guest->call(calls, {&many, 1}, {&result, 1}, {});
              }) / (1 << 20));
  std::printf("trap (unreachable)          %8.1f ns\n",
              each(1 << 12, [&] { (void)guest->call(trap, {}, {}, {}); }));
  std::printf("trap (memory)               %8.1f ns\n", each(1 << 12, [&] {
                (void)guest->call(fault, {&far, 1}, {&result, 1}, {});
              }));
  std::printf("instantiate, one memory     %8.1f ns\n", each(1 << 8, [&] {
                (void)engine->instantiate(module, {&import, 1}, limits, {});
              }));
  auto start = Clock::now();
  (void)library()->get(*kernels, false);
  std::printf("compile, %zu bytes      %8.1f ms, %.1f ms per KB\n", kernelBytes,
              since(start),
              since(start) * 1024 / static_cast<double>(kernelBytes));
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2 && argc != 4)
    return 2;
  auto file = FileBytes::open(argv[1], 1 << 26);
  if (!file)
    return 4;
  Bytes bytes(file->bytes().begin(), file->bytes().end());
  auto module = loaded(bytes);
  if (argc == 2) {
    measureRest(module, bytes.size());
    return 0;
  }
  auto engine = makeNativeEngine(library());
  auto guest = engine->instantiate(module, {}, {}, {});
  if (!guest) {
    std::fprintf(stderr, "%s\n", guest.error().message.c_str());
    return 1;
  }
  return runKernel(**guest, argv[2], static_cast<uint32_t>(std::atoi(argv[3])));
}
