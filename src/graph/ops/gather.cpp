// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gather(x, indices): the slices of x along `axis` that the indices name.
// Negative ones count from the end.
//
// source  ONNX Gather-13
#include "graph/known_elements.h"
#include "graph/ops/indices.h"
#include "graph/ops/move.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0), &indices = context.type(1);
  // gather.1: indices are i32 or i64
  if (!isIndex(indices.dtype))
    return context.fail(1, "indices are {}, must be i32 or i64", indices.str());
  int64_t axis = context.node.integer("axis");
  // gather.2: a dimension of x
  if (axis < 0 || axis >= static_cast<int64_t>(x.dims.size()))
    return context.fail(2, "axis {} is no dimension of {}", axis, x.str());
  TensorType result{x.dtype, {x.dims.begin(), x.dims.begin() + axis}};
  result.dims.insert(result.dims.end(), indices.dims.begin(),
                     indices.dims.end());
  result.dims.insert(result.dims.end(), x.dims.begin() + axis + 1,
                     x.dims.end());
  return Types{result};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  std::span<const int64_t> sizes = context.input(0).sizes;
  auto axis = static_cast<size_t>(context.node.integer("axis"));
  Indices indices(context.input(1));
  auto count = RUNE_TRY(elementCount(context.input(1).sizes));
  auto results = RUNE_TRY(elementCount(context.results[0].sizes()));
  int64_t inner = rowMajorStrides(sizes)[axis];
  const size_t inputs[] = {0};
  return single(RUNE_TRY(
      moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
        if (results == 0)
          return {};
        auto outer = static_cast<int64_t>(results / count) / inner;
        for (int64_t o = 0; o < outer; ++o)
          for (int64_t k = 0; k < static_cast<int64_t>(count); ++k) {
            if (!context.budget.spend(static_cast<uint64_t>(inner)))
              return context.budget.expired();
            // gather.3: indices in [-d, d)
            auto place = indices.place(k, sizes[axis]);
            if (!place)
              return context.fail(3, "index {} of a dimension of {}",
                                  indices[k], sizes[axis]);
            int64_t from = (o * sizes[axis] + *place) * inner;
            for (int64_t i = 0; i < inner; ++i)
              *out++ = ins[0][from + i];
          }
        return {};
      })));
}

static void complete(const InferContext &context,
                     std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "axis");
}

/// Of a vector of sizes.
static std::optional<Dims> elements(const InferContext &context) {
  auto x = knownElements(context, 0);
  auto indices = knownIntegers(context, 1);
  if (!x || !indices || context.rank(0) != 1)
    return std::nullopt;
  Dims result;
  for (int64_t index : *indices) {
    int64_t place = fromEnd(index, x->size());
    if (place < 0 || place >= static_cast<int64_t>(x->size()))
      return std::nullopt;
    result.push_back((*x)[place]);
  }
  return result;
}

OpDefinition defineGather() {
  return {{2, 2}, {1, 1},   {{"axis", AttributeKind::Integer, int64_t{0}, {}}},
          infer,  evaluate, complete,
          false,  elements};
}

} // namespace rune::graph
