// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// C programs through clang, here and in node: results, traps and final memory
// agree bit for bit. The programs name their own calls in `// call:` lines.
#include "engine/test_kernels.h"

namespace rune::engine {
namespace {

using test::Call;

/// The module that clang makes of a kernel, and its calls, here and in node.
void compareKernel(const std::string &kernel, const std::string &flags) {
  std::string node = test::nodeCommand();
  if (node.empty())
    GTEST_SKIP() << "no node: set RUNE_NODE or run ./dev setup";
  auto bytes = test::compileKernel(kernel, flags);
  ASSERT_FALSE(bytes->empty()) << "clang-22 could not compile " << kernel;
  auto module = wasm::load(*bytes, Source::binary(kernel));
  ASSERT_TRUE(module.ok()) << module.error().message;
  std::vector<Call> calls = test::callsOf(test::kernelPath(kernel), **module);
  ASSERT_FALSE(calls.empty());
  test::compareWithNode(node, *bytes, calls);
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
