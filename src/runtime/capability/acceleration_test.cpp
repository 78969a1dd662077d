// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/capability/capability.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<std::shared_ptr<const Tensor>>
accelerate(std::string_view csv, std::string_view type,
           std::vector<container::Argument> arguments = {},
           uint64_t maxBytes = 1 << 20) {
  container::Stage stage;
  stage.name = "accel";
  stage.arguments = std::move(arguments);
  ResourceTexts texts;
  Input input{"moves.csv", asBytes(csv)};
  auto capability =
      RUNE_TRY(openAcceleration({StageArguments(stage, texts),
                                 *parseTensorType(type), &input, maxBytes}));
  return capability->next();
}

std::vector<float> values(std::string_view csv, std::string_view type,
                          std::vector<container::Argument> arguments = {}) {
  auto tensor = accelerate(csv, type, std::move(arguments));
  EXPECT_TRUE(tensor) << tensor.error().message;
  if (!tensor)
    return {};
  auto numbers = (*tensor)->as<float>();
  return {numbers.begin(), numbers.end()};
}

std::string refused(std::string_view csv, std::string_view type = "f32[2, 3]",
                    std::vector<container::Argument> arguments = {}) {
  auto tensor = accelerate(csv, type, std::move(arguments));
  return tensor ? "taken" : renderText(tensor.error());
}

TEST(Accel, TakesThreeNumbersALine) {
  EXPECT_THAT(values("1,2,3\n-4.5,6e-1,7", "f32[1, 2, 3, 1]"),
              ElementsAre(1, 2, 3, -4.5f, 0.6f, 7));
  EXPECT_EQ((*accelerate("1,2,3\n4,5,6\n", "f32[?, 3]"))->type().str(),
            "f32[2, 3]");
}

TEST(Accel, RoundsOnceToTheNearestFloat) {
  // Halfway between two floats and a little above; through f64 it would be
  // exactly halfway, and go down.
  EXPECT_THAT(values("16777217.0000000001,1e-46,-0", "f32[3]"),
              ElementsAre(16777218.0f, 0.0f, -0.0f));
  EXPECT_THAT(values("3.296075439453125,1e-40,3.4028234e38", "f32[3]"),
              ElementsAre(0x1.a5e5ccp+1f, 1e-40f, 0x1.fffffep+127f));
}

TEST(Accel, PassesOverWhatIsNoNumber) {
  EXPECT_THAT(values("\xEF\xBB\xBF 1 ,\t2,3 \r\n\r\n\"4\", \" 5 \",+6\r\n \n\n",
                     "f32[2, 3]"),
              ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(values("1,2,3\r4,5,6\r", "f32[2, 3]"),
              ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(Accel, TakesAsManyAsWereAskedFor) {
  std::string_view three = "1,2,3\n4,5,6\n7,8,9\n";
  EXPECT_THAT(values(three, "f32[1, 3]"), ElementsAre(1, 2, 3));
  EXPECT_THAT(values(three, "f32[?, 3]", {{"samples", int64_t{2}}}),
              ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(values(three, "f32[?, 3]", {{"n", "1"}}), ElementsAre(1, 2, 3));
  EXPECT_EQ(values(three, "f32[?, 3]").size(), 9u);
  // The first system's last versions ignored `n`.
  EXPECT_EQ(values(three, "f32[3, 3]", {{"n", "400"}}).size(), 9u);
}

TEST(Accel, SaysHowMuchIsThere) {
  EXPECT_EQ(refused("1,2,3\n"),
            "error: 2 samples were requested but only 1 are available "
            "[runtime.bad-input]\nnote: stage `accel` reads `moves.csv`, a "
            "sample a line\n");
  EXPECT_THAT(refused("1,2,3\n", "f32[?, 3]", {{"samples", "2"}}),
              HasSubstr("2 samples were requested but only 1"));
  EXPECT_THAT(refused("", "f32[1, 3]"), HasSubstr("only 0 are available"));
}

TEST(Accel, NamesTheWrongLine) {
  EXPECT_EQ(refused("1,2,3\n\n4,5\n"),
            "error: Line 3 should have 3 fields but it actually had 2 "
            "[accel.bad-line]\nnote: line 3 of `moves.csv` is `4,5`\n");
  EXPECT_THAT(refused("1,2,3,\n"), HasSubstr("actually had 4"));
  EXPECT_THAT(refused("1;2;3\n"),
              HasSubstr("actually had 1 [accel.bad-line]\nnote: line 1 of "
                        "`moves.csv` is `1;2;3`\nhelp: separate the columns by "
                        "commas"));
  // Lines behind the last that is needed are checked too.
  EXPECT_THAT(refused("1,2,3\n4,5,6\n7\n"), HasSubstr("Line 3"));
}

TEST(Accel, NamesTheWrongColumn) {
  EXPECT_EQ(refused("1,2,3\n4,5,six\n"),
            "error: Unable to parse \"six\" on line 2, column 3 "
            "[accel.bad-number]\nnote: `moves.csv` needs finite numbers of the "
            "size of f32\n");
  EXPECT_THAT(refused("x,y,z\n1,2,3\n"),
              HasSubstr("\"x\" on line 1, column 1 [accel.bad-number]\nnote: "
                        "`moves.csv` needs finite numbers of the size of "
                        "f32\nhelp: the table has "
                        "no header: take the first line out"));
  for (std::string_view bad : {"nan", "inf", "1e39", "-1e400", "", "1.2.3",
                               "++1", "+-1", "0x10", "1 2", "--1"})
    EXPECT_THAT(refused(std::string("1,") + std::string(bad) + ",3\n"),
                HasSubstr("on line 1, column 2"))
        << bad;
  EXPECT_THAT(refused("1,2,\x1B[31m" + std::string(100, 'x') + "\n"),
              HasSubstr("Unable to parse \" [31m" + std::string(35, 'x') +
                        "…\" on line 1"));
}

TEST(Accel, RefusesOtherFilesAndTypes) {
  EXPECT_THAT(refused("\xFF\xD8\xFF\xE0"),
              HasSubstr("`moves.csv`: not a csv: it looks like a JPEG picture "
                        "[accel.not-csv]"));
  EXPECT_THAT(refused("1,2,3\n", "i16[1, 3]"),
              HasSubstr("ACCEL gives f32, but the stage declares i16[1, 3]"));
  EXPECT_THAT(refused("1,2,3\n", "f32[4]"),
              HasSubstr("12 bytes do not fill a tensor of f32[4]"));
  EXPECT_THAT(refused("1,2,3\n", "f32[1, 3]", {{"samples", "-1"}}),
              HasSubstr("[runtime.bad-argument]"));
  auto big = accelerate("1,2,3\n4,5,6\n", "f32[?, 3]", {}, 23);
  EXPECT_EQ(big.error().code, "runtime.memory-limit");
}

} // namespace
} // namespace rune::runtime
