// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Our own scripts on each engine: the tables of operators that generate.mjs
// wrote, and those of rules.
#include "runner.h"

#include "base/files.h"
#include "engines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace rune::spec {
namespace {

std::vector<std::string> scripts() {
  std::vector<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator("tests/spec"))
    if (entry.path().extension() == ".wast")
      names.push_back(entry.path().stem().string());
  std::ranges::sort(names);
  return names;
}

class Spec
    : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

TEST_P(Spec, EveryAssertionHolds) {
  const auto &[engineName, script] = GetParam();
  auto engine = makeEngine(engineName);
  std::string path = "tests/spec/" + script + ".wast";
  auto file = FileBytes::open(path, 16 << 20);
  ASSERT_TRUE(file.ok());
  auto score = runScript(
      *engine, Source::text(path, std::string(asText(file->bytes()))));
  ASSERT_TRUE(score.ok()) << renderText(score.error());
  for (const Failure &failure : score->failures)
    ADD_FAILURE() << renderText(
        error("spec.failed", "{}", failure.why).at(failure.where));
  EXPECT_GT(score->passed, 0u);
  EXPECT_EQ(score->skipped, 0u) << "ours need no feature that we refuse";
}

INSTANTIATE_TEST_SUITE_P(EachEngine, Spec,
                         testing::Combine(testing::ValuesIn(engineNames()),
                                          testing::ValuesIn(scripts())),
                         [](const auto &info) {
                           std::string name = std::get<0>(info.param) + "_" +
                                              std::get<1>(info.param);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

} // namespace
} // namespace rune::spec
