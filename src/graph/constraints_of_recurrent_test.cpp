// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One refusal for each numbered constraint of the operators that run along a
// sequence, and what their shape rule says of sizes that are names.
#include "graph/ops.h"
#include "graph/refusals.h"
#include "graph/statistics.h"

#include <algorithm>
#include <cmath>

namespace rune::graph {
namespace {

using test::List;
using test::Refusal;

const std::string x = "f32[5, 2, 3]", w = "f32[16, 3]", r = "f32[16, 4]";
const std::string state = "f32[2, 4]";

std::vector<Refusal> floats() {
  return {
      {"lstm.1", Op::Lstm, {"i32[5, 2, 3]", "i32[16, 3]", "i32[16, 4]"}},
      {"lstm.1", Op::Lstm, {x, "f64[16, 3]", r}},
      {"lstm.1", Op::Lstm, {x, w, r, "", "", "", "", "i64[2]"}},
      {"lstm.2", Op::Lstm, {"f32[5, 3]", w, r}},
      {"lstm.2", Op::Lstm, {x, "f32[1, 16, 3]", r}},
      {"lstm.2", Op::Lstm, {x, w, "f32[16]"}},
      {"lstm.2", Op::Lstm, {x, w, r, "f32[4, 4]"}},
      {"lstm.2", Op::Lstm, {x, w, r, "", "f32[1, 2, 4]"}},
      {"lstm.2", Op::Lstm, {x, w, r, "", "", "f32[4]"}},
      {"lstm.2", Op::Lstm, {x, w, r, "", "", "", "f32[]"}},
      {"lstm.3", Op::Lstm, {x, "f32[16, 2]", r}},
      {"lstm.3", Op::Lstm, {x, "f32[12, 3]", r}},
      {"lstm.3", Op::Lstm, {x, w, "f32[15, 4]"}},
      {"lstm.3", Op::Lstm, {x, w, r, "f32[32]"}},
      {"lstm.3", Op::Lstm, {x, w, r, "", "f32[5, 4]"}},
      {"lstm.3", Op::Lstm, {x, w, r, "", "", "f32[2, 3]"}},
      {"lstm.3", Op::Lstm, {x, w, r, "", "", "", "f32[16]"}},
      {"lstm.3", Op::Lstm, {x, w, r, "", "", "", "", "i32[5]"}},
      {"lstm.3", Op::Lstm, {x, w, r, "", "", "", "", "i32[]"}},
      {"lstm.3", Op::Lstm, {x, w, "f32[N, 5]"}},
      {"lstm.4", Op::Lstm, {x, w, r}, {{"reverse", int64_t{2}}}},
      {"lstm.4", Op::Lstm, {x, w, r}, {{"coupled", int64_t{-1}}}},
      {"lstm.4", Op::Lstm, {x, w, r}, {{"clip", -0.5}}},
      {"lstm.4", Op::Lstm, {x, w, r}, {{"cell_clip", std::nan("")}}},
  };
}

/// The inputs of lstm_integer with one of them changed.
std::vector<std::string> integers(size_t index = 99, std::string text = "") {
  std::vector<std::string> inputs = {"i8[5, 2, 3]", "i8[16, 3]", "i8[16, 4]",
                                     "i8[2, 4]",    "i16[2, 4]", "u16[256]",
                                     "i32[16]"};
  if (index < inputs.size())
    inputs[index] = std::move(text);
  return inputs;
}

/// All that it requires, then `more`, which goes first.
std::vector<Attribute> scales(std::vector<Attribute> more = {}) {
  std::vector<Attribute> all = {
      {"cell_scale", int64_t{-11}},   {"h_multipliers", List{1, 2, 3, 4}},
      {"h_shifts", List{0, 0, 0, 0}}, {"hidden_multiplier", int64_t{1}},
      {"hidden_shift", int64_t{0}},   {"x_multipliers", List{1, 2, 3, 4}},
      {"x_shifts", List{0, 0, 0, 0}}};
  for (Attribute &attribute : more) {
    auto same = std::ranges::find(all, attribute.name, &Attribute::name);
    if (same == all.end())
      all.push_back(std::move(attribute));
    else
      *same = std::move(attribute);
  }
  return all;
}

std::vector<Refusal> integerOnes() {
  Op op = Op::LstmInteger;
  std::vector<Refusal> all = {
      {"lstm_integer.1", op, integers(0, "u8[5, 2, 3]"), scales()},
      {"lstm_integer.1", op, integers(4, "i8[2, 4]"), scales()},
      {"lstm_integer.1", op, integers(5, "i16[256]"), scales()},
      {"lstm_integer.1", op, integers(6, "i64[16]"), scales()},
      {"lstm_integer.2", op, integers(0, "i8[5, 3]"), scales()},
      {"lstm_integer.2", op, integers(3, "i8[4]"), scales()},
      {"lstm_integer.3", op, integers(1, "i8[16, 2]"), scales()},
      {"lstm_integer.3", op, integers(2, "i8[8, 4]"), scales()},
      {"lstm_integer.3", op, integers(3, "i8[5, 4]"), scales()},
      {"lstm_integer.3", op, integers(5, "u16[255]"), scales()},
      {"lstm_integer.3", op, integers(6, "i32[4]"), scales()},
  };
  const std::pair<const char *, Attribute> numbers[] = {
      {"lstm_integer.4", {"x_multipliers", List{1, 2, 3}}},
      {"lstm_integer.4", {"x_shifts", List{0, 0, 0, 31}}},
      {"lstm_integer.4", {"h_shifts", List{0, -32, 0, 0}}},
      {"lstm_integer.4", {"h_multipliers", List{-1, 1, 1, 1}}},
      {"lstm_integer.4", {"hidden_shift", int64_t{-32}}},
      {"lstm_integer.4", {"hidden_multiplier", int64_t{1} << 31}},
      {"lstm_integer.5", {"x_zero_point", int64_t{128}}},
      {"lstm_integer.5", {"h_zero_point", int64_t{-129}}},
      {"lstm_integer.5", {"cell_scale", int64_t{-16}}},
      {"lstm_integer.5", {"cell_scale", int64_t{1}}},
      {"lstm_integer.5", {"cell_clip", int64_t{32769}}},
  };
  for (const auto &[rule, attribute] : numbers)
    all.push_back({rule, op, integers(), scales({attribute})});
  return all;
}

/// These operators have three results.
void expectSequenceRefusals(std::vector<Refusal> refusals) {
  for (Refusal &refusal : refusals)
    refusal.outputs = 3;
  test::expectRefusals(refusals);
}

TEST(ConstraintsOfRecurrent, FloatsAreRefusedByTheirNumbers) {
  expectSequenceRefusals(floats());
}
TEST(ConstraintsOfRecurrent, IntegersAreRefusedByTheirNumbers) {
  expectSequenceRefusals(integerOnes());
}

TEST(ConstraintsOfRecurrent, LengthsAreCheckedInTheRun) {
  for (const char *lengths : {"i32[1] = 2", "i32[1] = -1"}) {
    auto graph = test::oneNode(
        Op::Lstm, {"f32[1, 1, 1] = 1", "f32[4, 1] = 1 1 1 1",
                   "f32[4, 1] = 1 1 1 1", "", "", "", "", lengths});
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    auto result = evaluate(*graph, {});
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, "evaluate.failed");
    EXPECT_TRUE(result.error().message.ends_with("(lstm.5)"))
        << result.error().message;
  }
}

TEST(ConstraintsOfRecurrent, NamesStayAndStatesSayTheBatch) {
  EXPECT_EQ(test::inferred(Op::Lstm, {"f32[T, N, 3]", w, r}), "f32[T, N, 4]");
  EXPECT_EQ(test::inferred(Op::Lstm, {"f32[T, N, 3]", w, r, "", state}),
            "f32[T, 2, 4]");
  EXPECT_EQ(
      test::inferred(Op::Lstm, {"f32[N, T, 3]", w, r}, {{"layout", "NTC"}}),
      "f32[N, T, 4]");
  EXPECT_EQ(
      test::inferred(Op::Lstm, {"f32[T, N, 3]", "f32[?, 3]", "f32[?, H]"}),
      "f32[T, N, H]");
}

TEST(StatisticsOfRecurrent, FourGatesOfEveryStepAreCounted) {
  // 5 steps of 2 elements, 4 gates of 4 units, 3 channels and 4 outputs before
  EXPECT_EQ(macs(*test::oneNode(Op::Lstm, {x, w, r})), 5u * 2 * 4 * 4 * 7);
}

} // namespace
} // namespace rune::graph
