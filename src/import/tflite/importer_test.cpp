// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a whole TensorFlow Lite model must be: indices, order, types; and that
// every layer that cannot be imported is named at once.
#include "graph/evaluate.h"
#include "import/tflite/operators.h"
#include "import/tflite/test_tflite_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>

namespace rune::import::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

/// x → RELU → y
TfliteTestModel relu(const std::string &type = "f32[2]") {
  TfliteTestModel model;
  int32_t x = model.input({"x", type});
  int32_t y = model.tensor({"y", type});
  model.op(BUILTIN_RELU, {x}, {y}).output(y);
  return model;
}

std::string refusal(const TfliteTestModel &model) {
  TfliteOutcome outcome = importOf(model);
  EXPECT_FALSE(outcome.graph.has_value());
  return outcome.messages;
}

TEST(TfliteImporter, namesEveryUnsupportedLayerAtOnce) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t a = model.tensor({"first", "f32[2]"});
  int32_t b = model.tensor({"depends", "f32[2]"});
  int32_t c = model.tensor({"second", "f32[2]"});
  int32_t d = model.tensor({"third", "f32[2]"});
  int32_t e = model.tensor({"wrong", "f32[2]"});
  model.op(BUILTIN_LSH_PROJECTION, {x}, {a}, 2)
      .op(BUILTIN_RELU, {a}, {b})
      .op(BUILTIN_LSH_PROJECTION, {b}, {c}, 2)
      .custom("Sharpen", {x}, {d})
      .op(BUILTIN_RELU, {x, x}, {e})
      .output(c)
      .output(d)
      .output(e);
  EXPECT_EQ(refusal(model),
            "import.unsupported: layer `first`: operator `LSH_PROJECTION` "
            "version 2 is not supported\n"
            "note: layer `second` too\n"
            "import.unsupported: layer `third`: operator `custom Sharpen` "
            "version 1 is not supported\n"
            "import.malformed: layer `wrong`: `RELU` version 1: 2 inputs, "
            "takes 1 to 1\n");
}

TEST(TfliteImporter, saysWhichVersionsItKnows) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t y = model.tensor({"y", "f32[2]"});
  model.op(BUILTIN_ABS, {x}, {y}, 99).output(y);
  EXPECT_EQ(refusal(model), "import.unsupported: layer `y`: operator `ABS` "
                            "version 99 is not supported\n");
}

TEST(TfliteImporter, tellsWhatTheModelIs) {
  TfliteOutcome outcome = importOf(relu());
  ASSERT_EQ(outcome.messages, "");
  EXPECT_EQ(outcome.info.format, "tensorflow-lite");
  EXPECT_EQ(outcome.info.producer, "by a test");
  EXPECT_THAT(outcome.info.operators, ElementsAre(Pair("RELU", 1)));
  EXPECT_EQ(outcome.graph->name, "main");
  EXPECT_EQ(outcome.graph->values[outcome.graph->inputs[0]].name, "x");
  EXPECT_EQ(outcome.graph->values[outcome.graph->outputs[0]].name, "y");
}

TEST(TfliteImporter, isKnownByItsContent) {
  EXPECT_EQ(recognise(relu().bytes()), "tensorflow-lite");
  EXPECT_EQ(recognise(asBytes("0000TFL")), "");
}

TEST(TfliteImporter, openSizesBecomeNames) {
  TfliteOutcome outcome = importOf(relu("f32[batch, 3, any]"));
  ASSERT_EQ(outcome.messages, "");
  EXPECT_EQ(outcome.graph->values[outcome.graph->inputs[0]].type.str(),
            "f32[batch, 3, x.2]");
  EXPECT_EQ(run(relu("f32[batch, 2]"), {{-1, 2, 3, -4}}, {{2, 2}}).values,
            (std::vector<double>{0, 2, 3, 0}));
}

TEST(TfliteImporter, refusesTensorsThatAreNotThere) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t y = model.tensor({"y", "f32[2]"});
  model.op(BUILTIN_RELU, {x + 7}, {y}).output(y);
  EXPECT_EQ(refusal(model), "import.malformed: operator 0 refers to tensor 7, "
                            "the file has 2\n");
  TfliteTestModel negative;
  y = negative.tensor({"y", "f32[2]"});
  negative.op(BUILTIN_RELU, {-2}, {y}).output(y);
  EXPECT_EQ(refusal(negative), "import.malformed: operator 0 refers to tensor "
                               "-2, the file has 1\n");
}

TEST(TfliteImporter, refusesOperatorsOutOfOrder) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t a = model.tensor({"a", "f32[2]"});
  int32_t b = model.tensor({"b", "f32[2]"});
  model.op(BUILTIN_RELU, {a}, {b}).op(BUILTIN_RELU, {x}, {a}).output(b);
  EXPECT_EQ(refusal(model),
            "import.malformed: layer `b` reads `a`, which layer `a` makes "
            "later: operators must stand in the order in which they run\n");
}

TEST(TfliteImporter, refusesTensorsMadeTwiceOrNever) {
  TfliteTestModel twice = relu();
  int32_t y = 1;
  twice.op(BUILTIN_RELU, {0}, {y});
  EXPECT_EQ(refusal(twice),
            "import.malformed: layer `y` makes `y`, which is there already\n");
  TfliteTestModel never;
  int32_t a = never.tensor({"a", "f32[2]"});
  int32_t b = never.tensor({"b", "f32[2]"});
  never.op(BUILTIN_RELU, {a}, {b}).output(b);
  EXPECT_EQ(refusal(never),
            "import.malformed: layer `b` reads `a`, which nothing makes\n");
  TfliteTestModel output = relu();
  output.output(output.tensor({"z", "f32[2]"}));
  EXPECT_EQ(refusal(output),
            "import.malformed: nothing makes the output `z`\n");
}

TEST(TfliteImporter, refusesAnotherElementTypeThanStated) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t y = model.tensor({"y", "i32[2]"});
  model.op(BUILTIN_RELU, {x}, {y}).output(y);
  EXPECT_EQ(refusal(model),
            "import.malformed: layer `y`: `RELU` version 1: `y` is said to be "
            "`i32[2]`, but is `f32[2]`\n");
}

TEST(TfliteImporter, warnsOfOtherSizesThanStated) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t y = model.tensor({"y", "f32[3]"});
  model.op(BUILTIN_RELU, {x}, {y}).output(y);
  TfliteOutcome outcome = importOf(model);
  EXPECT_TRUE(outcome.graph.has_value());
  EXPECT_EQ(outcome.messages, "import.shape-mismatch: output `y` is said to be "
                              "`f32[3]`, but is `f32[2]`\n");
}

TEST(TfliteImporter, constantsMayBeOutputs) {
  TfliteTestModel model;
  int32_t c = model.tensor({"c", "f32[2]", {1, 2}});
  model.output(c);
  EXPECT_EQ(run(model, {}).values, (std::vector<double>{1, 2}));
}

TEST(TfliteImporter, anOutputMayStandTwice) {
  TfliteTestModel model = relu();
  model.output(1);
  auto results = runAll(model, {{-1, 1}});
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[1].values, (std::vector<double>{0, 1}));
}

TEST(TfliteImporter, weightsStayWhereTheyAre) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t w = model.tensor({"w", "f32[2]", {1, 2}});
  int32_t y = model.tensor({"y", "f32[2]"});
  model.op(BUILTIN_ADD, {x, w}, {y}).output(y);
  Bytes bytes = model.bytes();
  auto tensor = Tensor::copyOf(
      {DType::U8, std::array{static_cast<int64_t>(bytes.size())}, bytes});
  ASSERT_TRUE(tensor);
  auto owner = std::make_shared<Tensor>(*std::move(tensor));
  ByteSpan file = std::as_const(*owner).bytes();
  Report report;
  auto imported = importModel(file, owner, Source::binary("m"), report);
  ASSERT_TRUE(imported.ok());
  ASSERT_EQ(imported->graph.constants.size(), 1U);
  const uint8_t *at = imported->graph.constants[0].data.data();
  EXPECT_TRUE(at > file.data() && at < file.data() + file.size());
}

TEST(TfliteImporter, variablesKeepTheirInitialValue) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t v = model.tensor({"v", "f32[2]", {}, {}, true});
  int32_t y = model.tensor({"y", "f32[2]"});
  model.op(BUILTIN_ADD, {x, v}, {y}).output(y);
  TfliteOutcome outcome = importOf(model);
  ASSERT_EQ(outcome.messages, "");
  EXPECT_EQ(outcome.graph->variables.size(), 1U);
  EXPECT_EQ(run(model, {{1, 2}}).values, (std::vector<double>{1, 2}));
}

TEST(TfliteImporter, sizesThatAreOpenReachReshape) {
  // Keras' Reshape with an open batch: SHAPE, its first element, PACK, RESHAPE
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[batch, 2, 3]"});
  int32_t shape = model.tensor({"shape", "i32[3]"});
  int32_t zero = model.tensor({"zero", "i32[1]", {0}});
  int32_t one = model.tensor({"one", "i32[1]", {1}});
  int32_t first = model.tensor({"first", "i32[]"});
  int32_t six = model.tensor({"six", "i32[]", {6}});
  int32_t wanted = model.tensor({"wanted", "i32[2]"});
  int32_t y = model.tensor({"y", "f32[batch, 6]"});
  model.op(BUILTIN_SHAPE, {x}, {shape})
      .op(BUILTIN_STRIDED_SLICE, {shape, zero, one, one}, {first},
          tflite::Options_StridedSliceOptions,
          [](auto &fbb) {
            return tflite::CreateStridedSliceOptions(fbb, 0, 0, 0, 0, 1);
          })
      .op(BUILTIN_PACK, {first, six}, {wanted}, tflite::Options_PackOptions,
          [](auto &fbb) { return tflite::CreatePackOptions(fbb, 2, 0); })
      .op(BUILTIN_RESHAPE, {x, wanted}, {y})
      .output(y);
  TfliteOutcome outcome = importOf(model);
  ASSERT_EQ(outcome.messages, "");
  EXPECT_EQ(outcome.graph->values[outcome.graph->outputs[0]].type.str(),
            "f32[batch, 6]");
  std::vector<double> numbers = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  EXPECT_EQ(run(model, {numbers}, {{2, 2, 3}}).type, "f32[2, 6]");
}

TEST(TfliteImporter, openSizesMayBeComputedWith) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[batch, 2]"});
  int32_t shape = model.tensor({"shape", "i32[2]"});
  int32_t y = model.tensor({"y", "i32[2]"});
  model.op(BUILTIN_SHAPE, {x}, {shape})
      .op(BUILTIN_ADD, {shape, shape}, {y})
      .output(y);
  EXPECT_EQ(run(model, {{1, 2, 3, 4, 5, 6}}, {{3, 2}}).values,
            (std::vector<double>{6, 4}));
}

TEST(TfliteImporter, refusesEveryCutFile) {
  Bytes bytes = relu().bytes();
  for (size_t length = 8; length < bytes.size(); ++length) {
    TfliteOutcome outcome = importBytesOf(ByteSpan(bytes).first(length));
    if (outcome.graph)
      continue; // padding behind the last table
    EXPECT_THAT(outcome.messages, HasSubstr("import.malformed")) << length;
  }
}

TEST(TfliteImporter, survivesEveryChangedByte) {
  TfliteTestModel model = relu("f32[batch, 2]");
  Bytes bytes = model.bytes();
  for (size_t at = 0; at < bytes.size(); ++at)
    for (uint8_t value : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
      Bytes changed = bytes;
      changed[at] = value;
      TfliteOutcome outcome = importBytesOf(changed);
      EXPECT_TRUE(outcome.graph || !outcome.messages.empty()) << at;
    }
}

TEST(TfliteImporter, constantsNeedTheirBytes) {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t w = model.tensor({"w", "f32[3]", {1, 2, 3}});
  int32_t y = model.tensor({"y", "f32[2]"});
  model.op(BUILTIN_ADD, {x, w}, {y}).output(y);
  Bytes bytes = model.bytes();
  tflite::Model *file =
      flatbuffers::GetMutableRoot<tflite::Model>(bytes.data());
  auto *shape = const_cast<flatbuffers::Vector<int32_t> *>(
      file->subgraphs()->Get(0)->tensors()->Get(1)->shape());
  shape->Mutate(0, 4);
  auto *open = const_cast<flatbuffers::Vector<int32_t> *>(
      file->subgraphs()->Get(0)->tensors()->Get(1)->shape_signature());
  open->Mutate(0, 4);
  EXPECT_EQ(importBytesOf(bytes).messages,
            "import.malformed: `w` is `f32[4]`, but 12 bytes are stored\n");
}

TEST(TfliteOperators, standInOrderEachOnce) {
  std::set<int32_t> codes;
  std::string_view last;
  for (const TfliteOperator &op : tfliteOperators()) {
    EXPECT_LT(last, op.name);
    last = op.name;
    EXPECT_TRUE(codes.insert(op.code).second || op.code == customOperator);
    EXPECT_GE(op.newest, 1);
    if (op.code != customOperator) {
      TfliteOperatorCode code;
      code.code = op.code;
      EXPECT_EQ(code.name(), op.name);
    }
  }
}

} // namespace
} // namespace rune::import::testing
