// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gather_nd(x, indices): each vector of indices names an element or a slice of
// x, after the dimensions that both share.
//
// source  ONNX GatherND-13
#include "graph/ops/indices.h"
#include "graph/ops/move.h"
#include "graph/rows.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0), &indices = context.type(1);
  // gather_nd.1: vectors of indices, of known length
  if (!isIndex(indices.dtype) || indices.dims.empty() ||
      !indices.dims.back().isFixed())
    return context.fail(1,
                        "indices are {}, must be i32 or i64 vectors of "
                        "known length",
                        indices.str());
  int64_t batch = context.node.integer("batch_dims");
  int64_t depth = indices.dims.back().size();
  auto rank = static_cast<int64_t>(x.dims.size());
  bool fits = batch >= 0 && batch < static_cast<int64_t>(indices.dims.size()) &&
              batch <= rank && depth <= rank - batch;
  for (int64_t i = 0; fits && i < batch; ++i)
    fits = unify(x.dims[i], indices.dims[i]).has_value();
  // gather_nd.2: dimensions to share and to look up
  if (!fits)
    return context.fail(2,
                        "{} indices after {} shared dimensions do not fit "
                        "{} and {}",
                        depth, batch, x.str(), indices.str());
  TensorType result{x.dtype, {indices.dims.begin(), indices.dims.end() - 1}};
  result.dims.insert(result.dims.end(), x.dims.begin() + batch + depth,
                     x.dims.end());
  return Types{result};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  std::span<const int64_t> sizes = context.input(0).sizes;
  std::span<const int64_t> list = context.input(1).sizes;
  auto batch = static_cast<size_t>(context.node.integer("batch_dims"));
  auto depth = static_cast<size_t>(list.back());
  Indices indices(context.input(1));
  Strides strides = rowMajorStrides(sizes);
  auto results = RUNE_TRY(elementCount(context.results[0].sizes()));
  // all are small: each divides the number of results, unless that is 0
  auto product = [](std::span<const int64_t> part) {
    int64_t all = 1;
    for (int64_t size : part)
      all *= size;
    return all;
  };
  const size_t inputs[] = {0};
  return single(RUNE_TRY(
      moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
        if (results == 0)
          return {};
        int64_t inner = product(sizes.subspan(batch + depth));
        int64_t batches = product(sizes.first(batch));
        int64_t each = static_cast<int64_t>(results) / inner / batches;
        int64_t block = batches == 1 ? 0 : product(sizes.subspan(batch));
        for (int64_t v = 0; v < batches * each; ++v) {
          if (!context.budget.spend(static_cast<uint64_t>(inner)))
            return context.budget.expired();
          int64_t from = v / each * block;
          for (size_t k = 0; k < depth; ++k) {
            int64_t at =
                v * static_cast<int64_t>(depth) + static_cast<int64_t>(k);
            int64_t size = sizes[batch + k];
            // gather_nd.3: indices in [-d, d)
            auto place = indices.place(at, size);
            if (!place)
              return context.fail(3, "index {} of a dimension of {}",
                                  indices[at], size);
            from += *place * strides[batch + k];
          }
          for (int64_t i = 0; i < inner; ++i)
            *out++ = ins[0][from + i];
        }
        return {};
      })));
}

OpDefinition defineGatherNd() {
  return {{2, 2},
          {1, 1},
          {{"batch_dims", AttributeKind::Integer, int64_t{0}, {}}},
          infer,
          evaluate};
}

} // namespace rune::graph
