// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// docs/ops.md, the code and the tests speak of the same operators and the same
// numbered constraints.
#include "graph/op.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace rune::graph {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path &path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string docs() { return read(RUNE_SOURCE_DIR "/docs/ops.md"); }

/// All `operator.number` of a text.
std::set<std::string> rulesIn(const std::string &text) {
  std::string names = "node|graph";
  for (size_t i = 0; i < opCount; ++i)
    names += "|" + std::string(opName(static_cast<Op>(i)));
  std::regex rule("\\b((" + names + ")\\.[0-9]+)\\b");
  std::set<std::string> rules;
  for (std::sregex_iterator at(text.begin(), text.end(), rule), end; at != end;
       ++at)
    rules.insert((*at)[1]);
  return rules;
}

std::set<std::string> rulesOfFiles(bool tests) {
  std::set<std::string> rules;
  for (const auto &entry :
       fs::recursive_directory_iterator(RUNE_SOURCE_DIR "/src/graph")) {
    std::string name = entry.path().filename();
    bool isCode = name.ends_with(".cpp") || name.ends_with(".h");
    if (isCode && name.ends_with("_test.cpp") == tests &&
        name != "docs_test.cpp")
      rules.merge(rulesIn(read(entry.path())));
  }
  return rules;
}

TEST(Docs, EveryOperatorHasASectionWithItsAttributes) {
  std::string text = docs();
  for (size_t i = 0; i < opCount; ++i) {
    Op op = static_cast<Op>(i);
    std::string heading = fmt::format("\n## {}\n", opName(op));
    size_t begin = text.find(heading);
    ASSERT_NE(begin, std::string::npos) << opName(op);
    std::string section =
        text.substr(begin, text.find("\n## ", begin + 1) - begin);
    for (const AttributeSpec &spec : definitionOf(op).attributes)
      EXPECT_NE(section.find(fmt::format("`{}`", spec.name)), std::string::npos)
          << opName(op) << " " << spec.name;
    EXPECT_NE(section.find("Source:"), std::string::npos) << opName(op);
    EXPECT_NE(section.find("Example:"), std::string::npos) << opName(op);
  }
}

TEST(Docs, CodeDocsAndTestsHaveTheSameConstraints) {
  std::set<std::string> inDocs = rulesIn(docs());
  EXPECT_GT(inDocs.size(), 60u);
  EXPECT_EQ(rulesOfFiles(false), inDocs);
  EXPECT_EQ(rulesOfFiles(true), inDocs);
}

TEST(Docs, AttributesAreSortedByName) {
  for (size_t i = 0; i < opCount; ++i)
    EXPECT_TRUE(std::ranges::is_sorted(
        definitionOf(static_cast<Op>(i)).attributes, {}, &AttributeSpec::name))
        << opName(static_cast<Op>(i));
}

} // namespace
} // namespace rune::graph
