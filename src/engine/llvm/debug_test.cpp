// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Machine code as perf and gdb see it, and as files that were made before.
#include "engine/llvm/native_test.h"
#include "engine/test_node_oracle.h"

#include <fstream>

namespace rune::engine::native {
namespace {

using namespace test;

/// "outer" calls "inner", which loads far outside of memory.
std::shared_ptr<const wasm::Module> nested() {
  ModuleBuilder module;
  uint32_t type = module.type({I32}, {I32});
  module.memory(1);
  module.exported(
      "inner",
      module.function(type, Code().get(0).op(Opcode::I32Load, 2u, 0u).end()));
  module.exported(
      "outer",
      module.function(
          type,
          Code().get(0).op(Opcode::Call, 0u).i32(1).op(Opcode::I32Add).end()));
  return load(module);
}

LibraryOptions debugged(DebugOptions debug) {
  LibraryOptions options;
  options.compiler = makeLlvmCompiler();
  options.debug = debug;
  return options;
}

TEST(DebugCode, PerfFindsEachFunctionByItsName) {
  CodeLibrary library(debugged({.perf = true}));
  auto image = library.get(*nested(), false).value();
  std::string path = fmt::format("/tmp/perf-{}.map", getpid());
  std::ifstream map(path);
  std::map<std::string, std::pair<uint64_t, uint64_t>> found;
  uint64_t begin, size;
  std::string name;
  while (map >> std::hex >> begin >> size && std::getline(map, name))
    found[name.substr(1)] = {begin, size};
  fs::remove(path);
  for (uint32_t i : {0u, 1u}) {
    auto [at, bytes] = found[i == 0 ? "inner" : "outer"];
    EXPECT_EQ(at, reinterpret_cast<uint64_t>(image->function(i)));
    EXPECT_GT(bytes, 4u);
    EXPECT_EQ(image->functionAt(at + bytes - 1), i);
  }
}

TEST(DebugCode, IsNoMatterToOthers) {
  std::string path = fmt::format("/tmp/perf-{}.map", getpid());
  fs::remove(path);
  CodeLibrary library(debugged({}));
  ASSERT_TRUE(library.get(*nested(), false).ok());
  EXPECT_FALSE(fs::exists(path));
}

// The program that gdb runs; see below.
TEST(DebugCode, DISABLED_Faults) {
  auto shared = std::make_shared<CodeLibrary>(debugged({.gdb = true}));
  auto engine = makeNativeEngine(shared);
  auto guest = engine->instantiate(nested(), {}, {}, {}).value();
  Value in = Value::i32(0x10000000), out;
  EXPECT_TRUE(guest->call(1, {&in, 1}, {&out, 1}, {}));
}

TEST(DebugCode, GdbWalksFromTheGuestToTheHost) {
  if (!engine::test::outputOf("gdb --version 2>/dev/null"))
    GTEST_SKIP() << "no gdb";
  std::string self = fs::read_symlink("/proc/self/exe").string();
  auto said = engine::test::outputOf(fmt::format(
      "RUNE_TESTED_BOUNDS= ASAN_OPTIONS=detect_leaks=0:handle_segv=0 "
      "timeout 200 gdb -nx -batch -iex 'set auto-load off' "
      "-iex 'set debuginfod enabled off' -ex 'set disable-randomization off' "
      "-ex run -ex 'backtrace 12' --args {} "
      "--gtest_filter=DebugCode.DISABLED_Faults "
      "--gtest_also_run_disabled_tests 2>&1",
      self));
  ASSERT_TRUE(said.has_value());
  if (said->find("ptrace") != said->npos)
    GTEST_SKIP() << "no program may be traced here";
  size_t inner = said->find("in inner ()"), outer = said->find("in outer ()"),
         host = said->find("in rune::engine::native::enter");
  EXPECT_NE(inner, said->npos) << *said;
  EXPECT_LT(inner, outer) << *said;
  EXPECT_LT(outer, host) << *said;
  EXPECT_NE(host, said->npos) << *said;
}

TEST(CodeFile, HoldsModulesAndASeal) {
  SealKey key(Bytes(32, 1)), other(Bytes(32, 2));
  std::vector<Bytes> artifacts = {compiled(*adder(1)).value(),
                                  compiled(*adder(2)).value()};
  Bytes file = writeCodeFile(artifacts, key);
  auto read = readCodeFile(file, key);
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->size(), 2u);
  for (size_t i : {0u, 1u})
    EXPECT_TRUE(std::ranges::equal((*read)[i], artifacts[i]));
  EXPECT_EQ(readCodeFile(file, other).error().code, "engine.untrusted-code");
}

TEST(CodeFile, OneThatWasChangedAnywhereIsRefused) {
  SealKey key(Bytes(32, 1));
  Bytes file = writeCodeFile({compiled(*adder(1)).value()}, key);
  for (size_t at = 0; at < file.size(); at += 61) {
    Bytes changed = file;
    changed[at] ^= 4;
    EXPECT_FALSE(readCodeFile(changed, key).ok()) << at;
  }
  for (size_t size = 0; size < file.size(); size += 61)
    EXPECT_FALSE(readCodeFile(ByteSpan(file).first(size), key).ok()) << size;
}

TEST(CodeFile, GivenCodeRunsWithoutACompiler) {
  auto module = adder(5);
  CodeLibrary library(LibraryOptions{});
  EXPECT_EQ(library.get(*module, false).error().code, "engine.no-code");
  ASSERT_TRUE(library.give(compiled(*module).value()).ok());
  EXPECT_NE(library.find(*module, false), nullptr);
  EXPECT_EQ(library.find(*module, true), nullptr) << "fuel is other code";
  EXPECT_EQ(library.find(*adder(6), false), nullptr);
  CompileOptions dense;
  dense.bounds = Bounds::Dense;
  EXPECT_EQ(library.give(compiled(*module, dense).value()).error().code,
            "engine.foreign-code");
}

TEST(CodeFile, AKeyIsLongEnough) {
  std::string path = engine::test::temporaryFile("key");
  std::ofstream(path) << "short";
  EXPECT_EQ(SealKey::fromFile(path).error().code, "engine.bad-key");
  std::ofstream(path) << std::string(32, 'k');
  EXPECT_TRUE(SealKey::fromFile(path).ok());
  fs::remove(path);
}

} // namespace
} // namespace rune::engine::native
