// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that sort, search and count.
//
// source  TensorFlow Lite: TOPK_V2 UNIQUE WHERE REVERSE_SEQUENCE ONE_HOT RANGE
//         BUCKETIZE
#include "import/tflite/node.h"
#include "import/tflite/requantize.h"
#include "import/tflite/sizes.h"

#include <algorithm>

namespace rune::import {
namespace {

/// Our indices are i64; the file says what its own are.
Result<ValueId> asStated(const TfliteNode &node, ValueId indices, size_t output,
                         std::string_view part) {
  DType to = RUNE_TRY(node.statedOutput(output)).dtype;
  if (to == node.dtype(indices))
    return indices;
  if (to != DType::I16 && to != DType::I32)
    return node.fail("indices of {}", dtypeName(to));
  return node.one(Op::Cast, {indices}, {{"dtype", std::string(dtypeName(to))}},
                  part);
}

} // namespace

/// inputs  input, k: one number
/// result  the k largest of the last dimension, the first of equal ones first;
///         where they stand
Imported importTfliteTopkV2(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId k = RUNE_TRY(node.input(1, "k"));
  if (node.rank(x) == 0)
    return node.fail("`input` is `{}`, needs a dimension", node.type(x).str());
  if (node.dtype(k) != DType::I64)
    k = RUNE_TRY(node.one(Op::Cast, {k}, {{"dtype", "i64"}}, "k"));
  auto both = RUNE_TRY(
      node.many(Op::TopK, {x, k},
                {{"axis", node.rank(x) - 1}, {"largest", int64_t{1}}}, 2));
  both[1] = RUNE_TRY(asStated(node, both[1], 1, "places"));
  return both;
}

/// inputs  input [n]
/// result  the numbers that differ, in the order in which they first occur; for
///         each element which of them it is
Imported importTfliteUnique(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  if (node.rank(x) != 1)
    return node.fail("`input` is `{}`, needs one dimension",
                     node.type(x).str());
  auto all = RUNE_TRY(node.many(
      Op::Unique, {x}, {{"axis", int64_t{0}}, {"sorted", int64_t{0}}}, 4));
  return std::vector{all[0], RUNE_TRY(asStated(node, all[2], 1, "places"))};
}

/// inputs  condition: bool, or numbers, of which 0 does not hold
/// result  i64[m, rank]: where it holds
Imported importTfliteWhere(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "condition"));
  ValueId columns = RUNE_TRY(node.one(Op::NonZero, {x}, {}, "columns"));
  return std::vector{RUNE_TRY(
      node.one(Op::Transpose, {columns}, {{"permutation", Integers{1, 0}}}))};
}

/// inputs  input, lengths [batch]
Imported importTfliteReverseSequence(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  const auto *options =
      RUNE_TRY(node.options<tflite::ReverseSequenceOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId lengths = RUNE_TRY(node.input(1, "lengths"));
  int64_t time = RUNE_TRY(node.axis(options->time(), node.rank(x)));
  int64_t batch = RUNE_TRY(node.axis(options->batch(), node.rank(x)));
  return std::vector{
      RUNE_TRY(node.one(Op::ReverseSequence, {x, lengths},
                        {{"time_axis", time}, {"batch_axis", batch}}))};
}

/// inputs  indices, depth: one number, the values of what is named and of all
///         else
/// result  with a dimension of `depth` more, at `axis`
Imported importTfliteOneHot(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(4, 4));
  const auto *options = RUNE_TRY(node.options<tflite::OneHotOptions>());
  ValueId indices = RUNE_TRY(node.input(0, "indices"));
  Integers depth = RUNE_TRY(
      node.constantIntegers(RUNE_TRY(node.input(1, "depth")), "depth"));
  ValueId on = RUNE_TRY(node.input(2, "on")),
          off = RUNE_TRY(node.input(3, "off"));
  constexpr int64_t most = (int64_t{1} << 31) - 1;
  if (depth.size() != 1 || depth[0] < 0 || depth[0] > most)
    return node.fail("`depth` is [{}], needs one number of 0 to {}",
                     fmt::join(depth, ", "), most);
  if (node.dtype(indices) != DType::I32 && node.dtype(indices) != DType::I64)
    return node.unsupported("indices of {}", dtypeName(node.dtype(indices)));
  int64_t axis = RUNE_TRY(node.axis(options->axis(), node.rank(indices) + 1));
  Dims apart = node.dims(indices);
  apart.insert(apart.begin() + axis, Dim(1));
  ValueId named = RUNE_TRY(withSizes(node, indices, apart, "indices"));
  if (node.dtype(named) != DType::I64)
    named = RUNE_TRY(node.one(Op::Cast, {named}, {{"dtype", "i64"}}, "named"));
  ValueId all = RUNE_TRY(counted(
      node, depth[0], 1, axis, static_cast<int64_t>(apart.size()), "numbers"));
  ValueId here = RUNE_TRY(node.one(Op::Equal, {named, all}, {}, "here"));
  return std::vector{RUNE_TRY(node.one(Op::Where, {here, on, off}))};
}

/// inputs  start, limit, step: one number each
Imported importTfliteRange(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(3, 3));
  return std::vector{
      RUNE_TRY(node.one(Op::Range, {RUNE_TRY(node.input(0, "start")),
                                    RUNE_TRY(node.input(1, "limit")),
                                    RUNE_TRY(node.input(2, "step"))}))};
}

/// result  how many boundaries are not above each element
Imported importTfliteBucketize(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  const auto *options = RUNE_TRY(node.options<tflite::BucketizeOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  std::vector<float> boundaries;
  if (const auto *list = options->boundaries())
    boundaries.assign(list->begin(), list->end());
  if (!std::ranges::is_sorted(boundaries))
    return node.fail("`boundaries` do not ascend");
  DType dtype = node.dtype(x);
  if (dtype == DType::I32 || dtype == DType::I64)
    x = RUNE_TRY(node.one(Op::Cast, {x}, {{"dtype", "f32"}}, "real"));
  else if (dtype != DType::F32 && dtype != DType::F64)
    return node.unsupported("numbers of {}", dtypeName(dtype));
  ByteSpan bytes{reinterpret_cast<const uint8_t *>(boundaries.data()),
                 boundaries.size() * sizeof(float)};
  Integers count{static_cast<int64_t>(boundaries.size())};
  ValueId bounds = RUNE_TRY(node.constant(
      "boundaries", RUNE_TRY(Tensor::copyOf({DType::F32, count, bytes}))));
  if (dtype == DType::F64)
    bounds =
        RUNE_TRY(node.one(Op::Cast, {bounds}, {{"dtype", "f64"}}, "bounds"));
  Dims apart = node.dims(x);
  apart.push_back(Dim(1));
  x = RUNE_TRY(withSizes(node, x, apart, "apart"));
  ValueId below = RUNE_TRY(node.one(Op::LessEqual, {bounds, x}, {}, "below"));
  below = RUNE_TRY(node.one(Op::Cast, {below}, {{"dtype", "i32"}}, "ones"));
  return std::vector{RUNE_TRY(node.one(
      Op::ReduceSum, {below},
      {{"axes", Integers{node.rank(below) - 1}}, {"keep_dims", int64_t{0}}}))};
}

} // namespace rune::import
