// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every message of the front end, in files. testdata/NAME/Runefile.yml is read
// and checked; what we say of it stands in expected.txt beside it. NAME begins
// with `fail_` if there must be an error, and holds `strict` if it is checked
// so. Where expected.json exists, it holds the same as JSON, one message a
// line. RUNE_UPDATE=1 writes these files anew: read them before they are
// committed.
#include "check/front_test_support.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace rune::check {
namespace {

namespace fs = std::filesystem;

const fs::path testdata = fs::path(RUNE_SOURCE_DIR) / "src/check/testdata";

std::string contents(const fs::path &path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> caseNames() {
  std::vector<std::string> names;
  for (const auto &entry : fs::directory_iterator(testdata))
    if (entry.is_directory())
      names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

void compare(const fs::path &path, const std::string &actual) {
  if (std::getenv("RUNE_UPDATE")) {
    std::ofstream(path, std::ios::binary) << actual;
    return;
  }
  EXPECT_EQ(contents(path), actual)
      << "if the new text is right: RUNE_UPDATE=1, or ./dev update";
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, SaysWhatItsFileHolds) {
  Report report = front(contents(testdata / GetParam() / "Runefile.yml"),
                        GetParam().find("strict") != std::string::npos)
                      .report;
  std::string text, json;
  for (const Diagnostic &diagnostic : report.diagnostics()) {
    text += renderText(diagnostic);
    json += renderJson(diagnostic) + "\n";
  }
  EXPECT_EQ(report.failed(), GetParam().starts_with("fail_"));
  compare(testdata / GetParam() / "expected.txt", text);
  if (fs::exists(testdata / GetParam() / "expected.json"))
    compare(testdata / GetParam() / "expected.json", json);
}

INSTANTIATE_TEST_SUITE_P(Front, Golden, testing::ValuesIn(caseNames()),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

std::set<std::string> matches(const std::string &text, const std::regex &what) {
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), what), end; at != end;
       ++at)
    found.insert((*at)[1]);
  return found;
}

TEST(Golden, EveryCodeOfBothRoomsIsShown) {
  std::set<std::string> written, shown;
  for (const char *room : {"runefile", "check"})
    for (const auto &entry : fs::recursive_directory_iterator(
             fs::path(RUNE_SOURCE_DIR) / "src" / room))
      if (entry.path().extension() == ".cpp" &&
          !entry.path().stem().string().ends_with("_test") &&
          !entry.path().stem().string().ends_with("_fuzz"))
        written.merge(
            matches(contents(entry.path()),
                    std::regex("\"((runefile|check)\\.[a-z0-9-]+)\"")));
  for (const std::string &name : caseNames())
    shown.merge(matches(contents(testdata / name / "expected.txt"),
                        std::regex("\\[((runefile|check)\\.[a-z0-9-]+)\\]\n")));
  ASSERT_GT(written.size(), 40u);
  // Between `check` and its source of signatures, never shown: the types of a
  // block whose arguments come at run time.
  shown.insert("check.no-signature");
  // Need files too big to keep: runefile/limits_test.cpp makes them.
  shown.insert({"runefile.too-big", "runefile.crowded-line"});
  for (const std::string &code : written)
    EXPECT_TRUE(shown.contains(code)) << code << " has no file in testdata";
}

} // namespace
} // namespace rune::check
