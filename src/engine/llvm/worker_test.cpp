// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiling in another process: what it makes, and that its ends are not ours.
#include "engine/llvm/native_test.h"
#include "engine/native/worker_request.h"

#include <sys/file.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <thread>

namespace rune::engine::native {
namespace {

using namespace test;

std::string ownMaker() { return std::string(makeLlvmCompiler()->buildId()); }

std::shared_ptr<Compiler> worker(std::vector<std::string> arguments = {},
                                 WorkerLimits limits = {}) {
  return makeWorkerCompiler({RUNE_COMPILE_WORKER, std::move(arguments)}, limits,
                            ownMaker());
}

Result<Bytes> compileIn(const std::shared_ptr<Compiler> &compiler,
                        CompileOptions how = {}) {
  std::atomic<bool> stop = false;
  return compiler->compile(*adder(3), how, stop);
}

std::string failureOf(const std::shared_ptr<Compiler> &compiler,
                      CompileOptions how = {}) {
  auto code = compileIn(compiler, how);
  return code.ok() ? "no failure" : code.error().code;
}

/// Processes of ours that nobody has waited for.
bool leftChildren() { return ::waitpid(-1, nullptr, WNOHANG) != -1; }

TEST(CompileWorker, MakesTheSameCode) {
  for (Bounds bounds : {Bounds::Guard, Bounds::Dense})
    for (bool fuel : {false, true}) {
      CompileOptions how;
      how.bounds = bounds;
      how.fuel = fuel;
      how.deadline = Clock::now() + std::chrono::minutes(10);
      auto code = compileIn(worker(), how);
      ASSERT_TRUE(code.ok()) << code.error().message;
      EXPECT_EQ(*code, compiled(*adder(3), how).value());
    }
  EXPECT_FALSE(leftChildren());
}

TEST(CompileWorker, SaysWhatItsCompilerSays) {
  CompileOptions how;
  how.limits.bodyBytes = 1;
  auto there = compileIn(worker(), how);
  ASSERT_FALSE(there.ok());
  EXPECT_EQ(there.error().code, "engine.compile-limit");
  EXPECT_EQ(there.error().message, compiled(*adder(3), how).error().message);
}

TEST(CompileWorker, ACrashIsADiagnostic) {
  auto code = compileIn(worker({"crash"}));
  ASSERT_FALSE(code.ok());
  EXPECT_EQ(code.error().code, "engine.compile-crashed");
  EXPECT_FALSE(leftChildren());
}

TEST(CompileWorker, OneThatHangsEndsAtTheDeadline) {
  CompileOptions how;
  how.deadline = Clock::now() + std::chrono::milliseconds(200);
  EXPECT_EQ(failureOf(worker({"hang"}), how), "engine.compile-deadline");
  EXPECT_FALSE(leftChildren());
}

TEST(CompileWorker, OneThatHangsEndsWhenStopped) {
  std::atomic<bool> stop = false;
  std::thread later([&] { stop = true; });
  auto code = worker({"hang"})->compile(*adder(3), {}, stop);
  later.join();
  ASSERT_FALSE(code.ok());
  EXPECT_EQ(code.error().code, "engine.compile-stopped");
}

TEST(CompileWorker, HasSoMuchMemoryAndNoMore) {
#if __has_feature(address_sanitizer)
  GTEST_SKIP() << "AddressSanitizer needs all address space";
#endif
  EXPECT_EQ(failureOf(worker({"eat"}, {uint64_t{1} << 30})),
            "engine.compile-limit");
}

TEST(CompileWorker, BelievesNoAnswerThatIsNoCodeOfTheModule) {
  EXPECT_EQ(failureOf(worker({"silence"})), "engine.compile-crashed");
  EXPECT_EQ(failureOf(worker({"nonsense"})), "engine.bad-code");
  auto ofAnotherBuild =
      makeWorkerCompiler({RUNE_COMPILE_WORKER, {}}, {}, "another build");
  EXPECT_EQ(failureOf(ofAnotherBuild), "engine.bad-code");
}

TEST(CompileWorker, ThatIsNotThereIsADiagnostic) {
  auto none = makeWorkerCompiler({"/nowhere/worker", {}}, {}, ownMaker());
  EXPECT_EQ(failureOf(none), "engine.no-worker");
}

TEST(CompileWorker, TakesNoRequestThatIsTornOrForeign) {
  auto module = adder(1);
  WorkerRequest request{{5}, {}, module->features, "folder", {}, module->bytes};
  request.options.threads = 7;
  Bytes whole = writeRequest(request);
  auto read = readRequest(whole);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->limits.memoryBytes, 5u);
  EXPECT_EQ(read->options.threads, 7u);
  EXPECT_FALSE(read->options.deadline);
  EXPECT_EQ(read->features, module->features);
  EXPECT_EQ(read->cacheFolder, "folder");
  EXPECT_TRUE(std::ranges::equal(read->module, module->bytes));
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(readRequest(ByteSpan(whole).first(size)).ok()) << size;
  whole[0] ^= 1;
  EXPECT_FALSE(readRequest(whole).ok());
}

class BackgroundTest : public CacheTest {
protected:
  LibraryOptions options(std::vector<std::string> arguments = {}) {
    LibraryOptions options;
    options.cacheFolder = folder;
    options.compiler = makeLlvmCompiler();
    options.background = {RUNE_COMPILE_WORKER, std::move(arguments)};
    options.note = [&](const Diagnostic &what) { notes.push_back(what.code); };
    return options;
  }

  /// Until no worker is at it: each holds the lock of its key.
  void waitForWorkers() {
    for (const auto &each : fs::directory_iterator(folder)) {
      if (each.path().extension() != ".lock")
        continue;
      int file = ::open(each.path().c_str(), O_RDWR | O_CLOEXEC);
      if (file < 0)
        continue; // done meanwhile
      ::flock(file, LOCK_EX);
      ::close(file);
    }
  }
  std::vector<std::string> notes;
};

TEST_F(BackgroundTest, CodeIsThereForTheNextStart) {
  {
    CodeLibrary library(options());
    EXPECT_EQ(library.find(*adder(9), false), nullptr);
    library.want(adder(9), false);
  } // does not wait
  waitForWorkers();
  CodeLibrary next(options());
  EXPECT_NE(next.find(*adder(9), false), nullptr);
  EXPECT_TRUE(notes.empty());
  EXPECT_FALSE(leftChildren());
}

TEST_F(BackgroundTest, WhatMakesItCrashIsNotTriedAgain) {
  {
    CodeLibrary library(options({"crash"}));
    library.want(adder(9), false);
  }
  waitForWorkers();
  CodeLibrary next(options());
  EXPECT_EQ(next.find(*adder(9), false), nullptr);
  next.want(adder(9), false);
  waitForWorkers();
  EXPECT_EQ(next.find(*adder(9), false), nullptr) << "tried again";
  EXPECT_TRUE(next.get(*adder(9), false).ok()) << "asked for, it is tried";
}

TEST_F(BackgroundTest, WithoutAWorkerAThreadDoesIt) {
  LibraryOptions thread = options();
  thread.background = {};
  CodeLibrary library(thread);
  library.want(adder(9), false);
  library.finish();
  EXPECT_NE(library.find(*adder(9), false), nullptr);
}

TEST_F(BackgroundTest, ALibraryThatEndsKeepsNothingTorn) {
  for (int i = 0; i < 8; ++i) {
    LibraryOptions thread = options();
    thread.background = {};
    CodeLibrary library(thread);
    for (int j = 0; j < 4; ++j)
      library.want(adder(i * 10 + j), false);
  } // while it compiles
  EXPECT_TRUE(notes.empty());
  for (const auto &each : fs::directory_iterator(folder))
    EXPECT_TRUE(each.path().extension() == ".code" ||
                each.path().filename() == "key")
        << each.path();
}

} // namespace
} // namespace rune::engine::native
