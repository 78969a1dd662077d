// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// scatter_elements(x, indices, updates): x, but result[indices[i, j, …], j, …]
// takes updates[i, j, …], the index standing in place of that along `axis`.
// One after the other, in row-major order of the updates.
//
// source  ONNX ScatterElements-18
#include "graph/ops/elements_at.h"
#include "graph/ops/scatter.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  RUNE_TRY(checkElementsAt(context));
  RUNE_TRY(checkReduction(context, 5));
  const Dims &indices = context.dims(1), &updates = context.dims(2);
  bool fits = indices.size() == updates.size();
  for (size_t i = 0; fits && i < indices.size(); ++i)
    fits = unify(indices[i], updates[i]).has_value();
  // scatter_elements.6: an update for each index
  if (!fits)
    return context.fail(6, "updates {} for indices {}", context.type(2).str(),
                        context.type(1).str());
  return Types{context.type(0)};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  return evaluateScatter(
      context, [&](SetElement set) { return eachElementAt(context, set); });
}

static void complete(const InferContext &context,
                     std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "axis");
}

OpDefinition defineScatterElements() {
  return {{3, 3},
          {1, 1},
          {{"axis", AttributeKind::Integer, int64_t{0}, {}}, reductionSpec()},
          infer,
          evaluate,
          complete};
}

} // namespace rune::graph
