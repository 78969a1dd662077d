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

Score scoreOf(std::string text, const RunOptions &options = {}) {
  auto engine = engine::makeInterpreter();
  auto score =
      runScript(*engine, Source::text("test.wast", std::move(text)), options);
  EXPECT_TRUE(score.ok());
  return score.ok() ? *score : Score{};
}

TEST(Runner, SkipsWhatIsRefusedByNameAndGoesOn) {
  Score score = scoreOf(R"(
    (module $gc (type $s (struct)) (func (export "f") (result (ref $s)) unreachable))
    (register "gc" $gc)
    (assert_return (invoke $gc "f") (ref.struct))
    (module (import "gc" "f" (func $f)) (func (export "g") (call $f)))
    (assert_return (invoke "g"))
    (assert_invalid (module (func (param (ref 9)))) "unknown type")
    (module (tag))
    (assert_exception (invoke "g"))
    (module (memory 1 1 shared))
    (module (func (export "h") (result i32) (i32.const 4)))
    (assert_return (invoke "h") (i32.const 4)))");
  EXPECT_TRUE(score.failures.empty());
  EXPECT_EQ(score.passed, 2u);
  EXPECT_EQ(score.skipped, 9u);
  for (const char *reason :
       {"garbage collection is not supported", "threads is not supported",
        "exception handling is not supported",
        "typed function references is not supported"})
    EXPECT_TRUE(score.reasons.contains(reason)) << reason;
}

TEST(Runner, FailsWhatIsWrong) {
  Score score = scoreOf(R"(
    (module (func (export "f") (result i32) (i32.const 4)) (func (export "t") unreachable))
    (assert_return (invoke "f") (i32.const 5))
    (assert_return (invoke "f"))
    (assert_return (invoke "t"))
    (assert_trap (invoke "f") "unreachable")
    (assert_trap (invoke "t") "integer overflow")
    (assert_return (invoke "none") (i32.const 4))
    (assert_invalid (module) "type mismatch")
    (assert_malformed (module (func (result i32))) "unexpected token")
    (assert_unlinkable (module) "unknown import")
    (module (func (result i32)))
    (unknown-command))");
  EXPECT_EQ(score.passed, 1u);
  EXPECT_EQ(score.skipped, 0u);
  EXPECT_EQ(score.failures.size(), 11u);
}

/// Which feature is meant, the script does not say.
TEST(Runner, ReadsScriptsOfBothAges) {
  std::string text = R"wast(
    (assert_invalid (module (memory 1) (memory 1)) "multiple memories")
    (assert_malformed (module quote "(memory 0x1_0000_0000)") "i32 constant"))wast";
  EXPECT_EQ(scoreOf(text).failures.size(), 2u);
  EXPECT_EQ(scoreOf(text, {.features = wasm::Features::core2()}).passed, 2u);
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
