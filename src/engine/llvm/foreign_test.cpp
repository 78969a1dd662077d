// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Machine code for other processors runs, under qemu-user, and does what the
// interpreter does here: results, traps, fuel and memory. C programs, the nine
// kernels of the benchmark, and random modules.
#include "engine/llvm/foreign_image.h"
#include "engine/llvm/llvm_compiler.h"
#include "engine/llvm/random_module.h"
#include "engine/test_kernels.h"

#include <cstdlib>
#include <random>

namespace rune::engine::native {
namespace {

using engine::test::outputOf;
using engine::test::temporaryFile;
using test::ForeignCall;

/// A target, and how a program of it is started here. The processor of x86-64
/// is one of level 2 that knows no more.
struct Machine {
  const char *target;
  const char *triple;
  const char *command;
};

class ForeignTest : public testing::TestWithParam<Machine> {
protected:
  void SetUp() override {
    const Machine &machine = GetParam();
    std::string emulator(machine.command,
                         std::string_view(machine.command).find(' '));
    if (!outputOf(emulator + " --version 2>/dev/null"))
      GTEST_SKIP() << "no " << emulator
                   << ": `./dev setup test` installs qemu-user";
    runner_ = temporaryFile("foreign_runner");
    ASSERT_TRUE(outputOf(fmt::format(
        "clang-22 --target={} -O1 -std=c11 -ffreestanding -fno-builtin "
        "-fno-stack-protector -fno-pic -static -nostdlib -fuse-ld=lld "
        "-Wl,--no-relax -Wall -Wextra -Werror -I {}/src -o {} "
        "{}/src/engine/llvm/foreign/runner.c 2>&1",
        machine.triple, RUNE_SOURCE_DIR, runner_, RUNE_SOURCE_DIR)));
    const char *bounds = std::getenv("RUNE_TESTED_BOUNDS");
    how_.bounds = bounds && std::string_view(bounds) == "dense" ? Bounds::Dense
                                                                : Bounds::Guard;
    how_.target = machine::parseTarget(machine.target).value();
    how_.checkIr = true;
  }
  void TearDown() override { std::filesystem::remove(runner_); }

  bool hasTailCalls() const {
    return how_.target.family != machine::Family::RiscV64;
  }

  /// What the runner says, a line for each call and one for memory.
  std::vector<std::string> runThere(const wasm::Module &module,
                                    std::span<const uint8_t> memory,
                                    const std::vector<ForeignCall> &calls,
                                    std::optional<uint64_t> fuel) {
    how_.fuel = fuel.has_value();
    std::atomic<bool> stop = false;
    auto code = makeLlvmCompiler()->compile(module, how_, stop);
    EXPECT_TRUE(code.ok()) << code.error().message;
    if (!code)
      return {};
    Artifact artifact = readArtifact(*code).value();
    Bytes image =
        test::ForeignImage(module, artifact, memory).make(calls, fuel);
    std::string path = temporaryFile("foreign_image");
    EXPECT_TRUE(writeFileAtomically(path, image).ok());
    auto output = outputOf(fmt::format("{} {} <{} 2>/dev/null",
                                       GetParam().command, runner_, path));
    std::filesystem::remove(path);
    EXPECT_TRUE(output.has_value()) << "the runner failed";
    std::istringstream text(output.value_or(""));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);)
      lines.push_back(line);
    return lines;
  }

  void compare(const std::shared_ptr<const wasm::Module> &module,
               const std::vector<ForeignCall> &calls,
               std::optional<uint64_t> fuel);

  std::string runner_;
  CompileOptions how_;
  size_t results_ = 0, traps_ = 0;
};

std::string memoryLine(std::span<const uint8_t> bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (uint8_t byte : bytes)
    hash = (hash ^ byte) * 0x100000001b3;
  return fmt::format("memory {:x} {:x}", bytes.size(), hash);
}

/// `line` with any NaN among its results as `nan`: they have no bits of their
/// own (core 2.0, section 4.3.3).
std::string withoutNanBits(const std::string &line,
                           const wasm::FunctionType &type) {
  std::istringstream words(line);
  std::string word, result;
  words >> result;
  if (result != "result")
    return line;
  for (wasm::ValueType each : type.results) {
    uint64_t low = 0, high = 0;
    words >> std::hex >> low >> high;
    result += engine::test::isNan(each, low)
                  ? " nan"
                  : fmt::format(" {:x} {:x}", low, high);
  }
  return words >> word ? result + " " + word : result;
}

std::string callHere(Store &store, Instance &guest, const ForeignCall &call,
                     std::optional<uint64_t> fuel) {
  store.setFuel(fuel);
  std::vector<Value> results(guest.functionType(call.function).results.size());
  auto trap = guest.call(call.function, call.arguments, results, {});
  std::string line =
      trap ? fmt::format("trap {:x}", static_cast<int>(trap->kind)) : "result";
  for (size_t i = 0; !trap && i < results.size(); ++i)
    line += fmt::format(" {:x} {:x}", results[i].bits, results[i].high);
  return trap ? line : line + fmt::format(" {:x}", fuel ? *store.fuel() : 0);
}

void ForeignTest::compare(const std::shared_ptr<const wasm::Module> &module,
                          const std::vector<ForeignCall> &calls,
                          std::optional<uint64_t> fuel) {
  Limits limits;
  limits.keepAfterTrap = true;
  limits.fuel = fuel;
  auto judge = makeInterpreter();
  auto store = judge->makeStore(limits);
  auto made = store->instantiate(module, {}, {});
  ASSERT_TRUE(made.ok()) << made.error().message;
  Instance &guest = **made;
  std::vector<std::string> there =
      runThere(*module, guest.memory(), calls, fuel);
  ASSERT_EQ(there.size(), calls.size() + 1) << "the runner crashed";
  for (size_t i = 0; i < calls.size(); ++i) {
    const wasm::FunctionType &type = guest.functionType(calls[i].function);
    std::string here = callHere(*store, guest, calls[i], fuel);
    EXPECT_EQ(withoutNanBits(there[i], type), withoutNanBits(here, type))
        << "call " << i << " of function " << calls[i].function << " "
        << type.str();
    (here.starts_with("trap") ? traps_ : results_)++;
  }
  EXPECT_EQ(there.back(), memoryLine(guest.memory()));
}

TEST_P(ForeignTest, ProgramsDoTheSame) {
  for (const char *kernel :
       {"integers", "floats", "memory", "calls", "traps", "speed", "tails"})
    for (const char *flags : {"-Os", "-O2 -msimd128"}) {
      bool tails = std::string_view(kernel) == "tails";
      if (tails && !hasTailCalls())
        continue;
      SCOPED_TRACE(fmt::format("{} {}", kernel, flags));
      auto bytes = engine::test::compileKernel(kernel, tails ? "-O2 -mtail-call"
                                                             : flags);
      auto module = wasm::load(*bytes, Source::binary(kernel), bytes);
      ASSERT_TRUE(module.ok()) << module.error().message;
      std::vector<ForeignCall> calls;
      for (const engine::test::Call &call :
           engine::test::callsOf(engine::test::kernelPath(kernel), **module))
        calls.push_back({(*module)
                             ->findExport(wasm::ExternKind::Function, call.name)
                             ->index,
                         call.arguments});
      compare(*module, calls, {});
    }
  EXPECT_GT(results_, 60u);
  EXPECT_GT(traps_, 20u);
}

TEST_P(ForeignTest, TheNineKernelsDoTheSame) {
  auto bytes = engine::test::compileKernel("nine/nine", "-O2 -msimd128");
  auto module = wasm::load(*bytes, Source::binary("nine"), bytes);
  ASSERT_TRUE(module.ok()) << module.error().message;
  std::vector<ForeignCall> calls;
  for (const wasm::Export &each : (*module)->exports)
    if (each.name.starts_with("run_"))
      calls.push_back({each.index, {Value::i32(2)}});
  ASSERT_EQ(calls.size(), 9u);
  compare(*module, calls, {});
  EXPECT_EQ(results_, 9u);
}

TEST_P(ForeignTest, RandomModulesDoTheSame) {
  std::mt19937 random(7);
  for (int i = 0; i < 16; ++i) {
    Bytes choices(200 + random() % 1500);
    for (uint8_t &byte : choices)
      byte = static_cast<uint8_t>(random());
    auto bytes = std::make_shared<Bytes>(
        engine::test::RandomModule{engine::test::Choices(choices)}.make());
    auto module = wasm::load(*bytes, Source::binary("random.wasm"), bytes);
    ASSERT_TRUE(module.ok()) << module.error().message;
    std::vector<ForeignCall> calls;
    for (uint32_t f = 0; f < engine::test::RandomModule::functions; ++f) {
      calls.push_back({f,
                       {{3},
                        {UINT64_MAX - 5},
                        {0x40490FDB},
                        {0xC005BF0A8B145769},
                        {0x0102030405060708, 0x7FC00000FF800000}}});
      calls.push_back({f,
                       {{0xFFFFFFFF},
                        {1},
                        {0xFF800000},
                        {0x7FF0000000000000},
                        {0x8000000080000000, 0x3F80000040000000}}});
    }
    SCOPED_TRACE(fmt::format("module {}", i));
    compare(*module, calls, 3000);
    if (HasFailure())
      break;
  }
  EXPECT_GT(results_, 60u);
  EXPECT_GT(traps_, 20u);
}

TEST_P(ForeignTest, EndlessRecursionEnds) {
  using namespace wasm::test;
  ModuleBuilder builder;
  uint32_t type = builder.type({}, {});
  builder.memory(1);
  builder.function(type, Code().op(wasm::Opcode::Call, 0u).end());
  auto bytes = std::make_shared<Bytes>(builder.bytes());
  auto module = wasm::load(*bytes, Source::binary("m.wasm"), bytes).value();
  Bytes memory(65536);
  auto lines = runThere(*module, memory, {{0, {}}, {0, {}}}, {});
  std::string expected =
      fmt::format("trap {:x}", static_cast<int>(TrapKind::CallStackExhausted));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], expected);
  EXPECT_EQ(lines[1], expected);
}

INSTANTIATE_TEST_SUITE_P(
    , ForeignTest,
    testing::Values(Machine{"x86_64-linux", "x86_64-linux-gnu",
                            "qemu-x86_64 -cpu Nehalem"},
                    Machine{"x86_64-linux-v3", "x86_64-linux-gnu",
                            "qemu-x86_64 -cpu Haswell"},
                    Machine{"aarch64-linux", "aarch64-linux-gnu",
                            "qemu-aarch64 -cpu cortex-a57"},
                    Machine{"riscv64-linux", "riscv64-linux-gnu",
                            "qemu-riscv64 -cpu rv64"}),
    [](const auto &info) {
      std::string name = info.param.target;
      std::erase_if(name, [](char c) { return !std::isalnum(c); });
      return name;
    });

} // namespace
} // namespace rune::engine::native
