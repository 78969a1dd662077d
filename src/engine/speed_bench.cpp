// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The interpreter beside native code on the scalar kernels of kernels/speed.c:
// the same source, once compiled into this program at -O2, once to wasm at -O2.
// `ratio` is the interpreter's CPU time over the native code's, least of
// interleaved rounds of one run.
#include "base/files.h"
#include "engine/engine.h"
#include "wasm/decode.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <ctime>

#define SPEED_KERNELS(apply)                                                   \
  apply(sha256) apply(interp) apply(probe) apply(isort) apply(icall)           \
      apply(fft) apply(norm)

// The kernels themselves, as C would see them.
namespace native {
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
extern "C" {
#include "engine/kernels/speed.c"
}
#pragma clang diagnostic pop
} // namespace native

namespace rune::engine {
namespace {

double cpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) +
         1e-9 * static_cast<double>(now.tv_nsec);
}

/// The kernels as a guest of the clang of guests; `flags` beside -O2.
std::shared_ptr<Instance> makeGuest(std::string_view flags) {
  std::string path = "speed_kernels.wasm";
  std::string command = fmt::format(
      "clang-22 --target=wasm32-unknown-unknown -O2 {} -ffreestanding "
      "-nostdlib -w -fuse-ld=lld -Wl,--no-entry -o {} "
      "{}/src/engine/kernels/speed.c",
      flags, path, RUNE_SOURCE_DIR);
  RUNE_CHECK(std::system(command.c_str()) == 0, "clang-22 compiles guests");
  auto file = FileBytes::open(path, 1 << 20);
  RUNE_CHECK(file.ok(), "the guest was written");
  auto bytes =
      std::make_shared<Bytes>(file->bytes().begin(), file->bytes().end());
  std::remove(path.c_str());
  auto module = wasm::load(*bytes, Source::binary(path), bytes);
  RUNE_CHECK(module.ok(), "the guest is valid");
  auto made = makeInterpreter()->instantiate(*module, {}, {}, {});
  RUNE_CHECK(made.ok(), "the guest starts");
  return *made;
}

Instance &scalarGuest() {
  static std::shared_ptr<Instance> guest = makeGuest("");
  return *guest;
}
Instance &vectorGuest() {
  static std::shared_ptr<Instance> guest = makeGuest("-msimd128");
  return *guest;
}

uint32_t interpreted(Instance &guest, uint32_t function, uint32_t times) {
  Value in = Value::i32(times), out;
  auto trap = guest.call(function, {&in, 1}, {&out, 1}, {});
  RUNE_CHECK(!trap, "the kernels do not trap");
  return out.asI32();
}

using Kernel = uint32_t (*)(uint32_t);

void compare(benchmark::State &state, const char *name, Kernel native,
             Instance &(*chosen)()) {
  Instance &guest = chosen();
  constexpr uint32_t times = 20;
  uint32_t function = guest.exportedFunction(name).value();
  double leastNative = 1e9, leastGuest = 1e9;
  for (auto _ : state) {
    double begin = cpuSeconds();
    uint32_t expected = native(times);
    double middle = cpuSeconds();
    uint32_t found = interpreted(guest, function, times);
    double end = cpuSeconds();
    if (found != expected)
      state.SkipWithError("the results differ");
    leastNative = std::min(leastNative, middle - begin);
    leastGuest = std::min(leastGuest, end - middle);
  }
  state.counters["native_us"] = leastNative * 1e6;
  state.counters["guest_us"] = leastGuest * 1e6;
  state.counters["ratio"] = leastGuest / leastNative;
}

#define REGISTER(name)                                                         \
  BENCHMARK_CAPTURE(compare, name, #name, native::speed_##name, scalarGuest)   \
      ->Iterations(7)                                                          \
      ->Unit(benchmark::kMillisecond);
SPEED_KERNELS(REGISTER)

/// Native code is made of vectors here; so is the guest.
BENCHMARK_CAPTURE(compare, gemm_vectors, "gemm", native::speed_gemm,
                  vectorGuest)
    ->Iterations(7)
    ->Unit(benchmark::kMillisecond);

} // namespace
} // namespace rune::engine
