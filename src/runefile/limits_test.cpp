// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files made to hurt: each ends in a message, soon.
#include "runefile/runefile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::runefile {
namespace {

std::string repeated(std::string_view text, size_t times) {
  std::string result;
  for (size_t i = 0; i < times; ++i)
    result += text;
  return result;
}

/// The code of the only error that this text gives.
std::string errorOf(const std::string &text) {
  Report report;
  auto tree = parseRunefile(Source::text("Runefile.yml", text), report);
  EXPECT_FALSE(tree.ok());
  EXPECT_EQ(report.errors(), 1u);
  (void)renderText(report.diagnostics().at(0));
  (void)renderJson(report.diagnostics().at(0));
  return report.diagnostics().at(0).code;
}

TEST(Limits, DeepNestingOfEveryKindIsRefused) {
  EXPECT_EQ(errorOf(repeated("[\n", 100'000)), "runefile.too-deep");
  EXPECT_EQ(errorOf(repeated("- ", 100'000)), "runefile.too-deep");
  EXPECT_EQ(errorOf(repeated("? ", 100'000)), "runefile.too-deep");
  EXPECT_EQ(errorOf(repeated("{a: \n", 100'000)), "runefile.too-deep");
}

TEST(Limits, BracketsInOneLineAreRefusedBeforeTheyAreRead) {
  EXPECT_EQ(errorOf(repeated("[", 100'000)), "runefile.crowded-line");
  EXPECT_EQ(errorOf("[" + repeated(",", 100'000)), "runefile.crowded-line");
  EXPECT_EQ(errorOf("{" + repeated("a,", 100'000)), "runefile.crowded-line");
}

TEST(Limits, SixtyFourLevelsAreFineSixtyFiveAreNot) {
  // The map is the first level; what remains wrong is what stands in it.
  std::string fine = "version: 1\nimage: a\npipeline: {}\nx: ";
  Report report;
  EXPECT_TRUE(
      parseRunefile(Source::text("Runefile.yml",
                                 fine + repeated("[", 63) + repeated("]", 63)),
                    report)
          .ok());
  EXPECT_EQ(errorOf(fine + repeated("[", 64) + repeated("]", 64)),
            "runefile.too-deep");
}

TEST(Limits, AFileOfOneMebibyteIsReadOneByteMoreIsNot) {
  std::string text = "version: 1\nimage: a\npipeline: {}\n# ";
  text += std::string(maxRunefileBytes - text.size(), 'x');
  Report report;
  EXPECT_TRUE(parseRunefile(Source::text("Runefile.yml", text), report).ok());
  EXPECT_EQ(errorOf(text + "x"), "runefile.too-big");
}

TEST(Limits, OneLongLineIsRightWhereItIsRight) {
  std::string text = "version: 1\nimage: a\npipeline: {}\nresources: {a: "
                     "{inline: " +
                     std::string(1'000'000, 'x') + "}}\n";
  Report report;
  auto tree = parseRunefile(Source::text("Runefile.yml", text), report);
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(tree->resources.at(0).inlineText->text.size(), 1'000'000u);
}

TEST(Limits, ManyValuesAreCountedAliasesEachTime) {
  EXPECT_EQ(errorOf(repeated("- a\n", 100'001)), "runefile.too-many-nodes");
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'z'; ++c) {
    std::string alias = std::string("*") + static_cast<char>(c - 1) + " ";
    bomb += std::string(1, c) + ": &" + c + " [" + alias;
    for (int i = 0; i < 9; ++i)
      bomb += ", " + alias;
    bomb += "]\n";
  }
  EXPECT_EQ(errorOf(bomb), "runefile.too-many-nodes");
}

TEST(Limits, AliasesCannotNestDeeperThanText) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 100; ++i)
    text += fmt::format("a{}: &a{} [*a{} ]\n", i, i, i - 1);
  EXPECT_EQ(errorOf(text), "runefile.too-deep");
}

TEST(Limits, ManyErrorsAreCountedAndAHundredKept) {
  std::string text = "version: 1\nimage: a\npipeline:\n";
  for (int i = 0; i < 20'000; ++i)
    text += fmt::format("  s{}: {{out: nowhere}}\n", i);
  Report report;
  EXPECT_FALSE(parseRunefile(Source::text("Runefile.yml", text), report).ok());
  EXPECT_EQ(report.errors(), 20'000u);
  EXPECT_EQ(report.diagnostics().size(), Report::maxKept);
}

} // namespace
} // namespace rune::runefile
