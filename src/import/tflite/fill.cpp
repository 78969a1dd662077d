// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, FILL, ZEROS_LIKE, BROADCAST_ARGS, RANK, REVERSE_V2,
//         EMBEDDING_LOOKUP, ADD_N
#include "import/tflite/node.h"
#include "import/tflite/requantize.h"
#include "import/tflite/sizes.h"

#include <algorithm>

namespace rune::import {

/// inputs  sizes i32[r] or i64[r], value: a scalar
Imported importTfliteFill(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  Integers sizes = RUNE_TRY(
      node.constantIntegers(RUNE_TRY(node.input(0, "sizes")), "sizes"));
  return std::vector{RUNE_TRY(
      node.one(Op::Expand, {RUNE_TRY(node.input(1, "value")),
                            RUNE_TRY(node.integers("sizes", sizes))}))};
}

/// result  zeros of the sizes and the type of the input
Imported importTfliteZerosLike(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId zero = RUNE_TRY(node.scalar("zero", node.dtype(x), 0));
  if (!node.type(x).isStatic())
    return node.unsupported("`{}`, whose size is not known",
                            node.type(x).str());
  return std::vector{RUNE_TRY(node.one(
      Op::Expand,
      {zero, RUNE_TRY(node.integers("sizes", node.type(x).sizes()))}))};
}

/// inputs  two lists of sizes
/// result  the sizes of what both broadcast to
Imported importTfliteBroadcastArgs(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  ValueId a = RUNE_TRY(node.input(0, "a"));
  Integers first = RUNE_TRY(node.constantIntegers(a, "a"));
  Integers second =
      RUNE_TRY(node.constantIntegers(RUNE_TRY(node.input(1, "b")), "b"));
  size_t rank = std::max(first.size(), second.size());
  first.insert(first.begin(), rank - first.size(), 1);
  second.insert(second.begin(), rank - second.size(), 1);
  Integers sizes;
  for (size_t i = 0; i < rank; ++i) {
    if (first[i] != second[i] && first[i] != 1 && second[i] != 1)
      return node.fail("[{}] and [{}] do not broadcast", fmt::join(first, ", "),
                       fmt::join(second, ", "));
    sizes.push_back(first[i] == 1 ? second[i] : first[i]);
  }
  ValueId both = RUNE_TRY(node.integers("sizes", sizes));
  return std::vector{RUNE_TRY(node.one(
      Op::Cast, {both}, {{"dtype", std::string(dtypeName(node.dtype(a)))}}))};
}

/// result  the number of dimensions
Imported importTfliteRank(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  return std::vector{RUNE_TRY(
      node.scalar("rank", DType::I32, static_cast<double>(node.rank(x))))};
}

/// inputs  input, axes i32[n]
/// result  with the elements along these axes in the other order
Imported importTfliteReverseV2(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  Integers axes =
      RUNE_TRY(axesOf(node, RUNE_TRY(node.input(1, "axes")), node.rank(x)));
  auto all = [&](std::string_view part, int64_t number) {
    return node.integers(part, Integers(axes.size(), number));
  };
  return std::vector{RUNE_TRY(node.one(
      Op::Slice,
      {x, RUNE_TRY(all("starts", -1)), RUNE_TRY(all("ends", INT64_MIN + 1)),
       RUNE_TRY(node.integers("axes", axes)), RUNE_TRY(all("steps", -1))}))};
}

/// inputs  rows i32, a table whose rows they name
Imported importTfliteEmbeddingLookup(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  ValueId rows = RUNE_TRY(node.input(0, "rows"));
  ValueId table = RUNE_TRY(node.input(1, "table"));
  if (node.dtype(rows) != DType::I32 || node.rank(table) < 1)
    return node.fail("rows `{}` of `{}`", node.type(rows).str(),
                     node.type(table).str());
  DType to = RUNE_TRY(node.statedOutput()).dtype;
  if (to == DType::F32 && node.dtype(table) != DType::F32)
    table = RUNE_TRY(dequantizedWeights(
        node, table, RUNE_TRY(node.weightQuantization(1)), 0));
  return std::vector{
      RUNE_TRY(node.one(Op::Gather, {table, rows}, {{"axis", int64_t{0}}}))};
}

/// Where all inputs are quantised alike, the reference kernel begins its sum at
/// the zero point, negative, with `bits` - 1 bits behind the point.
///
/// source  TensorFlow Lite Micro, reference/add_n.h
static Result<ValueId> withStart(const TfliteNode &node, ValueId sum,
                                 int64_t bits) {
  Quantization first = RUNE_TRY(node.inputQuantization(0));
  for (size_t i = 1; i < node.inputs(); ++i)
    if (RUNE_TRY(node.inputQuantization(i)) != first)
      return sum;
  if (first.zeroPoint() == 0)
    return sum;
  if (first.zeroPoint() < INT8_MIN || first.zeroPoint() > INT8_MAX)
    return node.fail("a zero point of {} is no i8", first.zeroPoint());
  auto start = static_cast<double>(-first.zeroPoint()) *
               static_cast<double>(int64_t{1} << (bits - 1));
  ValueId begin = RUNE_TRY(node.scalar("start", DType::I32, start));
  return node.one(Op::Add, {sum, begin}, {}, "started");
}

/// inputs  tensors of one type
/// result  their sum: quantised as pairs would be, at twice the largest scale
Imported importTfliteAddN(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1 << 10));
  ValueId first = RUNE_TRY(node.input(0, "input"));
  DType dtype = node.dtype(first);
  if (dtype != DType::F32 && dtype != DType::I32 && dtype != DType::I8)
    return node.unsupported("numbers of {}", dtypeName(dtype));
  bool quantized = dtype == DType::I8;
  constexpr int64_t bits = 20;
  double twice = 0;
  for (size_t i = 0; quantized && i < node.inputs(); ++i)
    twice = std::max(
        twice,
        2 * static_cast<double>(RUNE_TRY(node.inputQuantization(i)).scale()));
  auto operand = [&](size_t i) -> Result<ValueId> {
    ValueId x = RUNE_TRY(node.input(i, "input"));
    if (!quantized)
      return x;
    Quantization from = RUNE_TRY(node.inputQuantization(i));
    return requantize(node, x,
                      {.factors = {static_cast<double>(from.scale()) / twice},
                       .dtype = DType::I32,
                       .rounding = roundingOf(dtype),
                       .range = rangeOf(DType::I32),
                       .inputZeroPoint = from.zeroPoint(),
                       .leftShift = bits},
                      fmt::format("input_{}", i));
  };
  ValueId sum = RUNE_TRY(operand(0));
  if (quantized)
    sum = RUNE_TRY(withStart(node, sum, bits));
  for (size_t i = 1; i < node.inputs(); ++i)
    sum = RUNE_TRY(node.one(Op::Add, {sum, RUNE_TRY(operand(i))}, {},
                            fmt::format("sum_{}", i)));
  if (!quantized)
    return std::vector{sum};
  Quantization to = RUNE_TRY(node.outputQuantization());
  double down =
      static_cast<double>(int64_t{1} << bits) * static_cast<double>(to.scale());
  return std::vector{RUNE_TRY(requantize(node, sum,
                                         {.factors = {twice / down},
                                          .dtype = dtype,
                                          .rounding = roundingOf(dtype),
                                          .range = rangeOf(dtype),
                                          .zeroPoint = to.zeroPoint()}))};
}

} // namespace rune::import
