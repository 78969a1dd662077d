// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What machine code does to the process around it: signals that stay others',
// none at all with `dense` bounds, a stack for handlers on each thread, and
// threads that share code. Each test about signals runs in a process of its
// own.
#include "engine/host_function.h"
#include "engine/llvm/llvm_compiler.h"
#include "engine/native/native_engine.h"
#include "wasm/text/text.h"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

namespace rune::engine::native {
namespace {

std::shared_ptr<CodeLibrary> library(Bounds bounds) {
  LibraryOptions options;
  options.compiler = makeLlvmCompiler();
  options.bounds = bounds;
  return std::make_shared<CodeLibrary>(std::move(options));
}

constexpr const char *guestText = R"((module
  (import "env" "wait" (func $wait (param i32) (result i32)))
  (memory 1)
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func $deep (export "deep") (param i32) (result i32)
    (i32.add (call $deep (local.get 0)) (i32.const 1)))
  (func (export "divide") (param i32) (result i32)
    (i32.div_s (i32.const 1) (local.get 0)))
  (func (export "sum") (param $n i32) (result i32) (local $sum i32)
    (loop $l
      (local.set $sum (i32.add (local.get $sum) (call $wait (local.get $n))))
      (i32.store (i32.const 8) (local.get $sum))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.load (i32.const 8)))))";

std::shared_ptr<const wasm::Module> module() {
  return wasm::text::loadText(Source::text("guest.wat", guestText)).value();
}

std::vector<Import> imports() {
  using enum wasm::ValueType;
  return {{"env",
           "wait",
           {{I32}, {I32}},
           [](Instance &caller, std::span<const Value>,
              std::span<Value> results) { return caller.suspend(results); },
           {}}};
}

std::optional<Trap> call(Instance &guest, const char *name, uint32_t argument) {
  Value in = Value::i32(argument), out;
  return guest.call(*guest.exportedFunction(name), {&in, 1}, {&out, 1}, {});
}

/// All that guests may do wrong; true if all became traps.
bool trapsAll(Bounds bounds) {
  auto engine = makeNativeEngine(library(bounds));
  Limits limits;
  limits.keepAfterTrap = true;
  auto given = imports();
  auto guest = engine->instantiate(module(), given, limits, {}).value();
  auto is = [&](const char *name, uint32_t argument, TrapKind kind) {
    auto trap = call(*guest, name, argument);
    return trap && trap->kind == kind;
  };
  return is("load", 1 << 20, TrapKind::OutOfBoundsMemory) &&
         is("deep", 0, TrapKind::CallStackExhausted) &&
         is("divide", 0, TrapKind::IntegerDivideByZero);
}

class SignalTest : public testing::Test {
protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

extern "C" void leaveWith7(int) { _exit(7); }
extern "C" void leaveWith8(int, siginfo_t *info, void *) {
  _exit(info->si_addr == reinterpret_cast<void *>(64) ? 8 : 1);
}

[[gnu::noinline, clang::no_sanitize("all")]] void faultAt64() {
  auto *volatile nowhere = reinterpret_cast<volatile int *>(64);
  *nowhere = 1;
}

using Handler = void (*)(int);
using LongHandler = void (*)(int, siginfo_t *, void *);

/// Guests trap, then the process itself faults.
void trapThenFault(Handler handler, LongHandler longHandler) {
  struct sigaction action = {};
  action.sa_handler = handler;
  if (longHandler) {
    action.sa_sigaction = longHandler;
    action.sa_flags = SA_SIGINFO;
  }
  sigaction(SIGSEGV, &action, nullptr);
  if (!trapsAll(Bounds::Guard))
    _exit(2);
  faultAt64();
  _exit(3);
}

TEST_F(SignalTest, OthersKeepTheirHandlers) {
  EXPECT_EXIT(trapThenFault(leaveWith7, nullptr), testing::ExitedWithCode(7),
              "");
  EXPECT_EXIT(trapThenFault(nullptr, leaveWith8), testing::ExitedWithCode(8),
              "");
  // Whoever had none dies of it, as always.
  EXPECT_EXIT(trapThenFault(SIG_DFL, nullptr), testing::KilledBySignal(SIGSEGV),
              "");
}

constexpr int faultSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};

/// Guests trap, no handler changes, and none is needed: with all of the signals
/// blocked they trap as well.
void trapWithoutSignals() {
  struct sigaction before[std::size(faultSignals)], after;
  sigset_t blocked;
  sigemptyset(&blocked);
  for (size_t i = 0; i < std::size(faultSignals); ++i) {
    sigaction(faultSignals[i], nullptr, &before[i]);
    sigaddset(&blocked, faultSignals[i]);
  }
  bool right = trapsAll(Bounds::Dense);
  for (size_t i = 0; i < std::size(faultSignals); ++i) {
    sigaction(faultSignals[i], nullptr, &after);
    right = right && after.sa_sigaction == before[i].sa_sigaction;
  }
  sigprocmask(SIG_BLOCK, &blocked, nullptr);
  _exit(right && trapsAll(Bounds::Dense) ? 9 : 1);
}

TEST_F(SignalTest, DenseBoundsNeedNone) {
  EXPECT_EXIT(trapWithoutSignals(), testing::ExitedWithCode(9), "");
}

TEST_F(SignalTest, EachThreadHasAStackForHandlers) {
  EXPECT_TRUE(trapsAll(Bounds::Guard)); // the handlers are there
  std::thread([] {
    EXPECT_TRUE(trapsAll(Bounds::Guard));
    stack_t stack = {};
    EXPECT_EQ(sigaltstack(nullptr, &stack), 0);
    EXPECT_FALSE(stack.ss_flags & SS_DISABLE);
    EXPECT_GE(stack.ss_size, static_cast<size_t>(MINSIGSTKSZ));
  }).join();
}

class ThreadsTest : public testing::TestWithParam<Bounds> {};

/// Stores of one engine, each on a thread, share code, memories and stacks.
TEST_P(ThreadsTest, ShareCode) {
  auto engine = makeNativeEngine(library(GetParam()));
  auto shared = module();
  auto given = imports();
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (uint32_t i = 0; i < 25; ++i) {
        Limits limits;
        limits.keepAfterTrap = true;
        auto guest = engine->instantiate(shared, given, limits, {}).value();
        for (uint8_t byte : guest->memory().first(64))
          ASSERT_EQ(byte, 0);
        Value count = Value::i32(20), answer = Value::i32(t * 100 + i);
        auto fiber =
            guest->makeFiber(*guest->exportedFunction("sum"), {&count, 1}, {})
                .value();
        auto state = fiber->resume();
        while (state == Fiber::State::Suspended)
          state = fiber->resume({&answer, 1});
        EXPECT_EQ(fiber->results()[0].asI32(), 20 * (t * 100 + i));
        auto trap = call(*guest, "load", 65536 + i);
        ASSERT_TRUE(trap.has_value());
        EXPECT_EQ(trap->kind, TrapKind::OutOfBoundsMemory);
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

/// Each turn of each fiber is taken by whichever thread comes first.
TEST_P(ThreadsTest, TakeOverFibers) {
  struct Task {
    std::mutex mutex;
    std::shared_ptr<Instance> guest;
    std::unique_ptr<Fiber> fiber;
  };
  auto engine = makeNativeEngine(library(GetParam()));
  auto shared = module();
  auto given = imports();
  std::vector<Task> tasks(6);
  for (Task &task : tasks) {
    Value count = Value::i32(200);
    task.guest = engine->instantiate(shared, given, {}, {}).value();
    task.fiber =
        task.guest
            ->makeFiber(*task.guest->exportedFunction("sum"), {&count, 1}, {})
            .value();
  }
  auto work = [&](size_t first) {
    for (size_t i = first, done = 0; done < tasks.size(); ++i) {
      Task &task = tasks[i % tasks.size()];
      std::lock_guard lock(task.mutex);
      Value answer = Value::i32(3);
      switch (task.fiber->state()) {
      case Fiber::State::Ready:
        task.fiber->resume();
        done = 0;
        break;
      case Fiber::State::Suspended:
        task.fiber->resume({&answer, 1});
        done = 0;
        break;
      default:
        ++done;
      }
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 0; i < 4; ++i)
    threads.emplace_back(work, i);
  for (std::thread &thread : threads)
    thread.join();
  for (Task &task : tasks) {
    EXPECT_FALSE(task.fiber->trap().has_value());
    EXPECT_EQ(task.fiber->results()[0].asI32(), 600u);
  }
}

INSTANTIATE_TEST_SUITE_P(, ThreadsTest,
                         testing::Values(Bounds::Guard, Bounds::Dense),
                         [](const auto &info) {
                           return info.param == Bounds::Guard ? "Guard"
                                                              : "Dense";
                         });

} // namespace
} // namespace rune::engine::native
