// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights in files beside the model, and weights used where they stand in it;
// sizes that the user gives.
#include "base/files.h"
#include "graph/evaluate.h"
#include "import/onnx/strip_weights.h"
#include "import/onnx/test_onnx_model.h"

#include <onnx_facts.pb.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace rune::import::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A folder that goes with the test.
class Folder {
public:
  Folder() {
    std::string name =
        (fs::temp_directory_path() / "rune-weights-XXXXXX").string();
    if (const char *made = mkdtemp(name.data()))
      path = made;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  void write(const std::string &name, ByteSpan bytes) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream file(path / name, std::ios::binary);
    file.write(reinterpret_cast<const char *>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }

  fs::path path;
};

/// y = x + w, the four elements of w elsewhere.
TestModel external(const std::vector<std::pair<std::string, std::string>> &to) {
  TestModel model = TestModel(13)
                        .input("x", "f32[4]")
                        .initializer("w", "f32[4]", {0, 0, 0, 0})
                        .node("Add", {"x", "w"})
                        .output("y");
  auto *tensor = model.proto().mutable_graph()->mutable_initializer(0);
  tensor->clear_raw_data();
  tensor->clear_float_data();
  tensor->set_data_location(1);
  for (const auto &[key, value] : to) {
    auto *entry = tensor->add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  }
  return model;
}

Outcome importIn(const fs::path &folder, const Bytes &bytes,
                 const GivenShapes &shapes = {}) {
  Report report;
  auto owner = std::make_shared<Bytes>(bytes);
  auto model = importModel(*owner, owner, Source::binary("model.onnx"), report,
                           {shapes, folder.string()});
  Outcome outcome;
  for (const Diagnostic &diagnostic : report.diagnostics())
    outcome.messages += diagnostic.code + ": " + diagnostic.message + "\n";
  if (model)
    outcome.graph = std::move(model->graph);
  return outcome;
}

std::vector<float> run(const graph::Graph &graph) {
  std::vector<float> x{0, 0, 0, 0};
  int64_t sizes[] = {4};
  TensorView view{
      DType::F32, sizes, {reinterpret_cast<const uint8_t *>(x.data()), 16}};
  auto results = graph::evaluate(graph, {&view, 1});
  if (!results)
    return {};
  auto y = (*results)[0].as<float>();
  return {y.begin(), y.end()};
}

Bytes floats(const std::vector<float> &numbers) {
  auto *bytes = reinterpret_cast<const uint8_t *>(numbers.data());
  return Bytes(bytes, bytes + numbers.size() * sizeof(float));
}

TEST(OnnxOutsideData, isMappedFromBesideTheModel) {
  Folder folder;
  folder.write("weights/a.bin", floats({9, 1, 2, 3, 4, 9}));
  for (const auto &place :
       std::vector<std::vector<std::pair<std::string, std::string>>>{
           {{"location", "weights/a.bin"}, {"offset", "4"}, {"length", "16"}},
           {{"location", "./weights/a.bin"},
            {"offset", "4"},
            {"checksum", "0123"}}}) {
    Outcome outcome = importIn(folder.path, external(place).bytes());
    ASSERT_TRUE(outcome.graph) << outcome.messages;
    EXPECT_EQ(run(*outcome.graph), (std::vector<float>{1, 2, 3, 4}));
  }
}

TEST(OnnxOutsideData, staysWithinTheFileAndTheFolder) {
  Folder folder;
  folder.write("model/a.bin", floats({1, 2, 3, 4}));
  folder.write("secret.bin", floats({1, 2, 3, 4}));
  fs::create_symlink(folder.path / "secret.bin", folder.path / "model/link");
  auto refused =
      [&](const std::vector<std::pair<std::string, std::string>> &place) {
        Outcome outcome =
            importIn(folder.path / "model", external(place).bytes());
        EXPECT_FALSE(outcome.graph);
        return outcome.messages;
      };
  EXPECT_THAT(refused({{"location", "../secret.bin"}}),
              HasSubstr("import.outside-folder"));
  EXPECT_THAT(refused({{"location", (folder.path / "secret.bin").string()}}),
              HasSubstr("import.outside-folder"));
  EXPECT_THAT(refused({{"location", "link"}}),
              HasSubstr("import.outside-folder"));
  EXPECT_THAT(refused({{"location", "b.bin"}}), HasSubstr("file.not-found"));
  EXPECT_THAT(refused({{"offset", "0"}}), HasSubstr("does not say in which"));
  EXPECT_THAT(refused({{"location", "a.bin"}, {"offset", "17"}}),
              HasSubstr("0 bytes from 17 on of `a.bin`, which has 16"));
  EXPECT_THAT(refused({{"location", "a.bin"},
                       {"offset", "18446744073709551615"},
                       {"length", "16"}}),
              HasSubstr("which has 16"));
  EXPECT_THAT(
      refused({{"location", "a.bin"}, {"length", "99999999999999999999"}}),
      HasSubstr("the length of its elements in another file is no "
                "number"));
  EXPECT_THAT(refused({{"location", "a.bin"}, {"length", "12"}}),
              HasSubstr("12 bytes in `raw_data`, `f32[4]` needs 16"));
  EXPECT_THAT(refused({{"location", "a.bin"}, {"offset", "4"}}),
              HasSubstr("12 bytes in `raw_data`, `f32[4]` needs 16"));
}

TEST(OnnxOutsideData, needsAFolder) {
  EXPECT_THAT(importOf(external({{"location", "a.bin"}})).messages,
              HasSubstr("the model is in no folder"));
}

TEST(OnnxStripWeights, largeOnesAreUsedInPlace) {
  TestModel model = TestModel(13)
                        .input("x", "f32[1000]")
                        .initializer("w", "f32[1000]", counting(1000))
                        .initializer("b", "f32[1]", {7})
                        .node("Add", {"x", "w"}, {}, {"s"}, "first")
                        .node("Add", {"s", "b"}, {}, {"y"}, "second")
                        .output("y");
  auto bytes = std::make_shared<Bytes>(model.bytes());
  auto stripped = stripWeights(*bytes);
  ASSERT_TRUE(stripped);
  EXPECT_LT(stripped->message.size(), 500u);
  ASSERT_EQ(stripped->raw.size(), 2u);
  EXPECT_EQ(stripped->raw[0]->size(), 4000u);
  EXPECT_FALSE(stripped->raw[1]);
  Report report;
  auto imported =
      importModel(*bytes, bytes, Source::binary("model.onnx"), report);
  ASSERT_TRUE(imported.ok());
  bool within = false;
  for (const graph::Constant &constant : imported->graph.constants)
    within |= constant.data.size() == 4000 &&
              constant.data.data() > bytes->data() &&
              constant.data.data() < bytes->data() + bytes->size();
  EXPECT_TRUE(within);
}

TEST(OnnxGivenShapes, settleNamesAndInputs) {
  TestModel model = TestModel(13)
                        .input("x", "f32[n, ?]")
                        .input("z", "f32[n, 1]")
                        .node("Add", {"x", "z"})
                        .output("y");
  auto typeWith = [&](const std::vector<std::string> &texts) {
    auto shapes = GivenShapes::parse(texts);
    if (!shapes)
      return shapes.error().code;
    Outcome outcome = importIn({}, model.bytes(), *shapes);
    if (!outcome.graph)
      return outcome.messages;
    return outcome.graph->values[outcome.graph->outputs[0]].type.str();
  };
  EXPECT_EQ(typeWith({}), "f32[n, ?]");
  EXPECT_EQ(typeWith({"n=8"}), "f32[8, ?]");
  EXPECT_EQ(typeWith({"x=8x3"}), "f32[8, 3]");
  EXPECT_EQ(typeWith({"x=?x3"}), "f32[n, 3]");
  EXPECT_EQ(typeWith({"x=8x3", "n=8"}), "f32[8, 3]");
  EXPECT_EQ(typeWith({"x=8x3", "n=9"}),
            "import.shape-mismatch: dimension `n` is given as 8 and as 9\n");
  EXPECT_EQ(typeWith({"z=8x2"}),
            "import.shape-mismatch: input `z` is `f32[n, 1]`, the shape given "
            "for it is 8x2\n");
  EXPECT_EQ(typeWith({"x=8"}),
            "import.shape-mismatch: input `x` is `f32[n, ?]`, the shape given "
            "for it is 8\n");
  EXPECT_EQ(typeWith({"m=8"}),
            "import.unknown-shape: no input and no dimension "
            "of an input is called `m`\n");
  EXPECT_EQ(typeWith({"n=2x3"}), "import.shape-mismatch: dimension `n` needs "
                                 "one number, 2x3 is given\n");
  for (const char *text :
       {"n", "n=", "=3", "n=-1", "n=3x", "n=1x?y", "n=99999999999999999999"})
    EXPECT_EQ(typeWith({text}), "usage.shape") << text;
  EXPECT_EQ(typeWith({"n=1", "n=1"}), "usage.shape");
}

} // namespace
} // namespace rune::import::testing
