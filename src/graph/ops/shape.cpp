// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// shape(x): the sizes of x, from dimension `start` to before `end`.
//
// source  ONNX Shape-15
#include "graph/known_elements.h"
#include "graph/ops/common.h"

#include <algorithm>

namespace rune::graph {

static std::span<const Dim> cutOf(const InferContext &context) {
  std::span<const Dim> dims = context.dims(0);
  auto start = static_cast<size_t>(context.node.integer("start"));
  auto end = static_cast<size_t>(context.node.integer("end"));
  return dims.subspan(start, end - start);
}

static Result<Types> infer(const InferContext &context) {
  int64_t start = context.node.integer("start"),
          end = context.node.integer("end");
  // shape.1: 0 ≤ start ≤ end ≤ rank
  if (start < 0 || start > end || end > static_cast<int64_t>(context.rank(0)))
    return context.fail(1, "dimensions from {} to {} of {}", start, end,
                        context.type(0).str());
  return Types{ValueType(DType::I64, {end - start})};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  int64_t *out = elementsOf<int64_t>(result);
  for (const Dim &dim : cutOf(context))
    *out++ = dim.size();
  return single(std::move(result));
}

static std::optional<Dims> elements(const InferContext &context) {
  std::span<const Dim> dims = cutOf(context);
  return Dims(dims.begin(), dims.end());
}

/// Negative places count from the end; then both are clamped, and `end` is no
/// less than `start`.
static void complete(const InferContext &context,
                     std::vector<Attribute> &attributes) {
  auto *start = find<int64_t>(attributes, "start");
  auto *end = find<int64_t>(attributes, "end");
  if (!start || !end || !context.has(0) || !context.type(0).isTensor())
    return;
  auto rank = static_cast<int64_t>(context.rank(0));
  for (int64_t *place : {start, end})
    *place = std::clamp<int64_t>(*place < 0 ? *place + rank : *place, 0, rank);
  *end = std::max(*start, *end);
}

OpDefinition defineShape() {
  return {{1, 1},
          {1, 1},
          {{"end", AttributeKind::Integer, INT64_MAX, {}},
           {"start", AttributeKind::Integer, int64_t{0}, {}}},
          infer,
          evaluate,
          complete,
          false,
          elements};
}

} // namespace rune::graph
