// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/did_you_mean.h"
#include "base/result.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace rune {
namespace {

/// A diagnostic at the first place where `what` stands in `text`.
Diagnostic at(const std::string &text, const std::string &what) {
  auto source = Source::text("a.yml", text);
  uint64_t begin = text.find(what);
  return error("x.y", "m").at({source, {begin, begin + what.size()}});
}

TEST(Source, LinesAndColumnsCountFromOneAndInCodePoints) {
  auto source = Source::text("a", "ab\nüx\r\n\nlast");
  EXPECT_EQ(source->lineColumn(0), (LineColumn{1, 1}));
  EXPECT_EQ(source->lineColumn(2), (LineColumn{1, 3}));
  EXPECT_EQ(source->lineColumn(5), (LineColumn{2, 2}));
  EXPECT_EQ(source->lineColumn(8), (LineColumn{3, 1}));
  EXPECT_EQ(source->lineColumn(1000), (LineColumn{4, 5}));
  EXPECT_EQ(source->lineAt(5), "üx");
  EXPECT_EQ(source->lineAt(8), "");
  EXPECT_EQ(source->lineAt(1000), "last");
  EXPECT_EQ(source->offsetOf({2, 2}), 5u);
  EXPECT_EQ(source->offsetOf({2, 99}), 7u);
  EXPECT_EQ(source->offsetOf({99, 1}), 9u);
  EXPECT_EQ(source->offsetOf({0, 0}), 0u);
}

TEST(Text, CaretsStandUnderTheWord) {
  EXPECT_EQ(renderText(at("one two\n", "two")), "a.yml:1:5: error: m [x.y]\n"
                                                "    1 | one two\n"
                                                "      |     ^^^\n");
}

TEST(Text, TabsAndCodePointsTakeOneColumn) {
  EXPECT_EQ(renderText(at("\tüé two", "two")), "a.yml:1:5: error: m [x.y]\n"
                                               "    1 |  üé two\n"
                                               "      |     ^^^\n");
}

TEST(Text, ASpanOfSeveralLinesIsMarkedOnItsFirst) {
  EXPECT_EQ(renderText(at("a bc\nd", "bc\nd")), "a.yml:1:3: error: m [x.y]\n"
                                                "    1 | a bc\n"
                                                "      |   ^^\n");
}

TEST(Text, TheEndOfTheFileHasAPlace) {
  auto source = Source::text("a.yml", "ab");
  EXPECT_EQ(renderText(error("x.y", "m").at({source, {2, 2}})),
            "a.yml:1:3: error: m [x.y]\n"
            "    1 | ab\n"
            "      |   ^\n");
  EXPECT_EQ(renderText(error("x.y", "m").at({Source::text("e", ""), {}})),
            "e:1:1: error: m [x.y]\n");
}

TEST(Text, OfALongLineTheSurroundingsAreShown) {
  std::string text = std::string(1000, 'a') + "HERE" + std::string(1000, 'b');
  std::string shown = renderText(at(text, "HERE"));
  EXPECT_NE(shown.find("…" + std::string(40, 'a') + "HERE"), shown.npos);
  EXPECT_NE(shown.find("\n      | " + std::string(41, ' ') + "^^^^\n"),
            shown.npos);
  EXPECT_LT(shown.size(), 400u);
}

TEST(Text, NothingTheTerminalWouldObeyIsPrinted) {
  Diagnostic diagnostic = at("a\x1b[2Jb\xc2\x9b\xe2\x80\xae\xff word", "word");
  diagnostic.message = "bad \x1b[0m \x07 text";
  std::string shown = renderText(diagnostic.withHelp("\x1b help"));
  for (unsigned char c : shown)
    EXPECT_TRUE(c >= 0x20 || c == '\n') << int{c};
  EXPECT_EQ(shown.find("\xc2\x9b"), shown.npos);
  EXPECT_EQ(shown.find("\xe2\x80\xae"), shown.npos);
  EXPECT_NE(shown.find("a\\x1b[2Jb\\x9b\\u202e\uFFFD word"), shown.npos);
  EXPECT_NE(shown.find("| " + std::string(21, ' ') + "^^^^\n"), shown.npos)
      << shown;
}

TEST(Text, BinaryFilesHaveOffsets) {
  auto source = Source::binary("m.onnx");
  EXPECT_EQ(renderText(error("x.y", "m").at({source, {16, 20}})),
            "m.onnx:@0x10: error: m [x.y]\n");
  EXPECT_EQ(renderText(error("x.y", "m").at({source, {}})),
            "m.onnx: error: m [x.y]\n");
}

TEST(Text, NotesAndHelpFollow) {
  Diagnostic diagnostic = at("one two\n", "two");
  diagnostic.note({}, "a note").withHelp("a help");
  EXPECT_TRUE(renderText(diagnostic).ends_with("note: a note\nhelp: a help\n"));
}

TEST(Json, HoldsAllPartsAndOnlyThose) {
  Diagnostic diagnostic = at("one\ntwo\n", "two");
  diagnostic.note({Source::binary("b"), {3, 4}}, "n").withHelp("h");
  auto json = nlohmann::json::parse(renderJson(diagnostic));
  EXPECT_EQ(json, nlohmann::json::parse(R"({"severity":"error","code":"x.y",
    "message":"m","file":"a.yml","line":2,"column":1,"endLine":2,"endColumn":4,
    "notes":[{"severity":"note","message":"n","file":"b","offset":3}],
    "help":"h"})"));
}

TEST(Json, IsOneLineOfUtf8WhateverTheMessageHolds) {
  Diagnostic diagnostic = error("x.y", "{}", "a\n\xff\x1b\"");
  std::string text = renderJson(diagnostic);
  EXPECT_EQ(text.find('\n'), text.npos);
  EXPECT_EQ(text.find('\x1b'), text.npos);
  EXPECT_EQ(nlohmann::json::parse(text)["message"], "a\n\uFFFD\x1b\"");
}

TEST(Report, CountsAllErrorsKeepsAHundredAndNeverHidesOneBehindWarnings) {
  Report report;
  for (int i = 0; i < 500; ++i)
    report.warning("x.w", {}, "warning {}", i);
  EXPECT_FALSE(report.failed());
  for (int i = 0; i < 500; ++i)
    report.error("x.e", {}, "error {}", i);
  EXPECT_EQ(report.errors(), 500u);
  EXPECT_EQ(report.diagnostics().size(), 2 * Report::maxKept);
  EXPECT_EQ(report.diagnostics()[Report::maxKept].message, "error 0");
  EXPECT_EQ(report.failure().message, "there were 500 build errors");
  EXPECT_TRUE(isReported(report.failure()));
}

TEST(DidYouMean, FindsTheNearestOfNearWords) {
  std::vector<std::string> words = {"serial", "tensor", "most_confident"};
  EXPECT_EQ(didYouMean("SERAIL", words), "serial");
  EXPECT_EQ(didYouMean("most-confidant", words), "most_confident");
  EXPECT_EQ(didYouMean("camera", words), std::nullopt);
  EXPECT_EQ(didYouMean("", words), std::nullopt);
  EXPECT_EQ(didYouMean(std::string(10'000, 'x'), words), std::nullopt);
}

TEST(DidYouMean, ShortWordsMustBeEqualButForCase) {
  std::vector<std::string> words = {"n", "hz"};
  EXPECT_EQ(didYouMean("x", words), std::nullopt);
  EXPECT_EQ(didYouMean("HZ", words), "hz");
}

} // namespace
} // namespace rune
