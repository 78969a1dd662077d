// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The first system's own integration suite, its examples, and a suite of ours
// in the same layout (tests/v1) that stands in for it where its data is
// missing. Each case runs in a scratch copy of the tree around it, since cases
// name files of each other.
//
// The two local blocks `identity` of the first suite are Rust crates whose
// source is not there: our own block is put in their place.
#include "suite_case.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace fs = std::filesystem;
using namespace rune::tests;
using testing::HasSubstr;

namespace {

const fs::path source = RUNE_SOURCE_DIR;
const fs::path shared = source / "../shared/data/rune";

/// The cases that the first system's runner took, and those it left out.
constexpr const char *activeCases[] = {
    "compile-fail/image-is-required",
    "compile-fail/missing-input",
    "compile-fail/no-such-resource",
    "compile-fail/pipeline-is-required",
    "compile-fail/self-loop",
    "compile-fail/simple-loop",
    "compile-fail/str-is-not-a-type",
    "compile-fail/there-is-no-version-2",
    "compile-fail/unknown-model-format",
    "compile-fail/version-is-required",
    "compile-pass/directories-are-zipped-when-used-for-models",
    "compile-pass/known-model-formats",
    "compile-pass/model-arguments-should-be-used",
    "compile-pass/models-with-multiple-inputs",
    "compile-pass/noop",
    "compile-pass/proc-block-with-multiple-inputs-and-outputs",
    "run-fail/missing-raw-capability",
    "run-pass/gesture-ring",
    "run-pass/microspeech-down",
    "run-pass/microspeech-up",
    "run-pass/model-from-resource",
    "run-pass/multiple-outputs",
    "run-pass/noop",
    "run-pass/proc-block-path-dependencies",
    "run-pass/resources-in-proc-block-args",
    "run-pass/sine",
};
constexpr const char *leftOut[] = {"run-pass/_style-transfer"};

/// A copy of a tree, gone with the test.
class Scratch : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern =
        (fs::temp_directory_path() / "rune-suite-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void copy(const fs::path &from, const fs::path &to) {
    fs::create_directories((folder_ / to).parent_path());
    fs::copy(from, folder_ / to, fs::copy_options::recursive);
  }

  /// The case, and beside it what it may name: `../../../examples`.
  fs::path firstSuiteCase(const std::string &name) {
    copy(shared / "integration-tests" / name, "integration-tests/" + name);
    for (const char *example : {"sine", "debugging"})
      copy(shared / "examples" / example, fs::path("examples") / example);
    for (const fs::path &user :
         {fs::path("examples/debugging"), "integration-tests" / fs::path(name)})
      putIdentity(folder_ / user / "identity");
    return folder_ / "integration-tests" / name;
  }

  static void putIdentity(const fs::path &folder) {
    fs::create_directories(folder);
    fs::copy_file(fs::path(RUNE_BLOCKS) / "identity.wasm",
                  folder / "identity.wasm",
                  fs::copy_options::overwrite_existing);
  }

  static std::string told(const Verdict &verdict) {
    return "build [" + std::to_string(verdict.build.exitCode) + "]\n" +
           verdict.build.out + verdict.build.err + "run [" +
           std::to_string(verdict.run.exitCode) + "]\n" +
           verdict.run.out.substr(0, 2000) + verdict.run.err;
  }

  fs::path folder_;
};

class FirstSuite : public Scratch {
public:
  explicit FirstSuite(std::string name) : name_(std::move(name)) {}
  void TestBody() override {
    if (!fs::exists(shared / "integration-tests"))
      GTEST_SKIP() << "the first system's suite is not here: "
                      "../shared/data/rune/integration-tests";
    Verdict verdict = judge(firstSuiteCase(name_));
    EXPECT_EQ(verdict.fault, "") << told(verdict);
  }

private:
  std::string name_;
};

/// A case of tests/v1.
class OwnSuite : public Scratch {
public:
  explicit OwnSuite(std::string name) : name_(std::move(name)) {}
  void TestBody() override {
    for (const char *part : {"models", "blocks"})
      if (fs::exists(source / "tests/v1" / part))
        copy(source / "tests/v1" / part, part);
    copy(source / "tests/v1" / name_, name_);
    putIdentity(folder_ / "blocks/identity");
    Verdict verdict = judge(folder_ / name_);
    EXPECT_EQ(verdict.fault, "") << told(verdict);
  }

private:
  std::string name_;
};

class FirstSuiteTree : public Scratch {
protected:
  void SetUp() override {
    if (!fs::exists(shared / "integration-tests"))
      GTEST_SKIP() << "the first system's data is not here: "
                      "../shared/data/rune";
    Scratch::SetUp();
  }

  /// What the example prints on these inputs; fails the test if it fails.
  std::string example(const std::string &name, const std::string &inputs) {
    if (!fs::exists(folder_ / "examples" / name))
      copy(shared / "examples" / name, "examples/" + name);
    fs::path folder = folder_ / "examples" / name;
    if (name == "debugging")
      putIdentity(folder / "identity");
    Ran build = shell("rune build", folder);
    EXPECT_EQ(build.exitCode, 0) << build.err;
    Ran run = shell("rune run " + name + ".rune " + inputs, folder);
    EXPECT_EQ(run.exitCode, 0) << run.err;
    EXPECT_THAT(run.err, HasSubstr("Running rune: " + name + ".rune"));
    return run.out;
  }
};

TEST_F(FirstSuiteTree, HoldsTheCasesThatAreListedHere) {
  std::vector<std::string> listed(std::begin(activeCases),
                                  std::end(activeCases));
  listed.insert(listed.end(), std::begin(leftOut), std::end(leftOut));
  std::vector<std::string> there;
  for (const auto &category :
       fs::directory_iterator(shared / "integration-tests"))
    for (const auto &folder : fs::directory_iterator(category))
      there.push_back(category.path().filename().string() + "/" +
                      folder.path().filename().string());
  EXPECT_THAT(there, testing::UnorderedElementsAreArray(listed));
  EXPECT_EQ(std::size(activeCases), 26u);
}

/// What it gives is judged by style_transfer.sh: this command is too slow.
TEST_F(FirstSuiteTree, StyleTransferBuilds) {
  fs::path folder = firstSuiteCase("run-pass/_style-transfer");
  Ran build = shell("rune build", folder);
  EXPECT_EQ(build.exitCode, 0) << build.err;
  EXPECT_EQ(inputFlags(folder), " --image '0_content.jpg'"
                                " --image '1_style.jpg'");
}

TEST_F(FirstSuiteTree, ExampleGestureIsARing) {
  EXPECT_EQ(example("gesture", "--accelerometer example_ring.csv"),
            "{\"3\":[{\"element_type\":\"utf8\",\"dimensions\":[1],"
            "\"elements\":[\"Ring\"]}]}\n");
}

TEST_F(FirstSuiteTree, ExamplePersonIsAPerson) {
  EXPECT_THAT(example("person_detection", "--image image_grayscale.png"),
              HasSubstr("\"person_prob\""));
}

TEST_F(FirstSuiteTree, ExampleMicrospeechHearsUpAndDown) {
  EXPECT_THAT(example("microspeech", "--sound data/up/84d1e469_nohash_0.wav"),
              HasSubstr("[\"up\"]"));
  EXPECT_THAT(example("microspeech", "--sound data/down/cd85758f_nohash_0.wav"),
              HasSubstr("[\"down\"]"));
}

TEST_F(FirstSuiteTree, ExamplesNoopAndSinePassNumbersOn) {
  copy(shared / "integration-tests/run-pass/noop/input.bin", "four.bin");
  copy(shared / "integration-tests/run-pass/sine/input.bin", "angle.bin");
  EXPECT_EQ(example("noop", "--raw ../../four.bin"),
            "{\"2\":[{\"element-type\":\"i32\",\"dimensions\":[4],"
            "\"elements\":[0,1,2,3]}]}\n");
  EXPECT_THAT(cutDecimals(example("sine", "--raw ../../angle.bin")),
              HasSubstr("[0.69727]"));
}

/// rand -> modulo -> sine: what `identity` passes on is what went in.
TEST_F(FirstSuiteTree, ExampleDebuggingShowsItsMiddle) {
  std::string first = example("debugging", "--random 7");
  EXPECT_THAT(first, HasSubstr("{\"3\":[{\"element-type\":\"f32\""));
  EXPECT_THAT(first, HasSubstr("],\"4\":[{\"element-type\":\"f32\""));
  EXPECT_EQ(first, example("debugging", "--random 7"));
}

TEST(SuiteCase, CutsDecimalsAfterFivePlaces) {
  EXPECT_EQ(cutDecimals("[0.69727874,1.5,3.1234567] v1.2.3456789 .123456789"),
            "[0.69727,1.5,3.12345] v1.2.34567 .123456789");
}

/// The judge itself: a text that is not there, and an exit code that differs.
TEST_F(Scratch, AJudgedCaseCanFail) {
  copy(source / "tests/v1/run-pass/a-scalar", "run-pass/a-scalar");
  EXPECT_EQ(judge(folder_ / "run-pass/a-scalar").fault, "");
  std::ofstream(folder_ / "run-pass/a-scalar/other.stdout") << "[2.6]";
  EXPECT_EQ(judge(folder_ / "run-pass/a-scalar").fault,
            "no other.stdout in it: [2.6]\n");
  for (const char *category : {"run-fail", "compile-fail", "compile-pass"})
    copy(source / "tests/v1/run-pass/a-scalar",
         fs::path(category) / "a-scalar");
  EXPECT_THAT(judge(folder_ / "run-fail/a-scalar").fault,
              HasSubstr("the run ended with 0"));
  EXPECT_THAT(judge(folder_ / "compile-fail/a-scalar").fault,
              HasSubstr("the build should have failed"));
  EXPECT_THAT(judge(folder_ / "compile-pass/a-scalar").fault,
              HasSubstr("no e.stdout in it"));
}

template <class Suite> void registerCase(const char *suite, std::string name) {
  std::string plain = name;
  for (char &c : plain)
    if (!std::isalnum(static_cast<unsigned char>(c)))
      c = '_';
  testing::RegisterTest(suite, plain.c_str(), nullptr, nullptr, __FILE__,
                        __LINE__,
                        [=]() -> Scratch * { return new Suite(name); });
}

void registerOwnSuite() {
  for (const char *category :
       {"compile-fail", "compile-pass", "run-fail", "run-pass"})
    if (fs::path folder = source / "tests/v1" / category; fs::exists(folder))
      for (const auto &entry : fs::directory_iterator(folder))
        registerCase<OwnSuite>("OwnSuite",
                               std::string(category) + "/" +
                                   entry.path().filename().string());
}

} // namespace

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  for (const char *name : activeCases)
    registerCase<FirstSuite>("FirstSuite", name);
  registerOwnSuite();
  return RUN_ALL_TESTS();
}
