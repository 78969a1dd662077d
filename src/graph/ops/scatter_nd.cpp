// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// scatter_nd(x, indices, updates): x, but the elements or slices that the
// vectors of indices name take the updates. One after the other, in row-major
// order of the indices.
//
// source  ONNX ScatterND-18
#include "graph/ops/indices.h"
#include "graph/ops/scatter.h"
#include "graph/rows.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  const ValueType &x = context.type(0), &indices = context.type(1);
  // scatter_nd.1: vectors of indices, of known length
  if (!isIndex(indices.dtype) || indices.dims.empty() ||
      !indices.dims.back().isFixed())
    return context.fail(1,
                        "indices are {}, must be i32 or i64 vectors of known "
                        "length",
                        indices.str());
  int64_t depth = indices.dims.back().size();
  // scatter_nd.2: no more indices than dimensions
  if (depth > static_cast<int64_t>(x.dims.size()))
    return context.fail(2, "{} indices into {}", depth, x.str());
  RUNE_TRY(checkReduction(context, 4));
  Dims wanted(indices.dims.begin(), indices.dims.end() - 1);
  wanted.insert(wanted.end(), x.dims.begin() + depth, x.dims.end());
  const Dims &updates = context.dims(2);
  bool fits = wanted.size() == updates.size();
  for (size_t i = 0; fits && i < wanted.size(); ++i)
    fits = unify(wanted[i], updates[i]).has_value();
  // scatter_nd.5: an update for each vector
  if (!fits)
    return context.fail(5, "updates {}, must be {}", context.type(2).str(),
                        TensorType{x.dtype, wanted}.str());
  return Types{x};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  std::span<const int64_t> x = context.input(0).sizes;
  auto depth = context.input(1).sizes.back();
  Indices indices(context.input(1));
  Strides strides = rowMajorStrides(x);
  auto updates =
      static_cast<int64_t>(RUNE_TRY(elementCount(context.input(2).sizes)));
  int64_t inner = 1;
  for (int64_t size : x.subspan(static_cast<size_t>(depth)))
    inner *= std::max<int64_t>(size, 1); // no updates if one of them is 0
  return evaluateScatter(context, [&](SetElement set) -> Result<> {
    for (int64_t v = 0; v < updates / inner; ++v) {
      if (!context.budget.spend(static_cast<uint64_t>(inner + depth)))
        return context.budget.expired();
      int64_t to = 0;
      for (int64_t k = 0; k < depth; ++k) {
        // scatter_nd.3: indices in [-d, d)
        auto place = indices.place(v * depth + k, x[k]);
        if (!place)
          return context.fail(3, "index {} of a dimension of {}",
                              indices[v * depth + k], x[k]);
        to += *place * strides[k];
      }
      for (int64_t i = 0; i < inner; ++i)
        set(to + i, v * inner + i);
    }
    return {};
  });
}

OpDefinition defineScatterNd() {
  return {{3, 3}, {1, 1}, {reductionSpec()}, infer, evaluate};
}

} // namespace rune::graph
