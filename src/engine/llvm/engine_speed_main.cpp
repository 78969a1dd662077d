// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels of src/engine/kernels/nine in our engine, as shipped: guarded
// memory, exact traps, a deadline, the stack limit.
//   engine_speed MODULE.wasm KERNEL N   prints milliseconds and the checksum
//   engine_speed MODULE.wasm            prints what else costs time
#include "base/files.h"
#include "engine/host_function.h"
#include "engine/llvm/llvm_compiler.h"
#include "engine/native/native_engine.h"
#include "wasm/decode.h"
#include "wasm/text/text.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

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

std::shared_ptr<native::CodeLibrary> library(std::string cacheFolder = {}) {
  native::LibraryOptions options;
  options.cacheFolder = std::move(cacheFolder);
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

/// Nanoseconds of each of `count` runs. The least of many short measurements:
/// between two of them a busy machine may do something else.
template <class Run> double each(uint64_t count, Run run) {
  double best = 1e30;
  for (int i = 0; i < 100; ++i) {
    auto start = Clock::now();
    for (uint64_t j = 0; j < count; ++j)
      run();
    best = std::min(best, since(start) * 1e6 / static_cast<double>(count));
  }
  return best;
}

/// What the borders are measured with: `times` calls the function of the host
/// that an export is named after, so often.
constexpr const char *bordersText = R"((module
  (import "env" "generic" (func $generic (param i32) (result i32)))
  (import "env" "leaf" (func $leaf (param i32) (result i32)))
  (import "env" "host" (func $host (param i32) (result i32)))
  (import "env" "wait" (func $wait (param i32) (result i32)))
  (import "env" "stand" (func $stand (param i32) (result i32)))
  (memory 1)
  (func (export "nop"))
  (func (export "trap") unreachable)
  (func (export "fault") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "generic") (param $n i32) (loop $l
    (drop (call $generic (local.get $n)))
    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "leaf") (param $n i32) (loop $l
    (drop (call $leaf (local.get $n)))
    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "host") (param $n i32) (loop $l
    (drop (call $host (local.get $n)))
    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "wait") (param $n i32) (loop $l
    (drop (call $wait (local.get $n)))
    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "stand") (param $n i32) (loop $l
    (drop (call $stand (local.get $n)))
    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
)";

std::vector<Import> borderImports() {
  using enum wasm::ValueType;
  auto same = [](uint32_t number) { return number; };
  return {{"env",
           "generic",
           {{I32}, {I32}},
           [](Instance &, std::span<const Value> in, std::span<Value> out) {
             out[0] = in[0];
             return std::optional<Trap>();
           },
           {}},
          leafFunction("env", "leaf", same),
          hostFunction("env", "host", same),
          {"env",
           "wait",
           {{I32}, {I32}},
           [](Instance &caller, std::span<const Value>, std::span<Value> out) {
             return caller.suspend(out);
           },
           {}},
          leafFunction("env", "stand",
                       [](Instance &caller, uint32_t) -> Trapping<uint32_t> {
                         Value answer;
                         if (auto trap = caller.suspend({&answer, 1}))
                           return *trap;
                         return answer.asI32();
                       })};
}

void print(const char *what, double nanoseconds) {
  std::printf("%-34s%10.1f ns\n", what, nanoseconds);
}

constexpr uint32_t many = 1 << 12;

class Borders {
public:
  explicit Borders(Engine &engine) : engine_(engine) {
    limits_.keepAfterTrap = true;
    guest_ = make();
  }

  void calls() {
    Deadline later = Clock::now() + std::chrono::hours(1);
    uint32_t nop = function("nop");
    print("host to guest and back",
          each(many, [&] { (void)guest_->call(nop, {}, {}, {}); }));
    print("  with a deadline",
          each(many, [&] { (void)guest_->call(nop, {}, {}, later); }));
    print("guest to host and back, values", loop("generic"));
    print("  typed, leaf", loop("leaf"));
    print("  on a fiber, leaf", loopOnFiber("leaf"));
    print("  on a fiber, host's stack", loopOnFiber("host"));
    print("suspend and resume", waits("wait", {}));
    print("  with a deadline", waits("wait", later));
    print("  in a leaf function", waits("stand", {}));
    print("fiber: make, run, end", each(1 << 8, [&] {
            guest_->makeFiber(nop, {}, {}).value()->resume();
          }));
  }

  void traps() {
    uint32_t trap = function("trap"), fault = function("fault");
    Value far = Value::i32(1 << 20), result;
    print("trap (unreachable)",
          each(1 << 8, [&] { (void)guest_->call(trap, {}, {}, {}); }));
    print("trap (memory)", each(1 << 6, [&] {
            (void)guest_->call(fault, {&far, 1}, {&result, 1}, {});
          }));
  }

  void instances() {
    print("instantiate, one memory, pooled", each(1 << 5, [&] { make(); }));
    // More than the pool keeps: each makes and frees address space.
    std::vector<std::shared_ptr<Instance>> alive;
    print("  and not pooled", each(1, [&] {
                                for (int i = 0; i < 256; ++i)
                                  alive.push_back(make());
                                alive.clear();
                              }) / 256);
  }

private:
  std::shared_ptr<Instance> make() {
    return engine_.instantiate(module_, imports_, limits_, {}).value();
  }
  uint32_t function(const char *name) {
    return *guest_->exportedFunction(name);
  }
  double loop(const char *name) {
    Value count = Value::i32(many);
    uint32_t index = function(name);
    return each(1, [&] { (void)guest_->call(index, {&count, 1}, {}, {}); }) /
           many;
  }
  double loopOnFiber(const char *name) { return waits(name, {}); }
  double waits(const char *name, Deadline deadline) {
    Value count = Value::i32(many), answer = Value::i32(1);
    uint32_t index = function(name);
    return each(1,
                [&] {
                  auto fiber = guest_->makeFiber(index, {&count, 1}, deadline);
                  auto state = (*fiber)->resume();
                  while (state == Fiber::State::Suspended)
                    state = (*fiber)->resume({&answer, 1});
                }) /
           many;
  }

  Engine &engine_;
  Limits limits_;
  std::vector<Import> imports_ = borderImports();
  std::shared_ptr<const wasm::Module> module_ =
      wasm::text::loadText(Source::text("borders.wat", bordersText)).value();
  std::shared_ptr<Instance> guest_;
};

/// From a module to its first answer, with code to be made and code in a cache.
void measureStart(const std::shared_ptr<const wasm::Module> &kernels,
                  size_t kernelBytes) {
  std::string folder =
      std::filesystem::temp_directory_path() / "engine_speed_XXXXXX";
  if (!mkdtemp(folder.data()))
    return;
  auto start = [&] {
    auto begin = Clock::now();
    auto engine = makeNativeEngine(library(folder));
    (void)engine->instantiate(kernels, {}, {}, {});
    return since(begin);
  };
  double cold = start(), warm = start();
  std::printf("start, code to be made            %10.2f ms, %.1f ms per KB\n",
              cold, cold * 1024 / static_cast<double>(kernelBytes));
  std::printf("start, code in the cache          %10.2f ms\n", warm);
  std::filesystem::remove_all(folder);
}

void measureRest(const std::shared_ptr<const wasm::Module> &kernels,
                 size_t kernelBytes) {
  auto engine = makeNativeEngine(library());
  Borders borders(*engine);
  borders.calls();
  borders.traps();
  borders.instances();
  measureStart(kernels, kernelBytes);
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
