// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "check/front_test_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace rune::check {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string head = "version: 1\nimage: runicos/base\npipeline:\n";

std::string capability(const std::string &name) {
  return "  " + name +
         ":\n    capability: RAW\n    outputs:\n      - type: f32\n"
         "        dimensions: [4]\n";
}
std::string model(const std::string &name, const std::string &input,
                  const std::string &file = "./some.tflite") {
  return "  " + name + ":\n    model: " + file + "\n    inputs: [" + input +
         "]\n    outputs:\n      - type: f32\n        dimensions: [4]\n";
}
std::string out(const std::string &name, const std::string &inputs) {
  return "  " + name + ":\n    out: serial\n    inputs: [" + inputs + "]\n";
}
std::string block(const std::string &name, const std::string &input) {
  return "  " + name +
         ":\n    proc-block: hotg-ai/proc-blocks@v0.11.3#modulo\n    inputs: "
         "[" +
         input +
         "]\n    outputs:\n      - type: f32\n        dimensions: [4]\n";
}

std::vector<std::string> namesOf(const Pipeline &pipeline) {
  std::vector<std::string> names;
  for (const Stage &stage : pipeline.stages)
    names.push_back(stage.name);
  return names;
}
uint32_t channelOf(const Pipeline &pipeline, const std::string &name) {
  for (const Stage &stage : pipeline.stages)
    if (stage.name == name)
      return stage.channel;
  return UINT32_MAX;
}

Pipeline checked(const std::string &text) {
  Front result = front(text);
  EXPECT_TRUE(result.pipeline) << result.text();
  return result.pipeline ? *result.pipeline : Pipeline{};
}

TEST(Order, IsDepthFirstWithInputsBeforeTheStageElseAsWritten) {
  Pipeline pipeline =
      checked(head + out("o", "late, early") + block("late", "b") +
              capability("a") + capability("b") + block("early", "a"));
  EXPECT_THAT(namesOf(pipeline), ElementsAre("b", "late", "a", "early", "o"));
}

TEST(Order, EdgesPointToStagesThatComeBefore) {
  Pipeline pipeline =
      checked(head + out("o", "late, early") + block("late", "b") +
              capability("a") + capability("b") + block("early", "a"));
  for (size_t i = 0; i < pipeline.stages.size(); ++i)
    for (const Edge &edge : pipeline.stages[i].inputs)
      EXPECT_LT(edge.stage, i);
  const Stage &last = pipeline.stages.back();
  EXPECT_EQ(pipeline.stages[last.inputs[0].stage].name, "late");
  EXPECT_EQ(pipeline.stages[last.inputs[1].stage].name, "early");
}

// The keys of the first system's expected outputs (its integration tests).
TEST(Channels, OutAfterOneCapabilityIsTwo) {
  EXPECT_EQ(channelOf(checked(head + capability("a") + out("o", "a")), "o"),
            2u);
}
TEST(Channels, OutAfterTwoCapabilitiesIsThree) {
  EXPECT_EQ(channelOf(checked(head + capability("a") + capability("b") +
                              out("o", "a, b")),
                      "o"),
            3u);
}
TEST(Channels, BlocksHaveNone) {
  Pipeline pipeline = checked(head + capability("a") + block("b", "a") +
                              model("m", "b") + out("o", "m"));
  EXPECT_EQ(channelOf(pipeline, "a"), 1u);
  EXPECT_EQ(channelOf(pipeline, "b"), 0u);
  EXPECT_EQ(channelOf(pipeline, "m"), 2u);
  EXPECT_EQ(channelOf(pipeline, "o"), 3u);
}
TEST(Channels, AResourceThatIsOpenedTakesOneAnUnusedOneDoesNot) {
  std::string resources = "resources:\n  M:\n    type: binary\n    path: ./m\n"
                          "  UNUSED:\n    inline: x\n";
  EXPECT_EQ(channelOf(checked(head + capability("a") + model("m", "a", "$M") +
                              out("o", "m") + resources),
                      "o"),
            4u);
}
TEST(Channels, KindsAreNumberedAsWrittenNotAsSorted) {
  Pipeline pipeline = checked(head + out("first", "b") + out("second", "a") +
                              capability("a") + capability("b"));
  EXPECT_EQ(channelOf(pipeline, "a"), 1u);
  EXPECT_EQ(channelOf(pipeline, "b"), 2u);
  EXPECT_EQ(channelOf(pipeline, "first"), 3u);
  EXPECT_EQ(channelOf(pipeline, "second"), 4u);
}

const Stage &stageNamed(const Pipeline &pipeline, const std::string &name) {
  return *std::ranges::find(pipeline.stages, name, &Stage::name);
}

TEST(Arguments, OfCapabilitiesAreNumbers) {
  Pipeline pipeline =
      checked(head +
              "  a:\n    capability: image\n    outputs:\n      - type: U8\n"
              "        dimensions: [1, 2, 2, 1]\n    args:\n      width: 2\n"
              "      height: \"2\"\n      pixel-format: "
              "\"@PixelFormat::GrayScale\"\n" +
              out("o", "a"));
  const Stage &stage = stageNamed(pipeline, "a");
  EXPECT_EQ(stage.what, "IMAGE");
  ASSERT_EQ(stage.arguments.size(), 3u);
  EXPECT_EQ(stage.arguments[1].value, ArgumentValue(int64_t{2}));
  EXPECT_EQ(stage.arguments[2].name, "pixel_format");
  EXPECT_EQ(stage.arguments[2].value, ArgumentValue(int64_t{2}));
}

TEST(Arguments, OfBlocksHaveTheDeclaredKindAndName) {
  Pipeline pipeline =
      checked(head +
              "  a:\n    capability: RAW\n    outputs:\n      - type: u32\n"
              "        dimensions: [1]\n"
              "  l:\n    proc-block: x@1#label\n    inputs: [a]\n"
              "    args:\n      wordlist: |\n        one\n\n        "
              "three\n      fall-back: 360.0\n      loud: \"true\"\n" +
              out("o", "l"));
  const Stage &stage = stageNamed(pipeline, "l");
  ASSERT_EQ(stage.arguments.size(), 3u);
  EXPECT_EQ(stage.arguments[0].value,
            ArgumentValue(std::vector<std::string>{"one", "", "three"}));
  EXPECT_EQ(stage.arguments[1].name, "fall_back");
  EXPECT_EQ(stage.arguments[1].value, ArgumentValue(std::string("360.0")));
  EXPECT_EQ(stage.arguments[2].value, ArgumentValue(true));
  EXPECT_EQ(stage.outputs[0].str(), "utf8[1]");
}

TEST(Arguments, AResourceStaysAReference) {
  Pipeline pipeline =
      checked(head +
              "  a:\n    capability: RAW\n    outputs:\n      - type: u32\n"
              "  l:\n    proc-block: x@1#label\n    inputs: [a]\n"
              "    args:\n      wordlist: $WORDS\n" +
              out("o", "l") + "resources:\n  WORDS:\n    inline: one\n");
  const Stage &stage = stageNamed(pipeline, "l");
  ASSERT_TRUE(
      std::holds_alternative<ResourceReference>(stage.arguments[0].value));
  EXPECT_EQ(channelOf(pipeline, "o"), 3u);
}

TEST(Models, FormatIsTensorflowLiteUnlessWrittenOrOnnx) {
  Pipeline pipeline =
      checked(head + capability("a") + model("t", "a", "./m.tflite") +
              model("o", "a", "./batch.onnx") + model("w", "a", "./m") +
              "    args:\n      format: tensorflow-js\n" + out("s", "t, o, w"));
  EXPECT_EQ(stageNamed(pipeline, "t").format, "tensorflow-lite");
  EXPECT_EQ(stageNamed(pipeline, "o").format, "onnx");
  EXPECT_EQ(stageNamed(pipeline, "w").format, "tensorflow-js");
}

std::string contents(const std::filesystem::path &path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The first system's own tests, where they are at hand: a build must fail or
/// not, and say certain things.
class FirstSystem : public testing::TestWithParam<const char *> {};

TEST_P(FirstSystem, IsJudgedAsByItsOwnTests) {
  namespace fs = std::filesystem;
  fs::path root = "../shared/data/rune/integration-tests";
  if (!fs::exists(root / GetParam()))
    GTEST_SKIP() << root << " is not here";
  bool mustFail = std::string(GetParam()) == "compile-fail";
  size_t cases = 0;
  for (const auto &entry : fs::directory_iterator(root / GetParam())) {
    SCOPED_TRACE(entry.path().string());
    ++cases;
    Front result = front(contents(entry.path() / "Runefile.yml"));
    EXPECT_EQ(result.report.failed(), mustFail) << result.text();
    for (const auto &file : fs::directory_iterator(entry.path())) {
      if (file.path().extension() != ".stderr" ||
          std::string(GetParam()).starts_with("run"))
        continue;
      std::string expected = contents(file.path());
      expected.erase(expected.find_last_not_of(" \n\r\t") + 1);
      EXPECT_THAT(result.text(), HasSubstr(expected));
    }
  }
  EXPECT_GT(cases, 0u);
}

INSTANTIATE_TEST_SUITE_P(Suites, FirstSystem,
                         testing::Values("compile-fail", "compile-pass",
                                         "run-fail", "run-pass"),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

/// The keys of the printed results in `*.stdout` are the channels of the outs.
TEST(FirstSystemKeys, AreOurChannels) {
  namespace fs = std::filesystem;
  fs::path root = "../shared/data/rune/integration-tests/run-pass";
  if (!fs::exists(root))
    GTEST_SKIP() << root << " is not here";
  size_t compared = 0;
  for (const auto &entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".stdout")
      continue;
    SCOPED_TRACE(entry.path().string());
    Front result = front(contents(entry.path().parent_path() / "Runefile.yml"));
    ASSERT_TRUE(result.pipeline) << result.text();
    for (const Stage &stage : result.pipeline->stages)
      if (stage.kind == StageKind::Out)
        EXPECT_THAT(contents(entry.path()),
                    HasSubstr("\"" + std::to_string(stage.channel) + "\":"));
    ++compared;
  }
  EXPECT_GT(compared, 0u);
}

TEST(Robust, FiveThousandStagesInARow) {
  std::string text = head + capability("s0");
  for (int i = 1; i < 5000; ++i)
    text += "  s" + std::to_string(i) + ":\n    model: $M\n    inputs: [s" +
            std::to_string(i - 1) + "]\n    outputs: [{type: f32}]\n";
  Front result =
      front(text + out("o", "s4999") + "resources:\n  M:\n    type: binary\n");
  ASSERT_TRUE(result.pipeline) << result.text();
  EXPECT_EQ(result.pipeline->stages.size(), 5001u);
}

TEST(Robust, ACycleOfTenThousandStagesIsOneMessage) {
  std::string text = head;
  for (int i = 0; i < 10000; ++i)
    text += " s" + std::to_string(i) + ":\n  model: $M\n  inputs: [s" +
            std::to_string((i + 9999) % 10000) + "]\n";
  Front result = front(text + "resources:\n  M:\n    type: binary\n");
  ASSERT_EQ(result.report.errors(), 1u) << result.text();
  const Diagnostic &cycle = result.report.diagnostics()[0];
  EXPECT_EQ(cycle.code, "check.cycle");
  EXPECT_EQ(cycle.notes.size(), 22u);
}

TEST(Robust, EveryTruncationOfARunefileEndsInAPipelineOrAMessage) {
  std::string text = contents("examples/digits/Runefile.yml");
  ASSERT_FALSE(text.empty());
  for (size_t size = 0; size <= text.size(); ++size) {
    Front result = front(text.substr(0, size));
    EXPECT_TRUE(result.pipeline || result.report.failed()) << size;
  }
}

TEST(Robust, FlippedBitsEndInAPipelineOrAMessage) {
  std::string text = contents("examples/digits/Runefile.yml");
  uint64_t state = 1;
  auto next = [&] { // xorshift64
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
  };
  for (int run = 0; run < 1500; ++run) {
    std::string flipped = text;
    for (uint64_t flips = 1 + next() % 4; flips > 0; --flips)
      flipped[next() % flipped.size()] ^= static_cast<char>(1 << next() % 8);
    Front result = front(flipped);
    EXPECT_TRUE(result.pipeline || result.report.failed()) << run;
    (void)result.text();
  }
}

} // namespace
} // namespace rune::check
