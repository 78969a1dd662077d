// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elements that go to places that other tensors name.
//
// source  TensorFlow Lite: SCATTER_ND SPARSE_TO_DENSE DYNAMIC_UPDATE_SLICE
//         SEGMENT_SUM UNSORTED_SEGMENT_SUM UNSORTED_SEGMENT_PROD
//         UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_MIN
#include "import/onnx/scalar.h"
#include "import/tflite/node.h"
#include "import/tflite/requantize.h"
#include "import/tflite/sizes.h"

#include <algorithm>

namespace rune::import {
namespace {

Result<ValueId> cast(const TfliteNode &node, ValueId x, DType to,
                     std::string_view part) {
  if (node.dtype(x) == to)
    return x;
  return node.one(Op::Cast, {x}, {{"dtype", std::string(dtypeName(to))}}, part);
}

Result<ValueId> integersIn(const TfliteNode &node, size_t input,
                           std::string_view what) {
  ValueId x = RUNE_TRY(node.input(input, what));
  if (node.dtype(x) != DType::I32 && node.dtype(x) != DType::I64)
    return node.unsupported("`{}` is `{}`, needs i32 or i64", what,
                            node.type(x).str());
  return x;
}

/// A tensor of these sizes in which all elements are `value`.
Result<ValueId> filledWith(const TfliteNode &node, ValueId value,
                           const Integers &sizes) {
  ValueId shape = RUNE_TRY(node.integers("empty/sizes", sizes));
  return node.one(Op::Expand, {value, shape}, {}, "empty");
}

/// The sizes of x from dimension `from` on.
///
/// errors  `import.unsupported`: some are not known
Result<Integers> sizesFrom(const TfliteNode &node, ValueId x, int64_t from) {
  Integers sizes;
  for (int64_t i = from; i < node.rank(x); ++i) {
    Dim dim = node.dims(x)[static_cast<size_t>(i)];
    if (!dim.isFixed())
      return node.unsupported("`{}`, whose sizes are not known",
                              node.type(x).str());
    sizes.push_back(dim.size());
  }
  return sizes;
}

int64_t product(const Integers &sizes) {
  int64_t product = 1;
  for (int64_t size : sizes)
    if (__builtin_mul_overflow(product, size, &product))
      return INT64_MAX;
  return product;
}

Integers stridesOf(const Integers &sizes) {
  Integers strides(sizes.size(), 1);
  for (size_t i = sizes.size(); i-- > 1;)
    strides[i - 1] = strides[i] * sizes[i];
  return strides;
}

/// Where each element of a box of `sizes` stands in a tensor of `strides`, if
/// the box begins at its first element: sums along the dimensions, which
/// broadcast.
Result<ValueId> placesOf(const TfliteNode &node, const Integers &sizes,
                         const Integers &strides) {
  ValueId places = noValue;
  for (size_t i = 0; i < sizes.size(); ++i) {
    ValueId steps = RUNE_TRY(counted(
        node, sizes[i], strides[i], static_cast<int64_t>(i),
        static_cast<int64_t>(sizes.size()), fmt::format("places/{}", i)));
    places = places == noValue
                 ? steps
                 : RUNE_TRY(node.one(Op::Add, {places, steps}, {},
                                     fmt::format("places/{}/sum", i)));
  }
  return places;
}

/// How far the first element of the box is from that of the tensor; a begin
/// that would let the box end outside moves back.
Result<ValueId> offsetOf(const TfliteNode &node, ValueId starts,
                         const Integers &room, const Integers &strides) {
  auto step = [&](Op op, ValueId a, ValueId b, std::string_view part) {
    return node.one(op, {a, b}, {}, part);
  };
  starts = RUNE_TRY(cast(node, starts, DType::I64, "starts"));
  ValueId zero = RUNE_TRY(node.scalar("start/least", DType::I64, 0));
  ValueId most = RUNE_TRY(node.integers("start/most", room));
  starts = RUNE_TRY(step(Op::Maximum, starts, zero, "start/above"));
  starts = RUNE_TRY(step(Op::Minimum, starts, most, "start/inside"));
  ValueId widths = RUNE_TRY(node.integers("start/widths", strides));
  ValueId offsets = RUNE_TRY(step(Op::Mul, starts, widths, "start/offsets"));
  return node.one(Op::ReduceSum, {offsets},
                  {{"axes", Integers{0}}, {"keep_dims", int64_t{0}}},
                  "start/offset");
}

/// Updates added up where the indices say, in zeros; of bool one true stays.
Result<ValueId> addedInto(const TfliteNode &node, ValueId indices,
                          ValueId updates, const Integers &sizes) {
  DType dtype = node.dtype(updates);
  bool truth = dtype == DType::Bool;
  if (truth)
    updates = RUNE_TRY(cast(node, updates, DType::I32, "numbers"));
  ValueId zero = RUNE_TRY(node.scalar("zero", node.dtype(updates), 0));
  ValueId empty = RUNE_TRY(filledWith(node, zero, sizes));
  ValueId y = RUNE_TRY(node.one(Op::ScatterNd, {empty, indices, updates},
                                {{"reduction", "add"}}, truth ? "sums" : ""));
  return cast(node, y, dtype, {});
}

} // namespace

/// inputs  indices [i…, k], updates [i…, rest…], shape
/// result  zeros of the shape, with the updates added where they belong
Imported importTfliteScatterNd(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(3, 3));
  ValueId indices = RUNE_TRY(integersIn(node, 0, "indices"));
  ValueId updates = RUNE_TRY(node.input(1, "updates"));
  Integers sizes = RUNE_TRY(
      node.constantIntegers(RUNE_TRY(node.input(2, "shape")), "shape"));
  return std::vector{RUNE_TRY(addedInto(node, indices, updates, sizes))};
}

/// inputs  indices: none, [n] or [n, k]; shape [k]; values: one or [n]; the
///         value of all other places
Imported importTfliteSparseToDense(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(4, 4));
  ValueId indices = RUNE_TRY(integersIn(node, 0, "indices"));
  Integers sizes = RUNE_TRY(
      node.constantIntegers(RUNE_TRY(node.input(1, "shape")), "shape"));
  ValueId values = RUNE_TRY(node.input(2, "values"));
  ValueId other = RUNE_TRY(node.input(3, "default"));
  auto k = static_cast<int64_t>(sizes.size());
  int64_t rank = node.rank(indices);
  if (rank > 2 || node.rank(values) > 1 || (rank < 2 && k != 1))
    return node.fail("indices `{}` and values `{}` for {} dimensions",
                     node.type(indices).str(), node.type(values).str(), k);
  if (rank < 2)
    indices = RUNE_TRY(node.reshaped(indices, {-1, 1}, "vectors"));
  Dims count{node.dims(indices)[0]};
  if (node.rank(values) == 0 && count[0].isFixed()) {
    ValueId length = RUNE_TRY(node.integers("length", {count[0].size()}));
    values = RUNE_TRY(node.one(Op::Expand, {values, length}, {}, "values"));
  }
  ValueId empty = RUNE_TRY(filledWith(node, other, sizes));
  return std::vector{RUNE_TRY(node.one(Op::ScatterNd, {empty, indices, values},
                                       {{"reduction", "none"}}))};
}

/// inputs  input, update, begins i32[rank]
/// result  the input with the update written from the begins on, which move
///         back where it would not fit
Imported importTfliteDynamicUpdateSlice(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(3, 3));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId update = RUNE_TRY(node.input(1, "update"));
  ValueId starts = RUNE_TRY(integersIn(node, 2, "starts"));
  if (node.rank(x) != node.rank(update) || node.dtype(x) != node.dtype(update))
    return node.fail("`{}` into `{}`", node.type(update).str(),
                     node.type(x).str());
  Integers sizes = RUNE_TRY(sizesFrom(node, x, 0));
  Integers box = RUNE_TRY(sizesFrom(node, update, 0));
  Integers room;
  for (size_t i = 0; i < sizes.size(); ++i) {
    room.push_back(sizes[i] - box[i]);
    if (room.back() < 0)
      return node.fail("`{}` is larger than `{}`", node.type(update).str(),
                       node.type(x).str());
  }
  if (sizes == box)
    return std::vector{update};
  if (product(box) == 0)
    return std::vector{x};
  if (product(sizes) == INT64_MAX)
    return node.fail("`{}` has more than 2^63 elements", node.type(x).str());
  Integers strides = stridesOf(sizes);
  ValueId places = RUNE_TRY(placesOf(node, box, strides));
  ValueId offset = RUNE_TRY(offsetOf(node, starts, room, strides));
  places = RUNE_TRY(node.one(Op::Add, {places, offset}, {}, "places"));
  places = RUNE_TRY(node.reshaped(places, {-1}, "places/flat"));
  ValueId flat = RUNE_TRY(node.reshaped(x, {-1}, "flat"));
  update = RUNE_TRY(node.reshaped(update, {-1}, "update/flat"));
  ValueId y = RUNE_TRY(node.one(Op::ScatterElements, {flat, places, update},
                                {{"axis", int64_t{0}}, {"reduction", "none"}},
                                "written"));
  return std::vector{RUNE_TRY(node.reshaped(y, sizes, {}))};
}

/// inputs  data [n, rest…], ids [n], ascending
/// result  [last id + 1, rest…]: the sum of the rows of each id
Imported importTfliteSegmentSum(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  ValueId data = RUNE_TRY(node.input(0, "data"));
  ValueId ids = RUNE_TRY(node.input(1, "ids"));
  Integers known = RUNE_TRY(node.constantIntegers(ids, "ids"));
  if (node.rank(ids) != 1 || node.rank(data) == 0)
    return node.fail("ids `{}` of `{}`", node.type(ids).str(),
                     node.type(data).str());
  if (!std::ranges::is_sorted(known) || (!known.empty() && known[0] < 0))
    return node.fail("`ids` do not ascend from 0");
  Integers sizes = RUNE_TRY(sizesFrom(node, data, 1));
  sizes.insert(sizes.begin(), known.empty() ? 0 : known.back() + 1);
  ValueId vectors = RUNE_TRY(node.reshaped(ids, {-1, 1}, "vectors"));
  return std::vector{RUNE_TRY(addedInto(node, vectors, data, sizes))};
}

/// inputs  data [i…, rest…], ids [i…], count
/// result  [count, rest…]: the rows of each id combined, of none `empty`; rows
///         of a negative id are left out
static Imported importSegments(TfliteNode &node, std::string_view reduction,
                               double empty) {
  RUNE_TRY(node.checkInputs(3, 3));
  ValueId data = RUNE_TRY(node.input(0, "data"));
  ValueId ids = RUNE_TRY(integersIn(node, 1, "ids"));
  Integers counts = RUNE_TRY(
      node.constantIntegers(RUNE_TRY(node.input(2, "count")), "count"));
  if (counts.size() != 1 || counts[0] < 0 || node.rank(ids) > node.rank(data))
    return node.fail("{} counts for ids `{}` of `{}`", counts.size(),
                     node.type(ids).str(), node.type(data).str());
  int64_t count = counts[0];
  Integers rest = RUNE_TRY(sizesFrom(node, data, node.rank(ids)));
  ids = RUNE_TRY(cast(node, ids, DType::I64, "ids"));
  // negative ones go to a row behind the last, which is cut off; what was there
  // already moves further, out of range
  auto step = [&](Op op, std::vector<ValueId> operands, std::string_view part) {
    return node.one(op, std::move(operands), {}, part);
  };
  ValueId last =
      RUNE_TRY(node.scalar("last", DType::I64, static_cast<double>(count)));
  ValueId zero = RUNE_TRY(node.scalar("first", DType::I64, 0));
  ValueId beyond = RUNE_TRY(step(Op::LessEqual, {last, ids}, "beyond"));
  beyond = RUNE_TRY(cast(node, beyond, DType::I64, "beyond/one"));
  ValueId kept = RUNE_TRY(step(Op::Add, {ids, beyond}, "kept"));
  ValueId below = RUNE_TRY(step(Op::Less, {ids, zero}, "below"));
  ids = RUNE_TRY(step(Op::Where, {below, last, kept}, "rows"));
  ids = RUNE_TRY(node.reshaped(ids, {-1, 1}, "vectors"));
  Integers flat = rest, sizes = rest;
  flat.insert(flat.begin(), -1);
  if (product(rest) == 0) // as many rows as ids, which -1 could not say
    return node.unsupported("rows without elements");
  data = RUNE_TRY(node.reshaped(data, flat, "data"));
  sizes.insert(sizes.begin(), count + 1);
  ValueId start = RUNE_TRY(node.scalar("start", node.dtype(data), empty));
  ValueId y = RUNE_TRY(filledWith(node, start, sizes));
  y = RUNE_TRY(node.one(Op::ScatterNd, {y, ids, data},
                        {{"reduction", std::string(reduction)}}, "segments"));
  return std::vector{RUNE_TRY(sliced(node, y, 0, 0, count, "cut"))};
}

/// The smallest or largest number of the type of `data`.
static Result<double> endOf(const TfliteNode &node, bool high) {
  DType dtype = node.dtype(RUNE_TRY(node.input(0, "data")));
  if (dtype == DType::F32)
    return high ? largestOf(dtype) : -largestOf(dtype);
  if (dtype != DType::I32)
    return node.unsupported("numbers of {}", dtypeName(dtype));
  IntegerRange range = rangeOf(dtype);
  return static_cast<double>(high ? range.high : range.low);
}

Imported importTfliteUnsortedSegmentSum(TfliteNode &node) {
  return importSegments(node, "add", 0);
}
Imported importTfliteUnsortedSegmentProd(TfliteNode &node) {
  return importSegments(node, "mul", 1);
}
Imported importTfliteUnsortedSegmentMax(TfliteNode &node) {
  return importSegments(node, "max", RUNE_TRY(endOf(node, false)));
}
Imported importTfliteUnsortedSegmentMin(TfliteNode &node) {
  return importSegments(node, "min", RUNE_TRY(endOf(node, true)));
}

} // namespace rune::import
