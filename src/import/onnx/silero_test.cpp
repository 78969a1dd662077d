// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One network in three files: Silero's voice detector as it is exported, with
// branches on the sampling rate whose results have ranks that only the run
// knows, and the same weights without branches. All hear the same speech, with
// the state of the chunk before. For 8 kHz the files have other weights.
#include "base/files.h"
#include "graph/evaluate.h"
#include "import/import.h"
#include "import/verify_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

namespace rune::import {
namespace {

namespace fs = std::filesystem;

fs::path folder() {
  return fs::path(RUNE_SOURCE_DIR) / "../shared/data/silero-vad";
}

class Detector {
public:
  explicit Detector(const std::string &name) {
    auto opened =
        FileBytes::open((folder() / name).string(), uint64_t{1} << 28);
    EXPECT_TRUE(opened);
    file_ = std::make_shared<FileBytes>(*std::move(opened));
    Report report;
    auto model =
        importModel(file_->bytes(), file_, Source::binary(name), report);
    for (const Diagnostic &diagnostic : report.diagnostics())
      ADD_FAILURE() << renderText(diagnostic);
    if (model)
      graph_ = std::move(model->graph);
    state_ = graph::Item::of(Tensor::zeros(DType::F32, {2, 1, 128}).value());
  }
  bool isThere() const { return graph_.has_value(); }

  /// How likely somebody speaks. The state goes on to the next chunk.
  graph::Item hear(const std::vector<float> &samples, int64_t rate) {
    Tensor input =
        Tensor::zeros(DType::F32, {1, int64_t(samples.size())}).value();
    std::ranges::copy(samples, input.as<float>().begin());
    Tensor hertz = Tensor::zeros(DType::I64, {}).value();
    hertz.as<int64_t>()[0] = rate;
    std::map<std::string, graph::Item> named = {
        {"input", graph::Item::of(std::move(input))},
        {"sr", graph::Item::of(std::move(hertz))},
        {"state", state_}};
    graph::Items inputs;
    for (graph::ValueId id : graph_->inputs)
      inputs.push_back(named.at(graph_->values[id].name));
    auto results = graph::evaluateItems(*graph_, std::move(inputs));
    EXPECT_TRUE(results.ok()) << results.error().message;
    if (!results)
      return {};
    state_ = (*results)[1];
    return (*results)[0];
  }
  const graph::Item &state() const { return state_; }

private:
  std::shared_ptr<FileBytes> file_;
  std::optional<graph::Graph> graph_;
  graph::Item state_;
};

/// 16-bit samples behind the header of 44 bytes, as numbers below 1.
std::vector<float> samples(size_t from, size_t count, size_t each) {
  auto file = FileBytes::open((folder() / "test.wav").string(), 1 << 24);
  EXPECT_TRUE(file);
  std::vector<float> values;
  for (size_t i = 0; file && i < count; ++i)
    values.push_back(static_cast<float>(loadUnaligned<int16_t>(
                         file->bytes().data() + 44 + 2 * (from + i * each))) /
                     32768);
  return values;
}

void compare(const std::string &name) {
  Detector branches(name), plain("silero_vad_op18_ifless.onnx");
  ASSERT_TRUE(branches.isThere() && plain.isThere());
  constexpr size_t length = 576;
  for (size_t chunk = 0; chunk < 6; ++chunk) {
    SCOPED_TRACE(fmt::format("chunk {}", chunk));
    // a step of ten chunks: silence and speech
    auto heard = samples(chunk * length * 10, length, 1);
    graph::Item got = branches.hear(heard, 16000);
    graph::Item want = plain.hear(heard, 16000);
    ASSERT_TRUE(got.isThere() && want.isThere());
    Comparison both = compareItems(got, want);
    EXPECT_TRUE(both.equal) << both.why;
    both = compareItems(branches.state(), plain.state());
    EXPECT_TRUE(both.equal) << both.why;
  }
}

TEST(Silero, HearsTheSameWithBranchesAsWithout) {
  if (!fs::exists(folder()))
    GTEST_SKIP() << "the shared test data is not here";
  compare("silero_vad.onnx");
}

TEST(Silero, HearsAtTheOtherRateToo) {
  if (!fs::exists(folder()))
    GTEST_SKIP() << "the shared test data is not here";
  Detector detector("silero_vad.onnx");
  ASSERT_TRUE(detector.isThere());
  double least = 1, most = 0;
  for (size_t chunk = 0; chunk < 8; ++chunk) {
    graph::Item heard = detector.hear(samples(chunk * 6000, 288, 2), 8000);
    ASSERT_TRUE(heard.isThere());
    EXPECT_EQ(heard.view().type().str(), "f32[1, 1]");
    double likely = loadUnaligned<float>(heard.view().data.data());
    least = std::min(least, likely);
    most = std::max(most, likely);
  }
  // a probability, which depends on what is heard
  EXPECT_GE(least, 0);
  EXPECT_LE(most, 1);
  EXPECT_LT(least, most);
}

TEST(Silero, OfOneRateOnlyHearsTheSameToo) {
  if (!fs::exists(folder()))
    GTEST_SKIP() << "the shared test data is not here";
  compare("silero_vad_16k_op15.onnx");
}

} // namespace
} // namespace rune::import
