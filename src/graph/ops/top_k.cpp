// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// top_k(x, k): the k largest elements along `axis` (or smallest), sorted, and
// where they stood. Of equal ones the first comes first; NaN is above all
// numbers.
//
// source  ONNX TopK-24
#include "graph/known_elements.h"
#include "graph/ops/ordered.h"

#include <cstring>
#include <numeric>

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  const ValueType &x = context.type(0), &k = context.type(1);
  int64_t axis = context.node.integer("axis");
  // top_k.1: numbers
  if (!isNumeric(x.dtype))
    return context.fail(1, "x is {}, must be numbers", x.str());
  // top_k.2: k is one i64
  if (k.dtype != DType::I64 || !isSingle(k))
    return context.fail(2, "k is {}, must be one i64", k.str());
  // top_k.3: a dimension of x, `largest` is 0 or 1
  if (axis < 0 || axis >= static_cast<int64_t>(x.dims.size()) ||
      context.node.integer("largest") >> 1 != 0)
    return context.fail(3, "axis {} of {}, `largest` is {}, must be 0 or 1",
                        axis, x.str(), context.node.integer("largest"));
  auto numbers = knownIntegers(context, 1);
  auto sizes = knownElements(context, 1);
  Dim count = sizes && !sizes->empty() ? Dim((*sizes)[0]) : Dim::unknown();
  // top_k.4: no more than there are
  if (numbers &&
      (numbers->size() != 1 || numbers->front() < 0 ||
       (x.dims[axis].isFixed() && numbers->front() > x.dims[axis].size())))
    return context.fail(4, "k is {} of {} along axis {}",
                        fmt::join(*numbers, ", "), x.str(), axis);
  ValueType values = x, places(DType::I64, x.dims);
  values.dims[axis] = places.dims[axis] = count;
  return Types{values, places};
}

Result<Tensors> evaluate(const EvalContext &context) {
  std::span<const int64_t> sizes = context.input(0).sizes;
  auto axis = static_cast<size_t>(context.node.integer("axis"));
  bool largest = context.node.integer("largest") != 0;
  int64_t size = sizes[axis], k = context.results[0].dims[axis].size();
  int64_t inner = rowMajorStrides(sizes)[axis];
  Tensors results;
  results.push_back(RUNE_TRY(context.allocate(0)));
  results.push_back(
      RUNE_TRY(context.budget.allocate(DType::I64, results[0].sizes())));
  auto lines =
      results[0].count() / static_cast<uint64_t>(std::max<int64_t>(k, 1));
  uint64_t scratch = 2 * sizeof(int64_t) * static_cast<uint64_t>(size);
  RUNE_TRY(context.budget.reserve(scratch));
  std::vector<int64_t> order(static_cast<size_t>(size));
  Ordering x = RUNE_TRY(Ordering::of(context.input(0)));
  size_t width = dtypeBytes(context.dtype(0));
  const uint8_t *from = context.input(0).data.data();
  uint8_t *values = results[0].bytes().data();
  auto *places = elementsOf<int64_t>(results[1]);
  for (int64_t line = 0; line < static_cast<int64_t>(lines); ++line) {
    int64_t start = line / inner * inner * size + line % inner;
    std::iota(order.begin(), order.end(), 0);
    RUNE_TRY(sortPlaces(context.budget, order, 1, [&](int64_t a, int64_t b) {
      int difference = x.compare(start + a * inner, start + b * inner, 1);
      return largest ? difference > 0 : difference < 0;
    }));
    int64_t to = line / inner * inner * k + line % inner;
    for (int64_t i = 0; i < k; ++i) {
      auto place = static_cast<size_t>(to + i * inner);
      std::memcpy(values + place * width,
                  from + static_cast<size_t>(start + order[i] * inner) * width,
                  width);
      places[place] = order[i];
    }
  }
  context.budget.release(scratch);
  return results;
}

void complete(const InferContext &context, std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "axis");
}

} // namespace

OpDefinition defineTopK() {
  return {{2, 2},
          {1, 2},
          {{"axis", AttributeKind::Integer, int64_t{-1}, {}},
           flagSpec("largest", 1)},
          infer,
          evaluate,
          complete};
}

} // namespace rune::graph
