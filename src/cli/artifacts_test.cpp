// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/artifacts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace rune::cli {
namespace {

namespace fs = std::filesystem;

class ArtifactsTest : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern =
        (fs::temp_directory_path() / "rune-artifacts-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    artifacts_.emplace(folder_.string(), report_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static check::Stage stage(check::StageKind kind, const std::string &what) {
    check::Stage stage;
    stage.name = "stage";
    stage.kind = kind;
    stage.what = what;
    stage.format = "tensorflow-lite";
    return stage;
  }
  static check::Resource resource(const std::string &path) {
    check::Resource resource;
    resource.name = "FILE";
    resource.path = path;
    return resource;
  }
  void write(const std::string &name, const std::string &text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  fs::path folder_;
  Report report_;
  std::optional<Artifacts> artifacts_;
};

TEST_F(ArtifactsTest, ReadsEveryFileOnce) {
  fs::path digits = fs::path(RUNE_SOURCE_DIR) / "examples/digits/model.onnx";
  fs::copy_file(digits, folder_ / "model.onnx");
  write("words", "one\ntwo\n");
  check::Stage model = stage(check::StageKind::Model, "model.onnx");
  auto signature = artifacts_->model(model, {});
  ASSERT_TRUE(signature) << signature.error().message;
  EXPECT_EQ(signature->format, "onnx");
  EXPECT_EQ(signature->inputs.at(0).str(), "f32[batch, 28, 28, 3]");
  EXPECT_TRUE(artifacts_->dataOf(resource("words")));
  fs::remove(folder_ / "model.onnx");
  fs::remove(folder_ / "words");
  EXPECT_TRUE(artifacts_->modelOf(model, {}));
  auto words = artifacts_->dataOf(resource("words"));
  ASSERT_TRUE(words);
  EXPECT_EQ(asText(words->value()), "one\ntwo\n");
}

/// ONNX has none, so that the message says which one was asked for.
TEST_F(ArtifactsTest, TakesTheSignatureThatIsMeantMost) {
  fs::path digits = fs::path(RUNE_SOURCE_DIR) / "examples/digits/model.onnx";
  fs::copy_file(digits, folder_ / "model.onnx");
  check::Stage model = stage(check::StageKind::Model, "model.onnx");
  model.signature = "the Runefile's";
  auto asked = [&](Artifacts::Signatures signatures) {
    Report report;
    Artifacts artifacts(folder_.string(), report, {}, std::move(signatures));
    auto got = artifacts.model(model, {});
    return got ? std::string() : got.error().message;
  };
  EXPECT_THAT(asked({}), ::testing::HasSubstr("`the Runefile's`"));
  EXPECT_THAT(asked({{"", "all"}}), ::testing::HasSubstr("`all`"));
  EXPECT_THAT(asked({{"", "all"}, {"stage", "one"}}),
              ::testing::HasSubstr("`one`"));
}

TEST_F(ArtifactsTest, AsksABlockInOneInstance) {
  check::Stage block = stage(check::StageKind::ProcBlock, "softmax@1");
  for (int i = 0; i < 2; ++i) {
    auto signature = artifacts_->block(block);
    ASSERT_TRUE(signature) << signature.error().message;
    EXPECT_EQ(signature->name, "softmax");
    // `create` may be called once in the life of an instance.
    auto outputs =
        artifacts_->blockOutputs(block, {*parseTensorType("f32[1, 3]")}, {});
    ASSERT_TRUE(outputs) << outputs.error().message;
    EXPECT_EQ(outputs->at(0).str(), "f32[1, 3]");
  }
}

TEST_F(ArtifactsTest, AFolderIsAZipAndAModelForOthers) {
  fs::create_directory(folder_ / "web");
  write("web/model.json", "{}");
  check::Stage stage = this->stage(check::StageKind::Model, "web");
  auto model = artifacts_->modelOf(stage, {});
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ((*model)->encoding("tensorflow-lite"), "tensorflow-js");
  EXPECT_TRUE((*model)->stored.table.empty());
  ASSERT_EQ((*model)->stored.weights.size(), 1u);
  EXPECT_EQ(asText((*model)->stored.weights[0].first(4)), "PK\3\4");
  auto data = artifacts_->dataOf(resource("web"));
  ASSERT_TRUE(data);
  EXPECT_TRUE(std::ranges::equal(data->value(), (*model)->stored.weights[0]));
}

TEST_F(ArtifactsTest, SaysWhoNeedsAFileThatIsNotThere) {
  EXPECT_EQ(artifacts_->modelOf(stage(check::StageKind::Model, "m.tflite"), {})
                .error()
                .message,
            "Unable to read \"m.tflite\" for \"stage\": No such file or "
            "directory");
  EXPECT_EQ(artifacts_->dataOf(resource("w.txt")).error().message,
            "Unable to read \"w.txt\" for \"FILE\": No such file or directory");
  EXPECT_EQ(artifacts_->blockOf(stage(check::StageKind::ProcBlock, "./b"))
                .error()
                .code,
            "file.not-found");
}

} // namespace
} // namespace rune::cli
