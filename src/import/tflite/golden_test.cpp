// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Models of one operator against what TensorFlow Lite's reference kernels give,
// as plain Python and numpy compute it (testdata/make_golden.py): integers bit
// for bit.
#include "graph/numeric.h"
#include "import/tflite/test_tflite_model.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>

namespace rune::import::testing {
namespace {

using Json = nlohmann::json;
using Builder = flatbuffers::FlatBufferBuilder;

const Json &golden() {
  static const Json cases = Json::parse(
      std::ifstream(RUNE_SOURCE_DIR "/src/import/tflite/testdata/golden.json"));
  return cases;
}

double numberOf(const Json &json) {
  if (json.is_string()) // nan inf -inf -0
    return std::stod(json.get<std::string>());
  return json.get<double>();
}

std::vector<double> numbersOf(const Json &json) {
  std::vector<double> numbers;
  for (const Json &number : json["data"])
    numbers.push_back(numberOf(number));
  return numbers;
}

bool isConstant(const Json &json) { return json.contains("constant"); }

TestTensor tensorOf(const Json &json, std::string name) {
  TestTensor tensor{std::move(name), json["type"].get<std::string>()};
  if (isConstant(json))
    tensor.values = numbersOf(json);
  if (json.contains("scales"))
    tensor.quantization = {json["scales"].get<std::vector<float>>(),
                           json["zeros"].get<std::vector<int64_t>>(),
                           json["axis"].get<int32_t>()};
  tensor.packed = json.contains("int4");
  if (json.contains("blocks")) {
    tensor.blockScales = json["blocks"][0].get<int32_t>();
    tensor.blockSize = json["blocks"][1].get<int32_t>();
  }
  return tensor;
}

/// Vectors stand before the table that refers to them.
std::map<std::string, flatbuffers::uoffset_t> vectorsOf(Builder &fbb,
                                                        const Json &fields) {
  std::map<std::string, flatbuffers::uoffset_t> vectors;
  for (const auto &[slot, field] : fields.items()) {
    if (field[0] == "f32s")
      vectors[slot] = fbb.CreateVector(field[1].get<std::vector<float>>()).o;
    if (field[0] == "i32s")
      vectors[slot] = fbb.CreateVector(field[1].get<std::vector<int32_t>>()).o;
  }
  return vectors;
}

/// {slot: [type, value]} as a table of the file.
flatbuffers::Offset<tflite::AddOptions> optionsOf(Builder &fbb,
                                                  const Json &fields) {
  auto vectors = vectorsOf(fbb, fields);
  auto start = fbb.StartTable();
  for (const auto &[slot, field] : fields.items()) {
    auto place =
        flatbuffers::FieldIndexToOffset(static_cast<uint16_t>(std::stoi(slot)));
    const Json &type = field[0], &value = field[1];
    if (vectors.contains(slot))
      fbb.AddOffset(place, flatbuffers::Offset<void>(vectors[slot]));
    else if (type == "f32")
      fbb.AddElement(place, value.get<float>());
    else if (type == "i32")
      fbb.AddElement(place, value.get<int32_t>());
    else // i8, bool
      fbb.AddElement(place, static_cast<int8_t>(value.get<int>()));
  }
  return flatbuffers::Offset<tflite::AddOptions>(fbb.EndTable(start));
}

int32_t codeOf(const std::string &name) {
  static constexpr std::string_view names[] = {
#define RUNE_TFLITE_BUILTIN(name) #name,
#include "import/tflite/builtin_names.def"
#undef RUNE_TFLITE_BUILTIN
  };
  auto found = std::ranges::find(names, name);
  return static_cast<int32_t>(found - std::begin(names));
}

void addOperator(TfliteTestModel &model, const Json &json,
                 const std::vector<int32_t> &inputs,
                 const std::vector<int32_t> &outputs) {
  auto name = json["operator"].get<std::string>();
  auto version = json["version"].get<int32_t>();
  if (json.contains("custom"))
    model.custom(name, inputs, outputs)
        .customOptions(json["custom"].get<Bytes>());
  else if (json["options"].is_null())
    model.op(codeOf(name), inputs, outputs, version);
  else
    model.op(
        codeOf(name), inputs, outputs,
        static_cast<tflite::Options>(json["options"][0].get<int>()),
        [fields = json["options"][1]](Builder &fbb) {
          return optionsOf(fbb, fields);
        },
        version);
}

/// The model of a case; `given` are the elements of its inputs.
TfliteTestModel modelOf(const Json &json,
                        std::vector<std::vector<double>> &given) {
  TfliteTestModel model;
  std::vector<int32_t> inputs, outputs;
  for (const Json &input : json["inputs"]) {
    TestTensor tensor = tensorOf(input, fmt::format("input_{}", inputs.size()));
    inputs.push_back(isConstant(input) ? model.tensor(tensor)
                                       : model.input(tensor));
    if (!isConstant(input))
      given.push_back(numbersOf(input));
  }
  for (const Json &output : json["outputs"])
    outputs.push_back(model.tensor(
        tensorOf(output, fmt::format("output_{}", outputs.size()))));
  for (const Json &extra : json["extra"])
    model.tensor(tensorOf(extra, "extra"));
  addOperator(model, json, inputs, outputs);
  for (int32_t output : outputs)
    model.output(output);
  return model;
}

bool agree(double got, double wanted, double tolerance) {
  if (std::isnan(wanted) || std::isnan(got))
    return std::isnan(wanted) == std::isnan(got);
  if (got == wanted)
    return wanted != 0 || std::signbit(got) == std::signbit(wanted);
  return std::abs(got - wanted) <= tolerance * std::max(1.0, std::abs(wanted));
}

/// How a result differs; empty if it does not.
std::string difference(const TfliteResult &got, const Json &wanted,
                       double tolerance) {
  auto type = wanted["type"].get<std::string>();
  std::vector<double> numbers = numbersOf(wanted);
  if (got.type != type || got.values.size() != numbers.size())
    return fmt::format("is `{}`, wanted `{}`", got.type, type);
  bool whole = type[0] != 'f';
  for (size_t i = 0; i < numbers.size(); ++i) {
    bool same = whole ? std::abs(got.values[i] - numbers[i]) <= tolerance
                      : agree(got.values[i], numbers[i], tolerance);
    if (!same)
      return fmt::format("element {} is {}, wanted {}", i, got.values[i],
                         numbers[i]);
  }
  return {};
}

class TfliteGolden : public ::testing::TestWithParam<size_t> {};

TEST_P(TfliteGolden, isWhatTheReferenceKernelGives) {
  const Json &json = golden()[GetParam()];
  SCOPED_TRACE(json["operator"].get<std::string>() + ": " +
               json["name"].get<std::string>());
  std::vector<std::vector<double>> given;
  TfliteTestModel model = modelOf(json, given);
  std::vector<TfliteResult> results = runAll(model, given);
  ASSERT_EQ(results.size(), json["outputs"].size()) << results[0].type;
  for (size_t i = 0; i < results.size(); ++i)
    EXPECT_EQ(difference(results[i], json["outputs"][i],
                         json["tolerance"].get<double>()),
              "");
}

/// SQUEEZE_3: GoogleTest takes letters, digits and underscores.
INSTANTIATE_TEST_SUITE_P(
    operators, TfliteGolden, ::testing::Range(size_t{0}, golden().size()),
    [](const auto &info) {
      return fmt::format(
          "{}_{}", golden()[info.param]["operator"].template get<std::string>(),
          info.param);
    });

} // namespace
} // namespace rune::import::testing
