// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What machine code promises beyond what every engine does: files that are not
// believed, limits on compiling, faults, threads.
#include "engine/llvm/native_test.h"
#include "wasm/text/text.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <thread>

namespace rune::engine::native {
namespace {

using namespace test;

TEST_F(CacheTest, GivesBackWhatItKept) {
  auto cache = CodeCache::open(folder);
  ASSERT_TRUE(cache.ok()) << cache.error().message;
  EXPECT_FALSE(cache->find(key).has_value());
  ASSERT_TRUE(cache->keep(key, asBytes("code")).ok());
  EXPECT_EQ(asText(cache->find(key).value()), "code");
  auto again = CodeCache::open(folder);
  EXPECT_EQ(asText(again->find(key).value()), "code");
  EXPECT_FALSE(again->find(sha256(asBytes("another"))).has_value());
}

TEST_F(CacheTest, BelievesNoFileThatWasChangedTornOrRenamed) {
  auto cache = CodeCache::open(folder).value();
  ASSERT_TRUE(cache.keep(key, asBytes("some code")).ok());
  fs::path path = codeFile();
  std::string whole;
  std::getline(std::ifstream(path, std::ios::binary), whole, '\0');
  auto bytes = fs::file_size(path);
  for (uintmax_t size : {bytes - 1, bytes / 2, uintmax_t{0}}) {
    fs::resize_file(path, size);
    EXPECT_FALSE(cache.find(key).has_value()) << size;
  }
  ASSERT_TRUE(cache.keep(key, asBytes("some code")).ok());
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.put('S');
  }
  EXPECT_FALSE(cache.find(key).has_value());
  ASSERT_TRUE(cache.keep(key, asBytes("some code")).ok());
  Sha256 other = sha256(asBytes("another key"));
  fs::rename(path, folder + "/" + other.hex() + ".code");
  EXPECT_FALSE(cache.find(other).has_value());
}

TEST_F(CacheTest, BelievesNoFileOfAnotherKey) {
  {
    auto cache = CodeCache::open(folder).value();
    ASSERT_TRUE(cache.keep(key, asBytes("some code")).ok());
  }
  fs::remove(folder + "/key");
  EXPECT_FALSE(CodeCache::open(folder)->find(key).has_value());
}

TEST_F(CacheTest, TakesNoFolderThatOthersReach) {
  fs::create_directories(folder);
  ::chmod(folder.c_str(), 0755);
  auto cache = CodeCache::open(folder);
  ASSERT_FALSE(cache.ok());
  EXPECT_EQ(cache.error().code, "engine.cache-folder");
}

TEST_F(CacheTest, ManyAtOnceAgreeOnOneKey) {
  for (int round = 0; round < 50; ++round) {
    fs::remove_all(folder);
    std::atomic<int> ready = 0, opened = 0;
    std::vector<std::thread> openers;
    for (int i = 0; i < 4; ++i)
      openers.emplace_back([&] {
        for (++ready; ready < 4;)
          std::this_thread::yield();
        auto cache = CodeCache::open(folder);
        opened += cache.ok() && cache->keep(key, asBytes("code")).ok() &&
                  cache->find(key).has_value();
      });
    for (std::thread &opener : openers)
      opener.join();
    EXPECT_EQ(opened, 4);
    EXPECT_TRUE(CodeCache::open(folder)->find(key).has_value());
  }
}

TEST_F(CacheTest, ManyWritersLeaveAWholeFile) {
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([&] {
      auto cache = CodeCache::open(folder);
      ASSERT_TRUE(cache.ok());
      for (int j = 0; j < 20; ++j)
        EXPECT_TRUE(cache->keep(key, asBytes("the same code")).ok());
    });
  for (std::thread &writer : writers)
    writer.join();
  EXPECT_EQ(asText(CodeCache::open(folder)->find(key).value()),
            "the same code");
}

TEST_F(CacheTest, AnUnwritableFolderIsOnlyANote) {
  std::vector<std::string> notes;
  LibraryOptions options;
  options.compiler = makeLlvmCompiler();
  options.cacheFolder = "/dev/null/cache";
  options.note = [&](const Diagnostic &what) { notes.push_back(what.code); };
  CodeLibrary library(std::move(options));
  EXPECT_TRUE(library.get(*adder(1), false).ok());
  EXPECT_THAT(notes, testing::ElementsAre("engine.cache-folder"));
}

TEST_F(CacheTest, AFullDiskIsOnlyANote) {
  auto attempt = [&] {
    std::vector<std::string> notes;
    LibraryOptions options;
    options.compiler = makeLlvmCompiler();
    options.cacheFolder = folder;
    options.note = [&](const Diagnostic &what) { notes.push_back(what.code); };
    CodeLibrary library(options);
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit = {1000, 1000}; // of any file: as a disk that is full
    setrlimit(RLIMIT_FSIZE, &limit);
    bool made = library.get(*adder(1), false).ok();
    bool kept = CodeLibrary(options).find(*adder(1), false) != nullptr;
    size_t files = 0;
    for (const auto &each : fs::directory_iterator(folder))
      files += each.path().filename() != "key";
    _exit(made && !kept && files == 0 && notes.size() == 1 &&
                  notes[0] == "file.unwritable"
              ? 0
              : 1);
  };
  EXPECT_EXIT(attempt(), testing::ExitedWithCode(0), "");
}

/// As ours, but of another build.
class OtherBuild final : public Compiler {
public:
  std::string_view buildId() const override { return "another build"; }
  Result<Bytes> compile(const wasm::Module &module, const CompileOptions &how,
                        const std::atomic<bool> &stop) override {
    return makeLlvmCompiler()->compile(module, how, stop);
  }
};

TEST_F(CacheTest, CodeIsFoundOnlyUnderAllThatItFollowsFrom) {
  LibraryOptions options;
  options.cacheFolder = folder;
  options.compiler = makeLlvmCompiler();
  ASSERT_TRUE(CodeLibrary(options).get(*adder(5), false).ok());
  EXPECT_NE(CodeLibrary(options).find(*adder(5), false), nullptr);
  EXPECT_EQ(CodeLibrary(options).find(*adder(6), false), nullptr) << "module";
  EXPECT_EQ(CodeLibrary(options).find(*adder(5), true), nullptr) << "fuel";
  LibraryOptions dense = options;
  dense.bounds = Bounds::Dense;
  EXPECT_EQ(CodeLibrary(dense).find(*adder(5), false), nullptr) << "bounds";
  LibraryOptions other = options;
  other.compiler = std::make_shared<OtherBuild>();
  EXPECT_EQ(CodeLibrary(other).find(*adder(5), false), nullptr) << "build";
}

TEST_F(CacheTest, OnlyOneMakesTheCodeOfAKey) {
  auto cache = CodeCache::open(folder).value();
  int first = cache.claim(key);
  ASSERT_GE(first, 0);
  EXPECT_EQ(cache.claim(key), -1);
  int other = cache.claim(sha256(asBytes("another")));
  EXPECT_GE(other, 0);
  cache.release(key, first);
  int second = cache.claim(key);
  EXPECT_GE(second, 0);
  cache.release(key, second);
  ::close(other);
}

TEST_F(CacheTest, RemembersWhatCouldNotBeMade) {
  auto cache = CodeCache::open(folder).value();
  EXPECT_FALSE(cache.wasTried(key));
  cache.noteAttempt(key);
  EXPECT_TRUE(cache.wasTried(key));
  EXPECT_FALSE(cache.find(key).has_value()) << "no code";
  ASSERT_TRUE(cache.keep(key, asBytes("code")).ok());
  EXPECT_FALSE(cache.wasTried(key));
  EXPECT_TRUE(cache.find(key).has_value());
}

TEST_F(CacheTest, TheOldestGoFirst) {
  auto cache = CodeCache::open(folder).value();
  Sha256 old = sha256(asBytes("old")), young = sha256(asBytes("young"));
  ASSERT_TRUE(cache.keep(old, asBytes("1")).ok());
  fs::path oldFile = codeFile();
  ASSERT_TRUE(cache.keep(young, asBytes("2")).ok());
  fs::last_write_time(oldFile,
                      fs::file_time_type::clock::now() - std::chrono::hours(9));
  fs::resize_file(oldFile, CodeCache::mostBytes); // a hole: no disk is used
  ASSERT_TRUE(cache.keep(key, asBytes("3")).ok());
  EXPECT_FALSE(fs::exists(oldFile));
  EXPECT_TRUE(cache.find(young).has_value());
  EXPECT_TRUE(cache.find(key).has_value());
}

TEST_F(CacheTest, AutoRunsTheInterpreterUntilCodeIsThere) {
  LibraryOptions options;
  options.cacheFolder = folder;
  options.compiler = makeLlvmCompiler();
  auto module = adder(5);
  auto run = [&](Engine &engine) {
    auto guest = engine.instantiate(module, {}, {}, {}).value();
    Value in = Value::i32(2), out;
    EXPECT_FALSE(guest->call(0, {&in, 1}, {&out, 1}, {}));
    return out.asI32();
  };
  {
    auto library = std::make_shared<CodeLibrary>(options);
    EXPECT_EQ(library->find(*module, false), nullptr);
    EXPECT_EQ(run(*makeAutoEngine(library)), 7u);
    library->finish();
  }
  auto library = std::make_shared<CodeLibrary>(options);
  EXPECT_NE(library->find(*module, false), nullptr);
  EXPECT_EQ(library->find(*module, true), nullptr) << "fuel is other code";
  EXPECT_EQ(run(*makeAutoEngine(library)), 7u);
}

TEST(NativeCode, IsTheSameWhateverTheNumberOfThreads) {
  ModuleBuilder builder;
  uint32_t type = builder.type({I32}, {I32});
  for (int i = 0; i < 300; ++i) {
    Code code;
    code.get(0);
    for (int j = 0; j < 80; ++j)
      code.i32(i * j + 1).op(j % 2 ? Opcode::I32Xor : Opcode::I32Mul);
    builder.exported("f" + std::to_string(i),
                     builder.function(type, code.end()));
  }
  auto module = load(builder);
  CompileOptions how;
  Bytes one = compiled(*module, how).value();
  how.threads = 4;
  EXPECT_EQ(compiled(*module, how).value(), one);
}

TEST(NativeCode, RefusesWhatIsNoCodeOfOurs) {
  auto module = adder(1);
  Bytes good = compiled(*module).value();
  ASSERT_TRUE(CodeImage::load(good).ok());
  EXPECT_EQ(CodeImage::load({}).error().code, "bytes.unexpected-end");
  for (size_t at : {0, 8, 14, 48, 52, 56, 60, 64, 68}) {
    Bytes bad = good;
    bad[at] ^= 0x55;
    EXPECT_FALSE(CodeImage::load(bad).ok()) << "byte " << at;
  }
  for (size_t size = 0; size < good.size(); size += 97)
    EXPECT_FALSE(CodeImage::load(ByteSpan(good).first(size)).ok()) << size;
}

TEST(NativeCode, RefusesCodeForAnotherEngine) {
  Bytes code = compiled(*adder(1)).value();
  std::string_view text = asText(code);
  size_t at = text.find(engineId());
  ASSERT_NE(at, text.npos);
  code[at + engineId().size() - 1] ^= 1;
  EXPECT_EQ(CodeImage::load(code).error().code, "engine.stale-code");
}

TEST(NativeCode, NeedsAProcessorOfItsLevel) {
  for (uint8_t level : {2, 3, 4}) {
    EXPECT_TRUE(machine::runsOn({machine::Family::X86_64, level},
                                {machine::Family::X86_64, 4}));
    EXPECT_FALSE(machine::runsOn(
        {machine::Family::X86_64, level},
        {machine::Family::X86_64, static_cast<uint8_t>(level - 1)}));
  }
  EXPECT_FALSE(machine::runsOn({machine::Family::AArch64, 0},
                               {machine::Family::X86_64, 4}));
}

TEST(NativeCode, RefusesAnotherProcessor) {
  CompileOptions how;
  how.target = machine::parseTarget("aarch64-linux").value();
  auto code = compiled(*adder(1), how);
  ASSERT_TRUE(code.ok()) << code.error().message;
  EXPECT_EQ(CodeImage::load(*code).error().code, "engine.foreign-code");
  EXPECT_EQ(machine::parseTarget("pdp11").error().code,
            "machine.unknown-target");
}

TEST(NativeCode, IsMadeForEveryTarget) {
  auto module = adder(1);
  for (const char *name : {"x86_64-linux", "x86_64-linux-v3", "x86_64-linux-v4",
                           "aarch64-linux", "riscv64-linux"}) {
    CompileOptions how;
    how.target = machine::parseTarget(name).value();
    how.checkIr = true;
    auto code = compiled(*module, how);
    EXPECT_TRUE(code.ok()) << name << ": " << code.error().message;
  }
}

TEST(NativeCode, CompileBombsAreRefusedByName) {
  ModuleBuilder locals;
  locals.function(locals.type({}, {}), Code().end(), {{20'000, V128}});
  auto many = compiled(*load(locals));
  ASSERT_FALSE(many.ok());
  EXPECT_EQ(many.error().code, "engine.compile-limit");
  EXPECT_THAT(many.error().message,
              testing::HasSubstr("function 0 has 20000 locals"));

  // Each branch table carries 100 values along 1,000 edges.
  ModuleBuilder edges;
  uint32_t nothing = edges.type({}, {});
  Code code;
  std::vector<Bytes> labels(1000, leb(0));
  for (int i = 0; i < 100; ++i)
    code.block(Opcode::Block)
        .i32(0)
        .op(Opcode::BrTable)
        .add(cat({vec(labels), leb(0)}))
        .end();
  edges.function(nothing, code.end());
  CompileOptions how;
  how.limits.work = 50'000;
  auto wide = compiled(*load(edges), how);
  ASSERT_FALSE(wide.ok());
  EXPECT_EQ(wide.error().code, "engine.compile-limit");
}

/// A few bytes each, and a thousand values through every one of them.
TEST(NativeCode, ValuesThatFlowAreCharged) {
  std::string types, operands;
  for (int i = 0; i < 1000; ++i) {
    types += " i32";
    operands += fmt::format(" local.get {}", i);
  }
  for (std::string_view each :
       {"block (type 0) end ", "loop (type 0) end ", "call 0 ",
        "i32.const 0 call_indirect (type 0) ",
        "i32.const 1 if (type 0) else end "}) {
    std::string text =
        fmt::format("(type (func (param{0}) (result{0}))) (table 1 funcref) "
                    "(func (type 0){1} ",
                    types, operands);
    for (int i = 0; i < 5000; ++i)
      text += each;
    auto module =
        wasm::text::loadText(Source::text("wide.wat", std::move(text) + ")"));
    ASSERT_TRUE(module.ok()) << each << module.error().message;
    CompileOptions how;
    how.limits.work = 200'000;
    auto code = compiled(**module, how);
    ASSERT_FALSE(code.ok()) << each;
    EXPECT_EQ(code.error().code, "engine.compile-limit") << each;
  }
}

TEST(NativeCode, HugeBodiesAreRefusedUnread) {
  CompileOptions how;
  Code huge;
  for (uint32_t i = 0; i <= how.limits.bodyBytes; ++i)
    huge.op(Opcode::Nop);
  ModuleBuilder one;
  one.function(one.type({}, {}), huge.end());
  EXPECT_EQ(compiled(*load(one), how).error().code, "engine.compile-limit");

  how.limits.moduleBytes = 1000;
  ModuleBuilder many;
  Code hundred;
  for (int i = 0; i < 100; ++i)
    hundred.op(Opcode::Nop);
  hundred.end();
  uint32_t nothing = many.type({}, {});
  for (int i = 0; i < 11; ++i)
    many.function(nothing, hundred);
  auto refused = compiled(*load(many), how);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, testing::HasSubstr("the module has"));
}

/// As deep as validation lets a function nest, in every kind of block.
TEST(NativeCode, DeepNestingIsCompiledOrRefused) {
  for (Opcode opcode : {Opcode::Block, Opcode::Loop, Opcode::If}) {
    Code deep;
    for (uint32_t i = 0; i < 30'000; ++i) {
      if (opcode == Opcode::If)
        deep.get(0);
      deep.block(opcode);
    }
    for (uint32_t i = 0; i < 30'000; ++i)
      deep.end();
    ModuleBuilder module;
    module.function(module.type({I32}, {}), deep.end());
    CompileOptions how;
    how.deadline = Clock::now() + std::chrono::seconds(30);
    auto code = compiled(*load(module), how);
    EXPECT_TRUE(code.ok() || code.error().code.starts_with("engine.compile-"));
  }
}

TEST(NativeCode, CompilingEndsAtItsDeadline) {
  CompileOptions how;
  how.deadline = Clock::now();
  EXPECT_EQ(compiled(*adder(1), how).error().code, "engine.compile-deadline");
  std::atomic<bool> stop = true;
  EXPECT_EQ(makeLlvmCompiler()->compile(*adder(1), {}, stop).error().code,
            "engine.compile-stopped");
}

/// f0 loads at its argument, f1 calls f0, "f" calls f1.
std::shared_ptr<const wasm::Module> faulting() {
  ModuleBuilder module;
  uint32_t type = module.type({I32}, {I32});
  module.memory(1);
  module.function(type, Code().get(0).op(Opcode::I32Load, 2u, 0u).end());
  module.function(
      type, Code().get(0).op(Opcode::Call, 0u).i32(1).op(Opcode::I32Add).end());
  module.exported(
      "f",
      module.function(
          type,
          Code().get(0).op(Opcode::Call, 1u).i32(1).op(Opcode::I32Add).end()));
  return load(module);
}

std::shared_ptr<CodeLibrary> library(Bounds bounds) {
  LibraryOptions options;
  options.compiler = makeLlvmCompiler();
  options.bounds = bounds;
  options.checkIr = true;
  return std::make_shared<CodeLibrary>(std::move(options));
}

class FaultTest : public testing::TestWithParam<Bounds> {};

TEST_P(FaultTest, NamesFunctionsAndLeavesTheProcessAlive) {
  auto engine = makeNativeEngine(library(GetParam()));
  auto module = faulting();
  for (uint32_t at : {65533u, 65536u, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
    auto guest = engine->instantiate(module, {}, {}, {}).value();
    Value in = Value::i32(65532), out;
    EXPECT_FALSE(guest->call(2, {&in, 1}, {&out, 1}, {}));
    in = Value::i32(at);
    auto trap = guest->call(2, {&in, 1}, {&out, 1}, {});
    ASSERT_TRUE(trap.has_value()) << at;
    EXPECT_EQ(trap->kind, TrapKind::OutOfBoundsMemory);
    EXPECT_EQ(trap->backtrace, (std::vector<uint32_t>{0, 1, 2}));
  }
}

TEST_P(FaultTest, EachThreadHasItsOwnGuests) {
  auto shared = library(GetParam());
  auto module = faulting();
  ASSERT_TRUE(shared->get(*module, false).ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      auto engine = makeNativeEngine(shared);
      for (int j = 0; j < 30; ++j) {
        auto guest = engine->instantiate(module, {}, {}, {}).value();
        Value in = Value::i32(70000), out;
        auto trap = guest->call(2, {&in, 1}, {&out, 1}, {});
        ASSERT_TRUE(trap.has_value());
        EXPECT_EQ(trap->kind, TrapKind::OutOfBoundsMemory);
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST_P(FaultTest, AnInnerFaultEndsTheInnerCall) {
  ModuleBuilder builder;
  uint32_t type = builder.type({I32}, {I32});
  builder.importFunction("env", "host", type);
  builder.memory(1);
  builder.exported(
      "load",
      builder.function(type, Code().get(0).op(Opcode::I32Load, 2u, 0u).end()));
  builder.exported(
      "f", builder.function(type, Code().get(0).op(Opcode::Call, 0u).end()));
  std::optional<Trap> inner;
  Import import{"env",
                "host",
                {{I32}, {I32}},
                [&](Instance &caller, std::span<const Value> arguments,
                    std::span<Value> results) -> std::optional<Trap> {
                  inner = caller.call(1, arguments, results, {});
                  results[0] = Value::i32(77);
                  return {};
                },
                {}};
  Limits limits;
  limits.keepAfterTrap = true;
  auto engine = makeNativeEngine(library(GetParam()));
  auto guest =
      engine->instantiate(load(builder), {&import, 1}, limits, {}).value();
  Value in = Value::i32(100'000), out;
  EXPECT_FALSE(guest->call(2, {&in, 1}, {&out, 1}, {}));
  EXPECT_EQ(out.asI32(), 77u);
  ASSERT_TRUE(inner.has_value());
  EXPECT_EQ(inner->kind, TrapKind::OutOfBoundsMemory);
  EXPECT_EQ(inner->backtrace, (std::vector<uint32_t>{1, 2}));
}

INSTANTIATE_TEST_SUITE_P(, FaultTest,
                         testing::Values(Bounds::Guard, Bounds::Dense),
                         [](const auto &info) {
                           return info.param == Bounds::Guard ? "Guard"
                                                              : "Dense";
                         });

TEST(NativeFaults, OthersKeepTheirs) {
  auto engine = makeNativeEngine(library(Bounds::Guard));
  auto guest = engine->instantiate(faulting(), {}, {}, {}).value();
  Value in = Value::i32(0), out;
  EXPECT_FALSE(guest->call(2, {&in, 1}, {&out, 1}, {}));
  EXPECT_DEATH(
      {
        auto *volatile nowhere = reinterpret_cast<volatile int *>(64);
        *nowhere = 1;
      },
      "");
}

TEST(NativeCode, NoPageIsWritableAndExecutable) {
  auto shared = library(Bounds::Guard);
  ASSERT_TRUE(shared->get(*adder(3), false).ok());
  std::ifstream maps("/proc/self/maps");
  int executable = 0;
  for (std::string line; std::getline(maps, line);) {
    std::string rights = line.substr(line.find(' ') + 1, 4);
    executable += rights[2] == 'x';
    EXPECT_FALSE(rights[1] == 'w' && rights[2] == 'x') << line;
  }
  EXPECT_GT(executable, 0);
}

TEST(NativeWatch, RingsForManyStoresEachInItsTime) {
  ModuleBuilder builder;
  builder.exported(
      "f", builder.function(
               builder.type({}, {}),
               Code().block(Opcode::Loop).op(Opcode::Br, 0u).end().end()));
  auto module = load(builder);
  auto shared = library(Bounds::Guard);
  auto engine = makeNativeEngine(shared);
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&, i] {
      for (int j = 0; j < 3; ++j) {
        auto guest = engine->instantiate(module, {}, {}, {});
        ASSERT_TRUE(guest.ok());
        auto trap = (*guest)->call(
            0, {}, {}, Clock::now() + std::chrono::milliseconds(1 + i));
        ASSERT_TRUE(trap.has_value());
        EXPECT_EQ(trap->kind, TrapKind::DeadlineExceeded);
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

} // namespace
} // namespace rune::engine::native
