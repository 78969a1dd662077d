// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// where(condition, a, b): the element of a where the condition is true, else of
// b.
//
// source  ONNX Where-16
#include "graph/known_elements.h"
#include "graph/ops/move.h"
#include "graph/rows.h"

#include <algorithm>

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  const TensorType &a = context.type(1), &b = context.type(2);
  // where.1: a bool, and two of one type
  if (context.dtype(0) != DType::Bool || a.dtype != b.dtype)
    return context.fail(1, "needs bool and two of one type, got {}, {} and {}",
                        context.type(0).str(), a.str(), b.str());
  // where.2: shapes that stretch to one
  auto pair = broadcast(a.dims, b.dims);
  auto dims = pair ? broadcast(context.dims(0), *pair) : std::nullopt;
  if (!dims)
    return context.fail(2, "{}, {} and {} do not broadcast",
                        context.type(0).str(), a.str(), b.str());
  return Types{{a.dtype, *dims}};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  std::vector<int64_t> sizes = context.results[0].sizes();
  Elements<uint8_t> condition(context.input(0).data);
  const size_t inputs[] = {1, 2};
  return single(RUNE_TRY(
      moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
        std::array strides{stretchedStrides(context.input(0).sizes, sizes),
                           stretchedStrides(context.input(1).sizes, sizes),
                           stretchedStrides(context.input(2).sizes, sizes),
                           rowMajorStrides(sizes)};
        return eachRow(
            context.budget, sizes, strides, [&](const Row<4> &row) -> Result<> {
              for (int64_t i = 0; i < row.count; ++i) {
                bool first = condition[row.start[0] + i * row.step[0]] != 0;
                size_t from = first ? 1 : 2;
                out[row.start[3] + i] =
                    ins[from - 1][row.start[from] + i * row.step[from]];
              }
              return {};
            });
      })));
}

/// Of sizes: the one that is chosen, or what both are.
static std::optional<Dims> elements(const InferContext &context) {
  auto condition = knownElements(context, 0), a = knownElements(context, 1),
       b = knownElements(context, 2);
  if (!condition || !a || !b || context.rank(0) > 1 || context.rank(1) > 1 ||
      context.rank(2) > 1)
    return std::nullopt;
  size_t count = std::max({condition->size(), a->size(), b->size()});
  auto at = [](const Dims &dims, size_t i) {
    return dims.size() == 1 ? dims[0] : i < dims.size() ? dims[i] : Dim();
  };
  Dims result(count);
  for (size_t i = 0; i < count; ++i) {
    Dim chosen = at(*condition, i), yes = at(*a, i), no = at(*b, i);
    if (chosen.isFixed())
      result[i] = chosen == Dim(0) ? no : yes;
    else if (yes == no)
      result[i] = yes;
  }
  return result;
}

OpDefinition defineWhere() {
  return {{3, 3}, {1, 1}, {}, infer, evaluate, nullptr, false, elements};
}

} // namespace rune::graph
