// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runefile/words.h"
#include "runefile/yaml_node.h"

#include <gtest/gtest.h>

namespace rune::runefile {
namespace {

TEST(Words, AStageAndItsPort) {
  EXPECT_EQ(parseStagePort("fft")->port, 0u);
  EXPECT_EQ(parseStagePort("fft.2")->port, 2u);
  EXPECT_EQ(parseStagePort("noise-filtering.10")->stage, "noise-filtering");
  for (const char *bad : {"", ".", "fft.", "fft.x", "fft.-1", "fft.1.2", "1st",
                          "a b", "-a", "fft.9999999", "ä"})
    EXPECT_FALSE(parseStagePort(bad)) << bad;
}

TEST(Words, ABlockPathHasUpToThreeParts) {
  auto path = parseBlockPath("hotg-ai/proc-blocks@v0.11.3#noise-filtering");
  ASSERT_TRUE(path);
  EXPECT_EQ(path->base, "hotg-ai/proc-blocks");
  EXPECT_EQ(path->version, "v0.11.3");
  EXPECT_EQ(path->name(), "noise-filtering");
  EXPECT_EQ(parseBlockPath("hotg-ai/x@refs/heads/master#a/b")->name(), "b");
  EXPECT_TRUE(parseBlockPath("../../examples/identity/")->isLocal());
  EXPECT_EQ(parseBlockPath("../../examples/identity/")->name(), "identity");
  EXPECT_EQ(parseBlockPath("modulo")->name(), "modulo");
  for (const char *bad :
       {"", "@1", "#x", "a@", "a#", "a b", "a@1 2#c", "a#b#c"})
    EXPECT_FALSE(parseBlockPath(bad)) << bad;
}

TEST(Words, ResourcesBeginWithADollar) {
  EXPECT_EQ(resourceName("$LABELS"), "LABELS");
  for (const char *text : {"LABELS", "$", "$5", "$a b", "@x"})
    EXPECT_FALSE(resourceName(text)) << text;
}

// YAML 1.2.2, §10.3.2 and its examples.
TEST(Words, PlainScalarsHaveTheKindsOfTheCoreSchema) {
  for (const char *text : {"", "~", "null"})
    EXPECT_EQ(kindOfPlainScalar(text), YamlKind::Null) << text;
  for (const char *text : {"true", "FALSE"})
    EXPECT_EQ(kindOfPlainScalar(text), YamlKind::Boolean) << text;
  for (const char *text : {"0", "-19", "+12", "0o7", "0x3A"})
    EXPECT_EQ(kindOfPlainScalar(text), YamlKind::Integer) << text;
  for (const char *text : {"0.", "-0.0", ".5", "+12e03", "-2E+05", ".inf"})
    EXPECT_EQ(kindOfPlainScalar(text), YamlKind::Number) << text;
  for (const char *text : {"yes", "1.2.3", "-", ".", "e3", "1e", "0x", "v1"})
    EXPECT_EQ(kindOfPlainScalar(text), YamlKind::Text) << text;
}

TEST(Words, ASpanCoversTheScalarAsItIsWritten) {
  auto covered = [](std::string_view text, uint64_t at, const char *value) {
    Span span = scalarSpan(text, at, value);
    return text.substr(span.begin, span.end - span.begin);
  };
  EXPECT_EQ(covered("a: one two # x", 3, "one two"), "one two");
  EXPECT_EQ(covered("a: 'it''s' # x", 3, "it's"), "'it''s'");
  EXPECT_EQ(covered(R"(a: "say \"x\"" # y)", 3, "say \"x\""), R"("say \"x\"")");
  EXPECT_EQ(covered("a: |-\n  x", 3, "x"), "|-");
  EXPECT_EQ(covered("a: &b one", 3, "one"), "one");
  EXPECT_EQ(covered("a: one\n  two", 3, "one two"), "one");
  EXPECT_EQ(covered("a: \"open", 3, "open"), "\"open");
}

} // namespace
} // namespace rune::runefile
