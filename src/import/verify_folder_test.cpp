// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/verify_folder.h"

#include "base/files.h"

#include <onnx_facts.pb.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <limits>

namespace rune::import {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Tensor floats(std::vector<float> values) {
  Tensor tensor =
      Tensor::zeros(DType::F32, {static_cast<int64_t>(values.size())}).value();
  std::ranges::copy(values, tensor.as<float>().begin());
  return tensor;
}

Comparison compared(std::vector<float> got, std::vector<float> want,
                    ToleranceOptions options = {}) {
  Tensor left = floats(std::move(got)), right = floats(std::move(want));
  return compareTensors(left.view(), right.view(), options);
}

TEST(CompareTensors, allowsWhatTheToleranceAllows) {
  EXPECT_TRUE(compared({1.0009f, -1000}, {1, -1000.9f}).equal);
  EXPECT_FALSE(compared({1.002f}, {1}).equal);
  EXPECT_TRUE(compared({1e-8f}, {0}).equal);
  EXPECT_FALSE(compared({1e-6f}, {0}).equal);
  EXPECT_TRUE(compared({1e-6f}, {0}, {{}, 1e-5}).equal);
  EXPECT_FALSE(compared({1.0009f}, {1}, {1e-6, {}}).equal);
}

/// Of numbers that somebody typed, half a unit of the last decimal is noise.
TEST(CompareTensors, boundsAllowForNumbersOfFourDecimals) {
  ToleranceOptions bounds;
  bounds.bound = graph::FloatBound{4, 16};
  std::vector<float> typed = {0.3828F, 1.7556F, -0.1406F, 2.9689F};
  auto off = [&](float by) {
    std::vector<float> got = typed;
    got[1] += by;
    return compared(got, typed, bounds);
  };
  EXPECT_TRUE(off(0.00004F).equal);
  EXPECT_FALSE(off(0.00007F).equal);
  typed[2] = -0.14061234F;
  EXPECT_FALSE(off(0.00004F).equal);
  typed = {0.125F, 0.5F, -0.25F, 2}; // computed, for all one knows
  EXPECT_FALSE(off(0.00004F).equal);
}

TEST(CompareTensors, infinityAndNanMatchOnlyThemselves) {
  float infinity = std::numeric_limits<float>::infinity();
  float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(compared({nan, infinity}, {nan, infinity}).equal);
  EXPECT_FALSE(compared({nan}, {0}).equal);
  EXPECT_FALSE(compared({0}, {nan}).equal);
  EXPECT_FALSE(compared({infinity}, {1e30f}).equal);
  EXPECT_FALSE(compared({1e30f}, {infinity}).equal);
  EXPECT_FALSE(compared({infinity}, {-infinity}).equal);
}

TEST(CompareTensors, tellsTheLargestErrorAndWhere) {
  Comparison comparison = compared({1, 2.5f, 3, 9}, {1, 2, 3, 5});
  EXPECT_EQ(comparison.wrong, 2u);
  EXPECT_EQ(comparison.count, 4u);
  EXPECT_EQ(comparison.largestError, 4);
  EXPECT_THAT(comparison.place, ElementsAre(3));
  EXPECT_EQ(comparison.why,
            "2 of 4 elements differ; at [3] got 9, want 5, an error of 4");
}

TEST(CompareTensors, integersMustBeEqual) {
  auto integers = [](std::vector<int64_t> values) {
    Tensor tensor = Tensor::zeros(DType::I64, {1, 2}).value();
    std::ranges::copy(values, tensor.as<int64_t>().begin());
    return tensor;
  };
  // Neighbours that are the same double.
  Tensor got = integers({1, int64_t{1} << 60});
  Tensor want = integers({1, (int64_t{1} << 60) + 1});
  Comparison comparison = compareTensors(got.view(), want.view());
  EXPECT_FALSE(comparison.equal);
  EXPECT_THAT(comparison.place, ElementsAre(0, 1));
}

TEST(CompareTensors, typeSizesAndTextMustBeEqual) {
  Tensor three = floats({1, 2, 3}), two = floats({1, 2});
  EXPECT_EQ(compareTensors(three.view(), two.view()).why,
            "got `f32[3]`, want `f32[2]`");
  Tensor a = Tensor::ofText({2}, std::vector<std::string>{"a", "b"});
  Tensor b = Tensor::ofText({2}, std::vector<std::string>{"a", "c"});
  EXPECT_TRUE(compareTensors(a.view(), a.view()).equal);
  EXPECT_EQ(compareTensors(a.view(), b.view()).why,
            "1 of 2 elements differ; at [1] got `b`, want `c`");
}

/// x + y, as a graph without nodes: the runner below computes it.
graph::Graph sumGraph() {
  graph::Graph graph;
  TensorType type{DType::F32, {2}};
  graph.values = {{"x", type, {}}, {"y", type, {}}, {"z", type, {}}};
  graph.inputs = {0, 1};
  graph.outputs = {2};
  return graph;
}

Result<std::vector<Tensor>> minus(std::span<const TensorView> inputs) {
  std::vector<Tensor> out;
  out.push_back(Tensor::copyOf(inputs[0]).value());
  for (size_t i = 0; i < 2; ++i)
    out[0].as<float>()[i] -=
        loadUnaligned<float>(inputs[1].data.data() + 4 * i);
  return out;
}

class VerifyCase : public ::testing::Test {
protected:
  VerifyCase() {
    std::string name =
        (fs::temp_directory_path() / "rune-verify-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    fs::create_directory(folder_ / "test_data_set_0");
  }
  ~VerifyCase() override { fs::remove_all(folder_); }

  void put(const std::string &file, float a, float b,
           const std::string &name = "") {
    onnx::TensorProto proto;
    proto.set_name(name);
    proto.set_data_type(1);
    proto.add_dims(2);
    proto.add_float_data(a);
    proto.add_float_data(b);
    ASSERT_TRUE(writeFileAtomically((folder_ / file).string(),
                                    asBytes(proto.SerializeAsString())));
  }
  Result<CaseOutcome> verified() {
    std::vector<std::string> sets = RUNE_TRY(dataSets(folder_.string()));
    return verifyCase(sumGraph(), sets.front(), {}, minus);
  }

  fs::path folder_;
};

TEST_F(VerifyCase, comparesWhatTheRunnerGives) {
  put("test_data_set_0/input_0.pb", 5, 7);
  put("test_data_set_0/input_1.pb", 1, 2);
  put("test_data_set_0/output_0.pb", 4, 5);
  auto outcome = verified();
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_TRUE(outcome->passed());
  put("test_data_set_0/output_0.pb", 4, 6);
  outcome = verified();
  ASSERT_TRUE(outcome);
  EXPECT_FALSE(outcome->passed());
  EXPECT_THAT(
      outcome->failures(),
      HasSubstr("output `z`: 1 of 2 elements differ; at [1] got 5, want "
                "6, an error of 1"));
}

TEST_F(VerifyCase, matchesInputsByNameWhereTheyHaveNames) {
  put("test_data_set_0/input_0.pb", 1, 2, "y");
  put("test_data_set_0/input_1.pb", 5, 7, "x");
  put("test_data_set_0/output_0.pb", 4, 5);
  auto outcome = verified();
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_TRUE(outcome->passed());
}

TEST_F(VerifyCase, wantsAFileForEveryInputAndOutput) {
  put("test_data_set_0/input_0.pb", 1, 2);
  put("test_data_set_0/output_0.pb", 4, 5);
  auto outcome = verified();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "verify.no-data");
  EXPECT_EQ(outcome.error().message, "1 files input_N, the model has 2 inputs");
  fs::remove(folder_ / "test_data_set_0/output_0.pb");
  outcome = verified();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().message,
            "0 files output_N, the model has 1 outputs");
}

TEST_F(VerifyCase, findsDataSetsByNumber) {
  for (const char *name : {"test_data_set_10", "test_data_set_9", "other"})
    fs::create_directory(folder_ / name);
  auto sets = dataSets(folder_.string());
  ASSERT_TRUE(sets);
  std::vector<std::string> names;
  for (const std::string &set : *sets)
    names.push_back(fs::path(set).filename().string());
  EXPECT_THAT(names, ElementsAre("test_data_set_0", "test_data_set_9",
                                 "test_data_set_10"));
  put("test_data_set_9/output_0.pb", 1, 2);
  EXPECT_THAT(*dataSets((folder_ / "test_data_set_9").string()),
              ElementsAre((folder_ / "test_data_set_9").string()));
}

TEST_F(VerifyCase, saysWhenThereIsNothing) {
  EXPECT_EQ(dataSets((folder_ / "missing").string()).error().code,
            "file.not-found");
  EXPECT_EQ(dataSets((folder_ / "test_data_set_0").string()).error().code,
            "verify.no-data");
}

TEST_F(VerifyCase, readsBareBytesAndNumpyArrays) {
  auto write = [&](const std::string &name, std::string_view bytes) {
    fs::path path = folder_ / "test_data_set_0" / name;
    ASSERT_TRUE(writeFileAtomically(path.string(), asBytes(bytes)));
  };
  put("test_data_set_0/input_0.pb", 5, 7);
  // written by numpy 1.24: np.save("input_1.npy", np.float32([1, 2]))
  std::string numpy("\x93NUMPY\x01\x00\x76\x00", 10);
  std::string header =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  header.resize(0x75, ' ');
  numpy += header + "\n" + std::string("\0\0\x80\x3f\0\0\0\x40", 8);
  write("input_1.npy", numpy);
  write("output_0.bin", std::string("\0\0\x80\x40\0\0\xa0\x40", 8)); // 4, 5
  auto outcome = verified();
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_TRUE(outcome->passed()) << outcome->failures();
  write("output_0.bin", "four");
  outcome = verified();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "verify.bad-file");
  EXPECT_EQ(outcome.error().message, "4 bytes are no `f32[2]`");
}

TEST_F(VerifyCase, refusesFilesThatAreNoTensors) {
  put("test_data_set_0/output_0.pb", 4, 5);
  ASSERT_TRUE(writeFileAtomically(
      (folder_ / "test_data_set_0/input_0.pb").string(), asBytes("rubbish")));
  auto outcome = verified();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "import.malformed");
  EXPECT_THAT(outcome.error().where.source->name(), HasSubstr("input_0.pb"));
}

} // namespace
} // namespace rune::import
