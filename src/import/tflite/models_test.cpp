// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whole models against what TensorFlow Lite Micro's reference kernels gave:
// integers bit for bit, floats within a stated tolerance. Data that is not
// there skips the test, with a message.
#include "import/tflite/test_models.h"

#include "base/files.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>

namespace rune::import::testing {
namespace {

struct WholeModel {
  std::string name;
  std::string path;
  /// The name of stored inputs and outputs: NAME.in0.bin, NAME.out0.bin.
  std::string golden;
  double tolerance = 0;
};
/// How GoogleTest names it.
void PrintTo(const WholeModel &model, std::ostream *out) { *out << model.name; }

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

#define MLPERF(name) "mlperf-tiny/" name ".tflite", name
#define TFLM(name) "tflm/models/" name ".tflite", name

const WholeModel wholeModels[] = {
    {"ad01Float", MLPERF("ad01_fp32"), 1e-5},
    {"ad01Int8", MLPERF("ad01_int8")},
    {"ad01FloatIo", MLPERF("ad01_fullint_floatio")},
    {"icFloat", MLPERF("ic_resnet8_fp32"), 1e-5},
    {"icInt8", MLPERF("ic_resnet8_int8")},
    {"kwsInt8", MLPERF("kws_dscnn_int8")},
    {"swwInt8", MLPERF("sww_int8")},
    {"vwwFloat", MLPERF("vww96_fp32"), 1e-5},
    {"vwwInt8", MLPERF("vww96_int8")},
    {"helloFloat", TFLM("hello_world_float"), 1e-6},
    {"helloInt8", TFLM("hello_world_int8")},
    {"microSpeech", TFLM("micro_speech_quantized")},
    {"personDetect", TFLM("person_detect")},
    {"audioPreprocessorInt8", TFLM("audio_preprocessor_int8")},
    {"audioPreprocessorFloat", TFLM("audio_preprocessor_float")},
    {"simpleAdd", TFLM("simple_add_model"), 1e-6},
    {"sine", "rune/examples/sine/sinemodel.tflite", "rune_sine", 1e-6},
    {"gesture", "rune/examples/gesture/model.tflite", "rune_gesture", 1e-5},
    {"runeMicrospeech", "rune/examples/microspeech/model.tflite",
     "rune_microspeech"},
    {"icLargeInt8", MLPERF("ic_resnet_large_int8")},
    {"icLargeFloat", MLPERF("ic_resnet_large_fp32"), 1e-5},
    {"mobilenetV2Int8", TFLM("mobilenet_v2_quantized_1x3x224x224"), 0},
    {"keywords", TFLM("keyword_scrambled")},
    {"keywords8Bit", TFLM("keyword_scrambled_8bit")},
    {"lstmFloat", TFLM("trained_lstm"), 1e-6},
    {"lstmInt8", TFLM("trained_lstm_int8")},
    {"lstmSpeech", TFLM("micro_speech_lstm")},
    {"lstmNoise", TFLM("dtln_noise_suppression")},
    {"lstmUint8", "coral/models/keras_lstm_mnist_ptq.tflite",
     "keras_lstm_mnist_ptq"},
    {"lstmNine", "coral/models/keras_lstm_mnist_ptq.tflite",
     "keras_lstm_mnist_ptq.nine"},
    {"humanActivity", "ml-zoo/har_int8.tflite", "har_int8"},
};

#undef MLPERF
#undef TFLM

INSTANTIATE_TEST_SUITE_P(tflmReference, TfliteModels,
                         ::testing::ValuesIn(wholeModels),
                         [](const auto &info) { return info.param.name; });

/// Numbers with commas between them.
std::vector<int64_t> readCsv(const std::string &path) {
  std::vector<int64_t> numbers;
  auto file = FileBytes::open(path, 1 << 24);
  EXPECT_TRUE(file.ok()) << path;
  if (!file)
    return numbers;
  std::string_view text = asText(file->bytes());
  for (const char *at = text.data(), *end = at + text.size(); at < end;) {
    int64_t number = 0;
    auto [next, fault] = std::from_chars(at, end, number);
    if (fault == std::errc())
      numbers.push_back(number);
    at = fault == std::errc() ? next : at + 1;
  }
  return numbers;
}

Tensor tensorOfNumbers(TensorType type, const std::vector<int64_t> &numbers) {
  type = fixedType(type);
  Bytes bytes;
  size_t width = dtypeBytes(type.dtype);
  for (int64_t number : numbers)
    for (size_t i = 0; i < width; ++i)
      bytes.push_back(static_cast<uint8_t>(number >> (8 * i)));
  return tensorOf(type, bytes);
}

/// One stored file of numbers: STEM_input0_int16.csv, STEM_golden_int32.csv.
std::vector<int64_t> numbersOf(const std::string &stem, const std::string &what,
                               DType dtype) {
  return readCsv(fmt::format("{}_{}_int{}.csv", stem, what, dtypeBits(dtype)));
}

/// What a model of one operator gives for stored numbers; empty if it is right.
std::string wrongIn(const std::string &stem) {
  LoadedModel model = loadModel(stem + ".tflite");
  if (!model.graph)
    return model.messages;
  const graph::Graph &graph = *model.graph;
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    const TensorType &type = graph.values[graph.inputs[i]].type;
    inputs.push_back(tensorOfNumbers(
        type, numbersOf(stem, fmt::format("input{}", i), type.dtype)));
  }
  StoredRun run = runOn(model, inputs);
  const TensorType &type = graph.values[graph.outputs[0]].type;
  run.wanted.push_back(
      tensorOfNumbers(type, numbersOf(stem, "golden", type.dtype)));
  return run.messages + run.difference(0);
}

/// 64 models of one operator on 16-bit numbers, from the tests of TensorFlow
/// Lite Micro, bit for bit.
TEST(TfliteModels, sixteenBitOperatorsAreExact) {
  std::string folder = sharedData("tflm/seanet-int16");
  if (!isThere(folder))
    GTEST_SKIP() << folder << " is not there";
  size_t models = 0;
  for (const auto &entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".tflite")
      continue;
    ++models;
    std::string stem =
        (entry.path().parent_path() / entry.path().stem()).string();
    EXPECT_EQ(wrongIn(stem), "") << stem;
  }
  EXPECT_GT(models, 0U);
}

Bytes readBytes(const std::string &path) {
  auto file = FileBytes::open(path, 1 << 26);
  EXPECT_TRUE(file.ok()) << path;
  return file ? Bytes(file->bytes().begin(), file->bytes().end()) : Bytes();
}

/// The mean over all windows of 5 frames of the mean squared difference between
/// the model's input and output.
double anomalyScore(const LoadedModel &model, const Bytes &frames) {
  constexpr size_t frame = 128 * sizeof(float), window = 5 * frame;
  double sum = 0;
  size_t windows = 0;
  for (size_t at = 0; at + window <= frames.size(); at += frame, ++windows) {
    const TensorType &type = model.graph->values[model.graph->inputs[0]].type;
    std::vector<Tensor> inputs;
    inputs.push_back(tensorOf(type, ByteSpan(frames).subspan(at, window)));
    StoredRun run = runOn(model, inputs);
    EXPECT_EQ(run.messages, "");
    double squares = 0;
    for (size_t i = 0; i < 640; ++i) {
      double difference =
          run.got.at(0).as<float>()[i] - inputs[0].as<float>()[i];
      squares += difference * difference;
    }
    sum += squares / 640;
  }
  return sum / static_cast<double>(windows);
}

struct Anomaly {
  std::string name;
  std::string model;
  double score;
  double tolerance = 2e-3;
};
/// How GoogleTest names it.
void PrintTo(const Anomaly &anomaly, std::ostream *out) {
  *out << anomaly.name;
}
class TfliteAnomaly : public ::testing::TestWithParam<Anomaly> {};

/// mlcommons' own scores for this clip, made with TensorFlow Lite; they say
/// 9.707108, 10.255962 and 10.260288. The second is of a version whose ranges
/// of floats by 8-bit weights were symmetric.
TEST_P(TfliteAnomaly, scoresTheStoredClipAsItsMakersDid) {
  std::string model = sharedData("mlperf-tiny/" + GetParam().model);
  std::string clip = sharedData(
      "mlperf-tiny/inputs/ad_normal_id_01_00000000_logmel_200x128_f32.bin");
  if (!isThere(model) || !isThere(clip))
    GTEST_SKIP() << model << " or " << clip << " is not there";
  LoadedModel loaded = loadModel(model);
  ASSERT_EQ(loaded.messages, "");
  EXPECT_NEAR(anomalyScore(loaded, readBytes(clip)), GetParam().score,
              GetParam().tolerance);
}
INSTANTIATE_TEST_SUITE_P(
    mlcommons, TfliteAnomaly,
    ::testing::Values(
        Anomaly{"float", "ad01_fp32.tflite", 9.7071},
        Anomaly{"dynamicRange", "ad01_dynrange_quant.tflite", 10.255962, 2e-2},
        Anomaly{"int8", "ad01_fullint_floatio.tflite", 10.260288}),
    [](const auto &info) { return info.param.name; });

/// The numbers of the shared data's generator, as bytes or floats.
Tensor generated(const TensorType &declared) {
  TensorType type = fixedType(declared);
  auto tensor = Tensor::zeros(type.dtype, type.sizes());
  RUNE_CHECK(tensor, "sizes of a stored model");
  uint32_t state = 1234;
  auto next = [&] { return state = state * 1664525 + 1013904223; };
  if (type.dtype == DType::F32)
    for (float &value : tensor->as<float>())
      value = static_cast<float>(next() >> 8) / 0x1p24F;
  else
    for (uint8_t &byte : tensor->bytes())
      byte = static_cast<uint8_t>(next() >> 24);
  return *std::move(tensor);
}

/// Layers of floats by 8-bit weights: dense ones as LiteRT computes them;
/// convolutions exactly, where LiteRT rounds their input to 8 bits.
TEST(TfliteModels, hybridLayersAgreeWithLiteRt) {
  const std::pair<std::string, double> models[] = {
      {"ad01_dynrange_quant", 1e-5}, {"kws_dscnn_fp32", 1e-3}};
  for (const auto &[name, tolerance] : models) {
    std::string path = sharedData("mlperf-tiny/" + name + ".tflite");
    std::string golden =
        sharedData("peer-golden/litert-xnnpack-wasm/" + name + ".lcg.out0.bin");
    if (!isThere(path) || !isThere(golden))
      GTEST_SKIP() << path << " or " << golden << " is not there";
    LoadedModel model = loadModel(path);
    ASSERT_EQ(model.messages, "");
    std::vector<Tensor> inputs;
    inputs.push_back(
        generated(model.graph->values[model.graph->inputs[0]].type));
    StoredRun run = runOn(model, inputs);
    run.wanted.push_back(tensorOf(
        model.graph->values[model.graph->outputs[0]].type, readBytes(golden)));
    EXPECT_EQ(run.messages + run.difference(tolerance), "") << name;
  }
}

size_t largestPlace(const Tensor &tensor) {
  ByteSpan bytes = tensor.bytes();
  bool isSigned = tensor.dtype() == DType::I8;
  auto value = [&](uint8_t byte) {
    return isSigned ? static_cast<int8_t>(byte) : static_cast<int>(byte);
  };
  return static_cast<size_t>(std::ranges::max_element(bytes, {}, value) -
                             bytes.begin());
}

/// What is said of a model, but for operators whose time has not come.
std::string unexpected(const std::string &path) {
  constexpr std::string_view later[] = {"`SVDF`", "_SEQUENCE_LSTM`",
                                        "`custom Signal", "`custom TFLite_"};
  LoadedModel model = loadModel(path);
  std::string messages;
  for (size_t at = 0; at < model.messages.size();) {
    size_t end = model.messages.find('\n', at);
    std::string line = model.messages.substr(at, end - at);
    at = end + 1;
    bool known = std::ranges::any_of(later, [&](std::string_view name) {
      return line.find(name) != line.npos;
    });
    if (!known)
      messages += line + "\n";
  }
  return messages;
}

/// All whole models that we have, those of the first system among them.
TEST(TfliteModels, areImported) {
  size_t models = 0;
  for (const std::string folder :
       {"rune", "mlperf-tiny", "tflm/models", "coral/models", "ml-zoo"}) {
    std::string path = sharedData(folder);
    if (!isThere(path))
      GTEST_SKIP() << path << " is not there";
    for (const auto &entry :
         std::filesystem::recursive_directory_iterator(path)) {
      if (entry.path().extension() != ".tflite")
        continue;
      ++models;
      EXPECT_EQ(unexpected(entry.path().string()), "") << entry.path();
    }
  }
  EXPECT_GT(models, 0U);
}

struct Picture {
  std::string name;
  std::string model;
  std::string input;
  std::string golden;
  /// By how many steps any element may differ from LiteRT.
  int steps;
};
/// How GoogleTest names it.
void PrintTo(const Picture &picture, std::ostream *out) {
  *out << picture.name;
}
class TflitePictures : public ::testing::TestWithParam<Picture> {};

/// Legacy uint8 models on photographs: the class that LiteRT gives, and no
/// element further from its own than so many steps.
TEST_P(TflitePictures, areRecognisedAsByLiteRt) {
  const Picture &picture = GetParam();
  std::string model = sharedData("coral/models/" + picture.model + ".tflite");
  std::string input = sharedData("coral/inputs/" + picture.input);
  std::string golden = sharedData("peer-golden/litert-xnnpack-wasm/" +
                                  picture.golden + ".out0.bin");
  for (const std::string &file : {model, input, golden})
    if (!isThere(file))
      GTEST_SKIP() << file << " is not there";
  LoadedModel loaded = loadModel(model);
  ASSERT_EQ(loaded.messages, "");
  const graph::Graph &graph = *loaded.graph;
  std::vector<Tensor> inputs;
  inputs.push_back(
      tensorOf(graph.values[graph.inputs[0]].type, readBytes(input)));
  StoredRun run = runOn(loaded, inputs);
  ASSERT_EQ(run.messages, "");
  Tensor wanted =
      tensorOf(graph.values[graph.outputs[0]].type, readBytes(golden));
  EXPECT_EQ(largestPlace(run.got[0]), largestPlace(wanted));
  int most = 0;
  for (size_t i = 0; i < wanted.bytes().size(); ++i)
    most = std::max(most, std::abs(run.got[0].bytes()[i] - wanted.bytes()[i]));
  EXPECT_LE(most, picture.steps);
}
INSTANTIATE_TEST_SUITE_P(
    liteRt, TflitePictures,
    ::testing::Values(
        Picture{"cat", "mobilenet_v1_0.5_160_quant", "cat_160x160x3_u8.bin",
                "mobilenet_v1_0.5_160_quant.cat", 8},
        Picture{"hopper", "mobilenet_v1_0.5_160_quant",
                "grace_hopper_160x160x3_u8.bin",
                "mobilenet_v1_0.5_160_quant.hopper", 8},
        Picture{"dragonfly", "mobilenet_v2_1.0_224_inat_insect_quant",
                "dragonfly_224x224x3_u8.bin",
                "mobilenet_v2_1.0_224_inat_insect_quant.dragonfly", 8}),
    [](const auto &info) { return info.param.name; });

/// The features that the first system's blocks made of "up" and "down" are
/// heard as these words.
TEST(TfliteModels, microspeechHearsBothWords) {
  std::string path = sharedData("rune/examples/microspeech/model.tflite");
  const std::pair<std::string, size_t> words[] = {{"up", 2}, {"down", 3}};
  for (const auto &[word, place] : words) {
    std::string features =
        sharedData("rune/golden/microspeech-" + word + ".features.i8.bin");
    if (!isThere(path) || !isThere(features))
      GTEST_SKIP() << path << " or " << features << " is not there";
    LoadedModel model = loadModel(path);
    ASSERT_EQ(model.messages, "");
    std::vector<Tensor> inputs;
    inputs.push_back(tensorOf(model.graph->values[model.graph->inputs[0]].type,
                              readBytes(features)));
    StoredRun run = runOn(model, inputs);
    ASSERT_EQ(run.messages, "");
    EXPECT_EQ(largestPlace(run.got[0]), place) << word;
  }
}

/// One frame of a noisy clip, with the result its makers stored.
TEST(TfliteModels, noiseSuppressionIsExact) {
  std::string path = sharedData("tflm/models/dtln_noise_suppression.tflite");
  std::string input = sharedData("tflm/inputs/dtln_input_i8.bin");
  std::string golden = sharedData("tflm/expected/dtln_golden_i8.bin");
  for (const std::string &file : {path, input, golden})
    if (!isThere(file))
      GTEST_SKIP() << file << " is not there";
  LoadedModel model = loadModel(path);
  ASSERT_EQ(model.messages, "");
  const graph::Graph &graph = *model.graph;
  std::vector<Tensor> inputs;
  inputs.push_back(
      tensorOf(graph.values[graph.inputs[0]].type, readBytes(input)));
  StoredRun run = runOn(model, inputs);
  run.wanted.push_back(
      tensorOf(graph.values[graph.outputs[0]].type, readBytes(golden)));
  EXPECT_EQ(run.messages + run.difference(0), "");
}

/// 16-bit numbers by 8-bit weights, with the result its makers stored.
TEST(TfliteModels, sixteenBitKeywordsAreExact) {
  std::string stem = sharedData("ml-zoo/ds_cnn_s_");
  std::string path = stem + "quantized_int16.tflite";
  if (!isThere(path))
    GTEST_SKIP() << path << " is not there";
  LoadedModel model = loadModel(path);
  ASSERT_EQ(model.messages, "");
  auto elements = [&](const std::string &name, graph::ValueId value) {
    Bytes file = readBytes(stem + name); // a header, then the elements
    const TensorType type = fixedType(model.graph->values[value].type);
    auto bytes = tensorBytes(type.dtype, type.sizes());
    return tensorOf(type, ByteSpan(file).last(*bytes));
  };
  std::vector<Tensor> inputs;
  inputs.push_back(
      elements("int16_testing_input_0.npy", model.graph->inputs[0]));
  StoredRun run = runOn(model, inputs);
  run.wanted.push_back(
      elements("int16_testing_output_0.npy", model.graph->outputs[0]));
  EXPECT_EQ(run.messages + run.difference(0), "");
}

} // namespace
} // namespace rune::import::testing
