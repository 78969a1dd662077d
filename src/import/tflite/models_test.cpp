// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whole models against what TensorFlow Lite Micro's reference kernels gave:
// integers bit for bit, floats within a stated tolerance. Data that is not
// there skips the test, with a message.
#include "import/tflite/test_models.h"

namespace rune::import::testing {
namespace {

struct WholeModel {
  std::string name;
  std::string path;
  /// The name of stored inputs and outputs: NAME.in0.bin, NAME.out0.bin.
  std::string golden;
  double tolerance = 0;
};

class TfliteModels : public ::testing::TestWithParam<WholeModel> {};

TEST_P(TfliteModels, giveWhatTheReferenceKernelsGave) {
  const WholeModel &model = GetParam();
  std::string golden = sharedData("peer-golden/tflm-ref/" + model.golden);
  std::string path = sharedData(model.path);
  for (const std::string &file : {path, golden + ".in0.bin"})
    if (!isThere(file))
      GTEST_SKIP() << file << " is not there";
  StoredRun run = runStored(path, golden);
  ASSERT_EQ(run.messages, "");
  EXPECT_EQ(run.difference(model.tolerance), "");
}

const WholeModel wholeModels[] = {
    {"sine", "rune/examples/sine/sinemodel.tflite", "rune_sine", 1e-6},
    {"helloFloat", "tflm/models/hello_world_float.tflite", "hello_world_float",
     1e-6},
};

INSTANTIATE_TEST_SUITE_P(tflmReference, TfliteModels,
                         ::testing::ValuesIn(wholeModels),
                         [](const auto &info) { return info.param.name; });

} // namespace
} // namespace rune::import::testing
