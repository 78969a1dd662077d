// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// unique(x): the slices of x along `axis` that differ, each once; where each
// stood first; for each slice of x which of them it is; and how often each
// occurs. Sorted by their elements in row-major order, or in the order in which
// they first occur. Their number is known only in the run.
//
// source  ONNX Unique-11, numpy.unique
#include "graph/ops/move.h"
#include "graph/ops/ordered.h"
#include "graph/rows.h"

#include <algorithm>
#include <numeric>

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  const ValueType &x = context.type(0);
  // unique.1: numbers, bool or utf8
  if (!isOrdered(x.dtype))
    return context.fail(1, "x is {}, must be numbers, bool or utf8", x.str());
  int64_t axis = context.node.integer("axis");
  // unique.2: a dimension of x, `sorted` is 0 or 1
  if (axis < 0 || axis >= static_cast<int64_t>(x.dims.size()) ||
      context.node.integer("sorted") >> 1 != 0)
    return context.fail(2, "axis {} of {}, `sorted` is {}, must be 0 or 1",
                        axis, x.str(), context.node.integer("sorted"));
  ValueType y = x, counts(DType::I64, {Dim::unknown()});
  y.dims[axis] = Dim::unknown();
  return Types{y, counts, ValueType(DType::I64, {x.dims[axis]}), counts};
}

/// The slices of x along the axis: slice i holds, for each o, `inner` elements
/// from (o · size + i) · inner on.
struct Slices {
  int64_t size = 0;
  int64_t inner = 1;
  int64_t outer = 1;

  explicit Slices(const EvalContext &context) {
    std::span<const int64_t> sizes = context.input(0).sizes;
    auto axis = static_cast<size_t>(context.node.integer("axis"));
    size = sizes[axis];
    bool empty = std::ranges::count(sizes, 0) > 0;
    for (size_t i = 0; i < sizes.size(); ++i)
      if (i != axis)
        (i < axis ? outer : inner) *= empty ? 1 : sizes[i];
    if (empty && size > 0)
      outer = 0; // slices of nothing: all are equal
  }
  uint64_t cost() const { return static_cast<uint64_t>(inner * outer) + 1; }

  /// The first pair of elements that differ decides.
  int compare(const Ordering &x, int64_t a, int64_t b) const {
    for (int64_t o = 0; o < outer; ++o)
      if (int order =
              x.compare((o * size + a) * inner, (o * size + b) * inner, inner))
        return order;
    return 0;
  }
};

/// What differs: per group its first slice and how many there are; per slice
/// its group.
struct Groups {
  std::vector<int64_t> first, count, of;
};

Result<Groups> groupsOf(const EvalContext &context, const Slices &slices,
                        const Ordering &x) {
  std::vector<int64_t> order(static_cast<size_t>(slices.size));
  std::iota(order.begin(), order.end(), 0);
  RUNE_TRY(sortPlaces(
      context.budget, order, slices.cost(),
      [&](int64_t a, int64_t b) { return slices.compare(x, a, b) < 0; }));
  Groups groups;
  groups.of.resize(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    if (!context.budget.spend(slices.cost()))
      return context.budget.expired();
    if (i == 0 || slices.compare(x, order[i - 1], order[i]) != 0) {
      groups.first.push_back(order[i]);
      groups.count.push_back(0);
    }
    ++groups.count.back();
    groups.of[order[i]] = static_cast<int64_t>(groups.first.size()) - 1;
  }
  return groups;
}

/// In the order in which they first occur.
Groups byOccurrence(const Groups &sorted) {
  std::vector<int64_t> order(sorted.first.size()), place(order.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](int64_t g) { return sorted.first[g]; });
  Groups groups;
  for (size_t i = 0; i < order.size(); ++i) {
    groups.first.push_back(sorted.first[order[i]]);
    groups.count.push_back(sorted.count[order[i]]);
    place[order[i]] = static_cast<int64_t>(i);
  }
  for (int64_t group : sorted.of)
    groups.of.push_back(place[group]);
  return groups;
}

Result<Tensor> listTensor(const EvalContext &context,
                          const std::vector<int64_t> &list) {
  Tensor result = RUNE_TRY(
      context.budget.allocate(DType::I64, {static_cast<int64_t>(list.size())}));
  std::ranges::copy(list, elementsOf<int64_t>(result));
  return result;
}

Result<Tensor> taken(const EvalContext &context, const Slices &slices,
                     const std::vector<int64_t> &which) {
  EvalContext one = context;
  auto groups = static_cast<int64_t>(which.size());
  one.results = {context.results[0]};
  one.results[0].dims[context.node.integer("axis")] = groups;
  const size_t inputs[] = {0};
  return moveElements(one, inputs, [&](auto &ins, auto *out) -> Result<> {
    for (int64_t o = 0; o < slices.outer; ++o)
      for (int64_t group : which) {
        if (!context.budget.spend(static_cast<uint64_t>(slices.inner)))
          return context.budget.expired();
        for (int64_t k = 0; k < slices.inner; ++k)
          *out++ = ins[0][(o * slices.size + group) * slices.inner + k];
      }
    return {};
  });
}

Result<Tensors> evaluate(const EvalContext &context) {
  Slices slices(context);
  uint64_t scratch = 8 * sizeof(int64_t) * static_cast<uint64_t>(slices.size);
  RUNE_TRY(context.budget.reserve(scratch));
  Ordering x = RUNE_TRY(Ordering::of(context.input(0)));
  Groups groups = RUNE_TRY(groupsOf(context, slices, x));
  if (context.node.integer("sorted") == 0)
    groups = byOccurrence(groups);
  Tensors results;
  results.push_back(RUNE_TRY(taken(context, slices, groups.first)));
  for (const auto *list : {&groups.first, &groups.of, &groups.count})
    results.push_back(RUNE_TRY(listTensor(context, *list)));
  results.resize(context.results.size());
  context.budget.release(scratch);
  return results;
}

void complete(const InferContext &context, std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "axis");
}

} // namespace

OpDefinition defineUnique() {
  return {
      {1, 1},
      {1, 4},
      {{"axis", AttributeKind::Integer, int64_t{0}, {}}, flagSpec("sorted", 1)},
      infer,
      evaluate,
      complete};
}

} // namespace rune::graph
