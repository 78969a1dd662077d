// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// C programs through clang, here and in node: results, traps and final memory
// agree bit for bit. The programs name their own calls in `// call:` lines.
#include "engine/test_node_oracle.h"

#include "base/files.h"

#include <unistd.h>

#include <sstream>

namespace rune::engine {
namespace {

using test::Call;

Value parsed(const std::string &word, wasm::ValueType type) {
  switch (type) {
  case wasm::ValueType::I32:
    return Value::i32(
        static_cast<uint32_t>(std::strtoll(word.c_str(), nullptr, 10)));
  case wasm::ValueType::I64:
    return Value::i64(
        static_cast<uint64_t>(std::strtoll(word.c_str(), nullptr, 10)));
  case wasm::ValueType::F32:
    return Value::f32(std::strtof(word.c_str(), nullptr));
  default:
    return Value::f64(std::strtod(word.c_str(), nullptr));
  }
}

/// The calls that a program asks for; types are those of its exports.
std::vector<Call> callsOf(const std::string &sourcePath,
                          const wasm::Module &module) {
  std::vector<Call> calls;
  std::ifstream source(sourcePath);
  for (std::string line; std::getline(source, line);) {
    if (!line.starts_with("// call: "))
      continue;
    std::istringstream words(line.substr(9));
    Call call;
    words >> call.name;
    const wasm::Export *found =
        module.findExport(wasm::ExternKind::Function, call.name);
    EXPECT_NE(found, nullptr) << call.name;
    for (wasm::ValueType type : module.functionType(found->index).parameters) {
      std::string word;
      words >> word;
      call.arguments.push_back(parsed(word, type));
    }
    calls.push_back(call);
  }
  return calls;
}

/// The module that clang makes of a kernel, and its calls, here and in node.
void compareKernel(const std::string &kernel, const std::string &flags) {
  std::string node = test::nodeCommand();
  if (node.empty())
    GTEST_SKIP() << "no node: set RUNE_NODE or run ./dev setup";
  std::string source =
      fmt::format("{}/src/engine/kernels/{}.c", RUNE_SOURCE_DIR, kernel);
  std::string output = test::temporaryFile(kernel + ".wasm");
  ASSERT_TRUE(test::outputOf(fmt::format(
      "clang-22 --target=wasm32-unknown-unknown {} -ffreestanding -nostdlib "
      "-w -fuse-ld=lld -Wl,--no-entry -Wl,--export-memory -o {} {} 2>&1",
      flags, output, source)))
      << "clang-22 could not compile " << source;
  FileBytes file = std::move(FileBytes::open(output, 1 << 20)).value();
  std::filesystem::remove(output);
  auto module = wasm::load(file.bytes(), Source::binary(output));
  ASSERT_TRUE(module.ok()) << module.error().message;
  std::vector<Call> calls = callsOf(source, **module);
  ASSERT_FALSE(calls.empty());
  test::compareWithNode(node, file.bytes(), calls);
}

class KernelsAgainstNode
    : public testing::TestWithParam<std::tuple<const char *, const char *>> {};

TEST_P(KernelsAgainstNode, GiveTheSame) {
  auto [kernel, level] = GetParam();
  compareKernel(kernel, level);
}

/// The same programs as clang makes vectors of them.
TEST_P(KernelsAgainstNode, GiveTheSameAsVectors) {
  auto [kernel, level] = GetParam();
  compareKernel(kernel, fmt::format("{} -msimd128", level));
}

TEST(FeaturesAgainstNode, TailCalls) {
  compareKernel("tails", "-O2 -mtail-call");
}

INSTANTIATE_TEST_SUITE_P(, KernelsAgainstNode,
                         testing::Combine(testing::Values("integers", "floats",
                                                          "memory", "calls",
                                                          "traps", "speed"),
                                          testing::Values("-O0", "-O2", "-Os")),
                         [](const auto &info) {
                           return fmt::format("{}_{}", std::get<0>(info.param),
                                              std::get<1>(info.param) + 1);
                         });

} // namespace
} // namespace rune::engine
