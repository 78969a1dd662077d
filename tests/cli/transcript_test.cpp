// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every transcript beside this file, and those of the README, the example
// pages and docs/runefile-v1.md, are typed again. Each gets a fresh folder;
// $ROOT is the source tree, $BLOCKS the folder of the library blocks' modules.
#include "transcript.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace fs = std::filesystem;
using namespace rune::tests;

namespace {

std::string read(const fs::path &path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string joined(const std::vector<std::string> &lines) {
  std::string text;
  for (const std::string &line : lines)
    text += "  " + line + "\n";
  return text;
}

class TranscriptTest : public testing::Test {
public:
  TranscriptTest(fs::path file, bool markdown)
      : file_(std::move(file)), markdown_(markdown) {}

  void SetUp() override {
    std::string pattern =
        (fs::temp_directory_path() / "rune-transcript-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    ::setenv("ROOT", RUNE_SOURCE_DIR, 1);
    ::setenv("BLOCKS", RUNE_BLOCKS, 1);
    // No cache of whoever runs the tests; a step that wants one names it.
    ::unsetenv("HOME");
    ::unsetenv("XDG_CACHE_HOME");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void TestBody() override {
    Transcript transcript =
        markdown_ ? transcriptOf(read(file_)) : parseTranscript(read(file_));
    // A page shows commands as typed from the top of the source tree.
    fs::path folder = folder_;
    if (markdown_)
      for (const char *name : {"examples", "tests", "README.md"})
        fs::create_symlink(fs::path(RUNE_SOURCE_DIR) / name, folder_ / name);
    ASSERT_FALSE(transcript.steps.empty()) << file_ << " holds no command";
    for (Step &step : transcript.steps) {
      if (step.command.starts_with("./dev") || step.command.starts_with("git "))
        continue; // the commands that lead here
      auto seen =
          type(step.command, folder, fs::path(RUNE_COMMAND).parent_path());
      if (update() && !matches(step.output, seen))
        step.output = seen;
      EXPECT_TRUE(matches(step.output, seen))
          << "$ " << step.command << "\nexpected\n"
          << joined(step.output) << "seen\n"
          << joined(seen);
    }
    if (update() && !markdown_)
      std::ofstream(file_) << transcript.text();
  }

private:
  static bool update() { return std::getenv("RUNE_UPDATE") != nullptr; }

  fs::path file_;
  bool markdown_;
  fs::path folder_;
};

void registerFile(const fs::path &file, bool markdown) {
  std::string name = fs::relative(file, RUNE_SOURCE_DIR).string();
  for (char &c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)))
      c = '_';
  testing::RegisterTest(
      "Transcript", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
      [=]() -> TranscriptTest * { return new TranscriptTest(file, markdown); });
}

} // namespace

TEST(TranscriptReader, DotsStandForAnyLinesAndAnyText) {
  EXPECT_TRUE(matches({"a ... c", "...", "z"}, {"a b c", "x", "y", "z"}));
  EXPECT_TRUE(matches({"...", "z"}, {"z"}));
  EXPECT_FALSE(matches({"a ... c"}, {"a b d"}));
  EXPECT_FALSE(matches({"a"}, {"a", "b"}));
}

TEST(TranscriptReader, ShowsTheExitCodeAndBothStreams) {
  EXPECT_EQ(type("echo out; echo err >&2; exit 3", "/", "/bin"),
            (std::vector<std::string>{"out", "err", "[3]"}));
}

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  fs::path root = RUNE_SOURCE_DIR;
  for (const auto &entry : fs::directory_iterator(root / "tests/cli"))
    if (entry.path().extension() == ".transcript")
      registerFile(entry.path(), false);
  for (const char *page :
       {"README.md", "examples/digits/README.md", "examples/keywords/README.md",
        "docs/runefile-v1.md"})
    registerFile(root / page, true);
  return RUN_ALL_TESTS();
}
