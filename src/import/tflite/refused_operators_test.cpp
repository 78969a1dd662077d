// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What operators refuse: options and tensors that do not fit together, by what
// the message says of them. What they compute is in golden_test.cpp.
#include "import/tflite/test_tflite_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::import::testing {
namespace {

using ::testing::HasSubstr;
using Numbers = std::vector<double>;

TestTensor quantized(std::string name, std::string type, TestQuantization how,
                     Numbers values = {}) {
  return {std::move(name), std::move(type), std::move(values), std::move(how)};
}

/// One layer of inputs, then constants; what becomes of it with zeros.
struct Layer {
  int32_t code;
  std::vector<TestTensor> tensors;
  TestTensor output;
  std::vector<Numbers> given = {};

  std::string message() const {
    return message([this](TfliteTestModel &model, std::vector<int32_t> ids,
                          int32_t y) { model.op(code, std::move(ids), {y}); });
  }
  template <class Make>
  std::string message(tflite::Options kind, Make make) const {
    return message(
        [&](TfliteTestModel &model, std::vector<int32_t> ids, int32_t y) {
          model.op(code, std::move(ids), {y}, kind, make);
        });
  }
  template <class Add> std::string message(Add add) const {
    TfliteTestModel model;
    std::vector<int32_t> ids;
    for (const TestTensor &tensor : tensors)
      ids.push_back(tensor.values.empty() ? model.input(tensor)
                                          : model.tensor(tensor));
    int32_t y = model.tensor(output);
    add(model, std::move(ids), y);
    model.output(y);
    return run(model, given).type;
  }
};

TEST(TfliteRefuses, placesOutside) {
  Layer scatter{
      BUILTIN_SCATTER_ND,
      {{"at", "i32[1, 1]"}, {"v", "f32[1]"}, {"shape", "i32[1]", {4}}},
      {"y", "f32[4]"},
      {{4}, {1}}};
  EXPECT_THAT(scatter.message(), HasSubstr("scatter_nd.3"));
  scatter.given[0] = {3};
  EXPECT_EQ(scatter.message(), "f32[4]");
  Layer segments{BUILTIN_UNSORTED_SEGMENT_SUM,
                 {{"x", "f32[2]"}, {"ids", "i32[2]"}, {"count", "i32[]", {2}}},
                 {"y", "f32[2]"},
                 {{1, 1}, {0, 2}}};
  EXPECT_THAT(segments.message(), HasSubstr("scatter_nd.3"));
  Layer top{
      BUILTIN_TOPK_V2, {{"x", "f32[3]"}, {"k", "i32[]", {4}}}, {"y", "f32[4]"}};
  EXPECT_THAT(top.message(), HasSubstr("top_k.4"));
}

TEST(TfliteRefuses, updatesThatAreLarger) {
  Layer layer{BUILTIN_DYNAMIC_UPDATE_SLICE,
              {{"x", "f32[2]"}, {"u", "f32[3]"}, {"at", "i32[1]"}},
              {"y", "f32[2]"}};
  EXPECT_THAT(layer.message(), HasSubstr("`f32[3]` is larger than `f32[2]`"));
}

TEST(TfliteRefuses, otherScalesOfANorm) {
  Layer layer{BUILTIN_L2_NORMALIZATION,
              {quantized("x", "i8[1, 2]", {{1}, {0}, 0})},
              quantized("y", "i8[1, 2]", {{0.5}, {0}, 0})};
  EXPECT_THAT(layer.message(), HasSubstr("needs 0.0078125 and 0"));
}

TEST(TfliteRefuses, axesOutside) {
  Layer sums{BUILTIN_CUMSUM,
             {{"x", "f32[2]"}, {"axis", "i32[]", {1}}},
             {"y", "f32[2]"}};
  EXPECT_THAT(sums.message(), HasSubstr("axis 1 outside [-1, 1)"));
  Layer gather{BUILTIN_GATHER,
               {{"x", "f32[2, 2]"}, {"at", "i32[2]"}},
               {"y", "f32[2, 2]"}};
  EXPECT_THAT(gather.message(tflite::Options_GatherOptions,
                             [](auto &fbb) {
                               return tflite::CreateGatherOptions(fbb, 0, 1);
                             }),
              HasSubstr("1 shared dimensions"));
  Layer hot{BUILTIN_ONE_HOT,
            {{"x", "i32[2]"},
             {"depth", "i32[]", {-1}},
             {"on", "f32[]", {1}},
             {"off", "f32[]", {0}}},
            {"y", "f32[2, 1]"}};
  EXPECT_THAT(hot.message(), HasSubstr("`depth` is [-1]"));
}

TEST(TfliteRefuses, scalesThatDoNotFit) {
  TestTensor weights = {"w", "i8[1, 4]", {1, 2, 3, 4}};
  weights.packed = true;
  weights.blockScales = 3;
  weights.blockSize = 2;
  Layer layer{BUILTIN_FULLY_CONNECTED,
              {{"x", "f32[1, 4]"}, weights},
              {"y", "f32[1, 1]"},
              {{1, 1, 1, 1}}};
  EXPECT_THAT(layer.message(), HasSubstr("has its scales in tensor 3"));
  layer.tensors[1].blockScales = 0;
  EXPECT_THAT(layer.message(), HasSubstr("are no constant of the file"));
  layer.tensors[1].blockSize = -2;
  EXPECT_THAT(layer.message(), HasSubstr("has blocks of -2 elements"));
  Layer product{BUILTIN_BATCH_MATMUL,
                {quantized("a", "i16[1, 2]", {{1}, {0}, 0}),
                 quantized("b", "i8[2, 1]", {{1, 1}, {0, 0}, 0}, {1, 2})},
                quantized("y", "i16[1, 1]", {{1}, {0}, 0})};
  EXPECT_THAT(product.message(), HasSubstr("scales along dimension 0"));
}

TEST(TfliteRefuses, idsThatDescend) {
  Layer layer{BUILTIN_SEGMENT_SUM,
              {{"x", "f32[2]"}, {"ids", "i32[2]", {1, 0}}},
              {"y", "f32[2]"}};
  EXPECT_THAT(layer.message(), HasSubstr("`ids` do not ascend"));
}

TEST(TfliteRefuses, emptyRanges) {
  Layer layer{BUILTIN_FAKE_QUANT, {{"x", "f32[2]"}}, {"y", "f32[2]"}};
  EXPECT_THAT(layer.message(tflite::Options_FakeQuantOptions,
                            [](auto &fbb) {
                              return tflite::CreateFakeQuantOptions(fbb, 1, -1,
                                                                    8);
                            }),
              HasSubstr("a range from 1 to -1"));
  EXPECT_THAT(layer.message(), HasSubstr("0 bits, needs 2 to 16"));
}

TEST(TfliteRefuses, bitsOfAnotherWidth) {
  Layer layer{BUILTIN_BITCAST, {{"x", "f32[2]"}}, {"y", "i16[2]"}};
  EXPECT_THAT(layer.message(), HasSubstr("f32 as i16, of another width"));
}

/// Options are the bytes of a C structure.
TEST(TfliteRefuses, unpoolingWithoutItsOptions) {
  auto message = [](Bytes options, double place) {
    TfliteTestModel model;
    int32_t x = model.input({"x", "f32[1, 1, 1, 1]"});
    int32_t at = model.input({"at", "i32[1, 1, 1, 1]"});
    int32_t y = model.tensor({"y", "f32[1, 2, 2, 1]"});
    model.custom("MaxUnpooling2D", {x, at}, {y})
        .customOptions(std::move(options))
        .output(y);
    return run(model, {{1}, {place}}).type;
  };
  Bytes two = {1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0};
  EXPECT_EQ(message(two, 3), "f32[1, 2, 2, 1]");
  EXPECT_THAT(message(two, 4), HasSubstr("scatter_elements.4"));
  EXPECT_THAT(message({1, 0}, 0), HasSubstr("2 bytes, needs 20"));
  two[0] = 7;
  EXPECT_THAT(message(two, 0), HasSubstr("padding number 7 is not known"));
}

/// The model, whose second graph negates.
std::string composite(std::optional<int32_t> graph, Numbers *values) {
  TfliteTestModel model, negate;
  int32_t a = negate.input({"a", "f32[2]"});
  int32_t b = negate.tensor({"b", "f32[2]"});
  negate.op(BUILTIN_NEG, {a}, {b}).output(b);
  int32_t x = model.input({"x", "f32[2]"});
  int32_t y = model.tensor({"y", "f32[2]"});
  model.subgraph(negate);
  model.op(BUILTIN_STABLEHLO_COMPOSITE, {x}, {y});
  if (graph)
    model.decomposition(*graph);
  model.output(y);
  TfliteResult result = run(model, {{1, -2}});
  if (values)
    *values = result.values;
  return result.type;
}

TEST(TfliteComposite, isItsDecomposition) {
  Numbers values;
  EXPECT_EQ(composite(1, &values), "f32[2]");
  EXPECT_EQ(values, (Numbers{-1, 2}));
}

TEST(TfliteComposite, needsAGraphThatIsNotItself) {
  EXPECT_THAT(composite({}, nullptr), HasSubstr("states no graph"));
  EXPECT_THAT(composite(5, nullptr), HasSubstr("calls graph 5"));
  EXPECT_THAT(composite(0, nullptr), HasSubstr("calls itself"));
}

} // namespace
} // namespace rune::import::testing
