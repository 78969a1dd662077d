// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gather_elements(x, indices): result[i, j, …] = x[indices[i, j, …], j, …], the
// index standing in place of that along `axis`.
//
// source  ONNX GatherElements-13
#include "graph/ops/elements_at.h"
#include "graph/ops/move.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  RUNE_TRY(checkElementsAt(context));
  return Types{ValueType(context.dtype(0), context.dims(1))};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  const size_t inputs[] = {0};
  return single(RUNE_TRY(
      moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
        return eachElementAt(
            context, [&](int64_t from, int64_t to) { out[to] = ins[0][from]; });
      })));
}

static void complete(const InferContext &context,
                     std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "axis");
}

OpDefinition defineGatherElements() {
  return {{2, 2}, {1, 1},   {{"axis", AttributeKind::Integer, int64_t{0}, {}}},
          infer,  evaluate, complete};
}

} // namespace rune::graph
