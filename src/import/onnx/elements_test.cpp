// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Importers of conversions, of operators on each element, and of quantising:
// what each version reads, and what it refuses.
#include "import/onnx/test_onnx_model.h"

#include <onnx_facts.pb.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace rune::import::testing {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

using Attributes = std::vector<TestAttribute>;

TestModel unary(const std::string &op, int64_t opset, std::string_view x,
                const Attributes &attributes = {}) {
  return TestModel(opset).input("x", x).node(op, {"x"}, attributes).output("y");
}

TestModel binary(const std::string &op, int64_t opset, std::string_view a,
                 std::string_view b, const Attributes &attributes = {}) {
  return TestModel(opset)
      .input("a", a)
      .input("b", b)
      .node(op, {"a", "b"}, attributes)
      .output("y");
}

// --- Cast --------------------------------------------------------------------

TEST(OnnxCast, convertsToEachType) {
  auto cast = [](int64_t to, const std::vector<double> &values) {
    return evaluated(unary("Cast", 25, "f32[4]", {{"to", to}}), {values});
  };
  EXPECT_THAT(cast(3, {-1.5, 1.5, 300, -300}).values,
              ElementsAre(-1, 1, 127, -128));
  EXPECT_THAT(cast(9, {0, -0.0, nan, 2}).values, ElementsAre(0, 0, 1, 1));
  EXPECT_EQ(cast(17, {1, 1000, -inf, 0.1}).type, "f8e4m3fn[4]");
  EXPECT_THAT(cast(17, {1, 1000, -inf, 0.1}).values,
              ElementsAre(1, 448, -448, 0.1015625));
  EXPECT_THAT(cast(23, {0.3, 5, 7, -0.2}).values, ElementsAre(0.5, 4, 6, -0.0));
  EXPECT_THAT(cast(22, {2.5, 3.5, 9, -9}).values, ElementsAre(2, 4, -7, 7));
  EXPECT_THAT(cast(25, {0, 1, 4, 7}).values, ElementsAre(0, 1, 0, 3));
}

TEST(OnnxCast, saturatesSmallFloatsUnlessToldOtherwise) {
  Evaluated y =
      evaluated(unary("Cast", 19, "f32[2]",
                      {{"to", int64_t{19}}, {"saturate", int64_t{0}}}),
                {{1e6, -1e6}});
  EXPECT_THAT(y.values, ElementsAre(inf, -inf));
  EXPECT_THAT(refusal(unary("Cast", 13, "f32[2]",
                            {{"to", int64_t{1}}, {"saturate", int64_t{0}}})),
              HasSubstr("no attribute `saturate`"));
}

TEST(OnnxCast, roundsToPowersAsAskedSince24) {
  auto cast = [](const std::string &mode) {
    return evaluated(unary("Cast", 24, "f32[3]",
                           {{"to", int64_t{24}}, {"round_mode", mode}}),
                     {{1.25, 1.5, 4}})
        .values;
  };
  EXPECT_THAT(cast("up"), ElementsAre(2, 2, 4));
  EXPECT_THAT(cast("down"), ElementsAre(1, 1, 4));
  EXPECT_THAT(cast("nearest"), ElementsAre(1, 2, 4));
  EXPECT_THAT(
      refusal(unary("Cast", 24, "f32[3]",
                    {{"to", int64_t{24}}, {"round_mode", std::string("odd")}})),
      HasSubstr("`round_mode` is `odd`"));
}

TEST(OnnxCast, version1NamesTheType) {
  Evaluated y = evaluated(
      unary("Cast", 1, "f32[2]", {{"to", std::string("INT32")}}), {{1.5, -2}});
  EXPECT_EQ(y.type, "i32[2]");
  EXPECT_THAT(y.values, ElementsAre(1, -2));
  EXPECT_THAT(refusal(unary("Cast", 1, "f32[2]", {{"to", std::string("I9")}})),
              HasSubstr("`to` is `I9`"));
}

TEST(OnnxCast, refusesStringsAndWhatIsNoType) {
  EXPECT_THAT(refusal(unary("Cast", 13, "f32[2]", {{"to", int64_t{8}}})),
              HasSubstr("import.unsupported"));
  EXPECT_THAT(refusal(unary("Cast", 13, "f32[2]", {{"to", int64_t{14}}})),
              HasSubstr("`complex64` is not supported"));
  EXPECT_THAT(refusal(unary("Cast", 13, "f32[2]", {{"to", int64_t{-1}}})),
              HasSubstr("no element type"));
  EXPECT_THAT(refusal(unary("Cast", 13, "f32[2]")),
              HasSubstr("`to` is missing"));
}

TEST(OnnxCast, likeTakesOnlyTheType) {
  Evaluated y =
      evaluated(binary("CastLike", 19, "f32[2]", "i8[1]"), {{3.7, -1}, {9}});
  EXPECT_EQ(y.type, "i8[2]");
  EXPECT_THAT(y.values, ElementsAre(3, -1));
}

TEST(OnnxBitCast, keepsTheBits) {
  Evaluated y =
      evaluated(unary("BitCast", 26, "f32[1]", {{"to", int64_t{6}}}), {{1}});
  EXPECT_THAT(y.values, ElementsAre(0x3f800000));
  EXPECT_THAT(refusal(unary("BitCast", 26, "f32[1]", {{"to", int64_t{7}}})),
              HasSubstr("differ in width"));
}

// --- elements ----------------------------------------------------------------

TEST(OnnxTensor, packedElementsStandInNumbers) {
  TestModel model = unary("Cast", 21, "f32[1]", {{"to", int64_t{1}}});
  auto *tensor = model.proto().mutable_graph()->add_initializer();
  tensor->set_name("w");
  tensor->add_dims(3);
  tensor->set_data_type(22);
  tensor->add_int32_data(0x2f); // -1, 2
  tensor->add_int32_data(0x08); // -8
  model.proto().mutable_graph()->mutable_node(0)->set_input(0, "w");
  EXPECT_THAT(evaluated(model, {{0}}).values, ElementsAre(-1, 2, -8));
  tensor->add_int32_data(0);
  EXPECT_THAT(refusal(model), HasSubstr("3 numbers in `int32_data`"));
}

// --- operators on each element
// -------------------------------------------------

TEST(OnnxUnary, whatHasNoSignStays) {
  EXPECT_THAT(evaluated(unary("Abs", 13, "u8[2]"), {{3, 200}}).values,
              ElementsAre(3, 200));
  EXPECT_THAT(evaluated(unary("Sign", 13, "u8[3]"), {{0, 1, 200}}).values,
              ElementsAre(0, 1, 1));
  EXPECT_THAT(evaluated(unary("Sign", 13, "i8[3]"), {{0, -5, 9}}).values,
              ElementsAre(0, -1, 1));
  EXPECT_THAT(evaluated(unary("BitwiseNot", 18, "i16[2]"), {{0, -3}}).values,
              ElementsAre(-1, 2));
  EXPECT_THAT(evaluated(unary("BitwiseNot", 18, "u8[2]"), {{0, 255}}).values,
              ElementsAre(255, 0));
}

TEST(OnnxUnary, findsWhatIsNoNumber) {
  EXPECT_THAT(evaluated(unary("IsNaN", 20, "f16[3]"), {{nan, inf, 0}}).values,
              ElementsAre(1, 0, 0));
  EXPECT_THAT(evaluated(unary("IsNaN", 20, "f8e5m2[2]"), {{nan, 1}}).values,
              ElementsAre(1, 0));
  auto isInf = [](int64_t negative, int64_t positive) {
    return evaluated(unary("IsInf", 10, "f32[4]",
                           {{"detect_negative", negative},
                            {"detect_positive", positive}}),
                     {{inf, -inf, nan, 1}})
        .values;
  };
  EXPECT_THAT(isInf(1, 1), ElementsAre(1, 1, 0, 0));
  EXPECT_THAT(isInf(0, 1), ElementsAre(1, 0, 0, 0));
  EXPECT_THAT(isInf(1, 0), ElementsAre(0, 1, 0, 0));
  EXPECT_THAT(isInf(0, 0), ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(refusal(unary("IsNaN", 13, "i32[2]")), HasSubstr("needs floats"));
}

TEST(OnnxUnary, refusesSmallTypesWithoutHarm) {
  for (const char *op : {"Reciprocal", "Swish", "HardSigmoid", "LeakyRelu",
                         "Softsign", "Mish", "HardSwish", "ThresholdedRelu",
                         "Elu", "Gelu", "Exp", "Not", "BitwiseNot", "Shrink"})
    for (const char *type : {"i4[2]", "f8e4m3fn[2]", "utf8[2]"})
      EXPECT_NE(refusal(unary(op, 24, type)), "") << op << " " << type;
}

TEST(OnnxBinary, comparesBothWays) {
  auto of = [](const std::string &op) {
    return evaluated(binary(op, 16, "f32[4]", "f32[4]"),
                     {{1, 2, 3, nan}, {2, 2, 2, 0}})
        .values;
  };
  EXPECT_THAT(of("Greater"), ElementsAre(0, 0, 1, 0));
  EXPECT_THAT(of("GreaterOrEqual"), ElementsAre(0, 1, 1, 0));
  EXPECT_THAT(of("Less"), ElementsAre(1, 0, 0, 0));
  EXPECT_THAT(of("LessOrEqual"), ElementsAre(1, 1, 0, 0));
  EXPECT_THAT(of("Equal"), ElementsAre(0, 1, 0, 0));
}

TEST(OnnxBinary, oldVersionsPlaceBAtAxis) {
  Evaluated y =
      evaluated(binary("Greater", 1, "f32[2, 2]", "f32[2]",
                       {{"broadcast", int64_t{1}}, {"axis", int64_t{0}}}),
                {{1, 5, 1, 5}, {3, 0}});
  EXPECT_THAT(y.values, ElementsAre(0, 1, 1, 1));
}

TEST(OnnxBinary, powTakesTypesOfItsOwnSince12) {
  EXPECT_THAT(evaluated(binary("Pow", 15, "i32[3]", "f32[3]"),
                        {{4, 2, 10}, {0.5, -1, 2}})
                  .values,
              ElementsAre(2, 0, 100));
  EXPECT_THAT(
      evaluated(binary("Pow", 15, "f32[2]", "i64[2]"), {{2, 3}, {10, -1}})
          .values,
      ElementsAre(1024, DoubleNear(1.0 / 3, 1e-7)));
  EXPECT_THAT(
      evaluated(binary("Pow", 15, "i64[2]", "u8[1]"), {{3, -2}, {3}}).values,
      ElementsAre(27, -8));
  EXPECT_THAT(refusal(binary("Pow", 7, "f32[2]", "i64[2]")),
              HasSubstr("needs one type"));
}

TEST(OnnxBinary, modHasTheSignOfOneOfThem) {
  auto of = [](int64_t fmod) {
    return evaluated(binary("Mod", 13, "i32[4]", "i32[4]", {{"fmod", fmod}}),
                     {{-4, 7, 5, -7}, {2, -3, 8, 4}})
        .values;
  };
  EXPECT_THAT(of(0), ElementsAre(0, -2, 5, 1));
  EXPECT_THAT(of(1), ElementsAre(0, 1, 5, -3));
  EXPECT_THAT(refusal(binary("Mod", 13, "f32[2]", "f32[2]")),
              HasSubstr("floats need `fmod` 1"));
}

TEST(OnnxBinary, shiftsByDirection) {
  auto model = [](const std::string &direction) {
    return binary("BitShift", 11, "u8[2]", "u8[2]", {{"direction", direction}});
  };
  EXPECT_THAT(evaluated(model("LEFT"), {{129, 3}, {1, 8}}).values,
              ElementsAre(2, 0));
  EXPECT_THAT(evaluated(model("RIGHT"), {{129, 3}, {1, 1}}).values,
              ElementsAre(64, 1));
  EXPECT_THAT(refusal(model("UP")), HasSubstr("`direction` is `UP`"));
}

TEST(OnnxVariadic, takesAnyNumber) {
  auto of = [](const std::string &op, std::string_view type) {
    return evaluated(TestModel(13)
                         .input("a", type)
                         .input("b", type)
                         .input("c", type)
                         .node(op, {"a", "b", "c"})
                         .output("y"),
                     {{1, 8}, {3, 2}, {2, 5}})
        .values;
  };
  EXPECT_THAT(of("Max", "i8[2]"), ElementsAre(3, 8));
  EXPECT_THAT(of("Min", "u64[2]"), ElementsAre(1, 2));
  EXPECT_THAT(of("Sum", "f16[2]"), ElementsAre(6, 15));
  EXPECT_THAT(of("Mean", "f32[2]"), ElementsAre(2, 5));
  EXPECT_THAT(evaluated(unary("Max", 8, "f32[2]"), {{4, 5}}).values,
              ElementsAre(4, 5));
  EXPECT_THAT(refusal(TestModel(13).node("Sum", {}).output("y")),
              HasSubstr("`data_0`"));
  EXPECT_THAT(refusal(binary("Max", 6, "f32[2]", "f32[1, 2]")),
              HasSubstr("needs one shape"));
}

/// Values of numpy by the formulas of ONNX.
TEST(OnnxActivation, computesItsFormula) {
  auto of = [](const std::string &op, int64_t opset,
               const Attributes &attributes = {}) {
    return evaluated(unary(op, opset, "f64[3]", attributes), {{-1.5, 0, 2}})
        .values;
  };
  auto near = [](double a, double b, double c) {
    return ElementsAre(DoubleNear(a, 1e-7), DoubleNear(b, 1e-7),
                       DoubleNear(c, 1e-7));
  };
  EXPECT_THAT(of("Elu", 6, {{"alpha", 2.0f}}), near(-1.55373968, 0, 2));
  EXPECT_THAT(of("Celu", 12, {{"alpha", 2.0f}}), near(-1.05526689, 0, 2));
  EXPECT_THAT(of("Selu", 6), near(-1.36581444, 0, 2.10140204));
  EXPECT_THAT(of("HardSigmoid", 6), near(0.2, 0.5, 0.9));
  EXPECT_THAT(of("HardSwish", 14), near(-0.375, 0, 5.0 / 3));
  EXPECT_THAT(of("LeakyRelu", 16), near(-0.015, 0, 2));
  EXPECT_THAT(of("Mish", 18), near(-0.29809974, 0, 1.94395893));
  EXPECT_THAT(of("Softplus", 1), near(0.20141328, 0.69314718, 2.12692801));
  EXPECT_THAT(of("Softsign", 1), near(-0.6, 0, 2.0 / 3));
  EXPECT_THAT(of("Swish", 24, {{"alpha", 2.0f}}),
              near(-0.07113881, 0, 1.96402758));
  EXPECT_THAT(of("ThresholdedRelu", 10, {{"alpha", 1.0f}}), near(0, 0, 2));
  EXPECT_THAT(of("Shrink", 9, {{"lambd", 1.0f}, {"bias", 0.5f}}),
              near(-1, 0, 1.5));
  EXPECT_THAT(of("Gelu", 20), near(-0.10021080, 0, 1.95449974));
  EXPECT_THAT(of("Gelu", 20, {{"approximate", std::string("tanh")}}),
              near(-0.10042843, 0, 1.95459769));
}

TEST(OnnxActivation, slopesStretchToX) {
  TestModel now = binary("PRelu", 16, "i32[2, 2]", "i32[2]");
  EXPECT_THAT(evaluated(now, {{-1, -2, 3, -4}, {10, 100}}).values,
              ElementsAre(-10, -200, 3, -400));
  // Before 7 a slope for each channel.
  TestModel old = binary("PRelu", 6, "f32[1, 2, 2]", "f32[2]");
  EXPECT_THAT(evaluated(old, {{-1, -2, 3, -4}, {10, 100}}).values,
              ElementsAre(-10, -20, 3, -400));
}

TEST(OnnxActivation, swiGluNeedsOneShape) {
  EXPECT_THAT(
      evaluated(binary("SwiGLU", 28, "f32[2]", "f32[2]"), {{0, 40}, {5, 2}})
          .values,
      ElementsAre(0, 80));
  EXPECT_THAT(refusal(binary("SwiGLU", 28, "f32[2]", "f32[1]")),
              HasSubstr("they need one shape"));
}

// --- quantised
// -----------------------------------------------------------------

TestModel quantize(int64_t opset, std::string_view x, std::string_view scale,
                   std::string_view zero, const Attributes &attributes = {}) {
  return TestModel(opset)
      .input("x", x)
      .input("scale", scale)
      .input("zero", zero)
      .node("QuantizeLinear", {"x", "scale", "zero"}, attributes)
      .output("y");
}

TEST(OnnxQuantize, forAllForEachChannelAndInBlocks) {
  EXPECT_THAT(evaluated(quantize(10, "f32[3]", "f32[]", "u8[]"),
                        {{-2, 5, 1000}, {2}, {128}})
                  .values,
              ElementsAre(127, 130, 255));
  Evaluated y = evaluated(
      quantize(13, "f32[2, 2]", "f32[2]", "i8[2]", {{"axis", int64_t{0}}}),
      {{1, 2, 3, 4}, {1, 0.5}, {0, 1}});
  EXPECT_THAT(y.values, ElementsAre(1, 2, 7, 9));
  y = evaluated(quantize(21, "f32[1, 3]", "f32[1, 2]", "i4[1, 2]",
                         {{"axis", int64_t{1}}, {"block_size", int64_t{2}}}),
                {{1, 2, 30}, {1, 2}, {1, 0}});
  EXPECT_EQ(y.type, "i4[1, 3]");
  EXPECT_THAT(y.values, ElementsAre(2, 3, 7));
}

TEST(OnnxQuantize, refusesWhatDoesNotFit) {
  EXPECT_THAT(refusal(quantize(10, "f32[2]", "f32[2]", "u8[2]")),
              HasSubstr("needs a scalar"));
  EXPECT_THAT(refusal(quantize(13, "f32[2]", "f32[]", "i32[]")),
              HasSubstr("nothing is quantised to"));
  EXPECT_THAT(refusal(quantize(13, "f32[2, 2]", "f32[2]", "i8[2]",
                               {{"axis", int64_t{2}}})),
              HasSubstr("axis 2 outside"));
  EXPECT_THAT(refusal(quantize(21, "f32[2]", "f32[]", "i8[]",
                               {{"output_dtype", int64_t{2}}})),
              HasSubstr("`output_dtype` is `u8`"));
}

TEST(OnnxDequantize, takesSmallTypesAndGivesTheTypeAskedFor) {
  TestModel model = TestModel(23)
                        .input("x", "u2[4]")
                        .input("scale", "f32[]")
                        .node("DequantizeLinear", {"x", "scale"},
                              {{"output_dtype", int64_t{10}}})
                        .output("y");
  Evaluated y = evaluated(model, {{0, 1, 2, 3}, {0.5}});
  EXPECT_EQ(y.type, "f16[4]");
  EXPECT_THAT(y.values, ElementsAre(0, 0.5, 1, 1.5));
}

TEST(OnnxDynamicQuantize, nothingButZerosHasAScale) {
  TestModel model =
      TestModel(11)
          .input("x", "f32[2]")
          .node("DynamicQuantizeLinear", {"x"}, {}, {"y", "scale", "zero"})
          .output("y")
          .output("scale")
          .output("zero");
  auto results = evaluateAll(model, {{0, 0}});
  ASSERT_EQ(results.size(), 3u);
  EXPECT_THAT(results[0].values, ElementsAre(0, 0));
  EXPECT_THAT(results[1].values, ElementsAre(1));
  results = evaluateAll(model, {{-1, 254}});
  EXPECT_THAT(results[0].values, ElementsAre(0, 255));
  EXPECT_THAT(results[1].values, ElementsAre(1));
  EXPECT_THAT(results[2].values, ElementsAre(1));
}

TestModel matMulInteger(std::string_view a, std::string_view b,
                        std::string_view aZero, std::string_view bZero) {
  return TestModel(10)
      .input("a", a)
      .input("b", b)
      .input("az", aZero)
      .input("bz", bZero)
      .node("MatMulInteger", {"a", "b", "az", "bz"})
      .output("y");
}

TEST(OnnxMatMulInteger, zeroPointsForAllForRowsAndForColumns) {
  std::vector<double> a = {1, 2, 3, 4}, b = {5, 6, 7, 8};
  EXPECT_THAT(evaluated(matMulInteger("u8[2, 2]", "i8[2, 2]", "u8[]", "i8[]"),
                        {a, b, {1}, {5}})
                  .values,
              ElementsAre(2, 3, 6, 11));
  EXPECT_THAT(evaluated(matMulInteger("u8[2, 2]", "i8[2, 2]", "u8[]", "i8[2]"),
                        {a, b, {1}, {5, 6}})
                  .values,
              ElementsAre(2, 2, 6, 6));
  EXPECT_THAT(evaluated(matMulInteger("u8[2, 2]", "i8[2, 2]", "u8[2]", "i8[2]"),
                        {a, b, {1, 3}, {5, 6}})
                  .values,
              ElementsAre(2, 2, 2, 2));
  EXPECT_THAT(refusal(matMulInteger("u8[2, 2]", "i8[2, 2]", "i8[]", "i8[]")),
              HasSubstr("`a_zero_point` is `i8[]`"));
}

/// The same numbers by multiplier and shift (scales known) and in f64.
TEST(OnnxQLinear, knownScalesGiveTheSameNumbers) {
  auto model = [](bool known) {
    TestModel made(10);
    made.input("a", "u8[2, 2]").input("b", "i8[2, 3]");
    auto scale = [&](const std::string &name, std::string_view type,
                     const std::vector<double> &values) {
      if (known)
        made.initializer(name, type, values);
      else
        made.input(name, type);
    };
    scale("as", "f32[]", {0.0066});
    scale("bs", "f32[3]", {0.00705, 0.5, 0.25});
    scale("ys", "f32[]", {0.0107});
    made.initializer("az", "u8[]", {113});
    made.initializer("bz", "i8[3]", {-14, 3, 0});
    made.initializer("yz", "u8[]", {118});
    made.node("QLinearMatMul", {"a", "as", "az", "b", "bs", "bz", "ys", "yz"});
    return made.output("y");
  };
  std::vector<double> a = {208, 236, 0, 238}, b = {52, -98, 0, -50, 7, 1};
  auto known = evaluated(model(true), {a, b}).values;
  auto open =
      evaluated(model(false), {a, b, {0.0066}, {0.00705, 0.5, 0.25}, {0.0107}})
          .values;
  ASSERT_EQ(known.size(), 6u);
  EXPECT_EQ(known, open);
  // 95·66 + 123·(-36) = 1842, times 0.0066·0.00705/0.0107 = 0.0043486 is 8.01
  EXPECT_EQ(known[0], 126);
}

TEST(OnnxQLinear, convolvesWithAScaleForEachChannel) {
  TestModel model = TestModel(10)
                        .input("x", "u8[1, 1, 3]")
                        .initializer("xs", "f32[]", {0.5})
                        .initializer("xz", "u8[]", {10})
                        .initializer("w", "i8[2, 1, 2]", {1, 2, 3, -4})
                        .initializer("ws", "f32[2]", {1, 0.5})
                        .initializer("wz", "i8[]", {0})
                        .initializer("ys", "f32[]", {1})
                        .initializer("yz", "i8[]", {3})
                        .initializer("b", "i32[2]", {2, 4})
                        .node("QLinearConv", {"x", "xs", "xz", "w", "ws", "wz",
                                              "ys", "yz", "b"})
                        .output("y");
  // (1 + 2·2 + 2)/2 = 3.5 → 4; (3 - 4·2 + 4)/4 = -0.25 → 0
  EXPECT_THAT(evaluated(model, {{11, 12, 13}}).values, ElementsAre(7, 8, 3, 3));
}

} // namespace
} // namespace rune::import::testing
