// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// transpose(x): result dimension d is dimension permutation[d] of x.
//
// source  ONNX Transpose-21
#include "graph/ops/move.h"
#include "graph/rows.h"

#include <algorithm>

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  // transpose.1: each dimension once
  const auto &permutation = context.node.integers("permutation");
  std::vector<int64_t> sorted = permutation;
  std::ranges::sort(sorted);
  if (sorted.size() != context.rank(0) || !areAxes(sorted, context.rank(0)))
    return context.fail(1, "[{}] is no permutation of {} dimensions",
                        fmt::join(permutation, ", "), context.rank(0));
  Dims dims;
  for (int64_t from : permutation)
    dims.push_back(context.dims(0)[from]);
  return Types{{context.dtype(0), dims}};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  std::vector<int64_t> sizes = context.results[0].sizes();
  Strides own = rowMajorStrides(context.input(0).sizes), permuted;
  for (int64_t from : context.node.integers("permutation"))
    permuted.push_back(own[from]);
  const size_t inputs[] = {0};
  return single(RUNE_TRY(
      moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
        std::array strides{permuted, rowMajorStrides(sizes)};
        return eachRow(
            context.budget, sizes, strides, [&](const Row<2> &row) -> Result<> {
              for (int64_t i = 0; i < row.count; ++i)
                out[row.start[1] + i] = ins[0][row.start[0] + i * row.step[0]];
              return {};
            });
      })));
}

/// Without a permutation the dimensions are reversed.
static void complete(const InferContext &context,
                     std::vector<Attribute> &attributes) {
  auto *permutation = find<std::vector<int64_t>>(attributes, "permutation");
  if (!permutation || !permutation->empty() || !context.has(0))
    return;
  for (size_t i = context.rank(0); i-- > 0;)
    permutation->push_back(static_cast<int64_t>(i));
}

OpDefinition defineTranspose() {
  return {
      {1, 1},
      {1, 1},
      {{"permutation", AttributeKind::Integers, std::vector<int64_t>(), {}}},
      infer,
      evaluate,
      complete};
}

} // namespace rune::graph
