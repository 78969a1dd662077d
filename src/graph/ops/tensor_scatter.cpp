// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tensor_scatter(cache, update, places): the cache with the update written into
// it along `axis`, from the place on that each batch names; by `circular`
// the end goes on at the beginning. How attention keeps its keys and values.
//
// source  ONNX TensorScatter-24
#include "graph/ops/indices.h"
#include "graph/ops/move.h"
#include "graph/rows.h"

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  const ValueType &cache = context.type(0), &update = context.type(1);
  auto rank = static_cast<int64_t>(cache.dims.size());
  int64_t axis = context.node.integer("axis");
  // tensor_scatter.1: a dimension behind the batch
  if (axis < 1 || axis >= rank)
    return context.fail(1, "axis {} of {}, must be in [1, {})", axis,
                        cache.str(), rank);
  bool fits =
      cache.dtype == update.dtype && cache.dims.size() == update.dims.size();
  for (int64_t i = 0; fits && i < rank; ++i) {
    const Dim &to = cache.dims[i], &from = update.dims[i];
    fits = i != axis
               ? unify(to, from).has_value()
               : !to.isFixed() || !from.isFixed() || from.size() <= to.size();
  }
  // tensor_scatter.2: an update of the cache's type, no longer along the axis
  if (!fits)
    return context.fail(2, "update {} of {} (axis {})", update.str(),
                        cache.str(), axis);
  // tensor_scatter.3: a place for each batch
  if (context.has(2) &&
      (context.dtype(2) != DType::I64 || context.rank(2) != 1 ||
       !unify(context.dims(2)[0], cache.dims[0])))
    return context.fail(3, "places are {}, must be i64[{}]",
                        context.type(2).str(), cache.dims[0].str());
  // tensor_scatter.4: `circular` is 0 or 1
  if (context.node.integer("circular") >> 1 != 0)
    return context.fail(4, "`circular` is {}, must be 0 or 1",
                        context.node.integer("circular"));
  return Types{cache};
}

/// Where each batch begins; 0 without an input.
///
/// errors  tensor_scatter.5: places where the update fits; circular ones in
///         the cache
Result<std::vector<int64_t>> placesOf(const EvalContext &context) {
  auto axis = static_cast<size_t>(context.node.integer("axis"));
  int64_t room = context.input(0).sizes[axis];
  int64_t length = context.input(1).sizes[axis];
  bool circular = context.node.integer("circular") != 0;
  std::vector<int64_t> places(static_cast<size_t>(context.input(0).sizes[0]));
  for (size_t b = 0; b < places.size() && context.has(2); ++b) {
    places[b] = Indices(context.input(2))[static_cast<int64_t>(b)];
    int64_t last = circular ? std::max<int64_t>(room - 1, 0) : room - length;
    if (places[b] < 0 || places[b] > last)
      return context.fail(5, "place {} for {} of {}", places[b], length, room);
  }
  return places;
}

Result<Tensors> evaluate(const EvalContext &context) {
  auto axis = static_cast<size_t>(context.node.integer("axis"));
  std::span<const int64_t> sizes = context.input(1).sizes;
  int64_t room = context.input(0).sizes[axis];
  RUNE_TRY(context.budget.reserve(
      static_cast<uint64_t>(context.input(0).sizes[0]) * sizeof(int64_t)));
  std::vector<int64_t> places = RUNE_TRY(placesOf(context));
  auto count =
      static_cast<int64_t>(RUNE_TRY(elementCount(context.input(0).sizes)));
  Strides to = rowMajorStrides(context.input(0).sizes);
  const size_t inputs[] = {0, 1};
  Tensor result = RUNE_TRY(
      moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
        if (!context.budget.spend(static_cast<uint64_t>(count)))
          return context.budget.expired();
        for (int64_t i = 0; i < count; ++i)
          out[i] = ins[0][i];
        if (std::ranges::count(sizes, 0))
          return {};
        Odometer at(sizes);
        int64_t from = 0;
        do {
          if (!context.budget.spend(sizes.size()))
            return context.budget.expired();
          int64_t place =
              (places[at.at()[0]] + at.at()[axis]) % std::max<int64_t>(room, 1);
          out[at.offset(to) + (place - at.at()[axis]) * to[axis]] =
              ins[1][from++];
        } while (at.advance());
        return {};
      }));
  context.budget.release(places.size() * sizeof(int64_t));
  return single(std::move(result));
}

void complete(const InferContext &context, std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "axis");
}

} // namespace

OpDefinition defineTensorScatter() {
  return {
      {2, 3},
      {1, 1},
      {{"axis", AttributeKind::Integer, int64_t{-2}, {}}, flagSpec("circular")},
      infer,
      evaluate,
      complete};
}

} // namespace rune::graph
